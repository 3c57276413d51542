//! A household as the design documents draw it: nine accounts at four institutions, one broken, one stale, one new.

use domain::{
    AccountId, AttemptId, ChallengeId, ConnectionId, Currency, Date, FirmId, HouseholdId, Money, PersonId,
    Reason, SessionId, Timestamp,
    account::{Account, AccountKind, Owner, Standing, Value, ValuePoint},
    attempt::{Attempt, AttemptKind, Mode, Stage},
    audit::{Subject, Through},
    challenge::{Challenge, Question, QuestionKind},
    connection::{Around, Connection},
    holding::{Holding, SecurityKind},
    institution::{Access, InstitutionKind, Notice, Offering},
    login::{Field, FieldKind},
    networth::NetWorthPoint,
    person::Role,
};
use jiff::{ToSpan, civil::date, tz::TimeZone};
use store::account::{Listed, Source};

use super::words::Owners;
use crate::page::{Nav, Page, Theme};

/// Friday morning in New York.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T15:12:00Z".parse().unwrap()
}

pub(crate) fn zone() -> TimeZone {
    TimeZone::get("America/New_York").unwrap()
}

fn uuid(kind: u32, number: u32) -> String {
    format!("0192{kind:04x}-0000-7000-8000-{number:012x}")
}

pub(crate) fn person_id(number: u32) -> PersonId {
    uuid(1, number).parse().unwrap()
}

fn household_id() -> HouseholdId {
    uuid(2, 1).parse().unwrap()
}

pub(crate) fn connection_id(number: u32) -> ConnectionId {
    uuid(3, number).parse().unwrap()
}

pub(crate) fn subject() -> Subject {
    Subject {
        person: person_id(1),
        firm: uuid(4, 1).parse::<FirmId>().unwrap(),
        role: Role::Client,
        household: Some(household_id()),
        through: Through::Session(uuid(5, 1).parse::<SessionId>().unwrap()),
    }
}

pub(crate) fn owners() -> Owners {
    let person = |number, role, name: &str| domain::person::Person {
        id: person_id(number),
        firm: subject().firm,
        role,
        household: Some(household_id()),
        name: name.to_owned(),
        email: String::new(),
        created_at: now(),
    };
    Owners::of(&[person(1, Role::Client, "Ruth Lindqvist"), person(2, Role::CoClient, "Samuel Lindqvist")])
}

pub(crate) fn page(nav: Nav, title: &str) -> Page {
    Page {
        title: title.to_owned(),
        firm: "Fernhill Wealth".to_owned(),
        person: "Ruth Lindqvist".to_owned(),
        advisor: "Elena Marsh".to_owned(),
        advisor_email: "elena.marsh@fernhill.example".to_owned(),
        role: Some(Role::Client),
        nav,
        fixable: 2,
        theme: Theme::Device,
        operation: "7F3K22QD0000".to_owned(),
    }
}

/// The frame of somebody of data support.
pub(crate) fn staff_page(nav: Nav, title: &str) -> Page {
    let (person, advisor, advisor_email) = ("Noor Haddad".to_owned(), String::new(), String::new());
    Page { person, advisor, advisor_email, role: Some(Role::DataSupport), fixable: 0, ..page(nav, title) }
}

pub(crate) fn connection(number: u32, institution: &str, reason: Reason) -> Connection {
    Connection {
        id: connection_id(number),
        firm: subject().firm,
        household: household_id(),
        owner: person_id(1),
        offering: format!("offering-{number}"),
        institution: institution.to_owned(),
        reason,
        since: "2026-11-20T09:20:00Z".parse().unwrap(),
        work: None,
        due_at: Some("2026-11-23T11:00:00Z".parse().unwrap()),
        last_attempt_at: Some("2026-11-20T11:04:00Z".parse().unwrap()),
        last_success_at: Some("2026-11-20T11:04:00Z".parse().unwrap()),
        manual_refresh_after: None,
        rejected_in_row: 0,
        failures_in_row: 0,
        attended_only: false,
        version: 7,
        around: Around { added: 3, ..Around::default() },
    }
}

pub(crate) fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

pub(crate) fn account(
    number: u32,
    of: Option<&Connection>,
    (name, kind, owner, digits): (&str, AccountKind, Owner, &str),
    (minor, as_of, updated): (i64, Date, &str),
) -> Listed {
    Listed {
        account: Account {
            id: uuid(6, number).parse::<AccountId>().unwrap(),
            household: household_id(),
            connection: of.map(|connection| connection.id),
            standing: Standing::Added,
            kind,
            owner,
            name: name.to_owned(),
            institution: of.map(|connection| connection.institution.clone()).unwrap_or_default(),
            last_digits: digits.to_owned(),
            currency: Currency::USD,
            counted: true,
            value: Some(Value {
                amount: usd(minor),
                available: None,
                as_of,
                updated_at: updated.parse().unwrap(),
            }),
            missing_runs: 0,
            closed_on: None,
            created_at: now(),
            version: 3,
        },
        incomplete: None,
        entries_since: None,
        holdings_as_of: None,
        connection: of.map(|connection| Source {
            id: connection.id,
            owner: connection.owner,
            offering: connection.offering.clone(),
            reason: connection.reason,
            since: connection.since,
            last_success_at: connection.last_success_at,
            manual_refresh_after: connection.manual_refresh_after,
            running: false,
        }),
    }
}

pub(crate) fn household() -> (Vec<Connection>, Vec<Listed>) {
    use AccountKind::{
        AutoLoan, Brokerage, Checking, CreditCard, Mortgage, RealEstate, RothIra, Savings, TraditionalIra,
        WorkplacePlan,
    };
    use Owner::{Client, CoClient, Joint};
    let meridian = connection(1, "Meridian Retirement", Reason::CredentialsRejected);
    let mut granite = connection(2, "Granite State Mortgage", Reason::Down);
    granite.due_at = Some("2026-11-20T16:20:00Z".parse().unwrap());
    let mut fidelity = connection(3, "Fidelity Investments", Reason::NewAccounts);
    fidelity.around.found = 1;
    let mut lakeshore = connection(4, "Lakeshore Credit Union", Reason::Ok);
    lakeshore.manual_refresh_after = Some("2026-11-20T15:20:00Z".parse().unwrap());
    let (early, late) = ("2026-11-20T11:04:00Z", "2026-11-20T15:05:00Z");
    let (d19, d20) = (date(2026, 11, 19), date(2026, 11, 20));
    let accounts = vec![
        account(1, Some(&lakeshore), ("Everyday checking", Checking, Client, "3318"), (841_277, d20, late)),
        account(2, Some(&lakeshore), ("Reserve savings", Savings, Joint, "7745"), (6_425_018, d20, late)),
        account(3, Some(&fidelity), ("Joint brokerage", Brokerage, Joint, "4410"), (31_890_461, d19, early)),
        account(4, Some(&fidelity), ("Roth IRA", RothIra, Client, "2207"), (14_238_009, d19, early)),
        account(
            5,
            Some(&fidelity),
            ("Rollover IRA", TraditionalIra, CoClient, "8813"),
            (28_611_734, d19, early),
        ),
        account(
            6,
            Some(&meridian),
            ("401(k)", WorkplacePlan, CoClient, "5096"),
            (23_155_040, date(2026, 11, 12), "2026-11-13T11:02:00Z"),
        ),
        account(
            7,
            None,
            ("14 Alder Lane", RealEstate, Joint, ""),
            (54_500_000, date(2026, 9, 1), "2026-09-01T14:00:00Z"),
        ),
        account(
            8,
            Some(&granite),
            ("Home mortgage", Mortgage, Joint, "0071"),
            (-29_648_012, date(2026, 11, 18), "2026-11-18T11:05:00Z"),
        ),
        account(9, Some(&lakeshore), ("Visa Signature", CreditCard, Client, "6120"), (-291_355, d20, late)),
        account(10, Some(&lakeshore), ("Auto loan", AutoLoan, CoClient, "9934"), (-1_291_120, d20, late)),
    ];
    let mut accounts = accounts;
    // Ten rows, nine of them counted: the figure of the documents.
    accounts[9].account.counted = false;
    (vec![meridian, granite, fidelity, lakeshore], accounts)
}

/// A year of days with a gap in spring.
pub(crate) fn net_worth_days() -> Vec<NetWorthPoint> {
    let first = date(2025, 11, 24);
    (0..362)
        .filter(|day| !(110..130).contains(day))
        .map(|day| {
            let wave = ((f64::from(day) / 9.0).sin() * 900_000.0) as i64;
            NetWorthPoint {
                day: first.saturating_add(day.days()),
                assets: usd(135_200_000 + i64::from(day) * 67_000 + wave),
                debts: usd(-33_190_000 + i64::from(day) * 5_400),
            }
        })
        .collect()
}

pub(crate) fn values() -> Vec<ValuePoint> {
    net_worth_days()
        .into_iter()
        .map(|point| ValuePoint { day: point.day, amount: usd(point.assets.minor / 5) })
        .collect()
}

pub(crate) fn holdings() -> Vec<Holding> {
    let holding =
        |symbol: &str, name: &str, kind, quantity: &str, price: &str, minor, cost: Option<i64>| Holding {
            security_id: String::new(),
            symbol: symbol.to_owned(),
            name: name.to_owned(),
            kind,
            quantity: quantity.parse().unwrap(),
            price: Some(price.parse().unwrap()),
            price_as_of: Some(date(2026, 11, 19)),
            value: usd(minor),
            cost_basis: cost.map(usd),
        };
    vec![
        holding(
            "VTI",
            "Total Stock Market Index",
            SecurityKind::Fund,
            "612.4810",
            "284.36",
            17_416_600,
            Some(12_100_000),
        ),
        holding(
            "",
            "US Treasury 4.25% 2034",
            SecurityKind::Bond,
            "80000",
            "101.250",
            8_100_000,
            Some(8_020_000),
        ),
        holding("KO", "Coca-Cola Company", SecurityKind::Stock, "560", "72.41", 4_054_960, Some(4_300_000)),
        holding("", "Core account", SecurityKind::Cash, "23189.01", "1", 2_318_901, None),
    ]
}

pub(crate) fn entries() -> store::entry::Page {
    let entry = |number: u32, day, minor, payee: &str, detail: &str, pending| store::entry::Entry {
        key: number.to_string(),
        posted_on: day,
        amount: usd(minor),
        payee: payee.to_owned(),
        memo: String::new(),
        detail: detail.to_owned(),
        quantity: None,
        pending,
    };
    store::entry::Page {
        entries: vec![
            entry(1, date(2026, 11, 21), -4_210, "Hannaford Market", "", true),
            entry(2, date(2026, 11, 19), 38_220, "Dividend", "VTI Total Stock Market Index", false),
            entry(3, date(2026, 11, 19), -150_000, "Buy", "Buy 5.27 VTI", false),
            entry(4, date(2026, 11, 16), 250_000, "Transfer from Lakeshore", "", false),
        ],
        number: 1,
        pages: 12,
        total: 583,
    }
}

pub(crate) fn offering() -> Offering {
    let field = |name: &str, label: &str, kind, help: &str| Field {
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
        help: help.to_owned(),
    };
    Offering {
        id: "meridian".to_owned(),
        brand: "Meridian".to_owned(),
        name: "Meridian Retirement".to_owned(),
        kind: InstitutionKind::Retirement,
        purpose: "401(k) and other workplace plans".to_owned(),
        also_known_as: Vec::new(),
        home_url: "https://www.meridianretirement.example".to_owned(),
        login_url: "https://login.meridianretirement.example/start".to_owned(),
        place: "Concord, NH".to_owned(),
        popularity: 3,
        assets_usd_thousands: 0,
        note: String::new(),
        listed: true,
        access: Some(Access {
            connector: "ofx".to_owned(),
            parameters: serde_json::Value::Null,
            form: vec![
                field("user_id", "User ID", FieldKind::Text, "Not your Social Security number"),
                field("password", "Password", FieldKind::Password, ""),
            ],
        }),
        notice: Some(Notice { version: 2, text: "First allow other apps.".to_owned() }),
    }
}

pub(crate) fn attempt(kind: AttemptKind, stage: Stage) -> Attempt {
    Attempt {
        id: uuid(7, 1).parse::<AttemptId>().unwrap(),
        connection: connection_id(1),
        kind,
        mode: Mode::Attended,
        stage,
        started_at: "2026-11-20T15:11:51Z".parse().unwrap(),
        ended_at: None,
        outcome: None,
        added: None,
        say: None,
        detail: String::new(),
    }
}

pub(crate) fn challenge() -> Challenge {
    Challenge {
        id: uuid(8, 1).parse::<ChallengeId>().unwrap(),
        connection: connection_id(1),
        attempt: uuid(7, 1).parse().unwrap(),
        round: 1,
        questions: vec![Question {
            id: "MFA10".to_owned(),
            label: "We sent a 6-digit code by text message to •••42. Enter the code to continue.".to_owned(),
            kind: QuestionKind::Code,
            options: Vec::new(),
            sent_to: Some("•••42".to_owned()),
            help_url: Some("https://www.meridianretirement.example/codes".to_owned()),
        }],
        asked_at: "2026-11-20T15:11:55Z".parse().unwrap(),
        deadline: "2026-11-20T15:16:00Z".parse().unwrap(),
        tries_left: 3,
        wrong_before: false,
        expired_before: false,
        right_before: false,
    }
}

/// What no page may hold: the security policy would break it, or a reader would stumble.
pub(crate) fn is_clean(html: &str) {
    for word in
        [" style=", "<style", "onclick=", "javascript:", "<script>", "TODO", "undefined", "{{", "NaN", "Oops"]
    {
        assert!(!html.contains(word), "{word} is on the page");
    }
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ids.sort_unstable();
    for pair in ids.windows(2) {
        assert_ne!(pair[0], pair[1], "an id twice");
    }
    for rest in html.split("target=\"_blank\"").skip(1) {
        assert!(rest.starts_with(" rel=\"noopener noreferrer\""), "a new tab that knows its opener");
    }
}

/// Keeps a page for eyes, in the folder that `HELDAWAY_PAGES` names.
pub(crate) fn keep(name: &str, html: &str) {
    if let Ok(folder) = std::env::var("HELDAWAY_PAGES") {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}
