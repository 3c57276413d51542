//! Turns of an OFX session that the sandbox doesn't take, against a server with a script.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use connectors::{
    Input, Memo, Step, Turn,
    net::{Limits, Net, Policy},
    registry,
};
use domain::{Reason, Timestamp, attempt::Mode, challenge::Answers, login::Login, world::Entropy};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

/// A server that answers by a function of the request, and keeps the requests.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str, usize) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/ofx", listener.local_addr().expect("bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = String::new();
                let mut part = [0; 16 * 1024];
                while !request.contains("</OFX>") {
                    let Ok(bytes) = socket.read(&mut part).await else { break };
                    request.push_str(&String::from_utf8_lossy(&part[..bytes]));
                }
                let number = {
                    let mut kept = kept.lock().expect("no panic");
                    kept.push(request.clone());
                    kept.len()
                };
                let body = answer(&request, number);
                let head = if let Some(status) = body.strip_prefix("HTTP ") {
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
                } else {
                    format!(
                        "HTTP/1.1 200 OK\r\nset-cookie: seen={number}; Path=/\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                };
                socket.write_all(head.as_bytes()).await.ok();
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    /// Takes one step.
    async fn step(&self, quirks: &Value, mode: Mode, memo: Memo, input: Input) -> (Memo, Step) {
        let mut parameters = json!({"url": self.url, "version": 211});
        parameters
            .as_object_mut()
            .expect("an object")
            .extend(quirks.as_object().cloned().unwrap_or_default());
        let secret = |text: &str| SecretString::from(text);
        let fields = vec![("user_id".to_owned(), secret("anna")), ("password".to_owned(), secret("pw"))];
        let net = Net::with_limits(Policy::WITH_SANDBOX, Limits::default()).expect("TLS can be set up");
        let turn = Turn {
            net: &net,
            parameters: &parameters,
            login: &Login::from_fields(fields),
            mode,
            since: "2026-01-01".parse().expect("a date"),
            now: "2026-03-10T12:00:00Z".parse::<Timestamp>().expect("a timestamp"),
            entropy: &Ones,
        };
        registry::find("ofx").expect("registered").step(turn, memo, input).await
    }

    /// Steps until the run ends or asks.
    async fn run(&self, quirks: &Value, mode: Mode, memo: Memo) -> (Memo, Step) {
        let (mut memo, mut step) = self.step(quirks, mode, memo, Input::Begin).await;
        for _ in 0..20 {
            if !matches!(step, Step::Again(_)) {
                return (memo, step);
            }
            (memo, step) = self.step(quirks, mode, memo, Input::Resume).await;
        }
        panic!("the run does not end: {step:?}");
    }
}

fn reply(signon: &str, rest: &str) -> String {
    let status = |code: &str| {
        let severity = if matches!(code, "0" | "15000") { "INFO" } else { "ERROR" };
        format!("<STATUS><CODE>{code}</CODE><SEVERITY>{severity}</SEVERITY></STATUS>")
    };
    format!("<OFX><SIGNONMSGSRSV1><SONRS>{}</SONRS></SIGNONMSGSRSV1>{rest}</OFX>", status(signon))
}

const OK: &str = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>";

fn profile(realm: &str, security: &str) -> String {
    reply(
        "0",
        &format!(
            "<PROFTRNRS>{OK}<PROFRS><MSGSETLIST><BANKMSGSET><BANKMSGSETV1><MSGSETCORE><VER>1</VER><OFXSEC>{security}</OFXSEC>\
             </MSGSETCORE></BANKMSGSETV1></BANKMSGSET></MSGSETLIST><SIGNONINFOLIST><SIGNONINFO><SIGNONREALM>r</SIGNONREALM>{realm}\
             </SIGNONINFO></SIGNONINFOLIST></PROFRS></PROFTRNRS>"
        ),
    )
}

fn accounts(numbers: &[&str]) -> String {
    let listed = numbers.iter().map(|number| {
        format!(
            "<ACCTINFO><BANKACCTINFO><BANKACCTFROM><BANKID>1</BANKID><ACCTID>{number}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE>\
             </BANKACCTFROM></BANKACCTINFO></ACCTINFO>"
        )
    });
    let listed: Vec<_> = listed.collect();
    format!("<ACCTINFOTRNRS>{OK}<ACCTINFORS>{}</ACCTINFORS></ACCTINFOTRNRS>", listed.concat())
}

/// A statement for every account that the request names.
fn statements(request: &str) -> String {
    let mut answered = String::new();
    for number in request.split("<ACCTID>").skip(1).filter_map(|rest| rest.split('<').next()) {
        write!(
            answered,
            "<STMTTRNRS>{OK}<STMTRS><BANKACCTFROM><BANKID>1</BANKID><ACCTID>{number}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE>\
             </BANKACCTFROM><LEDGERBAL><BALAMT>5</BALAMT><DTASOF>20260309</DTASOF></LEDGERBAL></STMTRS></STMTTRNRS>"
        )
        .expect("into memory");
    }
    answered
}

/// What an ordinary server says to a request.
fn ordinary(request: &str, numbers: &[&str]) -> String {
    if request.contains("<PROFRQ>") {
        return profile("", "NONE");
    }
    let list = if request.contains("<ACCTINFORQ>") { accounts(numbers) } else { String::new() };
    reply("0", &(list + &statements(request)))
}

fn reason(step: &Step) -> Reason {
    let Step::Failed(failure) = step else { panic!("not failed: {step:?}") };
    failure.reason
}

#[tokio::test]
async fn a_sign_on_that_no_connector_has_is_refused_before_the_password_is_sent() {
    for (realm, security) in [("", "TYPE 1"), ("", "TYPE1"), ("<ACCESSTOKENREQ>Y</ACCESSTOKENREQ>", "NONE")] {
        let server = Server::start(move |_, _| profile(realm, security)).await;
        let (_, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
        assert_eq!(reason(&step), Reason::LoginKindUnsupported, "{realm} {security}");
        assert!(server.requests().iter().all(|request| !request.contains("<USERPASS>pw")));
    }
}

#[tokio::test]
async fn a_token_that_the_profile_wants_first_is_asked_before_the_sign_on() {
    let realm = "<AUTHTOKENFIRST>Y</AUTHTOKENFIRST><AUTHTOKENLABEL>Key from our site</AUTHTOKENLABEL>\
                 <AUTHTOKENINFOURL>https://bank.example/key</AUTHTOKENINFOURL>";
    let server = Server::start(move |request, _| {
        if request.contains("<PROFRQ>") { profile(realm, "NONE") } else { ordinary(request, &["1"]) }
    })
    .await;
    let (_, night) = server.run(&json!({}), Mode::Unattended, Memo::default()).await;
    assert_eq!(reason(&night), Reason::AttendedOnly);
    let (memo, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
    let Step::Ask { questions, wrong_before: false, .. } = &step else { panic!("{step:?}") };
    assert_eq!(
        (questions[0].label.as_str(), questions[0].help_url.as_deref()),
        ("Key from our site", Some("https://bank.example/key"))
    );
    assert!(server.requests().iter().all(|request| !request.contains("<USERPASS>pw")));
    let blank = Input::Answers(Answers(vec![("AUTHTOKEN".to_owned(), SecretString::from(" "))]));
    let (memo, again) = server.step(&json!({}), Mode::Attended, memo, blank).await;
    assert!(matches!(again, Step::Ask { .. }), "a blank answer is asked for again: {again:?}");
    let given = Input::Answers(Answers(vec![("AUTHTOKEN".to_owned(), SecretString::from("K-1"))]));
    let (_, step) = server.step(&json!({}), Mode::Attended, memo, given).await;
    assert!(matches!(step, Step::Again(_)), "{step:?}");
    let signed = server.requests().pop().expect("a request");
    assert!(signed.contains("<AUTHTOKEN>K-1</AUTHTOKEN>"));
}

#[tokio::test]
async fn a_server_that_never_stops_asking_is_left() {
    let server = Server::start(|request, _| {
        if request.contains("<PROFRQ>") {
            return "HTTP 400 No profile".to_owned();
        }
        let questions = "<MFACHALLENGETRNRS><MFACHALLENGERS><MFACHALLENGE><MFAPHRASEID>MFA107</MFAPHRASEID></MFACHALLENGE>\
                         </MFACHALLENGERS></MFACHALLENGETRNRS>";
        if request.contains("<MFACHALLENGERQ>") { reply("3000", questions) } else { reply("3000", "") }
    })
    .await;
    let (_, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
    assert_eq!(reason(&step), Reason::BadResponse);
    assert!(server.requests().len() < 20);
    let answered =
        server.requests().into_iter().filter(|request| request.contains("<MFAPHRASEA>InetClntApp/3.0"));
    assert!(answered.count() > 0, "the program answers what is meant for it");
}

#[tokio::test]
async fn without_a_profile_everything_goes_to_the_one_address() {
    for broken in ["HTTP 404 Nothing", "<html>Sorry</html>", "<OFX></OFX>", ""] {
        let server = Server::start(move |request, _| {
            if request.contains("<PROFRQ>") { broken.to_owned() } else { ordinary(request, &["1", "2"]) }
        })
        .await;
        let (_, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
        let Step::Done(harvest) = step else { panic!("{broken}: {step:?}") };
        assert_eq!(harvest.accounts.iter().filter(|account| account.balance.is_some()).count(), 2);
    }
    let down = Server::start(|_, _| "HTTP 503 Busy".to_owned()).await;
    let (_, step) = down.run(&json!({}), Mode::Attended, Memo::default()).await;
    assert_eq!(
        (reason(&step), down.requests().len()),
        (Reason::Down, 1),
        "a server that is down is not asked twice"
    );
}

#[tokio::test]
async fn a_refused_request_is_asked_again_account_by_account() {
    let server = Server::start(|request, _| {
        let poisoned = request.contains("<ACCTID>2<");
        if poisoned { "HTTP 500 Oops".to_owned() } else { ordinary(request, &["1", "2", "3"]) }
    })
    .await;
    let (memo, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
    let Step::Done(harvest) = step else { panic!("{step:?}") };
    let shape: Vec<_> =
        harvest.accounts.iter().map(|account| (account.balance.is_some(), account.incomplete)).collect();
    assert_eq!(shape, [(true, None), (false, Some(Reason::Down)), (true, None)]);
    // The next run asks for list and statements together, is refused, and comes to the same.
    let (_, step) = server.run(&json!({}), Mode::Unattended, memo).await;
    let Step::Done(harvest) = step else { panic!("{step:?}") };
    assert_eq!(harvest.accounts.iter().filter(|account| account.balance.is_some()).count(), 2);
}

#[tokio::test]
async fn quirks_change_what_is_sent() {
    let server = Server::start(|request, _| ordinary(request, &["1", "2"])).await;
    let quirks = json!({"one_account_per_request": true, "client_uid": false, "user_agent": "Portal/1", "profile": false});
    let (_, step) = server.run(&quirks, Mode::Attended, Memo::default()).await;
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|request| request.contains("<STMTRQ>")).count(), 2);
    for request in &requests {
        assert!(
            request.to_lowercase().contains("user-agent: portal/1\r\n") && !request.contains("CLIENTUID")
        );
        assert!(request.to_lowercase().contains("content-type: application/x-ofx\r\n"));
        assert!(!request.contains("<PROFRQ>"));
    }
    assert!(requests[1].contains("seen=1"), "cookies come back within a run");
    let (memo, _) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
    let ids = |from: usize| -> Vec<String> {
        let of = |request: &String| {
            request.split("<CLIENTUID>").nth(1).and_then(|rest| rest.split('<').next()).map(str::to_owned)
        };
        server.requests()[from..].iter().filter_map(of).collect()
    };
    let first = ids(requests.len());
    server.run(&json!({}), Mode::Attended, memo).await;
    let all = ids(requests.len());
    assert!(all.len() > first.len() && all.iter().all(|id| id == &all[0]), "one CLIENTUID for ever");
}

#[tokio::test]
async fn an_unreadable_memo_starts_anew() {
    let server = Server::start(|request, _| ordinary(request, &["1"])).await;
    let garbage = Memo(zeroize::Zeroizing::new(b"{\"run\": 7".to_vec()));
    let (_, step) = server.run(&json!({}), Mode::Attended, garbage).await;
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    let (_, step) =
        server.step(&json!({}), Mode::Attended, Memo::default(), Input::Answers(Answers::default())).await;
    assert!(matches!(step, Step::Again(_)), "answers to nothing start a run: {step:?}");
}

/// Only SONRS itself can say that the login is wrong (§2.5.1.1.1).
#[tokio::test]
async fn a_15500_elsewhere_is_not_a_wrong_password() {
    let server = Server::start(|request, _| {
        let refused = "<STATUS><CODE>15500</CODE><SEVERITY>ERROR</SEVERITY></STATUS>";
        if request.contains("<STMTRQ>") {
            return reply("0", &format!("<STMTTRNRS>{refused}</STMTTRNRS>"));
        }
        ordinary(request, &["1"])
    })
    .await;
    let (_, step) = server.run(&json!({}), Mode::Attended, Memo::default()).await;
    assert_eq!(reason(&step), Reason::BadResponse);
    let listless = Server::start(|_, _| {
        reply(
            "0",
            "<ACCTINFOTRNRS><STATUS><CODE>15500</CODE><SEVERITY>ERROR</SEVERITY></STATUS></ACCTINFOTRNRS>",
        )
    })
    .await;
    let (_, step) = listless.run(&json!({}), Mode::Attended, Memo::default()).await;
    assert_eq!(reason(&step), Reason::BadResponse);
}
