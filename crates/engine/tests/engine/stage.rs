//! A firm, a household and an engine on a fresh database of each kind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use connectors::{Net, net::Policy};
use directory::Directory;
use domain::{
    ConnectionId, Reason, Timestamp,
    account::Standing,
    audit::Subject,
    challenge::Answers,
    connection::Connection,
    institution::{Access, InstitutionKind, Offering},
    login::{Field, FieldKind, Login},
    world::{Clock, Entropy},
};
use engine::{
    Choice, Decision, Engine, MasterKey, NewConnection, Options, Parts, Progress, Schedule, Vault, Worked,
};
use secrecy::SecretString;
use store::{
    Store,
    testing::{self, Database, Sample},
};

use crate::scripted::Scripted;

/// A clock that a test moves.
pub(crate) struct Manual(AtomicI64);

impl Manual {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_microsecond()))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Bytes that no two engines of a test share, and that are alike in each run.
pub(crate) struct Seeded(AtomicU64);

impl Seeded {
    pub(crate) fn new(seed: &str) -> Self {
        let seed = seed.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
        Self(AtomicU64::new(seed << 32))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64 (Steele, Lea, Flood 2014).
            let mut x = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.to_owned(), label: name.to_owned(), kind, help: String::new() }
}

pub(crate) fn offering(id: &str, name: &str, access: Option<Access>) -> Offering {
    Offering {
        id: id.to_owned(),
        brand: name.to_owned(),
        name: name.to_owned(),
        kind: InstitutionKind::Bank,
        purpose: String::new(),
        also_known_as: vec![],
        home_url: format!("https://{id}.example"),
        login_url: String::new(),
        place: String::new(),
        popularity: 3,
        assets_usd_thousands: 0,
        note: String::new(),
        listed: true,
        access,
        notice: None,
    }
}

fn scripted_access() -> Access {
    let form = vec![field("user_id", FieldKind::Text), field("password", FieldKind::Password)];
    Access { connector: "scripted".to_owned(), parameters: serde_json::Value::Null, form }
}

pub(crate) fn login(password: &str) -> Login {
    Login::from_fields(vec![
        ("user_id".to_owned(), SecretString::from("ruth")),
        ("password".to_owned(), SecretString::from(password)),
    ])
}

pub(crate) fn answers(answer: &str) -> Answers {
    Answers(vec![("MFA1".to_owned(), SecretString::from(answer))])
}

pub(crate) struct Stage {
    pub(crate) database: Database,
    pub(crate) sample: Sample,
    pub(crate) clock: Arc<Manual>,
    pub(crate) bank: &'static Scripted,
    pub(crate) engine: Engine,
}

impl Stage {
    /// One on each kind of database.
    pub(crate) async fn all() -> Vec<Self> {
        let mut stages = Vec::new();
        for database in testing::databases().await {
            stages.push(Self::on(database).await);
        }
        stages
    }

    pub(crate) async fn on(database: Database) -> Self {
        let sample = Sample::new(&database.store, "Oak").await;
        let clock = Arc::new(Manual::at(testing::now()));
        let bank: &'static Scripted = Box::leak(Box::default());
        let engine = engine_on(database.store.clone(), &clock, bank, "node-1", options());
        engine.check_key().await.unwrap();
        Self { database, sample, clock, bank, engine }
    }

    /// Another node on the same database.
    pub(crate) async fn node(&self, name: &str, options: Options) -> Engine {
        engine_on(self.database.another().await, &self.clock, self.bank, name, options)
    }

    pub(crate) fn client(&self) -> Subject {
        self.sample.as_client()
    }

    pub(crate) async fn connect(&self, password: &str) -> ConnectionId {
        self.connect_form(password, &format!("form {password}")).await
    }

    pub(crate) async fn connect_form(&self, password: &str, form_key: &str) -> ConnectionId {
        let new = NewConnection {
            offering: "maple".to_owned(),
            login: login(password),
            form_key: form_key.to_owned(),
        };
        self.engine.connect(&self.client(), "op", new).await.unwrap()
    }

    pub(crate) async fn tick(&self) -> Worked {
        use domain::world::Clock as _;
        self.engine.tick(self.clock.now()).await.unwrap()
    }

    /// Lets time pass, then works.
    pub(crate) async fn tick_after(&self, time: Duration) -> Worked {
        self.clock.pass(time);
        self.tick().await
    }

    pub(crate) async fn connection(&self, id: ConnectionId) -> Connection {
        self.database.store.engine().connection(id).await.unwrap()
    }

    pub(crate) async fn reason(&self, id: ConnectionId) -> Reason {
        self.connection(id).await.reason
    }

    pub(crate) async fn progress(&self, id: ConnectionId) -> Progress {
        self.engine.progress(&self.client(), id).await.unwrap()
    }

    /// Adds everything that was found.
    pub(crate) async fn add_all(&self, id: ConnectionId) {
        let found = self.progress(id).await.found;
        let decisions = found.into_iter().map(|account| {
            assert_eq!(account.standing, Standing::Found);
            let (name, kind, owner) = (account.name, account.kind, account.owner);
            Decision { account: account.id, choice: Choice::Add { name, kind, owner, counted: true } }
        });
        self.engine.review(&self.client(), "op", id, decisions.collect()).await.unwrap();
    }

    /// How many rows of a table a WHERE finds.
    pub(crate) async fn count(&self, what: &str) -> i64 {
        testing::count(&self.database.url, what).await
    }
}

pub(crate) fn options() -> Options {
    Options {
        // One call in flight, so that a test sees the same order each time.
        workers: 1,
        step_timeout: Duration::from_millis(200),
        ..Options::default()
    }
}

pub(crate) fn engine_on(
    store: Store,
    clock: &Arc<Manual>,
    bank: &'static Scripted,
    node: &str,
    options: Options,
) -> Engine {
    Engine::new(parts(store, clock, bank, node, options))
}

pub(crate) fn parts(
    store: Store,
    clock: &Arc<Manual>,
    bank: &'static Scripted,
    node: &str,
    options: Options,
) -> Parts {
    let offerings =
        vec![offering("maple", "Maple Bank", Some(scripted_access())), offering("oak", "Oak Bank", None)];
    Parts {
        store,
        vault: Vault::new(MasterKey::parse(KEY).unwrap(), []),
        net: Net::new(Policy::WITH_SANDBOX).unwrap(),
        directory: Arc::new(Directory::of(offerings)),
        connectors: vec![bank],
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(Seeded::new(node)),
        schedule: Schedule::BusinessDays,
        node: node.to_owned(),
        options,
    }
}
