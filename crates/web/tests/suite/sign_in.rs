//! Signing in and out, sessions, and what guards them.

use std::time::Duration;

use domain::limits;
use http::StatusCode;

use crate::harness::{PASSWORD, portal, portals};

#[tokio::test]
async fn a_person_signs_in_and_out_again() {
    for portal in portals().await {
        let person = portal.client().await;
        let mut browser = portal.browser();
        assert_eq!(browser.get("/settings").await.location(), "/sign-in?next=/settings");
        let page = browser.get("/sign-in?next=/settings").await;
        assert_eq!(page.status, StatusCode::OK);
        page.says("Sign in");
        let fields =
            [("email", " Ruth.Lindqvist@Orchard.example "), ("password", PASSWORD), ("next", "/settings")];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/settings"));
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.starts_with("__Host-session=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
        let page = browser.get("/settings").await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
        page.says(&person.name);
        // Somebody who is signed in needs no form.
        assert_eq!(browser.get("/sign-in").await.location(), "/");

        let kept = browser.clone();
        let answer = browser.post("/sign-out", &[]).await;
        assert_eq!(answer.location(), "/sign-in");
        assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
        assert!(browser.cookies.is_empty());
        // The old token is worth nothing, whoever kept it.
        assert_eq!(kept.clone().get("/settings").await.location(), "/sign-in?next=/settings");
    }
}

#[tokio::test]
async fn a_login_that_does_not_exist_is_answered_alike() {
    let portal = portal().await;
    portal.client().await;
    let mut told = Vec::new();
    for email in ["ruth.lindqvist@orchard.example", "nobody@orchard.example"] {
        let mut browser = portal.browser();
        let mut answers = Vec::new();
        for _ in 0..5 {
            let answer = browser.post("/sign-in", &[("email", email), ("password", "wrong")]).await;
            assert_eq!(answer.header("set-cookie"), "");
            let operation = answer.header("x-operation-id").to_owned();
            answers.push((answer.status, answer.body.replace(email, "").replace(&operation, "")));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0][0].0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(told[0][4].0, StatusCode::TOO_MANY_REQUESTS);
}

/// The lock-out and its waits are those of a login that exists, at every step.
#[tokio::test]
async fn a_login_that_does_not_exist_is_locked_alike() {
    for portal in portals().await {
        portal.client().await;
        let emails = ["ruth.lindqvist@orchard.example", "nobody@orchard.example"];
        let mut refused = 0;
        for step in 0..40 {
            let mut told = Vec::new();
            for email in emails {
                let mut browser = portal.browser();
                let answer = browser.post("/sign-in", &[("email", email), ("password", "wrong")]).await;
                let operation = answer.header("x-operation-id").to_owned();
                let body = answer.body.replace(email, "").replace(&operation, "");
                told.push((answer.status, answer.header("retry-after").to_owned(), body));
            }
            assert_eq!(told[0], told[1], "after {step} tries");
            refused += u32::from(told[0].0 == StatusCode::TOO_MANY_REQUESTS);
            portal.clock.forward(Duration::from_secs(4));
        }
        assert!((10..40).contains(&refused), "{refused} of 40 were refused");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_never_shuts_out_for_good() {
    for portal in portals().await {
        let person = portal.client().await;
        let mut browser = portal.browser();
        let mut refused = 0;
        for _ in 0..60 {
            let answer = browser.post("/sign-in", &[("email", &person.email), ("password", "wrong")]).await;
            refused += u32::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
            portal.clock.forward(Duration::from_secs(1));
        }
        // A minute of guessing every second: ten guesses at most are looked at (ASVS 5.0 §6.3.1).
        assert!(refused >= 50, "{refused}");
        let right = [("email", person.email.as_str()), ("password", PASSWORD)];
        assert_eq!(browser.post("/sign-in", &right).await.status, StatusCode::TOO_MANY_REQUESTS);
        portal.clock.forward(Duration::from_mins(15));
        assert_eq!(browser.post("/sign-in", &right).await.status, StatusCode::SEE_OTHER);
        // Success forgets the failures.
        let wrong =
            portal.browser().post("/sign-in", &[("email", &person.email), ("password", "wrong")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn many_guesses_at_once_are_as_slow_as_one_after_the_other() {
    for portal in portals().await {
        let person = portal.client().await;
        let guesses = (0..20).map(|_| {
            let (mut browser, email) = (portal.browser(), person.email.clone());
            async move { browser.post("/sign-in", &[("email", &email), ("password", "wrong")]).await.status }
        });
        let statuses = futures_util::future::join_all(guesses).await;
        let looked_at = statuses.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
        assert!(looked_at <= 3, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    for portal in portals().await {
        let person = portal.client().await;
        let mut browser = portal.signed_in(&person).await;
        portal.clock.forward(limits::SESSION_IDLE_MAX + Duration::from_secs(1));
        assert_eq!(browser.get("/settings").await.status, StatusCode::SEE_OTHER, "idle");

        let mut browser = portal.signed_in(&person).await;
        let step = limits::SESSION_IDLE_MAX.saturating_sub(Duration::from_mins(1));
        let mut used = Duration::ZERO;
        while used + step < limits::SESSION_LIFETIME_MAX {
            portal.clock.forward(step);
            used += step;
            assert_eq!(browser.get("/settings").await.status, StatusCode::OK, "after {used:?}");
        }
        portal.clock.forward(step);
        assert_eq!(browser.get("/settings").await.status, StatusCode::SEE_OTHER, "after {used:?}");
    }
}

#[tokio::test]
async fn signing_in_makes_a_new_token_and_ends_the_old_one() {
    let portal = portal().await;
    let person = portal.client().await;
    let mut browser = portal.signed_in(&person).await;
    let mut before = browser.clone();
    let answer = browser.post("/sign-in", &[("email", &person.email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_ne!(before.cookies, browser.cookies);
    assert_eq!(before.get("/settings").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_addresses_of_the_portal_are_gone_to() {
    let portal = portal().await;
    let person = portal.client().await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", ""] {
        let fields = [("email", person.email.as_str()), ("password", PASSWORD), ("next", next)];
        let answer = portal.browser().post("/sign-in", &fields).await;
        assert_eq!(answer.location(), "/", "{next}");
    }
}

#[tokio::test]
async fn a_part_leads_to_the_sign_in_of_its_page() {
    let portal = portal().await;
    let headers = [
        ("hx-request", "true"),
        ("hx-current-url", "https://portal.firm.example/accounts?q=a"),
        ("sec-fetch-site", "same-origin"),
    ];
    let answer =
        portal.browser().send(http::Method::POST, "/settings/password/strength", &[], &headers).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("hx-redirect"), "/sign-in?next=/accounts%3Fq%3Da");
}
