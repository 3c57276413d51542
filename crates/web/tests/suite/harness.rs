//! A portal with people in it, and browsers that keep cookies.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use domain::{
    AccountId, ConnectionId, Currency, HouseholdId, InvitationId, Money, Reason, RequestId, SessionId,
    Timestamp, TokenId,
    account::{AccountKind, Owner},
    audit::{Doer, Subject, Through},
    connection::{Around, Connection},
    edit::{Changes, EditKind},
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
    edit::NewEdit,
    person::NewPerson,
    request::NewRequest,
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
    pub(crate) database: Database,
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
        Self { router, store, clock, firm, advisor, household, heard, entropy, database, _log: log }
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
        let email = "samuel@orchard.example";
        tx.invite(&self.household, self.advisor.id, "Samuel Lindqvist", email, &hash(token)).await.unwrap();
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
            attended_only: false,
            version: 1,
            around: Around::default(),
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
        assets_usd_thousands: 0,
        note: String::new(),
        listed: true,
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

/// One of everything, for calls by everybody.
pub(crate) struct Fixture {
    pub(crate) household: HouseholdId,
    pub(crate) account: AccountId,
    pub(crate) connection: ConnectionId,
    pub(crate) invitation: InvitationId,
    /// The client's.
    pub(crate) session: SessionId,
    /// The client's.
    pub(crate) key: TokenId,
    /// The client's, for an institution.
    pub(crate) request: RequestId,
}

impl Fixture {
    /// The token of an open invitation into the household.
    pub(crate) const INVITATION: &str = "canary-token-of-an-invitation-0123456789abc";
}

impl Portal {
    /// People of all kinds, each signed in with a session whose token is what they are called, and one of everything.
    pub(crate) async fn fixture(&self, reason: Reason) -> Fixture {
        let client = self.plain_person(&self.firm, Role::Client, Some(&self.household), "client").await;
        self.plain_person(&self.firm, Role::CoClient, Some(&self.household), "co-client").await;
        self.start(&self.advisor, "advisor").await;
        for (role, name) in [
            (Role::Administrator, "administrator"),
            (Role::Compliance, "compliance"),
            (Role::DataSupport, "data-support"),
            (Role::Advisor, "other-advisor"),
        ] {
            self.plain_person(&self.firm, role, None, name).await;
        }
        let mut tx = self.begin().await;
        let other = tx.add_household(self.firm.id, "Other", self.advisor.id).await.unwrap();
        let other_firm = tx.add_firm("Other firm", "America/Chicago").await.unwrap();
        tx.commit().await.unwrap();
        self.plain_person(&self.firm, Role::Client, Some(&other), "other-client").await;
        let stranger = self.plain_person(&other_firm, Role::Advisor, None, "strange-advisor").await;
        let mut tx = self.begin().await;
        let theirs = tx.add_household(other_firm.id, "Theirs", stranger.id).await.unwrap();
        tx.commit().await.unwrap();
        self.plain_person(&other_firm, Role::DataSupport, None, "strange-support").await;
        self.plain_person(&other_firm, Role::Client, Some(&theirs), "strange-client").await;
        self.invitation(Fixture::INVITATION).await;
        let invitation = self.reader(&self.advisor).invitations().await.unwrap()[0].id;
        let account = self.by_hand("Cabin", "real_estate", 25_000_000).await;
        let mut tx = self.begin().await;
        let session = tx.start_session(&client, &hash("another"), "test").await.unwrap();
        let key = tx.add_token(client.id, "key", "read", &hash("heldaway_key")).await.unwrap();
        tx.commit().await.unwrap();
        let connection = self.connection(&client, reason).await;
        let request = self.request(&client, "Harbor Trust").await;
        self.annotate(&client).await;
        Fixture { household: self.household.id, account, connection, invitation, session, key, request }
    }

    /// The first version of the firm's own view of an institution.
    async fn annotate(&self, who: &Person) {
        let through = Through::Session(SessionId::new(self.clock.now(), &*self.entropy));
        let Person { id: person, firm, role, household, .. } = who.clone();
        let doer = Doer::Person(Subject { person, firm, role, household, through });
        let mut tx = self.store.begin(&doer, "test", self.clock.now()).await.unwrap();
        let changes = Changes { note: Some("Log in first.".to_owned()), ..Changes::default() };
        let new = NewEdit {
            offering: "first-platypus",
            version: 0,
            kind: EditKind::Annotated,
            changes: &changes,
            comment: "It was asked for",
        };
        tx.edit_offering(self.firm.id, new).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A client's request for an institution.
    pub(crate) async fn request(&self, client: &Person, typed: &str) -> RequestId {
        let mut tx = self.begin().await;
        let who = (self.firm.id, self.household.id, client.id);
        let new = NewRequest { typed, address: "https://harbor.example", form_key: typed };
        let id = tx.request_institution(who, new).await.unwrap().id;
        tx.commit().await.unwrap();
        id
    }

    /// Somebody without a password, signed in.
    async fn plain_person(
        &self,
        firm: &Firm,
        role: Role,
        household: Option<&Household>,
        name: &str,
    ) -> Person {
        let mut tx = self.begin().await;
        let new = NewPerson {
            firm: firm.id,
            role,
            household: household.map(|household| household.id),
            name,
            email: &format!("{name}@orchard.example"),
            password_hash: "none",
        };
        let person = tx.add_person(new).await.unwrap();
        tx.commit().await.unwrap();
        self.start(&person, name).await;
        person
    }

    async fn start(&self, person: &Person, token: &str) {
        let mut tx = self.begin().await;
        tx.start_session(person, &hash(token), "test").await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Calls as somebody of the fixture, by their token, and tells status and location. The stream of events is not
    /// read, since it has no end.
    pub(crate) async fn called(
        &self,
        who: &str,
        method: &Method,
        address: &str,
        typed: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let body = if method == Method::POST { form(typed) } else { String::new() };
        let request = Request::builder()
            .method(method)
            .uri(address)
            .header(
                if who == "program" { header::AUTHORIZATION } else { header::COOKIE },
                if who == "program" {
                    "Bearer heldaway_key".to_owned()
                } else {
                    format!("__Host-session={who}")
                },
            )
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let location = response.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let status = response.status();
        if !address.ends_with("/events") {
            self.heard.add(&response.into_body().collect().await.unwrap().to_bytes());
        }
        (status, location.unwrap_or_default())
    }

    /// How many changes there were.
    pub(crate) async fn audit_rows(&self) -> i64 {
        store::testing::count(&self.database.url, "audit").await
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `application/x-www-form-urlencoded`
fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
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
        let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, self.agent);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in &self.cookies {
            request = request.header(header::COOKIE, format!("{name}={value}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(Body::from(form(fields))).unwrap()).await.unwrap();
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
