//! Connections to one database, lent one at a time.
//!
//! Not sqlx's own pool: that one waits for ever on a connection whose other end is gone (no keepalive, no deadline)
//! and pings at each return, which on SQLite costs as much as the query. Here a connection comes back only after an
//! answer that was read to its end; one that was dropped in the middle, or failed, is closed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, Database};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::Error;

/// How long a call waits for a free connection, and for a new one to open.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that rested longer is asked whether it is alive before it is lent.
const RESTED: Duration = Duration::from_secs(1);
/// Before a refused opening is tried again.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// A living connection answers within this.
const PING_TIMEOUT: Duration = Duration::from_millis(300);

type OptionsOf<DB> = <<DB as Database>::Connection as Connection>::Options;

pub(crate) struct Pool<DB: Database> {
    options: OptionsOf<DB>,
    /// Whether a network lies between, so that a resting connection may be dead.
    remote: bool,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Resting<DB>>>,
}

struct Resting<DB: Database> {
    connection: DB::Connection,
    since: Instant,
}

impl<DB: Database> Pool<DB> {
    pub(crate) fn new(options: OptionsOf<DB>, size: usize, remote: bool) -> Arc<Self> {
        Arc::new(Self {
            options,
            remote,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Vec::with_capacity(size)),
        })
    }

    /// A connection for the caller alone, within [`ACQUIRE_TIMEOUT`].
    pub(crate) async fn lend(self: &Arc<Self>) -> Result<Lent<DB>, Error> {
        timeout(ACQUIRE_TIMEOUT, self.lend_in_time())
            .await
            .map_err(|_| Error::Deadline { during: "waiting for a connection" })?
    }

    async fn lend_in_time(self: &Arc<Self>) -> Result<Lent<DB>, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Busy)?;
        let connection = match self.wake().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent { connection: Some(connection), pool: Arc::clone(self), _permit: permit })
    }

    /// SQLite refuses at once, whatever its busy timeout, while another connection turns a new file into a WAL one.
    async fn connect(&self) -> Result<DB::Connection, Error> {
        loop {
            match self.options.connect().await.map_err(Error::from) {
                Err(Error::Busy) => sleep(BUSY_PAUSE).await,
                connected => return connected,
            }
        }
    }

    /// The connection that rested the shortest, if it lives.
    async fn wake(&self) -> Option<DB::Connection> {
        let resting = self.idle().pop()?;
        let mut connection = resting.connection;
        if !self.remote || resting.since.elapsed() < RESTED {
            return Some(connection);
        }
        if let Ok(Ok(())) = timeout(PING_TIMEOUT, connection.ping()).await {
            return Some(connection);
        }
        self.forget_resting();
        None
    }

    /// Closes what rests: one connection that died was not the only one.
    fn forget_resting(&self) {
        if self.remote {
            self.idle().clear();
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Resting<DB>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lent connection: given back, or closed when dropped.
pub(crate) struct Lent<DB: Database> {
    connection: Option<DB::Connection>,
    pool: Arc<Pool<DB>>,
    _permit: OwnedSemaphorePermit,
}

impl<DB: Database> Lent<DB> {
    pub(crate) fn connection(&mut self) -> &mut DB::Connection {
        self.connection.as_mut().expect("a lent connection is there until it is given back")
    }

    /// Back to the pool: only when nothing is under way on it.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.idle().push(Resting { connection, since: Instant::now() });
        }
    }

    /// Closes it after `error`. What rests too long is asked for its life anyway, so a deadline says nothing of others.
    pub(crate) fn abandon(self, error: &Error) {
        if matches!(error, Error::Connection(_)) {
            self.pool.forget_resting();
        }
    }
}
