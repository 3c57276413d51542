//! What isn't there: the same page for every address that names nothing, in the frame of whoever asks.

use domain::{Reason, person::Role};
use http::{Method, StatusCode};

use crate::{
    harness::{portal, portals},
    matrix::TYPED,
};

/// Parameters that no id can be read from; the last one isn't even text.
const MALFORMED: [&str; 4] = ["x", "0192b7f0", "0192b7f0-0000-7000-8000-00000000000g", "%FF"];
const UNKNOWN: &str = "0192b7f0-0000-7000-8000-000000000000";

/// A route with `with` in place of each parameter; `None` when it has none.
fn address(route: &str, with: &str) -> Option<String> {
    let part = |part: &str| if part.starts_with('{') { with.to_owned() } else { part.to_owned() };
    route.contains('{').then(|| route.split('/').map(part).collect::<Vec<_>>().join("/"))
}

/// The rows come from the router itself, so a new route is held to it as well.
#[tokio::test]
async fn an_address_that_names_nothing_is_a_page_that_is_not_there() {
    let portal = portal().await;
    let client = portal.client().await;
    let mut browsers = [portal.signed_in(&client).await, portal.signed_in(&portal.advisor).await];
    for (method, route) in web::routes() {
        for with in MALFORMED {
            let Some(address) = address(route, with) else { continue };
            for browser in &mut browsers {
                let answer = match method {
                    Method::POST => browser.post(&address, &[]).await,
                    _ => browser.get(&address).await,
                };
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {address}: {}", answer.body);
                answer.says("This page isn't here");
            }
        }
    }
}

/// What can be done twice is no error the second time, when its row is gone or was never there.
const TWICE: [&str; 2] = ["/news/{id}/read", "/settings/sessions/{session}/end"];

#[tokio::test]
async fn a_well_formed_id_of_nothing_is_not_there_either() {
    for portal in portals().await {
        let client = portal.client().await;
        let mut browsers = [portal.signed_in(&client).await, portal.signed_in(&portal.advisor).await];
        for (method, route) in web::routes() {
            let Some(address) = address(route, UNKNOWN).filter(|_| !TWICE.contains(&route)) else { continue };
            for browser in &mut browsers {
                let answer = match method {
                    Method::POST => browser.post(&address, &TYPED).await,
                    _ => browser.get(&address).await,
                };
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {address}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn an_error_stays_in_the_frame_of_who_is_signed_in_and_leads_home() {
    let portal = portal().await;
    let client = portal.client().await;
    let administrator = portal.person(Role::Administrator, "Ada Root").await;
    let compliance = portal.person(Role::Compliance, "Cora Watch").await;
    for (person, home, there, elsewhere) in [
        (&client, "/", Some("href=\"/accounts\""), "href=\"/advisor\""),
        (&portal.advisor, "/advisor", Some("href=\"/advisor/invitations\""), "href=\"/accounts\""),
        (&compliance, "/advisor", Some("href=\"/advisor\""), "href=\"/advisor/invitations\""),
        (&administrator, "/settings", None, "href=\"/advisor\""),
    ] {
        let mut browser = portal.signed_in(person).await;
        let page = browser.get("/nowhere").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        page.says("This page isn't here");
        page.says(&person.name);
        page.says("Sign out");
        page.says(&format!("<a class=\"btn primary\" href=\"{home}\">Go to your home page</a>"));
        assert!(there.is_none_or(|there| page.body.contains(there)), "{}", page.body);
        assert!(!page.body.contains(elsewhere), "{elsewhere} for {}: {}", person.name, page.body);
        // What the link and `/` lead to is there for this person.
        assert_eq!(browser.get(home).await.status, StatusCode::OK, "{home}");
        let start = browser.get("/").await;
        assert!(start.status == StatusCode::OK || start.location() == home, "{}", start.location());
    }
    let page = portal.browser().get("/nowhere").await;
    page.says("<a class=\"btn primary\" href=\"/sign-in\">Sign in</a>");
    assert!(!page.body.contains("Sign out"));
}

#[tokio::test]
async fn a_session_that_has_ended_gives_no_frame() {
    let portal = portal().await;
    let client = portal.client().await;
    let mut browser = portal.signed_in(&client).await;
    let kept = browser.clone();
    browser.post("/sign-out", &[]).await;
    let page = kept.clone().get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.body.contains(&client.name));
}

#[tokio::test]
async fn staff_come_back_to_the_household_with_a_word_about_the_refresh() {
    for portal in portals().await {
        let client = portal.client().await;
        let connection = portal.connection(&client, Reason::Down).await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        let home = format!("/advisor/households/{}", portal.household.id);
        let back = format!("{home}?refreshed={connection}");
        for address in [
            format!("{home}/connections/{connection}/refresh"),
            // The second click finds it under way.
            format!("{home}/connections/{connection}/refresh"),
            format!("/connections/{connection}/refresh"),
        ] {
            let answer = advisor.post(&address, &[]).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, back.as_str()));
            advisor.get(&back).await.says("First Platypus Bank is being refreshed.");
        }
        for address in [&home, &format!("{home}?refreshed=x"), &format!("{home}?refreshed={UNKNOWN}")] {
            let page = advisor.get(address).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(!page.body.contains("is being refreshed"), "{address}");
        }
    }
}
