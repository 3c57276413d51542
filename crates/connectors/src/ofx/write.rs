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
