//! Data support: requests from clients, corrections with a history, and what clients find afterwards.

use domain::person::{Person, Role};
use http::StatusCode;

use crate::harness::{Browser, Portal, portal, portals};

const SUPPORT: &str = "Noor Haddad";

async fn desk(portal: &Portal) -> (Person, Browser) {
    let person = portal.person(Role::DataSupport, SUPPORT).await;
    let browser = portal.signed_in(&person).await;
    (person, browser)
}

/// A form of an institution, as its page sends it.
fn form<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let fields = [
        ("name", "First Platypus Bank"),
        ("brand", "Platypus"),
        ("what", "bank"),
        ("home_url", "https://platypus.example"),
        ("login_url", "https://platypus.example/login"),
        ("comment", "A client said so"),
        ("version", "0"),
    ];
    let kept = fields.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes.iter().copied()).collect()
}

const PLATYPUS: &str = "/support/institutions/first-platypus";

#[tokio::test]
async fn a_request_becomes_an_institution_that_its_client_is_told_of() {
    for portal in portals().await {
        let client = portal.client().await;
        let mut ruth = portal.signed_in(&client).await;
        let (_, mut noor) = desk(&portal).await;
        let empty = noor.get("/support").await;
        assert_eq!(empty.location(), "/support/institutions", "nothing waits");

        let wish = [("typed", "Harbour Trst"), ("address", "www.harbor.example"), ("form_key", "k1")];
        let asked = ruth.post("/accounts/add/request", &wish).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
        let twice = ruth.post("/accounts/add/request", &wish).await;
        assert_eq!(twice.location(), asked.location(), "a form sent twice is one request");
        let page = ruth.get(asked.location()).await;
        for text in ["We’ll look for Harbour Trst", "Enter it by hand", "Being looked at"] {
            assert!(page.body.contains(text), "{text}\n{}", page.body);
        }

        assert_eq!(noor.get("/support").await.location(), "/support/requests");
        let list = noor.get("/support/requests").await;
        assert!(list.body.contains("Harbour Trst") && list.body.contains("https://www.harbor.example"));
        for personal in ["Ruth", "Lindqvist", &client.email] {
            assert!(!list.body.contains(personal), "{personal} is told");
        }
        let id = asked.location().rsplit('=').next().unwrap().to_owned();
        let one = noor.get(&format!("/support/requests/{id}")).await;
        assert!(!one.body.contains("Lindqvist") && one.body.contains("Nothing in the directory is like"));
        let new = noor.get(&format!("/support/institutions/new?request={id}")).await;
        assert!(new.body.contains("value=\"https://www.harbor.example\""), "{}", new.body);
        let typed = [
            ("request", id.as_str()),
            ("form_key", "7F3K22QD"),
            ("name", "Harbor Trust"),
            ("what", "bank"),
            ("home_url", "https://www.harbor.example"),
            ("comment", "A client asked for it"),
            ("as_typed", "yes"),
        ];
        let added = noor.post("/support/institutions/new", &typed).await;
        assert_eq!(added.location(), "/support/institutions/firm-harbor-trust-7f3k22", "{}", added.body);
        let again = noor.post("/support/institutions/new", &typed).await;
        assert_eq!(again.location(), added.location(), "a form sent twice adds one");

        let home = ruth.get("/").await;
        assert!(home.body.contains("Harbor Trust is in the list of institutions now"), "{}", home.body);
        assert!(home.body.contains("/accounts/add/firm-harbor-trust-7f3k22"));
        let found = ruth.get("/accounts/add/search?q=harbour%20trst").await;
        assert!(found.body.contains("/accounts/add/firm-harbor-trust-7f3k22"), "{}", found.body);
        let offering = ruth.get("/accounts/add/firm-harbor-trust-7f3k22").await;
        assert_eq!(offering.status, StatusCode::OK);
        let answered = noor.get("/support/requests").await;
        assert!(answered.body.contains("In the list") && answered.body.contains("Nobody waits"));
    }
}

#[tokio::test]
async fn a_request_is_declined_or_linked_with_its_words() {
    let portal = portal().await;
    let client = portal.client().await;
    let mut ruth = portal.signed_in(&client).await;
    let (_, mut noor) = desk(&portal).await;
    let (pine, duck) =
        (portal.request(&client, "Pine").await, portal.request(&client, "Duckbill Bank").await);
    let nothing = noor.post(&format!("/support/requests/{pine}/decline"), &[("answer", " ")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    nothing.says("Please write what the client is told.");
    let declined =
        noor.post(&format!("/support/requests/{pine}/decline"), &[("answer", "It has closed.")]).await;
    assert_eq!(declined.location(), "/support/requests");
    let late = noor.post(&format!("/support/requests/{pine}/decline"), &[("answer", "No.")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);

    let link = format!("/support/requests/{duck}/link");
    let none = noor.post(&link, &[("offering", "nowhere")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let linked = noor.post(&link, &[("offering", "first-platypus"), ("alias", "yes")]).await;
    assert_eq!(linked.status, StatusCode::SEE_OTHER, "{}", linked.body);
    let found = ruth.get("/accounts/add/search?q=duckbill").await;
    assert!(found.body.contains("First Platypus Bank"), "{}", found.body);
    let own = ruth.get("/accounts/add/request").await;
    assert!(own.body.contains("It has closed.") && own.body.contains("/accounts/add/first-platypus"));
    let home = ruth.get("/").await;
    assert!(!home.body.contains("It has closed."), "it was read on the page of requests");
}

#[tokio::test]
async fn of_two_who_correct_at_once_neither_loses_a_word() {
    for portal in portals().await {
        let (_, mut noor) = desk(&portal).await;
        let second = portal.person(Role::DataSupport, "Idris Bell").await;
        let mut idris = portal.signed_in(&second).await;
        let saved = noor.post(PLATYPUS, &form(&[("aliases", "Duckbill")])).await;
        assert_eq!(saved.location(), PLATYPUS, "{}", saved.body);
        let mine = form(&[("aliases", "Monotreme Bank"), ("comment", "As people say")]);
        let stale = idris.post(PLATYPUS, &mine).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        for text in ["Noor Haddad saved", "Duckbill", "Monotreme Bank", "As people say"] {
            assert!(stale.body.contains(text), "{text}\n{}", stale.body);
        }
        assert!(stale.body.contains("name=\"version\" value=\"1\""), "saving again means to have seen both");
        let both = form(&[("aliases", "Duckbill\nMonotreme Bank"), ("version", "1")]);
        assert_eq!(idris.post(PLATYPUS, &both).await.status, StatusCode::SEE_OTHER);
        assert_eq!(idris.post(PLATYPUS, &both).await.status, StatusCode::SEE_OTHER, "a form sent twice");
        let page = noor.get(PLATYPUS).await;
        assert!(page.body.contains("Idris Bell") && page.body.contains("Duckbill"), "{}", page.body);
        let restored = noor.post(&format!("{PLATYPUS}/restore"), &[("version", "2"), ("to", "0")]).await;
        assert_eq!(restored.status, StatusCode::SEE_OTHER, "{}", restored.body);
        let late = noor.post(&format!("{PLATYPUS}/restore"), &[("version", "2"), ("to", "1")]).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn what_is_hidden_is_marked_and_can_be_shown_again() {
    let portal = portal().await;
    let (_, mut noor) = desk(&portal).await;
    let silent = noor.post(&format!("{PLATYPUS}/listed"), &[("version", "0"), ("comment", " ")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Please say why") && silent.body.contains("First Platypus Bank"));
    let hidden = noor.post(&format!("{PLATYPUS}/listed"), &[("version", "0"), ("comment", "Closed")]).await;
    assert_eq!(hidden.status, StatusCode::SEE_OTHER, "{}", hidden.body);
    assert!(noor.get(PLATYPUS).await.body.contains("Hidden from clients"));
    for place in ["?show=hidden", "?q=first-platypus", "?q=platypus"] {
        let list = noor.get(&format!("/support/institutions{place}")).await;
        assert!(list.body.contains("Clients don’t find"), "{place}\n{}", list.body);
    }
    let shown = [("version", "1"), ("listed", "yes"), ("comment", "It is open")];
    assert_eq!(noor.post(&format!("{PLATYPUS}/listed"), &shown).await.status, StatusCode::SEE_OTHER);
    let list = noor.get("/support/institutions?show=hidden").await;
    assert!(list.body.contains("Nothing is hidden"), "{}", list.body);
    assert!(noor.get(PLATYPUS).await.body.contains("Shown again"));
}

#[tokio::test]
async fn what_is_typed_wrong_stays_and_is_told() {
    let portal = portal().await;
    let (_, mut noor) = desk(&portal).await;
    for (changes, sentence) in [
        (&[("home_url", "http://platypus.example")][..], "begins with https"),
        (&[("comment", "")], "Please say why"),
        (&[("name", "")], "Please enter the name."),
        (&[], "Nothing was changed."),
    ] {
        let answer = noor.post(PLATYPUS, &form(changes)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{changes:?}");
        answer.says(sentence);
    }
    let new = [
        ("form_key", "A1"),
        ("name", "Other Platypus"),
        ("what", "bank"),
        ("home_url", "platypus.example"),
        ("comment", "c"),
    ];
    let twin = noor.post("/support/institutions/new", &new).await;
    assert_eq!(twin.status, StatusCode::UNPROCESSABLE_ENTITY);
    twin.says("There is already");
    let sure: Vec<_> = new.into_iter().chain([("despite", "yes")]).collect();
    assert_eq!(noor.post("/support/institutions/new", &sure).await.status, StatusCode::SEE_OTHER);
    let preview = noor.post("/support/preview", &[("note", "One.\n\n<b>Two.</b>")]).await;
    assert!(preview.body.contains("<p>One.</p>") && !preview.body.contains("<b>"), "{}", preview.body);
}

#[tokio::test]
async fn searches_in_vain_are_listed_without_anybody() {
    let portal = portal().await;
    let client = portal.client().await;
    let mut ruth = portal.signed_in(&client).await;
    let (_, mut noor) = desk(&portal).await;
    let none = noor.get("/support/searches").await;
    assert!(none.body.contains("Nothing was searched in vain in 30 days"));
    let before = portal.audit_rows().await;
    for typed in ["harbour trst", "harbour trst", "ruth@orchard.example", "platypus"] {
        let answer = ruth.post("/accounts/add/search/nothing", &[("typed", typed)]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    let chosen = [("typed", "platypus"), ("before", "harbour trst"), ("offering", "first-platypus")];
    assert_eq!(ruth.post("/accounts/add/search/chosen", &chosen).await.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.audit_rows().await, before, "no row tells who searched");
    let long = "x".repeat(300);
    let answer = ruth.post("/accounts/add/search/nothing", &[("typed", &long)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let list = noor.get("/support/searches?days=90").await;
    for text in ["harbour trst", "Found nothing", "Corrected", "First Platypus Bank", "alias=harbour%20trst"]
    {
        assert!(list.body.contains(text), "{text}\n{}", list.body);
    }
    assert!(!list.body.contains("orchard.example") && !list.body.contains("Ruth"));
    let alias = noor.get("/support/institutions/first-platypus?alias=harbour%20trst").await;
    assert!(alias.body.contains("harbour trst</textarea>"), "{}", alias.body);
}

#[tokio::test]
async fn compliance_and_the_administrator_look_and_do_not_touch() {
    let portal = portal().await;
    let client = portal.client().await;
    let request = portal.request(&client, "Harbor Trust").await;
    for (role, name) in [(Role::Compliance, "Carl Price"), (Role::Administrator, "Ada Root")] {
        let person = portal.person(role, name).await;
        let mut browser = portal.signed_in(&person).await;
        for place in [
            "/support/requests".to_owned(),
            format!("/support/requests/{request}"),
            "/support/institutions?q=platypus".to_owned(),
            PLATYPUS.to_owned(),
            "/support/searches".to_owned(),
        ] {
            let answer = browser.get(&place).await;
            assert_eq!(answer.status, StatusCode::OK, "{place}");
            let main = answer.body.split("<main").nth(1).unwrap();
            assert!(!main.contains("method=\"post\"") && !main.contains("/new"), "{place}\n{main}");
        }
        assert_eq!(browser.get("/support/institutions/new").await.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.post(PLATYPUS, &form(&[("aliases", "x")])).await.status, StatusCode::FORBIDDEN);
    }
}
