//! Keep and find rows, alike on SQLite and PostgreSQL.
//!
//! Floor 1: knows the domain and nothing else of ours; nobody but this crate names the SQL library. One SQL text per
//! question, run on either database; every text is prepared on both in a test.
//!
//! # Who asks
//! - [`Store::begin`] opens a write transaction ([`Tx`]): verbs write their rows *and* their audit row, and
//!   [`Tx::commit`] refuses what has none.
//! - [`Store::reader`] answers a signed-in person. Every text carries the person's reach, so what is out of reach is
//!   simply not there.
//! - [`Store::visitor`] answers before there is a person: sign-in, session, invitation, API token.
//! - [`Store::engine`] answers the engine, without a reach.
//!
//! # How a noun file is written
//! One file per noun, named after it, listed below and in `texts()`. SQL texts stand at its top in [`query::texts!`],
//! each asked through `ask` (reads, bookkeeping) or `write` (changes). Columns are read from left to right with
//! `row.next()?`, in the order of the SELECT list. Everything bound or read is a type of the domain (see `column`).
//!
//! ```text
//! texts! {
//!     // A reader's text has $1..$4 taken by the reach; `h` is the household of the row.
//!     BY_ID = Text::one(concat!("SELECT p.id, p.name FROM pet p JOIN household h ON h.id = p.household_id
//!         WHERE ", reach!(), " AND p.id = $5"));
//!     RENAME = Text::one("UPDATE pet SET name = $1, version = version + 1 WHERE id = $2 AND version = $3");
//! }
//!
//! impl Reader {
//!     pub async fn pet(&self, id: PetId) -> Result<Pet, Error> {
//!         self.ask(BY_ID).bind(id).one(pet).await          // all · first · one (NotFound)
//!     }
//! }
//!
//! impl Tx {
//!     pub async fn rename_pet(&mut self, pet: &Pet, name: &str) -> Result<(), Error> {
//!         self.write(RENAME).bind(name).bind(pet.id).bind(pet.version).run_or_conflict().await?;
//!         self.tell(Topic::Household(pet.household));         // said after the commit
//!         self.audit(Trail::of("pet.renamed", "pet", pet.id).household(pet.household)).await
//!     }
//! }
//!
//! fn pet(row: &mut Row<'_>) -> Result<Pet, Error> {
//!     Ok(Pet { id: row.next()?, name: row.next()? })
//! }
//! ```
//! Things that differ between the databases and bite: `SUM` and `COUNT(*)` of a BIGINT need `CAST(… AS BIGINT)`;
//! texts compare by bytes on both (columns are `COLLATE "C"`), `LIKE` doesn't fold case alike (use `lower()` on both
//! sides); a placeholder without a column beside it needs a cast on PostgreSQL; everybody takes an institution before a
//! household, and a household before its connections and accounts ([`Tx::hold_household`]), so that nobody waits in a
//! circle. [`Text::dialect`] is for the few texts that must differ.

pub mod account;
pub mod attempt;
mod audit;
pub mod challenge;
mod column;
pub mod connection;
pub mod edit;
pub mod entry;
mod error;
pub mod guard;
pub mod health;
pub mod housekeeping;
mod invitation;
mod listing;
mod migrate;
mod networth;
mod notice;
pub mod outbox;
pub mod person;
mod pool;
mod query;
mod reader;
pub mod reconcile;
pub mod request;
pub mod review;
pub mod sealed;
mod search;
pub mod session;
mod signal;
pub mod token;
mod told;
mod tx;
pub mod wish;

#[cfg(feature = "testing")]
pub mod testing;

use std::{fs, io, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc, time::Duration};

use domain::{
    Timestamp,
    audit::{Doer, Subject},
    world::Entropy,
};
use sqlx::{
    ConnectOptions as _,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::broadcast;

pub(crate) use crate::reader::reach;
pub use crate::{
    error::Error,
    query::{DEADLINE, Text},
    reader::{Engine, Reader, Visitor},
    signal::Topic,
    told::CALLS,
    tx::{At, Fault, Moment, Probe, Tx},
};
use crate::{
    pool::Pool,
    query::{Ask, Link},
    signal::Signals,
};

/// How long a writer of another process may hold SQLite's file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Rows that SQLite may have read before somebody takes them.
const ROWS_AHEAD: usize = 1_000;
/// Prepared statements kept per connection: more than there are texts.
const STATEMENTS_KEPT: usize = 400;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// For new ids.
    pub entropy: Arc<dyn Entropy>,
    /// SQLite: connections that read at the same time, beside the one that writes.
    pub readers: usize,
    /// PostgreSQL: connections at most.
    pub connections: usize,
    /// For crash tests.
    pub probe: Option<Probe>,
}

impl Options {
    /// The defaults: 4 readers on SQLite, 16 connections on PostgreSQL, no probe.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, readers: 4, connections: 16, probe: None }
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Pools,
    signals: Signals,
    listings: listing::Listings,
    /// Marks what this node says among the signals.
    node: String,
    options: Options,
}

enum Pools {
    Sqlite { writer: Arc<Pool<sqlx::Sqlite>>, readers: Arc<Pool<sqlx::Sqlite>> },
    Postgres(Arc<Pool<sqlx::Postgres>>),
}

impl Store {
    /// Opens `sqlite:PATH` (created with mode 0600 when it isn't there; its folder must be) or `postgres://…`, and
    /// makes sure that it answers.
    pub async fn open(url: &str, options: Options) -> Result<Self, Error> {
        let mut tag = [0; 8];
        options.entropy.fill(&mut tag);
        let node = format!("{:016x}", u64::from_be_bytes(tag));
        let (pools, is_postgres) = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = Path::new(path.strip_prefix("//").unwrap_or(path));
            (sqlite(path, options.readers)?, false)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (Pools::Postgres(Pool::new(postgres(url)?, options.connections, true)), true)
        } else {
            return Err(Error::Address);
        };
        pools.ping().await?;
        let signals = if is_postgres {
            Signals::listening(url.to_owned(), node.clone()).await
        } else {
            Signals::local()
        };
        let listings = listing::Listings::default();
        Ok(Self { inner: Arc::new(Inner { pools, signals, listings, node, options }) })
    }

    /// Brings the schema up to date. Safe to run at any time, by several nodes at once, and to be killed in.
    pub async fn migrate(&self, now: Timestamp) -> Result<(), Error> {
        migrate::run(self, now).await
    }

    /// Makes sure that the database answers and can be written.
    pub async fn ping(&self) -> Result<(), Error> {
        self.inner.pools.ping().await
    }

    /// A write transaction by `doer`, as part of `operation` (the id that logs and error pages show).
    pub async fn begin(&self, doer: &Doer, operation: &str, now: Timestamp) -> Result<Tx, Error> {
        Tx::begin(self, doer, operation, now).await
    }

    /// What `subject` may see.
    pub fn reader(&self, subject: &Subject) -> Reader {
        Reader::new(self.clone(), subject.clone())
    }

    /// What can be asked before there is a person.
    pub fn visitor(&self) -> Visitor {
        Visitor { store: self.clone() }
    }

    /// What the engine asks, over all firms.
    pub fn engine(&self) -> Engine {
        Engine { store: self.clone() }
    }

    /// Says that something may have changed, outside of a transaction. A hint: it may be lost.
    pub async fn signal(&self, topic: Topic) {
        self.say(topic);
        if self.is_postgres() {
            let ask = Ask::on_pool(self, tx::NOTIFY).bind(signal::CHANNEL).bind(self.payload(topic));
            if let Err(error) = ask.all(|_| Ok(())).await {
                tracing::debug!(%error, "a signal was lost");
            }
        }
    }

    /// Hears what may have changed, on this node and on others.
    pub fn signals(&self) -> broadcast::Receiver<Topic> {
        self.inner.signals.hear()
    }

    pub(crate) fn say(&self, topic: Topic) {
        self.inner.signals.say(topic);
    }

    pub(crate) fn payload(&self, topic: Topic) -> String {
        format!("{} {topic}", self.inner.node)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.inner.pools, Pools::Postgres(_))
    }

    /// SQLite takes the write lock at once: a transaction that reads first and writes later could not be repeated.
    pub(crate) fn begin_text(&self) -> &'static str {
        if self.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.inner.options.entropy
    }

    pub(crate) fn listings(&self) -> &listing::Listings {
        &self.inner.listings
    }

    pub(crate) fn probe(&self) -> Option<&Probe> {
        self.inner.options.probe.as_ref()
    }

    pub(crate) async fn writer(&self) -> Result<Link, Error> {
        self.inner.pools.writer().await
    }

    pub(crate) async fn reader_link(&self) -> Result<Link, Error> {
        self.inner.pools.reader().await
    }
}

impl Pools {
    async fn writer(&self) -> Result<Link, Error> {
        match self {
            Self::Sqlite { writer, .. } => writer.lend().await.map(Link::Sqlite),
            Self::Postgres(pool) => pool.lend().await.map(Link::Postgres),
        }
    }

    async fn reader(&self) -> Result<Link, Error> {
        match self {
            Self::Sqlite { readers, .. } => readers.lend().await.map(Link::Sqlite),
            Self::Postgres(pool) => pool.lend().await.map(Link::Postgres),
        }
    }

    async fn ping(&self) -> Result<(), Error> {
        let mut link = self.writer().await?;
        let outcome = link.raw("SELECT 1", DEADLINE).await;
        link.give_back_after(&outcome);
        outcome
    }
}

/// Every SQL text of the store by file and name, for the tests that prepare and explain them.
pub fn texts() -> impl Iterator<Item = (&'static str, &'static str, Text)> {
    let files: [(&str, &[(&str, Text)]); 26] = [
        ("account", account::TEXTS),
        ("attempt", attempt::TEXTS),
        ("audit", audit::TEXTS),
        ("challenge", challenge::TEXTS),
        ("connection", connection::TEXTS),
        ("edit", edit::TEXTS),
        ("entry", entry::TEXTS),
        ("guard", guard::TEXTS),
        ("health", health::TEXTS),
        ("housekeeping", housekeeping::TEXTS),
        ("invitation", invitation::TEXTS),
        ("listing", listing::TEXTS),
        ("migrate", migrate::TEXTS),
        ("networth", networth::TEXTS),
        ("notice", notice::TEXTS),
        ("outbox", outbox::TEXTS),
        ("person", person::TEXTS),
        ("reconcile", reconcile::TEXTS),
        ("request", request::TEXTS),
        ("review", review::TEXTS),
        ("sealed", sealed::TEXTS),
        ("search", search::TEXTS),
        ("session", session::TEXTS),
        ("token", token::TEXTS),
        ("tx", tx::TEXTS),
        ("wish", wish::TEXTS),
    ];
    files.into_iter().flat_map(|(file, texts)| texts.iter().map(move |(name, text)| (file, *name, *text)))
}

fn sqlite(path: &Path, readers: usize) -> Result<Pools, Error> {
    // SQLite gives its -wal and -shm files the mode of the main file, so it is made before SQLite would.
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if let Err(error) = made
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(Error::File(error));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits when the power fails.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted, such as a sealed login, is overwritten.
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(STATEMENTS_KEPT)
        // Rows come from a thread of the connection's; with less room it and the reader wake each other all the time.
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging();
    let reading = options.clone().pragma("query_only", "ON");
    Ok(Pools::Sqlite {
        writer: Pool::new(options, 1, false),
        readers: Pool::new(reading, readers.max(1), false),
    })
}

fn postgres(url: &str) -> Result<PgConnectOptions, Error> {
    let options: PgConnectOptions = url.parse().map_err(|_| Error::Address)?;
    let deadline = DEADLINE.as_millis().to_string();
    Ok(options
        .application_name("heldaway")
        // The server gives up when we do, so that nobody works for a caller who has left.
        .options([
            ("statement_timeout", deadline.as_str()),
            ("lock_timeout", deadline.as_str()),
            ("idle_in_transaction_session_timeout", "30000"),
            ("timezone", "UTC"),
        ])
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging())
}
