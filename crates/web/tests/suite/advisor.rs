//! The pages of staff.

use std::time::Duration;

use domain::{Reason, limits, person::Role};
use http::StatusCode;

use crate::harness::{PASSWORD, portal, portals};

#[tokio::test]
async fn the_list_says_how_fresh_everything_is_and_for_whom_it_waits() {
    for portal in portals().await {
        let client = portal.client().await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        advisor.get("/advisor").await.says("No accounts yet");
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        let page = advisor.get("/advisor").await;
        for shown in ["Lindqvist", "Ruth Lindqvist", "250,000.00", "1 of 1", "Nothing to do"] {
            page.says(shown);
        }
        portal.connection(&client, Reason::CredentialsRejected).await;
        let page = advisor.get("/advisor").await;
        page.says("Waits for the client · 1");
        page.says("The institution rejected your credentials");
        page.says("First Platypus Bank");
    }
}

#[tokio::test]
async fn the_figures_count_connections_and_a_row_names_a_few_causes() {
    for portal in portals().await {
        let client = portal.client().await;
        for _ in 0..2 {
            portal.connection(&client, Reason::CredentialsRejected).await;
        }
        for _ in 0..13 {
            portal.connection(&client, Reason::Down).await;
        }
        portal.connection(&client, Reason::BadResponse).await;
        portal.connection(&client, Reason::ByPerson).await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        let page = advisor.get("/advisor").await;
        for figure in [
            "connections wait for their clients</dt><dd>2</dd>",
            "connections wait for institutions</dt><dd>13</dd>",
            "connection that we are on</dt><dd>1</dd>",
        ] {
            assert!(page.body.contains(figure), "{figure} in {}", page.body);
        }
        assert_eq!(page.body.matches("First Platypus Bank").count(), 3, "{}", page.body);
        assert_eq!(page.body.matches("The institution rejected your credentials").count(), 2);
        page.says("13 more");
    }
}

#[tokio::test]
async fn a_household_shows_values_and_what_is_wrong_and_nothing_that_needs_a_login() {
    for portal in portals().await {
        let client = portal.client().await;
        portal.by_hand("Cabin", "real_estate", 25_000_000).await;
        portal.connection(&client, Reason::Down).await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        let page = advisor.get(&format!("/advisor/households/{}", portal.household.id)).await;
        assert_eq!(page.status, StatusCode::OK);
        for shown in [
            "Ruth Lindqvist",
            "Cabin",
            "250,000.00",
            "Value as of </span>Nov 21, 2026",
            "last updated </span>Nov 23, 2026, 9:00 AM",
        ] {
            page.says(shown);
        }
        page.says("The institution can't be reached.");
        page.says("Refresh");
        for hidden in
            ["Find New", "Update login", "Add Account", ">Connect<", "Disconnect", "type=\"password\""]
        {
            assert!(!page.body.contains(hidden), "{hidden}");
        }
        let missing = advisor.get("/advisor/households/0192b7f0-0000-7000-8000-000000000000").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_account_by_hand_is_added_once_and_gets_new_values() {
    for portal in portals().await {
        portal.client().await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        let path = format!("/advisor/households/{}", portal.household.id);
        let typed = [
            ("form_key", "A1"),
            ("kind", "mortgage"),
            ("name", "House loan"),
            ("institution", "Granite State"),
            ("value", "312,000.50"),
            ("as_of", "2026-11-20"),
            ("owner", "joint"),
        ];
        for _ in 0..2 {
            assert_eq!(advisor.post(&format!("{path}/by-hand"), &typed).await.location(), path);
        }
        let page = advisor.get(&path).await;
        assert_eq!(page.body.matches("class=\"name\">House loan").count(), 1);
        page.says("\u{2212}312,000.50");

        let (_, rest) =
            page.body.split_once(&format!("action=\"{path}/by-hand/")).expect("its value can be changed");
        let set = format!("{path}/by-hand/{}", rest.split('"').next().unwrap());
        let value = [("version", "1"), ("value", "311,000"), ("as_of", "2026-11-23")];
        assert_eq!(advisor.post(&set, &value).await.location(), path);
        advisor.get(&path).await.says("\u{2212}311,000.00");
        assert_eq!(advisor.post(&set, &value).await.status, StatusCode::CONFLICT, "another tab was faster");
        for (field, text, sentence) in [
            ("value", "a lot", "Please enter an amount"),
            ("as_of", "2026-11-24", "Please enter a date that is not in the future."),
            ("kind", "", "Please choose one."),
        ] {
            let wrong = typed.map(|(name, value)| if name == field { (name, text) } else { (name, value) });
            let answer = advisor.post(&format!("{path}/by-hand"), &wrong).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            answer.says(sentence);
            answer.says("value=\"House loan\"");
        }
    }
}

/// The path of the link on the page.
fn link(body: &str) -> String {
    let (_, rest) = body.split_once("value=\"https://portal.firm.example/invitation/").expect("the link");
    format!("/invitation/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn a_client_is_invited_and_a_new_link_ends_the_old_one() {
    for portal in portals().await {
        let mut advisor = portal.signed_in(&portal.advisor).await;
        let typed =
            [("household", "Okonkwo"), ("name", "Adaeze Okonkwo"), ("email", "adaeze@orchard.example")];
        let page = advisor.post("/advisor/invitations", &typed).await;
        assert_eq!(page.status, StatusCode::OK);
        let first = link(&page.body);
        let list = advisor.get("/advisor/invitations").await;
        list.says("Open until Nov 30, 2026, 9:00 AM");
        assert!(!list.body.contains(&first), "the link is shown once");
        let again = advisor.post("/advisor/invitations", &typed).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        again.says("You invited this e-mail before.");

        portal.clock.forward(limits::INVITATION_LIFETIME + Duration::from_secs(1));
        portal.browser().post(&format!("{first}/again"), &[]).await;
        let mut advisor = portal.signed_in(&portal.advisor).await;
        advisor.get("/advisor").await.says("Adaeze Okonkwo asks for a new invitation.");
        let list = advisor.get("/advisor/invitations").await;
        list.says("Asked for a new link Nov 30, 2026");
        let seen = advisor.get("/advisor").await;
        assert!(!seen.body.contains("asks for a new invitation"), "the page it leads to was seen");
        let (_, rest) =
            list.body.split_once("action=\"/advisor/invitations/").expect("a new link can be made");
        let renew = format!("/advisor/invitations/{}", rest.split('"').next().unwrap());
        let second = link(&advisor.post(&renew, &[]).await.body);
        assert_ne!(first, second);
        assert_eq!(portal.browser().get(&first).await.status, StatusCode::NOT_FOUND);

        let register =
            [("name", "Adaeze Okonkwo"), ("email", "adaeze@orchard.example"), ("password", PASSWORD)];
        assert_eq!(portal.browser().post(&second, &register).await.location(), "/");
        advisor.get("/advisor/invitations").await.says("Registered Nov 30, 2026");
        advisor.get("/advisor").await.says("Adaeze Okonkwo");
        assert_eq!(advisor.post(&renew, &[]).await.status, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn an_invitation_sent_twice_makes_one_household_and_one_link() {
    for portal in portals().await {
        let browser = portal.signed_in(&portal.advisor).await;
        let households = || store::testing::count(&portal.database.url, "household");
        let before = households().await;
        let typed = [
            ("form_key", "0123456789ABC"),
            ("household", "Okonkwo"),
            ("name", "Adaeze Okonkwo"),
            ("email", "adaeze@orchard.example"),
        ];
        let clicks = (0..6).map(|_| {
            let mut browser = browser.clone();
            async move { browser.post("/advisor/invitations", &typed).await }
        });
        let answers = futures_util::future::join_all(clicks).await;
        let links: Vec<String> = answers.iter().map(|answer| link(&answer.body)).collect();
        assert!(links.iter().all(|other| *other == links[0]), "whichever answer the browser shows is good");
        assert_eq!(households().await, before + 1);
        portal.browser().get(&links[0]).await.says("Welcome to");
        // Another client under the same form, as after the browser's Back, is another invitation.
        let other = typed.map(|(field, text)| match field {
            "email" => (field, "chidi@orchard.example"),
            _ => (field, text),
        });
        let answer = browser.clone().post("/advisor/invitations", &other).await;
        assert_ne!(link(&answer.body), links[0]);
        assert_eq!(households().await, before + 2);
    }
}

#[tokio::test]
async fn invitations_are_the_advisors_and_want_whole_answers() {
    let portal = portal().await;
    let client = portal.client().await;
    let mut advisor = portal.signed_in(&portal.advisor).await;
    let answer = advisor.post("/advisor/invitations", &[("email", client.email.as_str())]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Please enter a name for the household.");
    answer.says("Somebody with this e-mail has a login already.");
    for role in [Role::Compliance, Role::Administrator] {
        let mut other = portal.signed_in(&portal.person(role, role.code()).await).await;
        assert_eq!(other.get("/advisor/invitations").await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.post("/advisor/invitations", &[]).await.status, StatusCode::NOT_FOUND);
    }
}
