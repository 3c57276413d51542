//! What stands around every route.

use http::{Method, StatusCode};

use crate::harness::{ORIGIN, Portal, portal};

const ALWAYS: [(&str, &str); 8] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

#[tokio::test]
async fn every_answer_carries_the_headers_errors_too() {
    let portal = portal().await;
    let mut client = portal.signed_in(&portal.client().await).await;
    let mut visitor = portal.browser();
    let big = "x".repeat(300 * 1024);
    let answers = [
        (client.get("/settings").await, StatusCode::OK),
        (visitor.get("/settings").await, StatusCode::SEE_OTHER),
        (visitor.get("/no-such-page").await, StatusCode::NOT_FOUND),
        (visitor.send(Method::DELETE, "/sign-in", &[], &[]).await, StatusCode::METHOD_NOT_ALLOWED),
        (visitor.post("/sign-in", &[("email", &big)]).await, StatusCode::PAYLOAD_TOO_LARGE),
        (
            visitor.send(Method::POST, "/sign-in", &[], &[("sec-fetch-site", "cross-site")]).await,
            StatusCode::FORBIDDEN,
        ),
        (visitor.get("/api/v1/no-such").await, StatusCode::NOT_FOUND),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        for (name, value) in ALWAYS {
            assert_eq!(answer.header(name), value, "{status}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-operation-id").len(), 13);
        assert!(status != StatusCode::METHOD_NOT_ALLOWED || answer.header("allow").contains("POST"));
    }
}

#[tokio::test]
async fn errors_come_as_what_was_asked_for() {
    let portal = portal().await;
    let mut browser = portal.browser();
    let page = browser.get("/no-such-page").await;
    page.says("This page isn't here");
    assert!(page.body.contains("<!doctype html>") && page.body.contains(page.header("x-operation-id")));
    let part = browser.send(Method::GET, "/no-such-page", &[], &[("hx-request", "true")]).await;
    assert!(!part.body.contains("<!doctype html>"));
    assert_eq!(part.header("hx-retarget"), "#alerts");
    let json = browser.get("/api/v1/no-such").await;
    assert_eq!(json.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!((problem["status"].as_u64(), &problem["title"]), (Some(404), &"Not Found".into()));
}

#[tokio::test]
async fn a_form_sent_by_another_site_is_refused() {
    let portal = portal().await;
    let person = portal.client().await;
    let browser = portal.signed_in(&person).await;
    for (_, path) in web::routes().into_iter().filter(|(method, _)| method == Method::POST) {
        for forged in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example"), ("host", "portal.firm.example")],
            &[("origin", "null"), ("host", "portal.firm.example")],
        ] {
            let answer = browser.clone().send(Method::POST, path, &[], forged).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {forged:?}");
        }
        let answer = browser.clone().send(Method::GET, path, &[], &[]).await;
        assert_ne!(answer.location(), "/settings?done=name", "{path}");
    }
    let same = [("origin", ORIGIN), ("host", "elsewhere.example")];
    let answer = browser.clone().send(Method::POST, "/settings/name", &[("name", "R")], &same).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "the portal's own origin is trusted behind a proxy");
}

#[tokio::test]
async fn plain_http_on_loopback_does_without_what_demands_https() {
    let portal = Portal::on(store::testing::sqlite().await, "http://127.0.0.1:8080").await;
    let person = portal.client().await;
    let mut browser = portal.signed_in(&person).await;
    assert_eq!(browser.cookies[0].0, "session");
    assert_eq!(browser.get("/settings").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_only_under_their_hash() {
    let portal = portal().await;
    let mut browser = portal.browser();
    let page = browser.get("/sign-in").await;
    for name in ["app.css", "app.js", "favicon.svg", "inter.woff2", "vendor/htmx.min.js"] {
        let end = page.body.find(&format!("/{name}\"")).unwrap_or_else(|| panic!("{name} is on the page"));
        let start = page.body[..end].rfind('"').unwrap() + 1;
        let address = format!("{}/{name}", &page.body[start..end]);
        let asset = browser.get(&address).await;
        assert_eq!(asset.status, StatusCode::OK, "{address}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let other = address.replace("/assets/", "/assets/0");
        assert_eq!(browser.get(&other).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(browser.get("/assets/x/..%2fCargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_compressed_unless_they_show_a_secret() {
    let portal = portal().await;
    let mut browser = portal.signed_in(&portal.client().await).await;
    let gzip = [("accept-encoding", "gzip"), ("sec-fetch-site", "same-origin")];
    let page = browser.send(Method::GET, "/settings", &[], &gzip).await;
    assert_eq!(page.header("content-encoding"), "gzip");
    let key = browser.send(Method::POST, "/settings/keys", &[("key_name", "x")], &gzip).await;
    assert_eq!((key.status, key.header("content-encoding")), (StatusCode::OK, ""));
}

#[tokio::test]
async fn pages_have_nothing_inline() {
    let portal = portal().await;
    let mut client = portal.signed_in(&portal.client().await).await;
    for page in [client.get("/settings").await, portal.browser().get("/sign-in").await] {
        assert!(!page.body.contains("style="), "a style attribute is refused by the policy");
        assert!(!page.body.contains("<style") && !page.body.contains(" onclick="));
        let scripts = page.body.matches("<script").count();
        assert_eq!(scripts, page.body.matches("<script src=\"/assets/").count());
    }
}
