//! What drives a connector against the sandbox: each step with a network and a memo of its own, as on another node.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use connectors::{
    Connector, Failure, Input, Memo, Step, Turn,
    net::{Limits, Net, Policy},
    registry,
};
use domain::{
    Date, Timestamp,
    attempt::{Mode, Stage},
    challenge::{Answers, Question},
    harvest::Harvest,
    login::Login,
    world::Entropy,
};
use sandbox::{Options, Sandbox};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use zeroize::Zeroizing;

/// A sandbox of its own, with a clock that stands still.
pub(crate) struct Bench {
    _sandbox: Sandbox,
    address: String,
    pub(crate) now: Timestamp,
    pub(crate) since: Date,
    entropy: Counting,
    pub(crate) limits: Limits,
}

/// Unpredictable enough for a test, and different in each call.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            *byte = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes()[0];
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    Done(Harvest),
    Failed(Failure),
    /// A question that nobody answered.
    Open(Vec<Question>),
}

/// One whole run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) memo: Memo,
    pub(crate) end: End,
    /// Each time something was asked: the questions, and whether the answers before were wrong.
    pub(crate) asked: Vec<(Vec<Question>, bool)>,
    pub(crate) stages: Vec<Stage>,
}

impl Run {
    pub(crate) fn harvest(&self) -> &Harvest {
        let End::Done(harvest) = &self.end else { panic!("not done: {:?}", self.end) };
        harvest
    }

    pub(crate) fn failure(&self) -> &Failure {
        let End::Failed(failure) = &self.end else { panic!("not failed: {:?}", self.end) };
        failure
    }
}

/// An answer to a question, given how often something was asked before; `None` leaves the run open.
pub(crate) type Answering<'a> = &'a mut dyn FnMut(&Question, usize) -> Option<String>;

impl Bench {
    pub(crate) async fn start() -> Self {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().expect("a timestamp");
        let options = Options { clock: Some(now), clock_stopped: true, ..Options::default() };
        let sandbox = Sandbox::start(options).await.expect("the sandbox starts on a free port");
        let limits = Limits {
            connect: Duration::from_secs(2),
            header: Duration::from_secs(3),
            idle: Duration::from_secs(2),
            total: Duration::from_secs(6),
            ..Limits::default()
        };
        let since = "2026-08-22".parse().expect("a date");
        Self {
            address: sandbox.address(),
            _sandbox: sandbox,
            now,
            since,
            entropy: Counting(AtomicU64::new(1)),
            limits,
        }
    }

    /// One request to the sandbox's own interface; returns the body of the answer.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let host = self.address.trim_start_matches("http://");
        let mut socket = TcpStream::connect(host).await.expect("the sandbox listens");
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all((head + &body).as_bytes()).await.expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        let status = answer.get(9..12).unwrap_or_default();
        assert!(status.starts_with('2'), "{method} {path}: {status}");
        answer
            .split_once("\r\n\r\n")
            .and_then(|(_, body)| serde_json::from_str(body).ok())
            .unwrap_or(Value::Null)
    }

    pub(crate) async fn fault(&self, institution: &str, fault: &str, more: Value) {
        let mut body = json!({"institution": institution, "fault": fault});
        let more = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("an object").extend(more);
        self.call("POST", "/api/faults", &body).await;
    }

    pub(crate) async fn heal(&self) {
        self.call("DELETE", "/api/faults", &Value::Null).await;
    }

    pub(crate) async fn act(&self, institution: &str, login: &str, act: &str) -> Value {
        self.call("POST", &format!("/api/personas/{institution}/{login}"), &json!({"act": act})).await
    }

    pub(crate) async fn advance(&mut self, seconds: i64) {
        self.call("POST", "/api/clock", &json!({"advance_seconds": seconds})).await;
        self.now = self.now.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("in range");
    }

    /// The figure of a counter of a persona.
    pub(crate) async fn counter(&self, institution: &str, login: &str, counter: &str) -> u64 {
        let counters = self.call("GET", "/api/counters", &Value::Null).await;
        counters["personas"][format!("{institution}/{login}")][counter].as_u64().unwrap_or(0)
    }

    /// The newest access code on a login's phone, or key on its site.
    pub(crate) async fn code(&self, institution: &str, login: &str) -> String {
        let messages = self.call("GET", "/phone.json", &Value::Null).await;
        let messages = messages.as_array().cloned().unwrap_or_default();
        let of = |message: &&Value| message["institution"] == institution && message["login"] == login;
        let newest =
            messages.iter().find(of).unwrap_or_else(|| panic!("no message for {login}: {messages:?}"));
        newest["code"].as_str().expect("a code").to_owned()
    }

    /// The connector and its parameters for an institution of the sandbox.
    pub(crate) async fn offering(&self, institution: &str) -> (&'static dyn Connector, Value) {
        let directory = self.call("GET", "/directory.json", &Value::Null).await;
        let rows = directory.as_array().expect("an array");
        let row =
            rows.iter().find(|row| row["id"] == institution).unwrap_or_else(|| panic!("no {institution}"));
        let protocol = row["protocol"].as_str().expect("a protocol");
        let connector = registry::find(protocol).unwrap_or_else(|| panic!("no connector for {protocol}"));
        let parameters = match protocol {
            "ofx" => json!({
                "url": row["ofx_url"], "org": row["org"], "fid": row["fid"], "version": row["version"],
                "appid": row["appid"], "appver": row["appver"],
            }),
            other => panic!("the sandbox does not speak {other} yet: add it here"),
        };
        (connector, parameters)
    }

    pub(crate) fn net(&self) -> Net {
        Net::with_limits(Policy::WITH_SANDBOX, self.limits).expect("TLS can be set up")
    }

    /// A run from its beginning to its end, or to a question that `answer` leaves open.
    pub(crate) async fn run(
        &self,
        institution: &str,
        login: &Login,
        mode: Mode,
        memo: Memo,
        answer: Answering<'_>,
    ) -> Run {
        let (connector, parameters) = self.offering(institution).await;
        self.run_with(connector, &parameters, login, mode, memo, answer).await
    }

    pub(crate) async fn run_with(
        &self,
        connector: &'static dyn Connector,
        parameters: &Value,
        login: &Login,
        mode: Mode,
        memo: Memo,
        answer: Answering<'_>,
    ) -> Run {
        let mut run = Run { memo, end: End::Open(Vec::new()), asked: Vec::new(), stages: Vec::new() };
        let mut input = Input::Begin;
        for _ in 0..40 {
            let net = self.net();
            let turn = Turn {
                net: &net,
                parameters,
                login,
                mode,
                since: self.since,
                now: self.now,
                entropy: &self.entropy,
            };
            // Nothing but the memo's bytes goes from one step to the next.
            let carried = Memo(Zeroizing::new(run.memo.0.to_vec()));
            let (memo, step) = connector.step(turn, carried, input).await;
            run.memo = memo;
            match step {
                Step::Again(stage) => {
                    run.stages.push(stage);
                    input = Input::Resume;
                }
                Step::Done(harvest) => {
                    run.end = End::Done(harvest);
                    return run;
                }
                Step::Failed(failure) => {
                    run.end = End::Failed(failure);
                    return run;
                }
                Step::Ask { questions, wrong_before, .. } => {
                    assert_eq!(mode, Mode::Attended, "nobody is there to answer");
                    let before = run.asked.len();
                    let answers: Option<Vec<_>> = questions
                        .iter()
                        .map(|question| {
                            Some((question.id.clone(), SecretString::from(answer(question, before)?)))
                        })
                        .collect();
                    run.asked.push((questions.clone(), wrong_before));
                    let Some(answers) = answers else {
                        run.end = End::Open(questions);
                        return run;
                    };
                    input = Input::Answers(Answers(answers));
                }
            }
        }
        panic!("the run does not end: {:?}", run.stages);
    }

    /// Goes on with a run that was left open at a question.
    pub(crate) async fn answer(
        &self,
        institution: &str,
        login: &Login,
        run: &Run,
        answers: &[(&str, &str)],
    ) -> (Memo, Step) {
        let (connector, parameters) = self.offering(institution).await;
        let net = self.net();
        let turn = Turn {
            net: &net,
            parameters: &parameters,
            login,
            mode: Mode::Attended,
            since: self.since,
            now: self.now,
            entropy: &self.entropy,
        };
        let given =
            answers.iter().map(|(id, answer)| ((*id).to_owned(), SecretString::from(*answer))).collect();
        connector.step(turn, Memo(Zeroizing::new(run.memo.0.to_vec())), Input::Answers(Answers(given))).await
    }
}

/// A filled-in login form.
pub(crate) fn login(user: &str, password: &str) -> Login {
    Login::from_fields(vec![
        ("user_id".to_owned(), SecretString::from(user)),
        ("password".to_owned(), SecretString::from(password)),
    ])
}

/// Nobody answers anything.
pub(crate) fn silent(_: &Question, _: usize) -> Option<String> {
    None
}
