//! Registering through an invitation.

use std::time::Duration;

use domain::limits;
use http::StatusCode;

use crate::harness::{PASSWORD, portal, portals};

const TOKEN: &str = "canary-token-of-an-invitation-0123456789abc";

fn typed(password: &str) -> [(&str, &str); 3] {
    [("name", "Samuel Lindqvist"), ("email", "samuel@orchard.example"), ("password", password)]
}

#[tokio::test]
async fn a_client_registers_once_and_is_signed_in() {
    for portal in portals().await {
        let path = portal.invitation(TOKEN).await;
        let mut browser = portal.browser();
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        page.says("Welcome to Fernhill Wealth");
        page.says("Elena Marsh invited you");
        page.says("samuel@orchard.example");

        let answer = browser.post(&path, &typed(PASSWORD)).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
        let page = browser.get("/settings").await;
        page.says("Samuel Lindqvist");
        page.says("Elena Marsh");

        // The second click of a double click gets in as well; another person does not.
        assert_eq!(browser.post(&path, &typed(PASSWORD)).await.location(), "/");
        let mut other = portal.browser();
        other.get(&path).await.says("You have registered already");
        other.post(&path, &typed("another tulip orbit mango")).await.says("You have registered already");
        assert!(other.cookies.is_empty());
        assert_eq!(portal.store.visitor().people_count().await.unwrap(), 2);
    }
}

#[tokio::test]
async fn two_clicks_at_once_make_one_login() {
    for portal in portals().await {
        let path = portal.invitation(TOKEN).await;
        let clicks = (0..4).map(|_| {
            let (mut browser, path) = (portal.browser(), path.clone());
            async move { browser.post(&path, &typed(PASSWORD)).await.location().to_owned() }
        });
        let answers = futures_util::future::join_all(clicks).await;
        assert!(answers.contains(&"/".to_owned()), "{answers:?}");
        assert_eq!(portal.store.visitor().people_count().await.unwrap(), 2);
    }
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_the_rest_is_kept() {
    let portal = portal().await;
    let person = portal.client().await;
    let path = portal.invitation(TOKEN).await;
    let mut browser = portal.browser();
    for (password, sentence) in [
        ("short", "Please use at least 10 characters."),
        ("password1234", "This password is easy to guess."),
        ("samuel lindqvist", "This password is easy to guess."),
        ("", "Please enter a password."),
    ] {
        let answer = browser.post(&path, &typed(password)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(sentence);
        answer.says("value=\"Samuel Lindqvist\"");
        assert!(password.is_empty() || !answer.body.contains(&format!("value=\"{password}\"")));
    }
    let taken = [("name", "Samuel"), ("email", person.email.as_str()), ("password", PASSWORD)];
    let answer = browser.post(&path, &taken).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("There is a login with this e-mail already.");
    // The invitation is still good.
    assert_eq!(browser.post(&path, &typed(PASSWORD)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_expired_link_can_be_asked_for_anew() {
    for portal in portals().await {
        let path = portal.invitation(TOKEN).await;
        portal.clock.forward(limits::INVITATION_LIFETIME.saturating_sub(Duration::from_secs(1)));
        portal.browser().get(&path).await.says("Welcome to");
        portal.clock.forward(Duration::from_secs(1));
        let mut browser = portal.browser();
        browser.get(&path).await.says("This invitation has expired");
        browser.post(&path, &typed(PASSWORD)).await.says("This invitation has expired");
        assert_eq!(browser.post(&format!("{path}/again"), &[]).await.location(), path);
        browser.get(&path).await.says("Your advisor knows");
        browser.post(&format!("{path}/again"), &[]).await.says("Your advisor knows");
        assert_eq!(portal.store.visitor().people_count().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_unknown_link_is_not_there() {
    let portal = portal().await;
    let mut browser = portal.browser();
    for path in ["/invitation/unknown", "/invitation/%00", "/invitation/a%2Fb"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(browser.post("/invitation/unknown", &typed(PASSWORD)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post("/invitation/unknown/strength", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_strength_of_a_password_is_told_while_it_is_typed() {
    let portal = portal().await;
    let path = format!("{}/strength", portal.invitation(TOKEN).await);
    let mut browser = portal.browser();
    browser.post(&path, &typed("abc")).await.says("Too short");
    browser.post(&path, &typed("password1234")).await.says("Easy to guess");
    browser.post(&path, &typed("samuel@orchard.example")).await.says("Easy to guess");
    browser.post(&path, &typed("tulip orbit mango 42")).await.says("Strong");
}

#[tokio::test]
async fn neither_token_nor_password_gets_into_the_log() {
    let portal = portal().await;
    let path = portal.invitation(TOKEN).await;
    let mut browser = portal.browser();
    browser.get(&path).await;
    browser.post(&format!("{path}/strength"), &typed(PASSWORD)).await;
    // The pages hold the link, so only what was logged is searched for it.
    let portal_heard = portal.heard.text();
    let log: String = portal_heard.lines().filter(|line| line.starts_with("20")).collect();
    assert!(log.contains("/invitation/{token}"), "{portal_heard}");
    assert!(!log.contains(TOKEN), "{log}");
    browser.post(&path, &typed(PASSWORD)).await;
    assert!(!portal.heard.text().contains(PASSWORD));
}

#[tokio::test]
async fn a_used_link_tells_who_is_signed_in_that_they_are() {
    let portal = portal().await;
    let path = portal.invitation("token-of-an-invitation-0123456789abcdefghijk").await;
    let mut browser = portal.browser();
    let fields = [("name", "Samuel Lindqvist"), ("email", "samuel@orchard.example"), ("password", PASSWORD)];
    assert_eq!(browser.post(&path, &fields).await.location(), "/");
    let page = browser.get(&path).await;
    page.says("you are signed in as Samuel Lindqvist");
    assert!(page.body.contains("href=\"/\">Go to your home page") && !page.body.contains("Sign in"));
    portal.browser().get(&path).await.says("You have registered already");
}
