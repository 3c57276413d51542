//! Every route, called by everybody, compared with a table that people review.
//!
//! The rows come from the router itself, so a route that has no row in `matrix.txt` fails. Run with
//! `HELDAWAY_WRITE_MATRIX=1` to write the table anew, and read its difference with care.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use domain::Reason;
use http::{Method, StatusCode};

use crate::harness::{Fixture, ORIGIN, PASSWORD, Portal};

const NEW_PASSWORD: &str = "canary walnut ferry drizzle";

/// Who calls, in the order in which they do: those who must be refused first, so that nothing has changed before.
const EVERYBODY: [&str; 13] = [
    "nobody",
    "strange-client",
    "strange-advisor",
    "strange-support",
    "other-client",
    "other-advisor",
    "administrator",
    "compliance",
    "advisor",
    "data-support",
    "co-client",
    "client",
    // With the client's access key instead of a session.
    "program",
];

/// Those for whom the household and everything in it doesn't exist.
const OUTSIDERS: [&str; 8] = [
    "nobody",
    "strange-client",
    "strange-advisor",
    "strange-support",
    "other-client",
    "other-advisor",
    "administrator",
    "data-support",
];
/// The firm's people: what touches a credential or looks for accounts is not theirs.
const STAFF: [&str; 7] = [
    "strange-advisor",
    "strange-support",
    "other-advisor",
    "administrator",
    "compliance",
    "advisor",
    "data-support",
];
/// Those who see how the directory is kept, and of them the one who keeps it.
const DESK: [&str; 4] = ["administrator", "compliance", "data-support", "strange-support"];
const KEEPERS: [&str; 2] = ["data-support", "strange-support"];

/// Routes that show or take a credential or an answer, begin or end a connection, or decide about found accounts.
const THE_CLIENTS_ALONE: [&str; 18] = [
    "/accounts/add",
    "/accounts/add/search",
    "/accounts/add/search/nothing",
    "/accounts/add/search/chosen",
    "/accounts/add/request",
    "/accounts/add/{offering}",
    "/accounts/add/{offering}/notice",
    "/accounts/add/{offering}/tell-me",
    "/connections/{id}/answer",
    "/connections/{id}/find-new",
    "/connections/{id}/start-again",
    "/connections/{id}/review",
    "/connections/{id}/offer-again",
    "/connections/{id}/close-account",
    "/connections/{id}/reopen-account",
    "/connections/{id}/login",
    "/connections/{id}/disconnect",
    "/fix",
];

/// The route with the ids of the fixture in it.
fn address(route: &str, fixture: &Fixture) -> String {
    let id = match route.split('/').nth(1) {
        Some("accounts") => fixture.account.to_string(),
        Some("connections") => fixture.connection.to_string(),
        _ => "0192b7f0-0000-7000-8000-000000000000".to_owned(),
    };
    route
        .replace("{id}", &id)
        .replace("{account}", &fixture.account.to_string())
        .replace("{connection}", &fixture.connection.to_string())
        .replace("{household}", &fixture.household.to_string())
        .replace("{invitation}", &fixture.invitation.to_string())
        .replace("{session}", &fixture.session.to_string())
        .replace("{key}", &fixture.key.to_string())
        .replace("{request}", &fixture.request.to_string())
        .replace("{offering}", "first-platypus")
        .replace("{token}", Fixture::INVITATION)
        .replace("{hash}/{*name}", "0/app.css")
}

/// What makes each form whole, so that a refusal is one of rights and not of typing.
pub(crate) const TYPED: [(&str, &str); 37] = [
    ("version", "1"),
    ("kind", "real_estate"),
    ("name", "Cabin"),
    ("institution", "By hand"),
    ("value", "1,000"),
    ("as_of", "2026-11-20"),
    ("owner", "client"),
    ("counted", "yes"),
    ("amount", "1,000"),
    ("login.user_id", "ruth"),
    ("login.password", PASSWORD),
    ("confirmed", "yes"),
    ("household", "Okonkwo"),
    ("email", "adaeze@orchard.example"),
    ("password", PASSWORD),
    ("old_password", "wrong"),
    ("new_password", NEW_PASSWORD),
    ("key_name", "Spreadsheet"),
    ("theme", "dark"),
    ("advisor_may_find_new", "yes"),
    ("challenge", "0192b7f0-0000-7000-8000-000000000000"),
    ("notice", "1"),
    ("id", "0192b7f0-0000-7000-8000-000000000000"),
    ("account", "0192b7f0-0000-7000-8000-000000000000"),
    ("wish", "connectable"),
    ("next", "/"),
    ("q", "platypus"),
    ("sure", "yes"),
    ("what", "bank"),
    ("typed", "Pine Bank"),
    ("address", "https://pine.example"),
    ("home_url", "https://harbor.example"),
    ("comment", "It was asked for"),
    ("offering", "first-platypus"),
    ("answer", "It has closed."),
    ("to", "0"),
    ("note", "Use the address of your plan."),
];

/// `303 /sign-in` for an answer that leads there, else the status.
fn told(status: StatusCode, location: &str) -> String {
    let to = location.split(['?', '#']).next().unwrap_or_default();
    match to {
        "" => status.as_u16().to_string(),
        "/sign-in" => "sign-in".to_owned(),
        _ => format!("{}>", status.as_u16()),
    }
}

/// One row: everybody's answers.
async fn row(portal: &Portal, fixture: &Fixture, method: &Method, route: &str) -> String {
    let address = address(route, fixture);
    let mut row = format!("{:<72}", format!("{method} {route}"));
    for (at, who) in EVERYBODY.into_iter().enumerate() {
        let before = portal.audit_rows().await;
        // A form of one's own each.
        let key = format!("{at:032x}");
        let typed: Vec<_> = TYPED.into_iter().chain([("form_key", key.as_str())]).collect();
        let (status, location) = portal.called(who, method, &address, &typed).await;
        if OUTSIDERS.contains(&who) && is_of_household(route) {
            assert!(!status.is_success(), "{method} {route} answers {who} with {status}");
            assert_eq!(before, portal.audit_rows().await, "{method} {route} lets {who} change something");
        }
        if STAFF.contains(&who) && THE_CLIENTS_ALONE.contains(&route) {
            let refused = matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN);
            assert!(refused, "{method} {route} answers {who} with {status}");
            assert_eq!(before, portal.audit_rows().await, "{method} {route} lets {who} change something");
        }
        if route.starts_with("/support") {
            let sees = DESK.contains(&who);
            assert!(sees || !status.is_success(), "{method} {route} answers {who} with {status}");
            if method == Method::POST && !KEEPERS.contains(&who) {
                assert_eq!(before, portal.audit_rows().await, "{method} {route} lets {who} change something");
            }
        }
        write!(row, "{:<16}", told(status, &location)).unwrap();
    }
    let heard = portal.heard.text();
    assert!(!heard.contains(PASSWORD) && !heard.contains(NEW_PASSWORD), "{method} {route} tells a password");
    row.trim_end().to_owned()
}

/// Whether the address names something of the household.
fn is_of_household(route: &str) -> bool {
    let own = ["/settings", "/news", "/invitation", "/assets", "/accounts/add", "/support"];
    route.contains('{') && !own.iter().any(|start| route.starts_with(start))
}

fn reviewed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/matrix.txt")
}

/// The rows of one table that another one doesn't have.
fn missing<'a>(table: &'a str, other: &str) -> Vec<&'a str> {
    table.lines().filter(|line| !other.lines().any(|known| known == *line)).collect()
}

/// On SQLite each row has a portal of its own, so that what one call changes doesn't decide about the next.
#[tokio::test]
async fn every_route_answers_everybody_as_reviewed() {
    let mut table =
        format!("{:<72}{}\n", "route", EVERYBODY.map(|who| format!("{who:<16}")).concat().trim_end());
    for (method, route) in web::routes() {
        let portal = Portal::on(store::testing::sqlite().await, ORIGIN).await;
        let fixture = portal.fixture(Reason::Down).await;
        writeln!(table, "{}", row(&portal, &fixture, &method, route).await).unwrap();
    }
    if std::env::var_os("HELDAWAY_WRITE_MATRIX").is_some() {
        std::fs::write(reviewed(), &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(reviewed()).expect("matrix.txt is there");
    let (now, before) = (missing(&table, &reviewed), missing(&reviewed, &table));
    assert!(
        now.is_empty() && before.is_empty(),
        "rights are now\n{}\nand were\n{}",
        now.join("\n"),
        before.join("\n")
    );
}

/// What only reads can share one portal on PostgreSQL.
#[tokio::test]
async fn every_page_answers_everybody_alike_on_postgresql() {
    let reviewed = std::fs::read_to_string(reviewed()).expect("matrix.txt is there");
    let portal = Portal::on(store::testing::postgres().await, ORIGIN).await;
    let fixture = portal.fixture(Reason::Down).await;
    for (method, route) in web::routes().into_iter().filter(|(method, _)| method == Method::GET) {
        let row = row(&portal, &fixture, &method, route).await;
        assert!(reviewed.lines().any(|line| line == row), "not as reviewed:\n{row}");
    }
}
