//! A person's own settings.

use domain::{limits, person::Role};
use http::StatusCode;

use crate::harness::{PASSWORD, portal, portals};

const NEW_PASSWORD: &str = "canary walnut ferry drizzle";

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    for portal in portals().await {
        let person = portal.client().await;
        let mut browser = portal.signed_in(&person).await;
        let (mut before, mut other) = (browser.clone(), portal.signed_in(&person).await);
        let fields = [("old_password", PASSWORD), ("new_password", NEW_PASSWORD)];
        let answer = browser.post("/settings/password", &fields).await;
        assert_eq!(answer.location(), "/settings?done=password");
        browser.get(answer.location()).await.says("Your password is changed.");
        assert_eq!(other.get("/settings").await.status, StatusCode::SEE_OTHER);
        assert_eq!(before.get("/settings").await.status, StatusCode::SEE_OTHER, "the token is new");
        let sign_in = |password| [("email", person.email.clone()), ("password", String::from(password))];
        for (password, status) in
            [(PASSWORD, StatusCode::UNPROCESSABLE_ENTITY), (NEW_PASSWORD, StatusCode::SEE_OTHER)]
        {
            let fields = sign_in(password);
            let fields = [(fields[0].0, fields[0].1.as_str()), (fields[1].0, fields[1].1.as_str())];
            assert_eq!(portal.browser().post("/sign-in", &fields).await.status, status);
        }
        let heard = portal.heard.text();
        assert!(!heard.contains(PASSWORD) && !heard.contains(NEW_PASSWORD));
    }
}

#[tokio::test]
async fn a_password_is_changed_only_with_the_old_one_and_into_a_good_one() {
    let portal = portal().await;
    let person = portal.client().await;
    let mut browser = portal.signed_in(&person).await;
    for (old, new, sentence) in [
        ("wrong", NEW_PASSWORD, "This is not your present password."),
        (PASSWORD, "short", "Please use at least 10 characters."),
        (PASSWORD, "ruth lindqvist 1", "This password is easy to guess."),
        ("", "", "Please enter your present password."),
        (PASSWORD, PASSWORD, "This is your present password. Choose another one."),
    ] {
        let answer =
            browser.post("/settings/password", &[("old_password", old), ("new_password", new)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(sentence);
    }
    // Guessing the old one is as slow as guessing at the door.
    let mut last = String::new();
    for _ in 0..5 {
        let fields = [("old_password", "wrong"), ("new_password", NEW_PASSWORD)];
        last = browser.post("/settings/password", &fields).await.body;
    }
    assert!(last.contains("Too many tries."), "{last}");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    for portal in portals().await {
        let person = portal.client().await;
        let stranger = portal.person(Role::Compliance, "Omar Reyes").await;
        let mut browser = portal.signed_in(&person).await;
        let mut other = portal.signed_in(&person).await;
        let page = browser.get("/settings").await;
        page.says("This browser");
        let mark = "action=\"/settings/sessions/";
        let (_, rest) = page.body.split_once(mark).expect("the other session can be ended");
        let end = format!("/settings/sessions/{}", rest.split('"').next().unwrap());
        assert_eq!(page.body.matches(mark).count(), 1);

        portal.signed_in(&stranger).await.post(&end, &[]).await;
        assert_eq!(other.get("/settings").await.status, StatusCode::OK, "not the stranger's to end");
        assert_eq!(browser.post(&end, &[]).await.location(), "/settings?done=session");
        assert_eq!(other.get("/settings").await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.post("/settings/sessions/x/end", &[]).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn name_colours_and_sharing_are_kept() {
    for portal in portals().await {
        let person = portal.client().await;
        let mut browser = portal.signed_in(&person).await;
        assert_eq!(
            browser.post("/settings/name", &[("name", "Ruth L.")]).await.location(),
            "/settings?done=name"
        );
        browser.get("/settings?done=name").await.says("Your name is saved.");
        assert_eq!(
            browser.post("/settings/name", &[("name", " ")]).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        browser.post("/settings/theme", &[("theme", "dark")]).await;
        browser.get("/settings").await.says("data-theme=\"dark\"");
        browser.post("/settings/sharing", &[("advisor_may_find_new", "yes")]).await;
        browser.get("/settings").await.says("value=\"yes\" checked");
        browser.post("/settings/sharing", &[]).await;
        assert!(!browser.get("/settings").await.body.contains("value=\"yes\" checked"));
    }
}

#[tokio::test]
async fn an_access_key_is_shown_once_and_there_is_a_limit() {
    let portal = portal().await;
    let person = portal.client().await;
    let mut browser = portal.signed_in(&person).await;
    let page = browser.post("/settings/keys", &[("key_name", "Spreadsheet")]).await;
    assert_eq!(page.status, StatusCode::OK);
    let (_, rest) = page.body.split_once("value=\"heldaway_").expect("the key");
    let key = rest.split('"').next().unwrap();
    assert_eq!(key.len(), 43);
    let page = browser.get("/settings").await;
    page.says("Spreadsheet");
    assert!(!page.body.contains(key));
    for _ in 1..limits::TOKENS_MAX {
        assert_eq!(browser.post("/settings/keys", &[("key_name", "Another")]).await.status, StatusCode::OK);
    }
    let answer = browser.post("/settings/keys", &[("key_name", "One more")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Revoke one that you no longer use.");
    let mut staff = portal.signed_in(&portal.advisor).await;
    assert_eq!(staff.post("/settings/keys", &[("key_name", "Mine")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_strength_of_a_new_password_is_told() {
    let portal = portal().await;
    let mut browser = portal.signed_in(&portal.client().await).await;
    browser
        .post("/settings/password/strength", &[("new_password", "fernhill wealth")])
        .await
        .says("Easy to guess");
    browser.post("/settings/password/strength", &[("new_password", NEW_PASSWORD)]).await.says("Strong");
}
