//! Statements of one account with as many entries as are wanted, as OFX 1 (SGML) or OFX 2 (XML).

use std::fmt::Write as _;

use domain::Date;
use jiff::ToSpan as _;

/// The days over which entries are spread; less than what a first run asks for.
const DAYS: u32 = 88;

/// What a statement is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// OFX 2 closes its leaves.
    pub(crate) xml: bool,
    pub(crate) entries: u32,
    /// Another generation has the same entries under other ids.
    pub(crate) generation: u32,
    /// The newest entry is of the day before.
    pub(crate) today: Date,
}

/// Writes OFX elements.
struct Writer {
    text: String,
    xml: bool,
}

impl Writer {
    fn leaf(&mut self, name: &str, value: impl std::fmt::Display) {
        write!(self.text, "<{name}>{value}").expect("a string");
        if self.xml {
            write!(self.text, "</{name}>").expect("a string");
        }
        self.text.push('\n');
    }

    fn aggregate(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        writeln!(self.text, "<{name}>").expect("a string");
        inside(self);
        writeln!(self.text, "</{name}>").expect("a string");
    }

    fn status(&mut self) {
        self.aggregate("STATUS", |writer| {
            writer.leaf("CODE", 0);
            writer.leaf("SEVERITY", "INFO");
        });
    }

    fn account(&mut self) {
        self.aggregate("BANKACCTFROM", |writer| {
            writer.leaf("BANKID", "121000999");
            writer.leaf("ACCTID", "4400110022");
            writer.leaf("ACCTTYPE", "CHECKING");
        });
    }
}

/// An answer: the list of accounts if `list` names its transaction, the statement if `statement` does.
pub(crate) fn answer(shape: Shape, list: Option<&str>, statement: Option<&str>) -> String {
    let mut writer = Writer { text: header(shape.xml).to_owned(), xml: shape.xml };
    writer.aggregate("OFX", |writer| {
        writer.aggregate("SIGNONMSGSRSV1", |writer| {
            writer.aggregate("SONRS", |writer| {
                writer.status();
                writer.leaf("DTSERVER", moment(shape.today));
                writer.leaf("LANGUAGE", "ENG");
            });
        });
        if let Some(transaction) = list {
            account_list(writer, transaction);
        }
        if let Some(transaction) = statement {
            account_statement(writer, shape, transaction);
        }
    });
    writer.text
}

fn header(xml: bool) -> &'static str {
    if xml {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\n"
    } else {
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\
         COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
    }
}

fn moment(day: Date) -> String {
    format!("{}120000", plain(day))
}

fn plain(day: Date) -> String {
    day.to_string().replace('-', "")
}

fn account_list(writer: &mut Writer, transaction: &str) {
    writer.aggregate("SIGNUPMSGSRSV1", |writer| {
        writer.aggregate("ACCTINFOTRNRS", |writer| {
            writer.leaf("TRNUID", transaction);
            writer.status();
            writer.aggregate("ACCTINFORS", |writer| {
                writer.leaf("DTACCTUP", "20260101");
                writer.aggregate("ACCTINFO", |writer| {
                    writer.leaf("DESC", "Busy checking");
                    writer.aggregate("BANKACCTINFO", |writer| {
                        writer.account();
                        writer.leaf("SUPTXDL", "Y");
                        writer.leaf("XFERSRC", "N");
                        writer.leaf("XFERDEST", "N");
                        writer.leaf("SVCSTATUS", "ACTIVE");
                    });
                });
            });
        });
    });
}

fn account_statement(writer: &mut Writer, shape: Shape, transaction: &str) {
    let last = shape.today.saturating_sub(1.day());
    let first = last.saturating_sub(i64::from(DAYS).days());
    writer.aggregate("BANKMSGSRSV1", |writer| {
        writer.aggregate("STMTTRNRS", |writer| {
            writer.leaf("TRNUID", transaction);
            writer.status();
            writer.aggregate("STMTRS", |writer| {
                writer.leaf("CURDEF", "USD");
                writer.account();
                writer.aggregate("BANKTRANLIST", |writer| {
                    writer.leaf("DTSTART", plain(first));
                    writer.leaf("DTEND", plain(shape.today));
                    entries(writer, shape, last);
                });
                writer.aggregate("LEDGERBAL", |writer| {
                    writer.leaf("BALAMT", "48211.07");
                    writer.leaf("DTASOF", moment(shape.today));
                });
            });
        });
    });
}

fn entries(writer: &mut Writer, shape: Shape, last: Date) {
    let days: Vec<String> =
        (0..=DAYS).map(|back| moment(last.saturating_sub(i64::from(back).days()))).collect();
    for number in 0..shape.entries {
        let back = u64::from(number) * u64::from(DAYS) / u64::from(shape.entries);
        let cents = 1 + u64::from(number) * 7_919 % 400_000;
        let credit = number % 11 == 0;
        writer.aggregate("STMTTRN", |writer| {
            writer.leaf("TRNTYPE", if credit { "CREDIT" } else { "DEBIT" });
            writer.leaf("DTPOSTED", &days[back as usize]);
            let sign = if credit { "" } else { "-" };
            writer.leaf("TRNAMT", format_args!("{sign}{}.{:02}", cents / 100, cents % 100));
            writer.leaf("FITID", format_args!("{}{number:09}", shape.generation));
            writer.leaf("NAME", format_args!("MERCHANT {:04} MAIN STREET", number % 1_709));
            writer.leaf("MEMO", format_args!("CARD 4411 PURCHASE {:06}", number % 30_011));
        });
    }
}
