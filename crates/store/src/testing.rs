//! The harness of the store's tests, and of those of the crates above: fresh databases of both kinds.
//!
//! PostgreSQL is found by `HELDAWAY_TEST_POSTGRES`, the address of a server where databases may be created; without it
//! a test fails instead of passing on half of the databases.

mod inspect;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    HouseholdId, SessionId, Timestamp,
    audit::{Doer, Subject, Through},
    person::{Firm, Household, Person, Role},
    world::Entropy,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use tempfile::TempDir;

pub use self::inspect::{complaints, contents, execute, plan, schema};
use crate::{Options, Probe, Store, Tx, person::NewPerson};

/// The variable that names the PostgreSQL server of the tests.
pub const POSTGRES: &str = "HELDAWAY_TEST_POSTGRES";

/// The instant at which tests begin: a Monday morning in New York.
pub fn now() -> Timestamp {
    "2026-11-23T14:00:00Z".parse().expect("a time")
}

/// Bytes that are alike in each run: a counter, well mixed.
#[derive(Debug, Default)]
pub struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // The finalizer of SplitMix64 (Steele, Lea, Flood 2014) makes a counter look random.
            let mut x =
                self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A fresh database with the schema in it; gone when dropped.
pub struct Database {
    /// Opened and migrated.
    pub store: Store,
    /// Its address, for opening it a second time.
    pub url: String,
    entropy: Arc<Counted>,
    _home: Home,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Database {
    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        if self.url.starts_with("sqlite") { "sqlite" } else { "postgres" }
    }

    /// Another node on the same database.
    pub async fn another(&self) -> Store {
        self.another_with(None).await
    }

    /// Another node on the same database, with a probe.
    pub async fn another_with(&self, probe: Option<Probe>) -> Store {
        Store::open(&self.url, Options { probe, ..self.options() }).await.expect("the database opens again")
    }

    /// Options with the deterministic entropy of this database.
    pub fn options(&self) -> Options {
        Options::new(Arc::clone(&self.entropy) as Arc<dyn Entropy>)
    }

    /// The entropy, for tests that make ids of their own.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }
}

/// Where a database lives.
enum Home {
    Folder { _folder: TempDir },
    Server { server: String, name: String },
}

impl Drop for Home {
    fn drop(&mut self) {
        let Self::Server { server, name } = self else { return };
        let (server, name) = (server.clone(), name.clone());
        // Dropping happens in and out of runtimes; a thread of its own has none yet.
        let dropped = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _ = dropped.join();
    }
}

/// A fresh database of each kind, with the schema in it.
///
/// # Panics
/// When `HELDAWAY_TEST_POSTGRES` is missing or its server doesn't answer.
pub async fn databases() -> Vec<Database> {
    vec![sqlite().await, postgres().await]
}

/// A fresh SQLite database with the schema in it.
pub async fn sqlite() -> Database {
    let (url, home) = empty_sqlite();
    open(url, home).await
}

/// A fresh PostgreSQL database with the schema in it.
pub async fn postgres() -> Database {
    let (url, home) = empty_postgres().await;
    open(url, home).await
}

/// The addresses of an empty database of each kind, without a schema; gone when the guards are dropped.
pub async fn empty() -> Vec<(String, Guard)> {
    let (sqlite, folder) = empty_sqlite();
    let (postgres, server) = empty_postgres().await;
    vec![(sqlite, Guard { _home: folder }), (postgres, Guard { _home: server })]
}

/// Removes an empty database when dropped.
pub struct Guard {
    _home: Home,
}

fn empty_sqlite() -> (String, Home) {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let url = format!("sqlite:{}", folder.path().join("heldaway.db").display());
    (url, Home::Folder { _folder: folder })
}

async fn empty_postgres() -> (String, Home) {
    let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
        panic!("{POSTGRES} must be the address of a PostgreSQL server; ./test starts one")
    });
    let mut random = [0; 8];
    // Several test processes share the server, so the name must differ between them.
    random
        .copy_from_slice(&std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0).to_be_bytes());
    let name = format!("heldaway_test_{:016x}", u64::from_be_bytes(random));
    on_server(&server, &format!("CREATE DATABASE {name}")).await;
    let options: PgConnectOptions = server.parse().expect("a PostgreSQL address");
    let url = options.database(&name).to_url_lossy().to_string();
    (url, Home::Server { server, name })
}

async fn on_server(server: &str, statement: &str) {
    let options: PgConnectOptions = server.parse().expect("a PostgreSQL address");
    let mut connection = options.connect().await.expect("the PostgreSQL server of the tests answers");
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect(statement);
    connection.close().await.expect("it says goodbye");
}

async fn open(url: String, home: Home) -> Database {
    let entropy = Arc::new(Counted::default());
    let options = Options::new(Arc::clone(&entropy) as Arc<dyn Entropy>);
    let store = Store::open(&url, options).await.expect("a fresh database opens");
    store.migrate(now()).await.expect("a fresh database takes the schema");
    Database { store, url, entropy, _home: home }
}

/// A firm with an advisor and a household with a client, as most tests need them.
#[derive(Debug, Clone)]
pub struct Sample {
    pub firm: Firm,
    pub advisor: Person,
    pub household: Household,
    pub client: Person,
}

impl Sample {
    /// A new one. `word` keeps the e-mail addresses of several samples in one database apart.
    pub async fn new(store: &Store, word: &str) -> Self {
        let mut tx = store.begin(&Doer::Operator, "sample", now()).await.expect("a transaction begins");
        let firm = tx.add_firm(&format!("{word} Partners"), "America/New_York").await.expect("a firm");
        let advisor = Self::person(&mut tx, &firm, Role::Advisor, None, word).await;
        let household = tx.add_household(firm.id, word, advisor.id).await.expect("a household");
        let client = Self::person(&mut tx, &firm, Role::Client, Some(household.id), word).await;
        tx.commit().await.expect("it commits");
        Self { firm, advisor, household, client }
    }

    /// Another person of the firm; without a household, staff.
    pub async fn add(&self, store: &Store, role: Role, word: &str) -> Person {
        let mut tx = store.begin(&Doer::Operator, "sample", now()).await.expect("a transaction begins");
        let household = role.is_client().then_some(self.household.id);
        let person = Self::person(&mut tx, &self.firm, role, household, word).await;
        tx.commit().await.expect("it commits");
        person
    }

    async fn person(
        tx: &mut Tx,
        firm: &Firm,
        role: Role,
        household: Option<HouseholdId>,
        word: &str,
    ) -> Person {
        let email = format!("{}.{}@example.com", role.code(), word.to_lowercase());
        let name = format!("{word} {}", role.code());
        let new = NewPerson {
            firm: firm.id,
            role,
            household,
            name: &name,
            email: &email,
            password_hash: "$sample$",
        };
        tx.add_person(new).await.expect("a person")
    }

    /// The client, signed in.
    pub fn as_client(&self) -> Subject {
        subject(&self.client)
    }

    /// The advisor, signed in.
    pub fn as_advisor(&self) -> Subject {
        subject(&self.advisor)
    }

    /// The client as the doer of a write.
    pub fn by_client(&self) -> Doer {
        Doer::Person(self.as_client())
    }
}

/// Somebody, signed in with a session that no row knows.
pub fn subject(person: &Person) -> Subject {
    Subject {
        person: person.id,
        firm: person.firm,
        role: person.role,
        household: person.household,
        through: Through::Session(SessionId::new(now(), &Counted::default())),
    }
}

/// How many rows there are, for tests that look behind the verbs: `count(url, "entry WHERE pending")`.
pub async fn count(url: &str, what: &str) -> i64 {
    let text = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {what}");
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.connect().await.expect("the database opens");
        return sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut connection).await.expect("a count");
    }
    let options: PgConnectOptions = url.parse().expect("a PostgreSQL address");
    let mut connection = options.connect().await.expect("the database opens");
    sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut connection).await.expect("a count")
}

/// The one text column of a question, for tests that look behind the verbs.
pub async fn texts(url: &str, question: &str) -> Vec<String> {
    let text = AssertSqlSafe(question.to_owned());
    if let Some(path) = url.strip_prefix("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.connect().await.expect("the database opens");
        return sqlx::query_scalar(text).fetch_all(&mut connection).await.expect("rows of one text");
    }
    let options: PgConnectOptions = url.parse().expect("a PostgreSQL address");
    let mut connection = options.connect().await.expect("the database opens");
    sqlx::query_scalar(text).fetch_all(&mut connection).await.expect("rows of one text")
}
