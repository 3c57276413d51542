//! Writing requests, OFX 1.0.2 to 2.3: header, sign-on and one kind of question to the server.

use domain::{Date, Timestamp, world::Entropy};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{
    memo::KnownAccount,
    parameters::{DateForm, Layout, Parameters},
    read::Family,
};

/// Who signs on.
pub(super) enum Who<'a> {
    /// OFX 2.3 §2.5.1.3.1: only for a first profile request.
    Anonymous,
    User {
        id: &'a SecretString,
        password: &'a SecretString,
    },
}

/// Everything SONRQ may carry besides what the parameters hold (OFX 2.3 §2.5.1.5).
pub(super) struct Signon<'a> {
    pub who: Who<'a>,
    pub session_cookie: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub credential1: Option<&'a SecretString>,
    pub credential2: Option<&'a SecretString>,
    pub auth_token: Option<&'a str>,
    pub access_key: Option<&'a str>,
    /// Phrase id and answer.
    pub answers: Vec<(&'a str, &'a str)>,
}

/// What is asked in one request.
pub(super) enum Ask<'a> {
    /// PROFRQ, with the DTPROFUP of the profile that we have.
    Profile { updated: Option<&'a str> },
    /// MFACHALLENGERQ.
    Challenge,
    /// ACCTINFORQ for everything, and statements of the accounts that are known from the last list.
    Accounts { known: Vec<&'a KnownAccount>, since: Date },
    /// Statements of these accounts from a day on.
    Statements { accounts: Vec<&'a KnownAccount>, since: Date },
}

/// A request ready to be sent.
pub(super) struct Request {
    /// Wiped when dropped: it holds the password.
    pub body: Zeroizing<Vec<u8>>,
    /// TRNUID of each transaction, in the order of the accounts.
    pub transaction_ids: Vec<String>,
}

/// `anonymous` and zeros, 32 characters in all.
const ANONYMOUS: &str = "anonymous00000000000000000000000";
/// Before any profile or account was ever changed: "send everything".
const LONG_AGO: &str = "19900101";
/// Room for header, sign-on and one statement request, so that the buffer with the password rarely moves.
const BODY_BYTES: usize = 4096;
const BYTES_PER_ACCOUNT: usize = 768;

/// Writes a request.
pub(super) fn request(
    parameters: &Parameters,
    signon: &Signon<'_>,
    ask: &Ask<'_>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Request {
    let accounts = match ask {
        Ask::Statements { accounts, .. } | Ask::Accounts { known: accounts, .. } => accounts.len(),
        Ask::Profile { .. } | Ask::Challenge => 0,
    };
    let mut writer = Writer {
        text: Zeroizing::new(String::with_capacity(BODY_BYTES + accounts * BYTES_PER_ACCOUNT)),
        parameters,
        closes: parameters.is_xml() || parameters.close_leaves,
        now,
        entropy,
        transaction_ids: Vec::new(),
    };
    writer.aggregate("OFX", |writer| {
        writer.aggregate("SIGNONMSGSRQV1", |writer| {
            writer.signon(signon);
            if let Ask::Challenge = ask {
                writer.transaction("MFACHALLENGE", |writer| {
                    writer.aggregate("MFACHALLENGERQ", |writer| writer.leaf("DTCLIENT", &writer.moment()));
                });
            }
        });
        writer.questions(ask);
    });
    let file_id = if parameters.new_file_uid { uuid(entropy) } else { "NONE".to_owned() };
    let header = header(parameters.version, &file_id, writer.text.is_ascii());
    let mut body = Zeroizing::new(Vec::with_capacity(header.len() + writer.text.len()));
    body.extend_from_slice(header.as_bytes());
    body.extend_from_slice(writer.text.as_bytes());
    Request { body, transaction_ids: writer.transaction_ids }
}

/// The nine lines of OFX 1 (OFX 1.6 §2.2) or the two declarations of OFX 2 (OFX 2.3 §2.2).
fn header(version: u16, file_id: &str, ascii: bool) -> String {
    if version >= 200 {
        return format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\r\n\
             <?OFX OFXHEADER=\"200\" VERSION=\"{version}\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"{file_id}\"?>\r\n"
        );
    }
    let (encoding, charset) = if ascii { ("USASCII", "1252") } else { ("UTF-8", "NONE") };
    format!(
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:{version}\r\nSECURITY:NONE\r\nENCODING:{encoding}\r\nCHARSET:{charset}\r\n\
         COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:{file_id}\r\n\r\n"
    )
}

/// A random UUID (RFC 9562, version 4), upper case since some servers want it so.
pub(super) fn uuid(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032X}", u128::from_be_bytes(bytes));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

struct Writer<'a> {
    text: Zeroizing<String>,
    parameters: &'a Parameters,
    closes: bool,
    now: Timestamp,
    entropy: &'a dyn Entropy,
    transaction_ids: Vec<String>,
}

impl Writer<'_> {
    fn line_end(&mut self) {
        if self.parameters.layout == Layout::Lines {
            self.text.push_str("\r\n");
        }
    }

    fn tag(&mut self, name: &str, end: bool) {
        self.text.push_str(if end { "</" } else { "<" });
        self.text.push_str(name);
        self.text.push('>');
    }

    fn aggregate(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.tag(name, false);
        self.line_end();
        inside(self);
        self.tag(name, true);
        self.line_end();
    }

    /// Writes a leaf. An element can’t be blank (OFX 2.3 §7.1.4), so an empty value is left out.
    fn leaf(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.tag(name, false);
        for c in value.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                // A line end inside a value could be taken for the end of an unclosed leaf.
                c if c.is_control() => {}
                c => self.text.push(c),
            }
        }
        if self.closes {
            self.tag(name, true);
        }
        self.line_end();
    }

    fn leaf_of(&mut self, name: &str, value: Option<&str>) {
        self.leaf(name, value.unwrap_or_default());
    }

    fn moment(&self) -> String {
        let form = match self.parameters.date_form {
            DateForm::Full => "%Y%m%d%H%M%S.000[0:GMT]",
            DateForm::Seconds => "%Y%m%d%H%M%S",
            DateForm::Day => "%Y%m%d",
        };
        self.now.strftime(form).to_string()
    }

    fn day(&self, day: Date) -> String {
        let form = if self.parameters.date_form == DateForm::Seconds { "%Y%m%d000000" } else { "%Y%m%d" };
        day.strftime(form).to_string()
    }

    /// `name`TRNRQ with a TRNUID of its own.
    fn transaction(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let id = uuid(self.entropy);
        self.aggregate(&format!("{name}TRNRQ"), |writer| {
            writer.leaf("TRNUID", &id);
            inside(writer);
        });
        self.transaction_ids.push(id);
    }

    /// SONRQ, in the order of OFX 2.3 §2.5.1.5.
    fn signon(&mut self, signon: &Signon<'_>) {
        let parameters = self.parameters;
        self.aggregate("SONRQ", |writer| {
            writer.leaf("DTCLIENT", &writer.moment());
            match &signon.who {
                Who::Anonymous => {
                    writer.leaf("USERID", ANONYMOUS);
                    writer.leaf("USERPASS", ANONYMOUS);
                }
                Who::User { id, password } => {
                    writer.leaf("USERID", id.expose_secret());
                    writer.leaf("USERPASS", password.expose_secret());
                }
            }
            writer.leaf("LANGUAGE", &parameters.language);
            if !parameters.org.is_empty() {
                writer.aggregate("FI", |writer| {
                    writer.leaf("ORG", &parameters.org);
                    writer.leaf("FID", &parameters.fid);
                });
            }
            writer.leaf_of("SESSCOOKIE", signon.session_cookie);
            writer.leaf("APPID", &parameters.appid);
            writer.leaf("APPVER", &parameters.appver);
            if parameters.knows_challenges() {
                writer.proofs(signon);
            }
        });
    }

    /// What 1.0.3, 2.0.3 and 2.1.1 added for multi-factor authentication.
    fn proofs(&mut self, signon: &Signon<'_>) {
        let exposed = |secret: Option<&'_ SecretString>| {
            secret.map(|secret| Zeroizing::new(secret.expose_secret().to_owned()))
        };
        self.leaf_of("CLIENTUID", signon.client_id);
        self.leaf_of("USERCRED1", exposed(signon.credential1).as_ref().map(|text| text.as_str()));
        self.leaf_of("USERCRED2", exposed(signon.credential2).as_ref().map(|text| text.as_str()));
        self.leaf_of("AUTHTOKEN", signon.auth_token);
        self.leaf_of("ACCESSKEY", signon.access_key);
        for (id, answer) in &signon.answers {
            // The 2.1.1 text says MFACHALLENGEA; its own schema and 2.2 say MFACHALLENGEANSWER.
            self.aggregate("MFACHALLENGEANSWER", |writer| {
                writer.leaf("MFAPHRASEID", id);
                writer.leaf("MFAPHRASEA", answer);
            });
        }
    }

    fn questions(&mut self, ask: &Ask<'_>) {
        match ask {
            Ask::Challenge => {}
            Ask::Profile { updated } => self.aggregate("PROFMSGSRQV1", |writer| {
                writer.transaction("PROF", |writer| {
                    writer.aggregate("PROFRQ", |writer| {
                        writer.leaf("CLIENTROUTING", "MSGSET");
                        writer.leaf("DTPROFUP", updated.unwrap_or(LONG_AGO));
                    });
                });
            }),
            Ask::Accounts { known, since } => {
                self.aggregate("SIGNUPMSGSRQV1", |writer| {
                    writer.transaction("ACCTINFO", |writer| {
                        writer.aggregate("ACCTINFORQ", |writer| writer.leaf("DTACCTUP", LONG_AGO));
                    });
                });
                self.statements(known, *since);
            }
            Ask::Statements { accounts, since } => self.statements(accounts, *since),
        }
    }

    /// Message sets come in a fixed order (OFX 2.3 §2.4.5.2).
    fn statements(&mut self, accounts: &[&KnownAccount], since: Date) {
        for (family, set) in [
            (Family::Bank, "BANKMSGSRQV1"),
            (Family::Card, "CREDITCARDMSGSRQV1"),
            (Family::Loan, "LOANMSGSRQV1"),
            (Family::Investment, "INVSTMTMSGSRQV1"),
        ] {
            let members: Vec<_> = accounts.iter().filter(|account| account.family == family).collect();
            if !members.is_empty() {
                self.aggregate(set, |writer| {
                    for account in members {
                        writer.statement(account, since);
                    }
                });
            }
        }
    }

    fn statement(&mut self, account: &KnownAccount, since: Date) {
        match account.family {
            Family::Bank => self.transaction("STMT", |writer| {
                writer.aggregate("STMTRQ", |writer| writer.bank(account, since));
            }),
            Family::Card => self.transaction("CCSTMT", |writer| {
                writer.aggregate("CCSTMTRQ", |writer| {
                    writer.aggregate("CCACCTFROM", |writer| {
                        writer.leaf("ACCTID", &account.number);
                        writer.leaf_of("ACCTKEY", account.key.as_deref());
                    });
                    writer.entries(account, since);
                });
            }),
            Family::Loan => self.transaction("LOANSTMT", |writer| {
                writer.aggregate("LOANSTMTRQ", |writer| {
                    writer.aggregate("LOANACCTFROM", |writer| {
                        writer.leaf("LOANACCTID", &account.number);
                        writer.leaf_of("LOANACCTTYPE", account.kind.as_deref());
                    });
                    writer.include_entries(account, since);
                });
            }),
            Family::Investment => self.transaction("INVSTMT", |writer| {
                writer.aggregate("INVSTMTRQ", |writer| writer.investment(account, since));
            }),
        }
    }

    fn bank(&mut self, account: &KnownAccount, since: Date) {
        self.aggregate("BANKACCTFROM", |writer| {
            writer.leaf_of("BANKID", account.institution.as_deref());
            writer.leaf_of("BRANCHID", account.branch.as_deref());
            writer.leaf("ACCTID", &account.number);
            writer.leaf_of("ACCTTYPE", account.kind.as_deref());
            writer.leaf_of("ACCTKEY", account.key.as_deref());
        });
        self.entries(account, since);
    }

    fn entries(&mut self, account: &KnownAccount, since: Date) {
        self.include_entries(account, since);
        if self.parameters.knows_pending() {
            self.leaf("INCLUDEPENDING", "Y");
        }
    }

    fn include_entries(&mut self, account: &KnownAccount, since: Date) {
        let day = self.day(since);
        self.aggregate("INCTRAN", |writer| {
            writer.leaf("DTSTART", &day);
            writer.leaf("INCLUDE", if account.balance_only { "N" } else { "Y" });
        });
    }

    /// INVSTMTRQ, in the order of OFX 2.3 §13.9.1.2.
    fn investment(&mut self, account: &KnownAccount, since: Date) {
        self.aggregate("INVACCTFROM", |writer| {
            writer.leaf_of("BROKERID", account.institution.as_deref());
            writer.leaf("ACCTID", &account.number);
        });
        self.include_entries(account, since);
        self.leaf("INCOO", "N");
        self.aggregate("INCPOS", |writer| writer.leaf("INCLUDE", "Y"));
        self.leaf("INCBAL", "Y");
        // Asking this of another account is an error of its own (12255).
        if self.parameters.is_xml() && account.product.as_deref() == Some("401K") {
            self.leaf("INC401K", "N");
            self.leaf("INC401KBAL", "Y");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ofx::read;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn account(family: Family) -> KnownAccount {
        KnownAccount {
            family,
            institution: Some("000111222".to_owned()),
            branch: None,
            number: "5550001".to_owned(),
            kind: Some("CHECKING".to_owned()),
            key: None,
            description: None,
            nickname: None,
            balance_only: false,
            product: Some("401K".to_owned()),
            ownership: None,
            loan_kind: None,
        }
    }

    fn written(parameters: &serde_json::Value, ask: &Ask<'_>) -> String {
        let mut row = json!({"url": "https://a.example/", "org": "B&K", "fid": "7"});
        row.as_object_mut().expect("an object").extend(parameters.as_object().cloned().expect("an object"));
        let parameters = Parameters::read(&row).expect("parameters");
        let (id, password) = (SecretString::from("anna"), SecretString::from("p<&>\n1"));
        let extra = SecretString::from("440-118");
        let signon = Signon {
            who: Who::User { id: &id, password: &password },
            session_cookie: Some("C"),
            client_id: Some("UID"),
            credential1: Some(&extra),
            credential2: None,
            auth_token: Some("T"),
            access_key: Some("K"),
            answers: vec![("MFA16", "Sand berg")],
        };
        let now = "2026-11-23T15:09:53Z".parse().expect("a timestamp");
        let request = request(&parameters, &signon, ask, now, &Zeros);
        String::from_utf8(request.body.to_vec()).expect("text")
    }

    /// The names of all elements, in document order.
    fn names(text: &str) -> Vec<String> {
        let document = read::read(text.as_bytes()).expect("what we write, we can read");
        document.elements().map(|element| element.name().to_owned()).collect()
    }

    fn since() -> Date {
        jiff::civil::date(2026, 8, 1)
    }

    #[test]
    fn headers_of_both_kinds() {
        let text = written(&json!({"version": 102}), &Ask::Challenge);
        assert!(text.starts_with("OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\nCOMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:00000000-0000-4000-8000-000000000000\r\n\r\n<OFX>"));
        let text = written(&json!({"version": 211, "new_file_uid": false}), &Ask::Challenge);
        assert!(text.contains("<?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\r\n<OFX>"));
        let accents = written(&json!({"version": 103, "org": "Crédit"}), &Ask::Challenge);
        assert!(accents.contains("ENCODING:UTF-8\r\nCHARSET:NONE"));
    }

    #[test]
    fn a_sign_on_in_the_order_of_the_specification() {
        let text = written(&json!({"version": 103}), &Ask::Challenge);
        let start = names(&text);
        assert_eq!(
            start.join(" "),
            "OFX SIGNONMSGSRQV1 SONRQ DTCLIENT USERID USERPASS LANGUAGE FI ORG FID SESSCOOKIE APPID APPVER CLIENTUID \
             USERCRED1 AUTHTOKEN ACCESSKEY MFACHALLENGEANSWER MFAPHRASEID MFAPHRASEA MFACHALLENGETRNRQ TRNUID \
             MFACHALLENGERQ DTCLIENT"
        );
        assert!(
            text.contains("<USERPASS>p&lt;&amp;&gt;1\r\n") && text.contains("<ORG>B&amp;K\r\n"),
            "{text}"
        );
        let old = names(&written(&json!({"version": 102}), &Ask::Challenge));
        assert!(!old.iter().any(|name| ["CLIENTUID", "USERCRED1", "ACCESSKEY"].contains(&name.as_str())));
    }

    #[test]
    fn leaves_are_closed_where_they_must_be_and_lines_where_wanted() {
        let open = written(&json!({"version": 102}), &Ask::Profile { updated: None });
        assert!(open.contains("<DTPROFUP>19900101\r\n") && !open.contains("</DTPROFUP>"));
        let closed = written(&json!({"version": 102, "close_leaves": true}), &Ask::Profile { updated: None });
        assert!(closed.contains("<DTPROFUP>19900101</DTPROFUP>\r\n"));
        let line = written(
            &json!({"version": 203, "layout": "one_line"}),
            &Ask::Profile { updated: Some("20260101") },
        );
        let body = &line[line.find("<OFX>").expect("a body")..];
        assert!(body.contains("<DTPROFUP>20260101</DTPROFUP>") && !body.contains('\n'));
    }

    #[test]
    fn dates_in_the_form_that_the_server_takes() {
        let bank = account(Family::Bank);
        for (form, moment, day) in [
            ("full", "20261123150953.000[0:GMT]", "20260801"),
            ("seconds", "20261123150953", "20260801000000"),
            ("day", "20261123", "20260801"),
        ] {
            let ask = Ask::Statements { accounts: vec![&bank], since: since() };
            let text = written(&json!({"date_form": form}), &ask);
            assert!(text.contains(&format!("<DTCLIENT>{moment}\r\n")), "{text}");
            assert!(text.contains(&format!("<DTSTART>{day}\r\n")), "{text}");
        }
    }

    #[test]
    fn statements_of_every_family_in_the_order_of_message_sets() {
        let families = [Family::Investment, Family::Loan, Family::Card, Family::Bank].map(account);
        let ask = Ask::Statements { accounts: families.iter().collect(), since: since() };
        let text = written(&json!({"version": 230}), &ask);
        let names = names(&text).join(" ");
        let after = names.split_once("MFAPHRASEA ").expect("a sign-on").1;
        assert_eq!(
            after,
            "BANKMSGSRQV1 STMTTRNRQ TRNUID STMTRQ BANKACCTFROM BANKID ACCTID ACCTTYPE INCTRAN DTSTART INCLUDE INCLUDEPENDING \
             CREDITCARDMSGSRQV1 CCSTMTTRNRQ TRNUID CCSTMTRQ CCACCTFROM ACCTID INCTRAN DTSTART INCLUDE INCLUDEPENDING \
             LOANMSGSRQV1 LOANSTMTTRNRQ TRNUID LOANSTMTRQ LOANACCTFROM LOANACCTID LOANACCTTYPE INCTRAN DTSTART INCLUDE \
             INVSTMTMSGSRQV1 INVSTMTTRNRQ TRNUID INVSTMTRQ INVACCTFROM BROKERID ACCTID INCTRAN DTSTART INCLUDE INCOO INCPOS \
             INCLUDE INCBAL INC401K INC401KBAL"
        );
    }
}
