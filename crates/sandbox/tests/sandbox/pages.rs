//! The pages and the directory.

use serde_json::json;

use crate::client::{get, json as fetch, send, start};

#[tokio::test]
async fn the_directory_has_what_a_search_needs() {
    let sandbox = start().await;
    let directory = fetch(&sandbox, "/directory.json").await;
    let all = directory.as_array().unwrap();
    assert!(all.len() >= 40, "{}", all.len());
    for offering in all {
        let text =
            |key: &str| offering[key].as_str().unwrap_or_else(|| panic!("{key} in {offering}")).to_owned();
        let id = text("id");
        let address = sandbox.address().to_string();
        let port = address.rsplit(':').next().unwrap();
        assert_eq!(text("home_url"), format!("http://{id}.localhost:{port}/site/{id}"));
        assert_eq!(text("ofx_url"), format!("{}/ofx/{id}", sandbox.address()));
        assert_eq!(text("name"), format!("{} (sandbox)", text("brand")));
        assert_eq!(
            (text("protocol"), text("org"), text("appid")),
            ("ofx".into(), "SANDBOX".into(), "QWIN".into())
        );
        assert!(
            ["bank", "credit_union", "broker", "retirement", "lender", "card", "hsa"]
                .contains(&text("kind").as_str())
        );
        assert!(offering["version"].as_u64() >= Some(102) && offering["appver"].as_u64() >= Some(2700));
        let form = offering["login_form"].as_array().unwrap();
        assert_eq!((&form[0]["name"], &form[1]["kind"]), (&json!("user_id"), &json!("password")));
        assert_eq!(form.len(), if id == "briarwood" { 3 } else { 2 });
        assert_eq!(offering["client_uid"], id == "stonewater");
        assert_eq!(offering["notice"].is_null(), id != "larkspur");
        assert_eq!(get(&sandbox, &format!("/site/{id}")).await.status, 200);
    }
}

#[tokio::test]
async fn every_page_is_plain_and_locked_down() {
    let sandbox = start().await;
    for path in [
        "/",
        "/phone",
        "/phone?watch=1",
        "/phone/copperleaf",
        "/site/kestrel",
        "/site/stonewater",
        "/control",
    ] {
        let page = get(&sandbox, path).await;
        assert_eq!(page.status, 200, "{path}");
        let head = page.head.to_lowercase();
        assert!(
            head.contains(
                "content-security-policy: default-src 'none'; style-src 'self'; form-action 'self'"
            ),
            "{path}"
        );
        let text = page.text();
        assert!(
            text.starts_with("<!doctype html>") && text.contains("<h1>") && text.contains("</html>"),
            "{path}"
        );
        for forbidden in ["<script", "style=", "onclick", "src=\"http", "href=\"http"] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
    }
    assert!(get(&sandbox, "/sandbox.css").await.head.contains("text/css"));
    assert_eq!(get(&sandbox, "/site/nowhere").await.status, 404);
    assert_eq!(get(&sandbox, "/phone/nowhere").await.status, 404);
}

#[tokio::test]
async fn the_index_documents_every_login() {
    let sandbox = start().await;
    let index = get(&sandbox, "/").await.text();
    let personas = fetch(&sandbox, "/api/personas").await;
    let personas = personas.as_array().unwrap();
    assert!(personas.len() >= 55, "{}", personas.len());
    for persona in personas {
        let login = persona["login"].as_str().unwrap();
        assert!(index.contains(&format!("<code>{login}</code>")), "{login}");
    }
    assert!(index.matches("The portal should show:").count() == personas.len());
}

#[tokio::test]
async fn the_control_page_sets_faults_and_the_clock() {
    let sandbox = start().await;
    let form = async |path: &str, body: &str| {
        let reply = send(&sandbox, "POST", path, "application/x-www-form-urlencoded", body).await;
        assert_eq!(reply.status, 303, "{path} {}", reply.text());
    };
    form("/control/fault", "institution=granite&fault=slow&count=3&duration=&seconds=5&code=&act=set").await;
    let faults = fetch(&sandbox, "/api/faults").await;
    assert_eq!(faults["active"][0]["institution"], "granite");
    assert_eq!((&faults["active"][0]["count"], &faults["active"][0]["seconds"]), (&json!(3), &json!(5)));
    assert!(faults["kinds"].as_array().unwrap().len() >= 25);
    assert!(get(&sandbox, "/control").await.text().contains("<code>slow</code> at granite: 3 more requests"));
    form("/control/fault", "institution=granite&fault=slow&count=&duration=&seconds=&code=&act=clear").await;
    assert_eq!(fetch(&sandbox, "/api/faults").await["active"], json!([]));
    form("/control/clock", "set=2027-01-01T00:00:00Z").await;
    assert_eq!(fetch(&sandbox, "/api/clock").await["now"], "2027-01-01T00:00:00Z");
    form("/control/clock", "advance_days=1").await;
    assert_eq!(fetch(&sandbox, "/api/clock").await["now"], "2027-01-02T00:00:00Z");
    form("/control/reset", "").await;
    assert_eq!(fetch(&sandbox, "/api/clock").await["now"], "2027-01-02T00:00:00Z", "the clock stays");
}
