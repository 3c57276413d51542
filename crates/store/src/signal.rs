//! Signals: hints to whoever waits that a row may have changed. Polling is the truth; without them everything is
//! slower, nothing is wrong.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use domain::{ConnectionId, FirmId, HouseholdId};
use sqlx::postgres::PgListener;
use tokio::{
    sync::{Notify, broadcast},
    task::AbortHandle,
    time::timeout,
};

/// The channel of PostgreSQL's NOTIFY.
pub(crate) const CHANNEL: &str = "heldaway";
/// A listener that hears nothing for so long makes sure that its connection lives.
const QUIET: Duration = Duration::from_secs(20);
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(2);

/// What may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// There may be due work for the engine.
    Work,
    /// A connection, its attempt, its question or its accounts.
    Connection(ConnectionId),
    /// Something else of a household.
    Household(HouseholdId),
    /// What a firm has its own way in the directory.
    Directory(FirmId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work => f.write_str("work"),
            Self::Connection(id) => write!(f, "connection {id}"),
            Self::Household(id) => write!(f, "household {id}"),
            Self::Directory(id) => write!(f, "directory {id}"),
        }
    }
}

impl FromStr for Topic {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(' ') {
            None if text == "work" => Ok(Self::Work),
            Some(("connection", id)) => id.parse().map(Self::Connection).map_err(|_| ()),
            Some(("household", id)) => id.parse().map(Self::Household).map_err(|_| ()),
            Some(("directory", id)) => id.parse().map(Self::Directory).map_err(|_| ()),
            _ => Err(()),
        }
    }
}

/// The hub of one process: what is said here, and on PostgreSQL what other nodes say.
pub(crate) struct Signals {
    hub: broadcast::Sender<Topic>,
    listener: Option<AbortHandle>,
}

impl Signals {
    pub(crate) fn local() -> Self {
        Self { hub: broadcast::channel(1024).0, listener: None }
    }

    /// Also hears what other nodes say through the PostgreSQL database at `url`. `me` marks what this node said.
    ///
    /// Returns when it hears them, or after [`crate::DEADLINE`] without: hints may be late.
    pub(crate) async fn listening(url: String, me: String) -> Self {
        let hub = broadcast::channel(1024).0;
        let hears = Arc::new(Notify::new());
        let listener = tokio::spawn(listen(url, me, hub.clone(), Arc::clone(&hears))).abort_handle();
        let _ = timeout(crate::DEADLINE, hears.notified()).await;
        Self { hub, listener: Some(listener) }
    }

    pub(crate) fn say(&self, topic: Topic) {
        // Nobody listening is no fault.
        let _ = self.hub.send(topic);
    }

    pub(crate) fn hear(&self) -> broadcast::Receiver<Topic> {
        self.hub.subscribe()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

async fn listen(url: String, me: String, hub: broadcast::Sender<Topic>, hears: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&url, &me, &hub, &hears).await {
            tracing::debug!(%error, "the listener for signals starts again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(
    url: &str,
    me: &str,
    hub: &broadcast::Sender<Topic>,
    hears: &Notify,
) -> Result<(), sqlx::Error> {
    let late = |_| sqlx::Error::PoolTimedOut;
    let mut listener = timeout(crate::DEADLINE, PgListener::connect(url)).await.map_err(late)??;
    timeout(crate::DEADLINE, listener.listen(CHANNEL)).await.map_err(late)??;
    hears.notify_one();
    loop {
        let Ok(heard) = timeout(QUIET, listener.recv()).await else {
            timeout(crate::DEADLINE, sqlx::query("SELECT 1").execute(&mut listener))
                .await
                .map_err(late)??;
            continue;
        };
        let heard = heard?;
        // `<node> <topic>`
        let Some((node, topic)) = heard.payload().split_once(' ') else { continue };
        if node != me
            && let Ok(topic) = topic.parse()
        {
            let _ = hub.send(topic);
        }
    }
}
