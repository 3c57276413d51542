//! Faults: each does what it says, for whom and as long as it says.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{ACCOUNT_LIST, Customer, Reply, json as fetch, send, start, tell};

async fn set(sandbox: &sandbox::Sandbox, fault: &str) {
    send(sandbox, "DELETE", "/api/faults", "text/plain", "").await;
    tell(sandbox, "/api/faults", json!({"institution": "evergreen", "fault": fault, "code": 15511})).await;
}

async fn with(sandbox: &sandbox::Sandbox, fault: &str) -> Reply {
    set(sandbox, fault).await;
    Customer::plain().accounts(sandbox).await
}

#[tokio::test]
async fn http_faults_have_their_status() {
    let sandbox = start().await;
    for (fault, status) in [
        ("http_400", 400),
        ("http_403", 403),
        ("http_404", 404),
        ("http_429", 429),
        ("http_500", 500),
        ("http_502", 502),
        ("http_503", 503),
        ("http_503_later", 503),
        ("redirect", 307),
        ("redirect_away", 307),
        ("html", 200),
        ("garbage", 200),
        ("empty", 200),
        ("none", 200),
    ] {
        let reply = with(&sandbox, fault).await;
        assert_eq!(reply.status, status, "{fault}");
        let has = |text: &str| reply.head.to_lowercase().contains(text);
        match fault {
            "http_429" => assert!(has("retry-after: 120")),
            "http_503" => assert!(!has("retry-after")),
            "http_503_later" => assert!(has("retry-after: 20")),
            "redirect" => assert!(has("location: /ofx/evergreen")),
            "html" => assert!(has("text/html")),
            "empty" => assert!(reply.body.is_empty()),
            "garbage" => assert!(!reply.text().contains("<OFX>")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn broken_http_is_broken_in_its_way() {
    let sandbox = start().await;
    let whole = with(&sandbox, "none").await.body.len();
    let length = |reply: &Reply| -> usize {
        let head = reply.head.to_lowercase();
        let value = head.split("content-length: ").nth(1).unwrap();
        value.split("\r\n").next().unwrap().parse().unwrap()
    };
    assert_eq!(with(&sandbox, "refuse").await.status, 0);
    assert_eq!(with(&sandbox, "reset").await.status, 0);
    let truncated = with(&sandbox, "truncated").await;
    assert_eq!((length(&truncated), truncated.body.len()), (whole, whole / 2));
    let half = with(&sandbox, "half_body").await;
    assert_eq!((length(&half), half.body.len()), (whole / 2, whole / 2));
    let short = with(&sandbox, "short_length").await;
    assert_eq!((length(&short), short.body.len()), (whole - 10, whole));
    let long = with(&sandbox, "long_length").await;
    assert_eq!((length(&long), long.body.len()), (whole + 1000, whole));
    assert!(with(&sandbox, "header_flood").await.head.lines().count() > 10_000);
    assert!(with(&sandbox, "deep_nesting").await.text().matches("<A>").count() == 100_000);
    assert!(with(&sandbox, "entity_bomb").await.text().contains("<!ENTITY a8"));
    assert!(String::from_utf8(with(&sandbox, "wrong_charset").await.body).is_err());
}

#[tokio::test]
async fn ofx_faults_change_what_is_said() {
    let sandbox = start().await;
    assert_eq!(with(&sandbox, "status").await.all("CODE"), ["15511", "15500"]);
    assert_eq!(with(&sandbox, "maintenance").await.all("CODE"), ["13505", "15500"]);
    assert_eq!(with(&sandbox, "no_accounts").await.all("ACCTID").len(), 0);
    assert_eq!(with(&sandbox, "half_list").await.all("ACCTID").len(), 1);
    assert_ne!(with(&sandbox, "wrong_trnuid").await.first("TRNUID"), "list-1");
    assert_eq!(with(&sandbox, "missing_answers").await.all("CODE"), ["0"]);
    set(&sandbox, "statement_error").await;
    let card = "<CREDITCARDMSGSRQV1><CCSTMTTRNRQ><TRNUID>1</TRNUID><CCSTMTRQ><CCACCTFROM><ACCTID>4485120077310022</ACCTID>\
                </CCACCTFROM></CCSTMTRQ></CCSTMTTRNRQ></CREDITCARDMSGSRQV1>";
    assert_eq!(
        Customer::plain().send(&sandbox, "", card).await.all("CODE"),
        ["0", "2002"],
        "the last account"
    );
    let checking = "<BANKMSGSRQV1><STMTTRNRQ><TRNUID>1</TRNUID><STMTRQ><BANKACCTFROM><ACCTID>6100450017</ACCTID>\
                    </BANKACCTFROM></STMTRQ></STMTTRNRQ></BANKMSGSRQV1>";
    assert_eq!(
        Customer::plain().send(&sandbox, "", checking).await.all("CODE"),
        ["0", "0"],
        "not the others"
    );
}

/// Opens a connection, sends the plain customer's request, and leaves the answer unread.
async fn ask(sandbox: &sandbox::Sandbox) -> TcpStream {
    let mut socket = TcpStream::connect(sandbox.address().trim_start_matches("http://")).await.unwrap();
    let body = Customer::plain().file("", ACCOUNT_LIST);
    let head = format!(
        "POST /ofx/evergreen HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/x-ofx\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn endless_answers_do_not_end() {
    let sandbox = start().await;
    for fault in ["huge", "gzip_bomb"] {
        set(&sandbox, fault).await;
        let mut socket = ask(&sandbox).await;
        let mut bytes = vec![0; 512 * 1024];
        socket.read_exact(&mut bytes).await.unwrap();
        let head = String::from_utf8_lossy(&bytes[..400]).to_lowercase();
        assert_eq!(head.contains("content-encoding: gzip"), fault == "gzip_bomb");
        assert_eq!(head.contains("content-length: 1073741824"), fault == "huge");
    }
}

#[tokio::test]
async fn silent_answers_stay_silent() {
    const SILENCE: Duration = Duration::from_millis(400);
    let sandbox = start().await;
    for (fault, most) in [("hang", 0), ("drip", 1), ("hang_midway", 100_000), ("slow", 0)] {
        set(&sandbox, fault).await;
        let mut socket = ask(&sandbox).await;
        let mut bytes = Vec::new();
        let ended = tokio::time::timeout(SILENCE, socket.read_to_end(&mut bytes)).await;
        assert!(ended.is_err(), "{fault} ended");
        assert!(bytes.len() <= most, "{fault} sent {}", bytes.len());
        assert_eq!(bytes.is_empty(), most == 0, "{fault}");
    }
}

#[tokio::test]
async fn a_fault_hits_only_whom_it_should_and_as_long_as_it_should() {
    let sandbox = start().await;
    let (plain, wealth) =
        (Customer::plain(), Customer::new("evergreen", "10201", "alex.wealth", "sandbox-maple-1002"));
    tell(&sandbox, "/api/faults", json!({"institution": "*", "fault": "http_503", "count": 2})).await;
    assert_eq!(plain.accounts(&sandbox).await.status, 503);
    assert_eq!(plain.accounts(&sandbox).await.status, 503);
    assert_eq!(plain.accounts(&sandbox).await.status, 200);

    let fault = json!({"institution": "evergreen", "fault": "http_500", "login": "alex.wealth", "duration_seconds": 600});
    tell(&sandbox, "/api/faults", fault).await;
    assert_eq!(plain.accounts(&sandbox).await.status, 200);
    assert_eq!(wealth.accounts(&sandbox).await.status, 500);
    tell(&sandbox, "/api/clock", json!({"advance_seconds": 600})).await;
    assert_eq!(wealth.accounts(&sandbox).await.status, 200);

    let unknown =
        send(&sandbox, "POST", "/api/faults", "application/json", r#"{"institution":"x","fault":"hang"}"#)
            .await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn what_is_in_trouble_from_the_start_can_be_healed() {
    let sandbox = start().await;
    let tess = Customer::new("northgate", "10501", "tess.down", "sandbox-storm-3101");
    assert_eq!(tess.accounts(&sandbox).await.status, 503);
    tell(&sandbox, "/api/faults", json!({"institution": "northgate", "fault": "none"})).await;
    assert_eq!(tess.accounts(&sandbox).await.signon(), 0);
}

#[tokio::test]
async fn the_log_and_the_counters_hold_no_secret() {
    let sandbox = start().await;
    let customer = Customer::new("copperleaf", "10205", "robin.code", "sandbox-kettle-5001");
    customer.challenge(&sandbox).await;
    let code = fetch(&sandbox, "/phone.json").await[0]["code"].as_str().unwrap().to_owned();
    customer.with(crate::client::answer("OTP-SMS", &code)).accounts(&sandbox).await;
    let typed_into_the_wrong_field = Customer { login: "sandbox-kettle-5001".to_owned(), ..customer };
    typed_into_the_wrong_field.accounts(&sandbox).await;
    let log = fetch(&sandbox, "/api/log?institution=copperleaf").await;
    assert_eq!(log.as_array().unwrap().len(), 3);
    assert_eq!((&log[0]["login"], &log[0]["status"]), (&json!("unknown"), &json!(15500)));
    assert_eq!(log[1]["messages"], json!(["ACCTINFOTRNRQ"]));
    for path in ["/api/log", "/api/counters", "/api/personas", "/api/faults", "/directory.json"] {
        let text = fetch(&sandbox, path).await.to_string();
        assert!(!text.contains("sandbox-kettle"), "{path}");
        assert!(path == "/directory.json" || !text.contains(&code), "{path}");
    }
    let traffic = fetch(&sandbox, "/api/counters").await;
    assert_eq!(traffic["institutions"]["copperleaf"]["requests"], 3);
}
