//! What a client is told on the home page, until they have read or seen it.

use domain::Reason;
use http::StatusCode;
use store::outbox::News;

use crate::harness::{Portal, portals};

/// Tells the client three things, the last one about a connection.
async fn told(portal: &Portal, client: &domain::person::Person, href: &str) {
    let mut tx = portal.begin().await;
    for (key, body, href) in [
        ("1", "Maple Bank took longer and has sent its newest values.", "/accounts"),
        ("2", "New account at Birch Bank: Savings •••7. Add it or leave it out.", "/accounts"),
        ("3", "First Platypus Bank took longer and has sent its newest values.", href),
    ] {
        assert!(tx.inform(client.id, News { topic: "test", key, body, href }).await.unwrap());
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn news_are_shown_until_they_are_read_one_by_one_or_all() {
    for portal in portals().await {
        let client = portal.client().await;
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        let mut browser = portal.signed_in(&client).await;
        assert!(!browser.get("/").await.body.contains("News"));
        told(&portal, &client, "/accounts").await;
        let page = browser.get("/").await;
        for body in ["Maple Bank took longer", "New account at Birch Bank", "Mark all as read"] {
            page.says(body);
        }
        let (_, rest) = page.body.split_once("action=\"/news/").expect("one can be put away");
        let read = format!("/news/{}", rest.split('"').next().unwrap());
        // Twice, as by two tabs.
        for _ in 0..2 {
            let answer = browser.post(&read, &[]).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
        }
        assert_eq!(
            browser.get("/").await.body.matches("class=\"link\" type=\"submit\">Mark as read").count(),
            2
        );
        assert_eq!(browser.post("/news/read", &[]).await.location(), "/");
        assert!(!browser.get("/").await.body.contains("News"));
    }
}

#[tokio::test]
async fn nobody_puts_another_ones_news_away() {
    for portal in portals().await {
        let (client, other) =
            (portal.client().await, portal.person(domain::person::Role::CoClient, "Samuel Lindqvist").await);
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        told(&portal, &client, "/accounts").await;
        let (mut hers, mut his) = (portal.signed_in(&client).await, portal.signed_in(&other).await);
        let page = hers.get("/").await.body;
        let (_, rest) = page.split_once("action=\"/news/").unwrap();
        his.post(&format!("/news/{}", rest.split('"').next().unwrap()), &[]).await;
        his.post("/news/read", &[]).await;
        assert!(!his.get("/").await.body.contains("Maple Bank"));
        assert_eq!(
            hers.get("/").await.body.matches("took longer").count(),
            page.matches("took longer").count()
        );
    }
}

#[tokio::test]
async fn the_page_that_news_lead_to_makes_them_old() {
    for portal in portals().await {
        let client = portal.client().await;
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        let connection = portal.connection(&client, Reason::Ok).await;
        told(&portal, &client, &format!("/connections/{connection}")).await;
        let mut browser = portal.signed_in(&client).await;
        browser.get("/").await.says("First Platypus Bank took longer");
        assert_eq!(browser.get(&format!("/connections/{connection}")).await.status, StatusCode::OK);
        let page = browser.get("/").await;
        assert!(!page.body.contains("First Platypus Bank took longer"));
        page.says("Maple Bank took longer");
        let before = portal.audit_rows().await;
        browser.get(&format!("/connections/{connection}")).await;
        assert_eq!(before, portal.audit_rows().await, "looking again writes nothing");
    }
}
