//! Multi-factor signon, over several connections.

use serde_json::json;

use crate::client::{ACCOUNT_LIST, CHALLENGE, Customer, answer, get, json as fetch, send, start, tell};

async fn code_on_the_phone(sandbox: &sandbox::Sandbox) -> String {
    fetch(sandbox, "/phone.json").await[0]["code"].as_str().unwrap().to_owned()
}

fn code_customer() -> Customer {
    Customer::new("copperleaf", "10205", "robin.code", "sandbox-kettle-5001")
}

#[tokio::test]
async fn two_rounds_of_questions_then_an_access_key() {
    let sandbox = start().await;
    let customer = Customer::new("ironbridge", "10203", "quinn.rounds", "sandbox-girder-3001");
    assert_eq!(customer.accounts(&sandbox).await.all("CODE"), ["3000", "15500"]);
    let first = customer.challenge(&sandbox).await;
    assert_eq!(first.all("CODE"), ["0", "0"]);
    assert_eq!(first.all("MFAPHRASEID"), ["MFA16"]);
    assert!(first.all("MFAPHRASELABEL").is_empty(), "a known question may come without a label");

    let wrong = customer.with(answer("MFA16", "Nobody")).accounts(&sandbox).await;
    assert_eq!(wrong.all("CODE"), ["3001", "15500"]);
    let right = customer.with(answer("MFA16", "sandberg")).accounts(&sandbox).await;
    assert_eq!(right.all("CODE"), ["3000", "15500"], "one more round");
    let second = customer.challenge(&sandbox).await;
    assert_eq!(second.all("MFAPHRASEID"), ["IBQ-7"]);
    assert_eq!(second.all("MFAPHRASELABEL"), ["What did you call your first telescope?"]);
    let done = customer.with(answer("IBQ-7", "Galileo")).accounts(&sandbox).await;
    assert_eq!(done.all("CODE"), ["0", "0"]);
    let key = done.first("ACCESSKEY");
    let later = customer.with(format!("<ACCESSKEY>{key}</ACCESSKEY>"));
    assert_eq!(later.accounts(&sandbox).await.signon(), 0);
    tell(&sandbox, "/api/personas/ironbridge/quinn.rounds", json!({"act": "forget_clients"})).await;
    assert_eq!(later.accounts(&sandbox).await.signon(), 3000, "the server may forget the key");
}

#[tokio::test]
async fn answers_are_taken_under_all_their_names() {
    let sandbox = start().await;
    for (outer, inner) in [
        ("MFACHALLENGEANSWER", "MFAPHRASEID"),
        ("MFACHALLENGEA", "MFAPHRASEID"),
        ("MFACHALLENGEA", "MFAPRHASEID"),
    ] {
        let customer = Customer::new("ironbridge", "10203", "quinn.both", "sandbox-girder-3002");
        customer.challenge(&sandbox).await;
        let answers = [("MFA5", "Blue"), ("IBQ-9", "1987")].map(|(id, text)| {
            format!("<{outer}><{inner}>{id}</{inner}><MFAPHRASEA>{text}</MFAPHRASEA></{outer}>")
        });
        assert_eq!(customer.with(answers.concat()).accounts(&sandbox).await.signon(), 0, "{outer} {inner}");
    }
}

#[tokio::test]
async fn a_question_before_anything_else_in_sgml() {
    let sandbox = start().await;
    let customer = Customer::new("fernwick", "10204", "morgan.first", "sandbox-ledger-4001").version(103);
    let question = customer.challenge(&sandbox).await;
    assert_eq!(
        (question.first("MFAPHRASEID"), question.first("MFAPHRASELABEL")),
        ("MFA1".to_owned(), "In which city were you born?".to_owned())
    );
    assert_eq!(customer.with(answer("MFA1", "Duluth")).accounts(&sandbox).await.all("CODE"), ["0", "0"]);
}

#[tokio::test]
async fn a_code_is_sent_only_when_it_is_asked_for() {
    let sandbox = start().await;
    let customer = code_customer();
    assert_eq!(customer.accounts(&sandbox).await.signon(), 3000);
    assert_eq!(fetch(&sandbox, "/phone.json").await, json!([]));
    let asked = customer.challenge(&sandbox).await;
    assert_eq!(asked.first("MFAPHRASELABEL"), "Enter the 6-digit code we sent by text message to •••42");
    let code = code_on_the_phone(&sandbox).await;
    assert_eq!(code.len(), 6);
    assert!(get(&sandbox, "/phone/copperleaf").await.text().contains(&code));
    assert!(!get(&sandbox, "/phone/ironbridge").await.text().contains(&code));
    let done = customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await;
    assert_eq!(done.all("CODE"), ["0", "0"]);
    assert!(!done.first("ACCESSKEY").is_empty());
    let counters = fetch(&sandbox, "/api/counters").await;
    assert_eq!(counters["personas"]["copperleaf/robin.code"]["codes_sent"], 1);
    assert_eq!(
        customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await.signon(),
        3000,
        "a code works once"
    );
}

#[tokio::test]
async fn a_wrong_code_may_be_corrected_twice() {
    let sandbox = start().await;
    let customer = code_customer();
    customer.challenge(&sandbox).await;
    let code = code_on_the_phone(&sandbox).await;
    let wrong = if code == "123456" { "654321" } else { "123456" };
    assert_eq!(customer.with(answer("OTP-SMS", wrong)).accounts(&sandbox).await.signon(), 3001);
    assert_eq!(customer.with(answer("OTP-SMS", wrong)).accounts(&sandbox).await.signon(), 3001);
    assert_eq!(customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await.signon(), 0);

    customer.challenge(&sandbox).await;
    let code = code_on_the_phone(&sandbox).await;
    let wrong = if code == "123456" { "654321" } else { "123456" };
    for _ in 0..3 {
        assert_eq!(customer.with(answer("OTP-SMS", wrong)).accounts(&sandbox).await.signon(), 3001);
    }
    assert_eq!(
        customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await.signon(),
        3000,
        "a new code is needed"
    );
}

#[tokio::test]
async fn an_expired_code_asks_for_a_new_one() {
    let sandbox = start().await;
    let customer = code_customer();
    customer.challenge(&sandbox).await;
    let code = code_on_the_phone(&sandbox).await;
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 300})).await;
    assert_eq!(
        customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await.all("CODE"),
        ["3000", "15500"]
    );
    customer.challenge(&sandbox).await;
    let code = code_on_the_phone(&sandbox).await;
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 299})).await;
    assert_eq!(customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn some_programs_are_never_remembered() {
    let sandbox = start().await;
    let customer = Customer::new("copperleaf", "10205", "robin.always", "sandbox-kettle-5002");
    customer.challenge(&sandbox).await;
    let code = code_on_the_phone(&sandbox).await;
    let done = customer.with(answer("OTP-SMS", &code)).accounts(&sandbox).await;
    assert_eq!(done.signon(), 0);
    assert!(done.all("ACCESSKEY").is_empty());
    assert_eq!(customer.accounts(&sandbox).await.signon(), 3000);
}

#[tokio::test]
async fn a_wrong_password_gets_no_challenge() {
    let sandbox = start().await;
    let customer = Customer { password: "sandbox-kettle-0000".to_owned(), ..code_customer() };
    let reply = customer.send(&sandbox, CHALLENGE, ACCOUNT_LIST).await;
    assert_eq!(reply.all("CODE"), ["15500", "15500", "15500"]);
    assert_eq!(fetch(&sandbox, "/phone.json").await, json!([]));
}

#[tokio::test]
async fn a_server_that_cannot_ask_answers_http_400() {
    let sandbox = start().await;
    assert_eq!(Customer::plain().challenge(&sandbox).await.status, 400, "there is nothing to ask");
    assert_eq!(
        code_customer().version(102).challenge(&sandbox).await.status,
        400,
        "1.0.2 has no such message"
    );
}

#[tokio::test]
async fn a_one_time_key_comes_from_the_site() {
    let sandbox = start().await;
    let customer = Customer::new("saltmarsh", "10206", "jamie.token", "sandbox-pebble-6001");
    assert_eq!(customer.accounts(&sandbox).await.all("CODE"), ["15512", "15500"]);
    assert_eq!(customer.with("<AUTHTOKEN>000</AUTHTOKEN>").accounts(&sandbox).await.signon(), 15513);
    let form = "login=jamie.token";
    send(&sandbox, "POST", "/site/saltmarsh/token", "application/x-www-form-urlencoded", form).await;
    let token = code_on_the_phone(&sandbox).await;
    assert!(get(&sandbox, "/site/saltmarsh").await.text().contains(&token));
    let with_token = customer.with(format!("<AUTHTOKEN>{token}</AUTHTOKEN>"));
    let done = with_token.accounts(&sandbox).await;
    assert_eq!(done.signon(), 0);
    assert_eq!(with_token.accounts(&sandbox).await.signon(), 15513, "it works once");
    let key = done.first("ACCESSKEY");
    assert_eq!(customer.with(format!("<ACCESSKEY>{key}</ACCESSKEY>")).accounts(&sandbox).await.signon(), 0);
}
