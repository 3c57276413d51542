//! Typed messages of an answer: sign-on, profile, account list, questions, statements.

use std::borrow::Cow;

use super::{
    investment::{self, Security},
    statement::Statement,
    tree::{Document, Element},
};

type Text<'d> = Cow<'d, str>;

/// Everything in one answer that this product knows.
#[derive(Debug, Default)]
pub struct Reply<'d> {
    pub signon: Option<Signon<'d>>,
    pub challenge: Option<Challenge<'d>>,
    pub profile: Option<Profile<'d>>,
    /// STATUS of the account list, and the accounts unless it is an error or "nothing newer".
    pub accounts: Option<(Status<'d>, Option<Vec<ListedAccount<'d>>>)>,
    pub statements: Vec<Statement<'d>>,
    pub securities: Vec<Security<'d>>,
    /// STMTTRN elements outside any statement: entries that nobody can be told about.
    pub unplaced: usize,
}

/// How serious a STATUS is (OFX 2.3 §3.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Info,
    Warn,
    Error,
}

/// STATUS.
#[derive(Debug, Clone)]
pub struct Status<'d> {
    pub code: u32,
    pub severity: Severity,
    pub message: Option<Text<'d>>,
}

/// SONRS.
#[derive(Debug)]
pub struct Signon<'d> {
    pub status: Status<'d>,
    pub session_cookie: Option<Text<'d>>,
    pub access_key: Option<Text<'d>>,
    pub organisation: Option<Text<'d>>,
    pub institution_id: Option<Text<'d>>,
}

/// MFACHALLENGERS.
#[derive(Debug)]
pub struct Challenge<'d> {
    pub status: Option<Status<'d>>,
    pub phrases: Vec<Phrase<'d>>,
}

/// MFACHALLENGE: one question.
#[derive(Debug)]
pub struct Phrase<'d> {
    pub id: Text<'d>,
    pub label: Option<Text<'d>>,
}

/// PROFRS.
#[derive(Debug)]
pub struct Profile<'d> {
    pub status: Option<Status<'d>>,
    pub name: Option<Text<'d>>,
    pub updated: Option<Text<'d>>,
    pub message_sets: Vec<MessageSet<'d>>,
    pub realms: Vec<Realm<'d>>,
}

/// One xxxMSGSETV1 of a profile.
#[derive(Debug)]
pub struct MessageSet<'d> {
    /// Such as `BANKMSGSET`.
    pub name: &'d str,
    pub url: Option<Text<'d>>,
    pub realm: Option<Text<'d>>,
    /// OFXSEC asks for TYPE1, the application-level encryption of passwords.
    pub type1: bool,
}

/// SIGNONINFO.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of OFX 2.3 §7.2.2, one to one")]
pub struct Realm<'d> {
    pub name: Text<'d>,
    pub credential1_label: Option<Text<'d>>,
    pub credential2_label: Option<Text<'d>>,
    pub client_id_required: bool,
    pub token_first: bool,
    pub token_label: Option<Text<'d>>,
    pub token_url: Option<Text<'d>>,
    pub challenge_supported: bool,
    pub challenge_first: bool,
    pub access_token_required: bool,
}

/// Which statement family an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Bank,
    Card,
    Loan,
    Investment,
}

/// The identifying block of an account: BANKACCTFROM, CCACCTFROM, LOANACCTFROM or INVACCTFROM.
#[derive(Debug, Clone)]
pub struct AccountReference<'d> {
    pub family: Family,
    /// BANKID or BROKERID.
    pub institution: Option<Text<'d>>,
    pub branch: Option<Text<'d>>,
    pub number: Text<'d>,
    /// ACCTTYPE or LOANACCTTYPE.
    pub kind: Option<Text<'d>>,
    pub key: Option<Text<'d>>,
}

/// One account of ACCTINFORS.
#[derive(Debug)]
pub struct ListedAccount<'d> {
    pub reference: AccountReference<'d>,
    pub description: Option<Text<'d>>,
    /// NAME of OFX 2.2: the client's own name for it.
    pub nickname: Option<Text<'d>>,
    /// SVCSTATUS is there and not ACTIVE: no statements yet.
    pub inactive: bool,
    /// SUPTXDL is N: balances only.
    pub balance_only: bool,
    pub product: Option<Text<'d>>,
    pub ownership: Option<Text<'d>>,
    /// LOANACCTTYPE of a bank account that is a loan (OFX 2.2).
    pub loan_kind: Option<Text<'d>>,
}

impl<'d> Reply<'d> {
    /// Collects the messages of a document, wherever they stand in it.
    pub fn of(document: &'d Document<'d>) -> Self {
        let mut reply = Self::default();
        let mut placed = 0;
        let mut at = 0;
        while let Some(element) = document.element(at) {
            at = element.end();
            match element.name() {
                "SONRS" => reply.signon = Some(Signon::of(element)),
                "MFACHALLENGETRNRS" => reply.challenge = Some(Challenge::of(element)),
                "PROFTRNRS" => reply.profile = Some(Profile::of(element)),
                "ACCTINFOTRNRS" => reply.add_accounts(element),
                "SECLIST" => reply.securities.extend(element.children().filter_map(investment::security)),
                name if Family::of_statement(name).is_some() => {
                    placed += reply.add_statements(element);
                }
                // Not a message itself: look inside.
                _ => at = element.index() + 1,
            }
        }
        reply.unplaced = document.count("STMTTRN") - placed;
        reply
    }

    fn add_accounts(&mut self, wrapper: Element<'d>) {
        let status =
            Status::of(wrapper).unwrap_or(Status { code: 0, severity: Severity::Info, message: None });
        let listed = wrapper.child("ACCTINFORS").map(|list| {
            list.children()
                .filter(|child| child.name() == "ACCTINFO")
                .flat_map(listed_accounts)
                .collect::<Vec<_>>()
        });
        match (&mut self.accounts, listed) {
            (Some((_, Some(accounts))), Some(more)) => accounts.extend(more),
            (_, listed) => self.accounts = Some((status, listed)),
        }
    }

    /// The statements inside a wrapper such as STMTTRNRS, or inside a statement without its wrapper. Returns how many
    /// STMTTRN found their place.
    fn add_statements(&mut self, wrapper: Element<'d>) -> usize {
        let Some(family) = Family::of_statement(wrapper.name()) else { return 0 };
        let status = Status::of(wrapper);
        let transaction_id = wrapper.value("TRNUID");
        let bodies: Vec<_> =
            wrapper.descendants().filter(|inner| STATEMENT_BODIES.contains(&inner.name())).collect();
        let bodies = if bodies.is_empty() { vec![wrapper] } else { bodies };
        let mut placed = 0;
        for body in bodies {
            let mut statement = Statement::empty(family);
            statement.status.clone_from(&status);
            statement.transaction_id.clone_from(&transaction_id);
            placed += statement.fill(body);
            self.statements.push(statement);
        }
        placed
    }
}

const STATEMENT_BODIES: [&str; 4] = ["STMTRS", "CCSTMTRS", "LOANSTMTRS", "INVSTMTRS"];

impl Family {
    /// The family of a statement's wrapper, or of a statement that lost it.
    fn of_statement(name: &str) -> Option<Self> {
        match name {
            "STMTTRNRS" | "STMTRS" => Some(Self::Bank),
            "CCSTMTTRNRS" | "CCSTMTRS" => Some(Self::Card),
            "LOANSTMTTRNRS" | "LOANSTMTRS" => Some(Self::Loan),
            "INVSTMTTRNRS" | "INVSTMTRS" => Some(Self::Investment),
            _ => None,
        }
    }
}

impl<'d> Status<'d> {
    /// The STATUS directly inside `parent`.
    fn of(parent: Element<'d>) -> Option<Self> {
        let status = parent.child("STATUS")?;
        let code = status.value("CODE")?.trim().parse().ok()?;
        let severity = match status.value("SEVERITY").as_deref().map(str::trim) {
            Some("ERROR") => Severity::Error,
            Some("WARN") => Severity::Warn,
            Some(_) => Severity::Info,
            // An institution that leaves it out means an error by any code but these two (OFX 2.3 §3.1.5).
            None if code <= 1 => Severity::Info,
            None => Severity::Error,
        };
        Some(Self { code, severity, message: status.value("MESSAGE") })
    }

    /// Whether it forbids to use what it stands over.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl<'d> Signon<'d> {
    fn of(element: Element<'d>) -> Self {
        let unreadable = Status { code: 2000, severity: Severity::Error, message: None };
        let institution = element.child("FI");
        Self {
            status: Status::of(element).unwrap_or(unreadable),
            session_cookie: element.value("SESSCOOKIE"),
            access_key: element.value("ACCESSKEY"),
            organisation: institution.and_then(|inner| inner.value("ORG")),
            institution_id: institution.and_then(|inner| inner.value("FID")),
        }
    }
}

impl<'d> Challenge<'d> {
    fn of(wrapper: Element<'d>) -> Self {
        let phrases = wrapper
            .descendants()
            .filter(|inner| inner.name() == "MFACHALLENGE")
            .filter_map(|phrase| {
                Some(Phrase { id: phrase.value("MFAPHRASEID")?, label: phrase.value("MFAPHRASELABEL") })
            })
            .collect();
        Self { status: Status::of(wrapper), phrases }
    }
}

impl<'d> Profile<'d> {
    fn of(wrapper: Element<'d>) -> Self {
        let body = wrapper.child("PROFRS");
        let inside = |name: &'static str| {
            body.into_iter().flat_map(Element::descendants).filter(move |inner| inner.name() == name)
        };
        let message_sets = inside("MSGSETLIST").flat_map(Element::children).filter_map(message_set).collect();
        Self {
            status: Status::of(wrapper),
            name: body.and_then(|inner| inner.value("FINAME")),
            updated: body.and_then(|inner| inner.value("DTPROFUP")),
            message_sets,
            realms: inside("SIGNONINFO").map(Realm::of).collect(),
        }
    }
}

fn message_set(element: Element<'_>) -> Option<MessageSet<'_>> {
    let core = element.find("MSGSETCORE")?;
    let type1 =
        core.value("OFXSEC").is_some_and(|security| security.replace(' ', "").eq_ignore_ascii_case("TYPE1"));
    Some(MessageSet { name: element.name(), url: core.value("URL"), realm: core.value("SIGNONREALM"), type1 })
}

impl<'d> Realm<'d> {
    fn of(element: Element<'d>) -> Self {
        let yes = |name: &str| element.value(name).is_some_and(|text| text.eq_ignore_ascii_case("Y"));
        Self {
            name: element.value("SIGNONREALM").unwrap_or_default(),
            credential1_label: element.value("USERCRED1LABEL"),
            credential2_label: element.value("USERCRED2LABEL"),
            client_id_required: yes("CLIENTUIDREQ"),
            token_first: yes("AUTHTOKENFIRST"),
            token_label: element.value("AUTHTOKENLABEL"),
            token_url: element.value("AUTHTOKENINFOURL"),
            challenge_supported: yes("MFACHALLENGESUPT"),
            challenge_first: yes("MFACHALLENGEFIRST"),
            access_token_required: yes("ACCESSTOKENREQ"),
        }
    }
}

impl<'d> AccountReference<'d> {
    pub(super) fn of(element: Element<'d>) -> Option<Self> {
        let family = match element.name() {
            "BANKACCTFROM" => Family::Bank,
            "CCACCTFROM" => Family::Card,
            "LOANACCTFROM" => Family::Loan,
            "INVACCTFROM" => Family::Investment,
            _ => return None,
        };
        // The number is what identifies an account; without it there is no account to speak of.
        let number = element.value("ACCTID").or_else(|| element.value("LOANACCTID"))?;
        Some(Self {
            family,
            institution: element.value("BANKID").or_else(|| element.value("BROKERID")),
            branch: element.value("BRANCHID"),
            number,
            kind: element.value("ACCTTYPE").or_else(|| element.value("LOANACCTTYPE")),
            key: element.value("ACCTKEY"),
        })
    }
}

/// The accounts of one ACCTINFO; OFX 2.3 §8.5.3 wants one, servers put several.
fn listed_accounts(element: Element<'_>) -> Vec<ListedAccount<'_>> {
    let (description, nickname) = (element.value("DESC"), element.value("NAME"));
    let listed = |inner: Element<'_>| {
        matches!(inner.name(), "BANKACCTINFO" | "CCACCTINFO" | "LOANACCTINFO" | "INVACCTINFO")
    };
    let of = |inner: Element<'_>| -> bool { listed(inner) };
    element
        .children()
        .filter(|inner| of(*inner))
        .filter_map(|inner| {
            let reference = inner.children().find_map(AccountReference::of)?;
            let status = inner.value("SVCSTATUS");
            Some(ListedAccount {
                reference,
                description: description.clone(),
                nickname: nickname.clone(),
                inactive: status.is_some_and(|status| status != "ACTIVE"),
                balance_only: inner.value("SUPTXDL").is_some_and(|flag| flag == "N"),
                product: inner.value("USPRODUCTTYPE"),
                ownership: inner.value("INVACCTTYPE"),
                loan_kind: inner.value("LOANACCTTYPE"),
            })
        })
        .collect()
}
