//! One question to the database: its text, what is bound, and how its rows are read.

use std::time::Duration;

use sqlx::{Arguments, AssertSqlSafe, Executor as _, postgres::PgArguments, sqlite::SqliteArguments};
use tokio::time::timeout;

use crate::{
    Error, Store,
    column::{Bind, Row, Value},
    pool,
    told::{self, told},
    tx::Tx,
};

/// The longest wait for one answer of the database, the wait for a connection included. sqlx has no deadline of its own.
pub const DEADLINE: Duration = Duration::from_millis(2_500);
/// How often a read, or the begin of a transaction, is tried when its connection turns out to be dead.
pub(crate) const TRIES: u32 = 3;

/// An SQL text. Only [`texts!`] makes one, so the test that prepares all of them on both databases misses none.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Text {
    pub(crate) const fn one(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// For the very few questions that must differ; a test counts them.
    pub(crate) const fn dialect(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// The text for SQLite and the one for PostgreSQL.
    pub fn both(self) -> [&'static str; 2] {
        [self.sqlite, self.postgres]
    }
}

/// Declares the SQL texts of a noun file: a constant for each, and `TEXTS` with all of them.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])* const $name: $crate::query::Text = $text;)+
        /// Every SQL text of this file.
        pub(crate) const TEXTS: &[(&str, $crate::query::Text)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use texts;

/// A lent connection of either database.
pub(crate) enum Link {
    Sqlite(pool::Lent<sqlx::Sqlite>),
    Postgres(pool::Lent<sqlx::Postgres>),
}

impl Link {
    pub(crate) fn give_back(self) {
        match self {
            Self::Sqlite(lent) => lent.give_back(),
            Self::Postgres(lent) => lent.give_back(),
        }
    }

    /// Back to the pool, unless `outcome` shows that it can't be used any more.
    pub(crate) fn give_back_after<T>(self, outcome: &Result<T, Error>) {
        match (outcome, self) {
            (Err(error), Self::Sqlite(lent)) if error.breaks_connection() => lent.abandon(error),
            (Err(error), Self::Postgres(lent)) if error.breaks_connection() => lent.abandon(error),
            (_, link) => link.give_back(),
        }
    }

    /// A statement without parameters and rows: `BEGIN`, `COMMIT`, a piece of a migration.
    pub(crate) async fn raw(&mut self, text: &str, wait: Duration) -> Result<(), Error> {
        let late = |_| Error::Deadline { during: "a statement" };
        let sql = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        match self {
            Self::Sqlite(lent) => {
                timeout(wait, lent.connection().execute(sql)).await.map_err(late)??.rows_affected()
            }
            Self::Postgres(lent) => {
                timeout(wait, lent.connection().execute(sql)).await.map_err(late)??.rows_affected()
            }
        };
        Ok(())
    }
}

/// Runs one body on either database: `$connection` and `$sql` (text with its arguments) are bound to the native types.
macro_rules! either {
    ($link:expr, $text:expr, $values:expr, |$connection:ident, $sql:ident| $body:expr) => {
        match $link {
            Link::Sqlite(lent) => {
                let $sql = sqlx::query_with($text.sqlite, sqlite_arguments($values)?);
                let $connection = lent.connection();
                $body
            }
            Link::Postgres(lent) => {
                let $sql = sqlx::query_with($text.postgres, postgres_arguments($values)?);
                let $connection = lent.connection();
                $body
            }
        }
    };
}

macro_rules! arguments {
    ($name:ident, $arguments:ty) => {
        fn $name(values: &[Value]) -> Result<$arguments, Error> {
            let mut arguments = <$arguments>::default();
            arguments.reserve(values.len(), values.len() * 16);
            for value in values {
                match value {
                    Value::Int(value) => arguments.add(*value),
                    Value::Bool(value) => arguments.add(*value),
                    Value::Text(value) => arguments.add(value.clone()),
                    Value::Bytes(value) => arguments.add(value.clone()),
                }
                .map_err(Error::Database)?;
            }
            Ok(arguments)
        }
    };
}
arguments!(sqlite_arguments, SqliteArguments);
arguments!(postgres_arguments, PgArguments);

/// Where a question is asked.
enum Via<'a> {
    /// Outside of any transaction: SQLite's readers, PostgreSQL's pool.
    Pool(&'a Store),
    /// Outside of any transaction, but it writes: SQLite's writer.
    Writer(&'a Store),
    Tx(&'a mut Tx),
}

/// A question being put together: `store.ask(TEXT).bind(id).all(read)`.
pub(crate) struct Ask<'a> {
    via: Via<'a>,
    text: Text,
    values: Vec<Value>,
}

impl<'a> Ask<'a> {
    pub(crate) fn on_pool(store: &'a Store, text: Text) -> Self {
        Self { via: Via::Pool(store), text, values: Vec::with_capacity(8) }
    }

    pub(crate) fn on_writer(store: &'a Store, text: Text) -> Self {
        Self { via: Via::Writer(store), text, values: Vec::with_capacity(8) }
    }

    pub(crate) fn in_tx(tx: &'a mut Tx, text: Text) -> Self {
        Self { via: Via::Tx(tx), text, values: Vec::with_capacity(16) }
    }

    /// The value of the next placeholder.
    pub(crate) fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.value());
        self
    }

    /// All rows.
    pub(crate) async fn all<T>(
        self,
        read: impl FnMut(&mut Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.run(Want::All).await?.all(read)
    }

    /// The first row, if there is one.
    pub(crate) async fn first<T>(
        self,
        read: impl FnMut(&mut Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.run(Want::All).await?.first(read)
    }

    /// The one row, or [`Error::NotFound`].
    pub(crate) async fn one<T>(self, read: impl FnMut(&mut Row<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.first(read).await?.ok_or(Error::NotFound)
    }

    /// Runs a write and tells how many rows it changed.
    pub(crate) async fn run_count(self) -> Result<u64, Error> {
        match self.run(Want::Affected).await? {
            Answer::Affected(count) => Ok(count),
            Answer::Sqlite(_) | Answer::Postgres(_) => Ok(0),
        }
    }

    /// Runs a write that must change something, or [`Error::Conflict`]: the compare-and-set.
    pub(crate) async fn run_or_conflict(self) -> Result<(), Error> {
        if self.run_count().await? == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    async fn run(self, want: Want) -> Result<Answer, Error> {
        let call = match self.via {
            Via::Pool(_) => told::READ,
            Via::Writer(_) => told::WRITE,
            Via::Tx(_) => told::STATEMENT,
        };
        told(call, self.answer(want)).await
    }

    async fn answer(self, want: Want) -> Result<Answer, Error> {
        let Self { via, text, values } = self;
        match via {
            Via::Tx(tx) => tx.run(text, &values, want).await,
            Via::Writer(store) => {
                let call = async { on_link(store.writer().await?, text, &values, want).await };
                timeout(DEADLINE, call).await.map_err(|_| Error::Deadline { during: "a write" })?
            }
            Via::Pool(store) => timeout(DEADLINE, read(store, text, &values, want))
                .await
                .map_err(|_| Error::Deadline { during: "a read" })?,
        }
    }
}

/// A read may be asked again: after a restart of the database every resting connection is dead, and finding that out
/// is nobody's error.
async fn read(store: &Store, text: Text, values: &[Value], want: Want) -> Result<Answer, Error> {
    let mut tries = 1;
    loop {
        let outcome = on_link(store.reader_link().await?, text, values, want).await;
        match outcome {
            Err(Error::Connection(_)) if tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn on_link(mut link: Link, text: Text, values: &[Value], want: Want) -> Result<Answer, Error> {
    let outcome = ask(&mut link, text, values, want).await;
    link.give_back_after(&outcome);
    outcome
}

/// What is expected back.
#[derive(Clone, Copy)]
pub(crate) enum Want {
    All,
    Affected,
}

/// What came back.
pub(crate) enum Answer {
    Affected(u64),
    Sqlite(Vec<sqlx::sqlite::SqliteRow>),
    Postgres(Vec<sqlx::postgres::PgRow>),
}

impl Answer {
    fn all<T>(self, mut read: impl FnMut(&mut Row<'_>) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        match self {
            Self::Sqlite(rows) => rows.iter().map(|row| read(&mut Row::sqlite(row))).collect(),
            Self::Postgres(rows) => rows.iter().map(|row| read(&mut Row::postgres(row))).collect(),
            Self::Affected(_) => Ok(Vec::new()),
        }
    }

    pub(crate) fn first<T>(
        self,
        mut read: impl FnMut(&mut Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self {
            Self::Sqlite(rows) => rows.first().map(|row| read(&mut Row::sqlite(row))).transpose(),
            Self::Postgres(rows) => rows.first().map(|row| read(&mut Row::postgres(row))).transpose(),
            Self::Affected(_) => Ok(None),
        }
    }
}

impl From<Vec<sqlx::sqlite::SqliteRow>> for Answer {
    fn from(rows: Vec<sqlx::sqlite::SqliteRow>) -> Self {
        Self::Sqlite(rows)
    }
}

impl From<Vec<sqlx::postgres::PgRow>> for Answer {
    fn from(rows: Vec<sqlx::postgres::PgRow>) -> Self {
        Self::Postgres(rows)
    }
}

/// Asks on one connection, without a deadline: the callers have theirs.
pub(crate) async fn ask(link: &mut Link, text: Text, values: &[Value], want: Want) -> Result<Answer, Error> {
    either!(link, text, values, |connection, sql| match want {
        Want::All => Ok(sql.fetch_all(connection).await?.into()),
        Want::Affected => Ok(Answer::Affected(sql.execute(connection).await?.rows_affected())),
    })
}
