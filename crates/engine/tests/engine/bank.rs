//! The engine with the real connector over real sockets, against the sandbox's institutions.

use std::{sync::Arc, time::Duration};

use connectors::registry;
use directory::Directory;
use domain::{
    ConnectionId, Reason,
    challenge::Answers,
    institution::{Access, Offering},
    login::{Field, FieldKind, Login},
};
use engine::{Engine, NewConnection, Options};
use sandbox::Sandbox;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::testing::{self, Database, Sample};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stage::{Manual, offering, options, parts};

const HOUR: Duration = Duration::from_hours(1);

/// An engine and its institutions.
struct Town {
    sandbox: Sandbox,
    database: Database,
    sample: Sample,
    clock: Arc<Manual>,
    engine: Engine,
}

impl Town {
    async fn all() -> Vec<Self> {
        let mut towns = Vec::new();
        for database in testing::databases().await {
            let options = sandbox::Options {
                clock: Some(testing::now()),
                clock_stopped: true,
                ..sandbox::Options::default()
            };
            let sandbox = Sandbox::start(options).await.unwrap();
            let clock = Arc::new(Manual::at(testing::now()));
            let sample = Sample::new(&database.store, "Oak").await;
            let listed: Value =
                serde_json::from_slice(&http(&sandbox, "GET", "/directory.json", "").await).unwrap();
            let offerings = listed.as_array().unwrap().iter().map(read_offering).collect();
            let patient = Options { step_timeout: Duration::from_secs(3), ..self::options() };
            let mut parts = parts(database.store.clone(), &clock, Box::leak(Box::default()), "node", patient);
            parts.directory = Arc::new(Directory::of(offerings));
            parts.connectors = registry::all();
            towns.push(Self { sandbox, database, sample, clock, engine: Engine::new(parts) });
        }
        towns
    }

    async fn connect(&self, institution: &str, user: &str, password: &str) -> ConnectionId {
        let field = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        let new = NewConnection {
            offering: institution.to_owned(),
            login: Login::from_fields(vec![field("user_id", user), field("password", password)]),
            form_key: format!("{institution} {user}"),
        };
        let id = self.engine.connect(&self.sample.as_client(), "op", new).await.unwrap();
        self.tick().await;
        id
    }

    async fn tick(&self) {
        self.engine.tick(self.engine.now()).await.unwrap();
    }

    async fn reason(&self, id: ConnectionId) -> Reason {
        self.database.store.engine().connection(id).await.unwrap().reason
    }

    async fn answer(&self, id: ConnectionId, given: &[(&str, &str)]) {
        let progress = self.engine.progress(&self.sample.as_client(), id).await.unwrap();
        let challenge = progress.challenge.expect("a question is open");
        let given = given.iter().map(|(id, answer)| ((*id).to_owned(), SecretString::from(*answer)));
        let answers = Answers(given.collect());
        self.engine.answer(&self.sample.as_client(), "op", challenge.id, answers).await.unwrap();
        self.tick().await;
    }

    async fn fault(&self, institution: &str, fault: &str) {
        let body = json!({ "institution": institution, "fault": fault }).to_string();
        http(&self.sandbox, "POST", "/api/faults", &body).await;
    }

    async fn heal(&self) {
        http(&self.sandbox, "DELETE", "/api/faults", "").await;
    }

    async fn counters(&self, persona: &str) -> Value {
        let all = http(&self.sandbox, "GET", "/api/counters", "").await;
        serde_json::from_slice::<Value>(&all).unwrap()["personas"][persona].clone()
    }

    async fn refresh(&self, id: ConnectionId) {
        self.clock.pass(HOUR);
        self.engine.refresh(&self.sample.as_client(), "op", id).await.unwrap();
        self.tick().await;
    }

    async fn count(&self, what: &str) -> i64 {
        testing::count(&self.database.url, what).await
    }
}

fn read_offering(listed: &Value) -> Offering {
    let text = |name: &str| listed[name].as_str().unwrap_or_default().to_owned();
    let form = listed["login_form"].as_array().unwrap().iter().map(|field| Field {
        name: field["name"].as_str().unwrap().to_owned(),
        label: field["label"].as_str().unwrap().to_owned(),
        kind: if field["kind"] == "password" { FieldKind::Password } else { FieldKind::Text },
        help: String::new(),
    });
    let parameters = json!({
        "url": listed["ofx_url"], "org": listed["org"], "fid": listed["fid"], "version": listed["version"],
        "appid": listed["appid"], "appver": listed["appver"],
    });
    let access = Access { connector: text("protocol"), parameters, form: form.collect() };
    offering(&text("id"), &text("name"), Some(access))
}

/// One request over HTTP/1.0, whose answer ends with the connection.
async fn http(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Vec<u8> {
    let address = sandbox.address();
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    assert!(answer[9..].starts_with(b"20"), "{method} {path}: {}", String::from_utf8_lossy(&answer));
    answer.split_off(end + 4)
}

#[tokio::test]
async fn each_persona_comes_to_its_reason() {
    let cases = [
        ("evergreen", "alex.plain", "sandbox-maple-1001", Reason::NewAccounts),
        ("evergreen", "alex.plain", "not the password", Reason::CredentialsRejected),
        ("kestrel", "casey.locked", "sandbox-falcon-7001", Reason::Locked),
        ("juniper", "drew.expired", "sandbox-berry-8002", Reason::PasswordReset),
        ("hollowcreek", "sam.patient", "sandbox-mill-9001", Reason::Maintenance),
        ("thornbury", "lee.busy", "sandbox-bramble-9101", Reason::SessionConflict),
        ("windmere", "nico.terms", "sandbox-sail-9201", Reason::ActionNeeded),
        ("ironbridge", "quinn.rounds", "sandbox-girder-3001", Reason::QuestionAsked),
        ("copperleaf", "robin.code", "sandbox-kettle-5001", Reason::CodeAsked),
    ];
    for (institution, user, password, expected) in cases {
        for town in Town::all().await {
            let id = town.connect(institution, user, password).await;
            assert_eq!(town.reason(id).await, expected, "{institution} {user}");
        }
    }
}

#[tokio::test]
async fn two_rounds_of_questions_lead_to_accounts_and_a_night_without_any() {
    for town in Town::all().await {
        let id = town.connect("ironbridge", "quinn.rounds", "sandbox-girder-3001").await;
        town.answer(id, &[("MFA16", "Sandberg")]).await;
        assert_eq!(town.reason(id).await, Reason::QuestionAsked);
        town.answer(id, &[("IBQ-7", "Galileo")]).await;
        assert_eq!(town.reason(id).await, Reason::NewAccounts);
        assert_eq!(town.count("account WHERE standing = 'found'").await, 2);
        // The device is remembered: at night nobody is asked.
        let due = town.database.store.engine().connection(id).await.unwrap().due_at.unwrap();
        town.clock.set(due);
        town.tick().await;
        assert_eq!((town.reason(id).await, town.count("challenge").await), (Reason::NewAccounts, 2));
        assert_eq!(town.count("attempt WHERE outcome = 'new_accounts'").await, 2);
    }
}

#[tokio::test]
async fn a_wrong_answer_is_asked_again_and_the_right_one_goes_on() {
    for town in Town::all().await {
        let id = town.connect("ironbridge", "quinn.both", "sandbox-girder-3002").await;
        town.answer(id, &[("MFA5", "green"), ("IBQ-9", "1987")]).await;
        assert_eq!(town.reason(id).await, Reason::AnswerWrong);
        town.answer(id, &[("MFA5", "blue"), ("IBQ-9", "1987")]).await;
        assert_eq!(town.reason(id).await, Reason::NewAccounts);
    }
}

/// R13: institutions lock people out after three to five.
#[tokio::test]
async fn a_wrong_password_reaches_the_institution_once_however_long_nobody_acts() {
    for town in Town::all().await {
        let id = town.connect("foxglove", "pat.wrong", "sandbox-thimble-0000").await;
        assert_eq!(town.reason(id).await, Reason::CredentialsRejected);
        for _ in 0..40 {
            town.clock.pass(6 * HOUR);
            town.tick().await;
        }
        let counters = town.counters("foxglove/pat.wrong").await;
        assert_eq!(counters["logins"], 1, "{counters}");
    }
}

/// R34: an institution may answer 200 with nothing.
#[tokio::test]
async fn an_institution_that_lists_nothing_or_half_wipes_nothing() {
    for town in Town::all().await {
        let id = town.connect("evergreen", "alex.plain", "sandbox-maple-1001").await;
        let kept = "account WHERE amount IS NOT NULL AND missing_runs < 2";
        let (accounts, entries) = (town.count(kept).await, town.count("entry").await);
        assert!(accounts == 3 && entries > 20, "{accounts} {entries}");
        for fault in ["no_accounts", "half_list", "missing_answers", "garbage", "truncated", "http_503"] {
            town.fault("evergreen", fault).await;
            town.refresh(id).await;
            town.heal().await;
            let after = (town.count(kept).await, town.count("entry").await);
            assert_eq!(after, (accounts, entries), "{fault}: {:?}", town.reason(id).await);
        }
        town.refresh(id).await;
        assert_eq!((town.count(kept).await, town.count("entry").await), (accounts, entries));
        assert_eq!(town.reason(id).await, Reason::NewAccounts);
    }
}

/// The newest access code on the sandbox's phone page.
async fn code(town: &Town) -> String {
    let page = String::from_utf8(http(&town.sandbox, "GET", "/phone", "").await).unwrap();
    let words = page.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .into_iter()
        .find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
        .unwrap()
        .to_owned()
}

/// A right code is not called late when one more is wanted, and what asks each time is not promised by itself.
#[tokio::test]
async fn a_bank_that_never_remembers_asks_each_time_and_is_not_due_by_itself() {
    for town in Town::all().await {
        let id = town.connect("copperleaf", "robin.always", "sandbox-kettle-5002").await;
        let question =
            async || town.engine.progress(&town.sample.as_client(), id).await.unwrap().challenge.unwrap();
        let first = question().await;
        assert!(!first.right_before && !first.expired_before);
        let name = first.questions[0].id.clone();
        town.answer(id, &[(&name, &code(&town).await)]).await;
        let second = question().await;
        assert!(second.right_before && !second.expired_before && !second.wrong_before, "{second:?}");
        town.answer(id, &[(&name, &code(&town).await)]).await;
        let connection = town.database.store.engine().connection(id).await.unwrap();
        assert_eq!((connection.reason, connection.due_at), (Reason::NewAccounts, None));
        assert!(connection.attended_only);
    }
}

#[tokio::test]
async fn a_bank_that_remembers_a_program_after_its_code_updates_by_itself() {
    for town in Town::all().await {
        let id = town.connect("copperleaf", "robin.code", "sandbox-kettle-5001").await;
        let challenge = town.engine.progress(&town.sample.as_client(), id).await.unwrap().challenge.unwrap();
        let name = challenge.questions[0].id.clone();
        town.answer(id, &[(&name, &code(&town).await)]).await;
        let connection = town.database.store.engine().connection(id).await.unwrap();
        assert_eq!((connection.reason, connection.attended_only), (Reason::NewAccounts, false));
        assert!(connection.due_at.is_some());
    }
}
