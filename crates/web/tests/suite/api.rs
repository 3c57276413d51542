//! The JSON API under a personal access key.

use std::{path::Path, time::Duration};

use domain::{Money, person::Role};
use http::{Method, StatusCode};
use serde_json::{Value, json as value};

use crate::harness::{Answer, Browser, Portal, portal, portals};

const PATHS: [&str; 3] = ["/api/v1/accounts", "/api/v1/connections", "/api/v1/net-worth"];

/// A new key of the signed-in person.
async fn key(browser: &mut Browser) -> String {
    let page = browser.post("/settings/keys", &[("key_name", "Spreadsheet")]).await;
    let (_, rest) = page.body.split_once("value=\"heldaway_").expect("the page shows the key");
    format!("heldaway_{}", rest.split('"').next().unwrap())
}

async fn call(portal: &Portal, path: &str, key: &str) -> Answer {
    let authorization = format!("Bearer {key}");
    portal.browser().send(Method::GET, path, &[], &[("authorization", &authorization)]).await
}

fn json(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn a_program_reads_accounts_connections_and_net_worth() {
    for portal in portals().await {
        let person = portal.client().await;
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        portal.by_hand("Car loan", "auto_loan", -1_250_050).await;
        let connection = portal.connection(&person, domain::Reason::CredentialsRejected).await;
        let key = key(&mut portal.signed_in(&person).await).await;

        let accounts = json(&call(&portal, PATHS[0], &key).await);
        let cabin = &accounts["accounts"][0];
        assert_eq!(cabin["name"], "Cabin");
        assert_eq!((&cabin["value"], &cabin["currency"]), (&"250000.00".into(), &"USD".into()));
        assert_eq!((&cabin["kind"], &cabin["category"]), (&"real_estate".into(), &"property".into()));
        assert_eq!(
            (&cabin["as_of"], &cabin["updated_at"]),
            (&"2026-11-21".into(), &"2026-11-23T14:00:00Z".into())
        );
        assert_eq!((&cabin["current"], &cabin["connection"]), (&true.into(), &Value::Null));
        assert_eq!(accounts["accounts"][1]["value"], "-12500.50");
        assert_eq!((&accounts["current"], &accounts["counted"]), (&2.into(), &2.into()));

        let connections = json(&call(&portal, PATHS[1], &key).await);
        let status = &connections["connections"][0]["status"];
        assert_eq!(connections["connections"][0]["id"], connection.to_string());
        assert_eq!(status["code"], "credentials_rejected");
        assert_eq!(status["title"], "The institution rejected your credentials");
        assert_eq!((&status["actor"], &status["fix"]), (&"client".into(), &"update_login".into()));

        let worth = json(&call(&portal, PATHS[2], &key).await);
        assert_eq!((&worth["assets"], &worth["debts"]), (&"250000.00".into(), &"-12500.50".into()));
        assert_eq!((&worth["total"], &worth["as_of"]), (&"237499.50".into(), &"2026-11-21".into()));
        // From the day on that the values were given for.
        assert_eq!(
            (&worth["history"][0]["day"], &worth["history"][0]["total"]),
            (&"2026-11-21".into(), &worth["total"])
        );
        assert_eq!(worth["history"][1]["day"], "2026-11-23");
        assert_eq!(worth["excluded"].as_array().unwrap().len(), 0);
        let later = json(&call(&portal, "/api/v1/net-worth?since=2026-11-24", &key).await);
        assert_eq!(later["history"].as_array().unwrap().len(), 0);

        // What is in another currency is named, not added.
        let abroad = "UPDATE account SET currency = 'EUR' WHERE name = 'Cabin'; UPDATE household SET revision = revision + 1";
        store::testing::execute(&portal.database.url, abroad).await;
        let worth = json(&call(&portal, PATHS[2], &key).await);
        assert_eq!((&worth["total"], &worth["counted"]), (&"-12500.50".into(), &1.into()));
        let excluded = value!({"account": cabin["id"], "currency": "EUR", "value": "250000.00"});
        assert_eq!(worth["excluded"], value!([excluded]));
    }
}

#[tokio::test]
async fn what_changes_is_answered_at_the_next_call() {
    for portal in portals().await {
        let person = portal.client().await;
        let key = key(&mut portal.signed_in(&person).await).await;
        let count = async || json(&call(&portal, PATHS[0], &key).await)["accounts"].as_array().unwrap().len();
        assert_eq!(count().await, 0);
        let id = portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        assert_eq!(count().await, 1);

        let reader = portal.reader(&person);
        let account = reader.account(id).await.unwrap().account;
        let mut tx = portal.begin().await;
        tx.set_value(&account, 26_000_000, "2026-11-22".parse().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(json(&call(&portal, PATHS[0], &key).await)["accounts"][0]["value"], "260000.00");

        let connection = portal.connection(&person, domain::Reason::Ok).await;
        assert_eq!(json(&call(&portal, PATHS[1], &key).await)["connections"][0]["status"]["code"], "ok");
        let mut changed = reader.connection(connection).await.unwrap();
        changed.reason = domain::Reason::Down;
        let mut tx = portal.begin().await;
        tx.move_connection(&changed, "connection.tested").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(json(&call(&portal, PATHS[1], &key).await)["connections"][0]["status"]["code"], "down");

        // A value kept by hand is current for a quarter of a year, and not a day longer.
        let current = async || json(&call(&portal, PATHS[0], &key).await)["accounts"][0]["current"].clone();
        assert_eq!(current().await, true);
        portal.clock.forward(Duration::from_hours(92 * 24));
        assert_eq!(current().await, false);

        let account = reader.account(id).await.unwrap().account;
        let mut tx = portal.begin().await;
        tx.delete_account(&account).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count().await, 0);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_next_call_on() {
    for portal in portals().await {
        let mut browser = portal.signed_in(&portal.client().await).await;
        let key = key(&mut browser).await;
        assert_eq!(call(&portal, PATHS[0], &key).await.status, StatusCode::OK);
        let page = browser.get("/settings").await;
        let (_, rest) = page.body.split_once("action=\"/settings/keys/").expect("the key can be revoked");
        let revoke = format!("/settings/keys/{}", rest.split('"').next().unwrap());
        let mut stranger = portal.signed_in(&portal.person(Role::CoClient, "Samuel Lindqvist").await).await;
        assert_eq!(stranger.post(&revoke, &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(call(&portal, PATHS[0], &key).await.status, StatusCode::OK);
        assert_eq!(browser.post(&revoke, &[]).await.location(), "/settings?done=key");
        assert_eq!(call(&portal, PATHS[0], &key).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(browser.post(&revoke, &[]).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn nothing_but_a_key_opens_the_api_and_a_key_opens_nothing_else() {
    let portal = portal().await;
    let mut browser = portal.signed_in(&portal.client().await).await;
    let key = key(&mut browser).await;
    for path in PATHS {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "a session is not a key");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(call(&portal, path, "heldaway_x").await.status, StatusCode::UNAUTHORIZED);
        let token = browser.cookies[0].1.clone();
        assert_eq!(call(&portal, path, &token).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(call(&portal, "/settings", &key).await.status, StatusCode::SEE_OTHER);
    let wrong = call(&portal, "/api/v1/net-worth?since=yesterday", &key).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn the_use_of_a_key_is_noted() {
    for portal in portals().await {
        let mut browser = portal.signed_in(&portal.client().await).await;
        let key = key(&mut browser).await;
        browser.get("/settings").await.says("<td>never</td>");
        call(&portal, PATHS[0], &key).await;
        let page = browser.get("/settings").await;
        assert!(!page.body.contains("<td>never</td>"));
        page.says("Nov 23, 2026, 9:00 AM");
    }
}

/// Run with `HELDAWAY_WRITE_OPENAPI=1` to write the file anew.
#[tokio::test]
async fn the_description_in_the_tree_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let text = web::openapi();
    if std::env::var_os("HELDAWAY_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).expect("docs/openapi.json is there");
    assert!(committed == text, "docs/openapi.json is old: run this test with HELDAWAY_WRITE_OPENAPI=1");
    let portal = portal().await;
    let served = portal.browser().get("/api/v1/openapi.json").await;
    assert_eq!(served.body, text);
    let described: Value = serde_json::from_str(&text).unwrap();
    let described: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    let routed = web::routes().into_iter().map(|(_, path)| path);
    let routed: Vec<&str> =
        routed.filter(|path| path.starts_with("/api/") && !path.ends_with("openapi.json")).collect();
    assert_eq!(described, routed, "each route is described");
}

#[test]
fn money_is_written_with_all_its_places() {
    let amount =
        |minor, currency: &str| Money { minor, currency: currency.parse().unwrap() }.to_decimal().to_string();
    assert_eq!(amount(-5, "USD"), "-0.05");
    assert_eq!(amount(1_000, "JPY"), "1000");
}
