//! A portal with people in it, and browsers that keep cookies.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use domain::{
    AccountId, ConnectionId, Currency, Money, Reason, SessionId, Timestamp,
    account::{AccountKind, Owner},
    audit::{Doer, Subject, Through},
    connection::Connection,
    institution::{Access, InstitutionKind, Offering},
    login::{Field, FieldKind},
    person::{Firm, Household, Person, Role},
    world::{Clock, Entropy},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use secrecy::{SecretBox, SecretString};
use sha2::{Digest, Sha256};
use store::{
    Reader, Store, Tx,
    account::NewByHand,
    person::NewPerson,
    testing::{Counted, Database, databases},
};
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

/// The password of everybody in the tests; no answer and no log line may hold it.
pub(crate) const PASSWORD: &str = "canary tulip orbit mango";
/// The address that the portal of the tests is reached at.
pub(crate) const ORIGIN: &str = "https://portal.firm.example";

/// Time that stands still until a test moves it.
pub(crate) struct Moved(Mutex<Timestamp>);

impl Moved {
    pub(crate) fn forward(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that was answered and logged, to be searched for secrets.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn add(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A portal with one firm, an advisor and a household without people.
pub(crate) struct Portal {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) clock: Arc<Moved>,
    pub(crate) firm: Firm,
    pub(crate) advisor: Person,
    pub(crate) household: Household,
    pub(crate) heard: Heard,
    entropy: Arc<dyn Entropy>,
    _database: Database,
    _log: tracing::subscriber::DefaultGuard,
}

/// A portal on each database.
pub(crate) async fn portals() -> Vec<Portal> {
    let mut portals = Vec::new();
    for database in databases().await {
        portals.push(Portal::on(database, ORIGIN).await);
    }
    portals
}

/// A portal on SQLite, for what doesn't depend on the database.
pub(crate) async fn portal() -> Portal {
    Portal::on(store::testing::sqlite().await, ORIGIN).await
}

impl Portal {
    pub(crate) async fn on(database: Database, origin: &str) -> Self {
        let heard = Heard::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(heard.clone())
            .finish();
        let log = tracing::subscriber::set_default(subscriber);
        let clock = Arc::new(Moved(Mutex::new(store::testing::now())));
        let entropy: Arc<dyn Entropy> = Arc::new(Counted::default());
        let store = database.store.clone();
        let mut tx = store.begin(&Doer::Operator, "test", clock.now()).await.unwrap();
        let firm = tx.add_firm("Fernhill Wealth", "America/New_York").await.unwrap();
        tx.commit().await.unwrap();
        let engine = engine::testing::engine(
            store.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&entropy),
            vec![offering()],
        );
        let router = web::router(web::App {
            engine,
            store: store.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&entropy),
            key: SecretBox::new(Box::new([7; 32])),
            settings: web::Settings::new(origin, "Client portal").unwrap(),
        });
        let advisor = add_person(&store, &clock, &*entropy, &firm, Role::Advisor, None, "Elena Marsh").await;
        let mut tx = store.begin(&Doer::Operator, "test", clock.now()).await.unwrap();
        let household = tx.add_household(firm.id, "Lindqvist", advisor.id).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            router,
            store,
            clock,
            firm,
            advisor,
            household,
            heard,
            entropy,
            _database: database,
            _log: log,
        }
    }

    /// Somebody with [`PASSWORD`]; the e-mail is the name with dots.
    pub(crate) async fn person(&self, role: Role, name: &str) -> Person {
        let household = role.is_client().then_some(&self.household);
        add_person(&self.store, &self.clock, &*self.entropy, &self.firm, role, household, name).await
    }

    /// A client of the household.
    pub(crate) async fn client(&self) -> Person {
        self.person(Role::Client, "Ruth Lindqvist").await
    }

    /// The path of a new invitation into the household.
    pub(crate) async fn invitation(&self, token: &str) -> String {
        let mut tx = self.store.begin(&Doer::Operator, "test", self.clock.now()).await.unwrap();
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let email = "samuel@orchard.example";
        tx.invite(&self.household, self.advisor.id, "Samuel Lindqvist", email, &hash).await.unwrap();
        tx.commit().await.unwrap();
        format!("/invitation/{token}")
    }

    /// A write transaction.
    pub(crate) async fn begin(&self) -> Tx {
        self.store.begin(&Doer::Operator, "test", self.clock.now()).await.unwrap()
    }

    /// What somebody sees.
    pub(crate) fn reader(&self, person: &Person) -> Reader {
        let through = Through::Session(SessionId::new(self.clock.now(), &*self.entropy));
        self.store.reader(&Subject {
            person: person.id,
            firm: person.firm,
            role: person.role,
            household: person.household,
            through,
        })
    }

    /// An account kept by hand in the household; its value is in cents, as of the Saturday before.
    pub(crate) async fn by_hand(&self, name: &str, kind: &str, minor: i64) -> AccountId {
        let mut tx = self.begin().await;
        let new = NewByHand {
            household: self.household.id,
            form_key: name,
            kind: AccountKind::from_code(kind).unwrap(),
            owner: Owner::Client,
            name,
            institution: "By hand",
            counted: true,
            value: Money { minor, currency: Currency::USD },
            as_of: "2026-11-21".parse().unwrap(),
        };
        let id = tx.add_by_hand(new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A connection of somebody in the household.
    pub(crate) async fn connection(&self, owner: &Person, reason: Reason) -> ConnectionId {
        let now = self.clock.now();
        let id = ConnectionId::new(now, &*self.entropy);
        let connection = Connection {
            id,
            firm: self.firm.id,
            household: self.household.id,
            owner: owner.id,
            offering: "first-platypus".to_owned(),
            institution: "First Platypus Bank".to_owned(),
            reason,
            since: now,
            work: None,
            due_at: None,
            last_attempt_at: Some(now),
            last_success_at: None,
            manual_refresh_after: None,
            rejected_in_row: 0,
            failures_in_row: 0,
            version: 1,
        };
        let mut tx = self.begin().await;
        tx.add_connection(&connection, &id.to_string()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), heard: self.heard.clone(), cookies: Vec::new(), agent: "curl" }
    }

    /// A browser in which somebody has signed in.
    pub(crate) async fn signed_in(&self, person: &Person) -> Browser {
        let mut browser = self.browser();
        let answer = browser.post("/sign-in", &[("email", &person.email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }
}

/// An institution that is asked for a name and a password.
fn offering() -> Offering {
    let field = |name: &str, label: &str, kind| Field {
        name: name.to_owned(),
        label: label.to_owned(),
        kind,
        help: String::new(),
    };
    Offering {
        id: "first-platypus".to_owned(),
        brand: "Platypus".to_owned(),
        name: "First Platypus Bank".to_owned(),
        kind: InstitutionKind::Bank,
        purpose: String::new(),
        also_known_as: Vec::new(),
        home_url: "https://platypus.example".to_owned(),
        login_url: "https://platypus.example/login".to_owned(),
        place: String::new(),
        popularity: 1,
        access: Some(Access {
            connector: "ofx".to_owned(),
            parameters: serde_json::json!({ "url": "http://127.0.0.1:1/ofx", "version": 203 }),
            form: vec![
                field("user_id", "User name", FieldKind::Text),
                field("password", "Password", FieldKind::Password),
            ],
        }),
        notice: None,
    }
}

async fn add_person(
    store: &Store,
    clock: &Moved,
    entropy: &dyn Entropy,
    firm: &Firm,
    role: Role,
    household: Option<&Household>,
    name: &str,
) -> Person {
    let hash = web::hash_password(&SecretString::from(PASSWORD), entropy);
    let email = format!("{}@orchard.example", name.to_lowercase().replace(' ', "."));
    let mut tx = store.begin(&Doer::Operator, "test", clock.now()).await.unwrap();
    let new = NewPerson {
        firm: firm.id,
        role,
        household: household.map(|household| household.id),
        name,
        email: &email,
        password_hash: &hash,
    };
    let person = tx.add_person(new).await.unwrap();
    tx.commit().await.unwrap();
    person
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads to.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// The field with an error holds this sentence.
    #[track_caller]
    pub(crate) fn says(&self, sentence: &str) {
        let shown = sentence.replace('\'', "&#39;");
        assert!(self.body.contains(&shown), "{sentence:?} is not in\n{}", self.body);
    }
}

/// A browser that keeps cookies, and whatever it got for [`Heard`].
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    heard: Heard,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) agent: &'static str,
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, fields, &[("sec-fetch-site", "same-origin")]).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, self.agent);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in &self.cookies {
            request = request.header(header::COOKIE, format!("{name}={value}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(Body::from(body.join("&"))).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.heard.add(&body);
        self.keep(&parts.headers);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for set in headers.get_all(header::SET_COOKIE) {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
