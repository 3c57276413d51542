//! Carry each connection through its life: attempts, vault, schedule, merging, health, live progress.
//!
//! Floor 2. The queue of work is the column `connection.due_at`: [`Engine::tick`] claims what is due under a lease,
//! takes one step of its connector outside of any transaction, and applies what came in one transaction that checks
//! the lease. Between two steps nothing is held in memory, so any node can go on after any crash.
//!
//! Every public method that a person can cause decides by `domain::rights` itself; the web is not trusted.

pub mod health;
pub mod live;
pub mod reconcile;
pub mod review;
pub mod schedule;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;

mod acts;
mod attempt;
mod desk;
mod directories;
mod housekeeping;
mod work;

use std::{fmt, sync::Arc, time::Duration};

use connectors::{Connector, Net};
use directory::Directory;
use domain::{
    FirmId, Timestamp,
    account::Account,
    audit::Subject,
    connection::IllegalMove,
    institution::Offering,
    limits,
    rights::{self, Act, Resource, Verdict},
    world::{Clock, Entropy},
};
use jiff::tz::TimeZone;
use store::{Store, sealed::Canary};

pub use crate::{
    acts::NewConnection,
    desk::{Kept, OfferingEdit, add_alias},
    health::Health,
    live::Progress,
    review::{Choice, Decision, Suggestion},
    schedule::Schedule,
    vault::{MasterKey, Vault},
    work::Worked,
};
use crate::{directories::Directories, housekeeping::NextLook, schedule::Days};

/// What an engine is made of.
pub struct Parts {
    pub store: Store,
    pub vault: Vault,
    pub net: Net,
    /// What the binary knows; each firm's own entries are put over it.
    pub directory: Arc<Directory>,
    /// `connectors::registry::all()`.
    pub connectors: Vec<&'static dyn Connector>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub schedule: Schedule,
    /// Names this process among all that work on the database.
    pub node: String,
    pub options: Options,
}

/// Times and limits of the work, shorter in tests.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a worker owns a claimed connection.
    pub lease: Duration,
    /// The longest single step; shorter than the lease.
    pub step_timeout: Duration,
    /// Connections worked on at the same time by this node.
    pub workers: usize,
    /// Attempts at one institution at the same time, over all nodes.
    pub institution_concurrency_max: u32,
    /// After so many claims without a step a run is given up, as it may be what kills its workers.
    pub tries_max: u32,
    /// The longest sleep between two looks at the queue; signals make it shorter.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lease: limits::LEASE,
            step_timeout: limits::STEP_TIMEOUT,
            workers: 16,
            institution_concurrency_max: limits::INSTITUTION_CONCURRENCY_MAX,
            tries_max: 5,
            poll: Duration::from_secs(2),
        }
    }
}

/// Why the engine could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or out of reach: the two are never told apart.
    #[error("not there")]
    NotFound,
    /// It may be known, but this may not be done to it by who asks.
    #[error("not permitted")]
    Forbidden,
    /// The state doesn't permit it: another tab, a double click, too soon.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// The directory has no such offering.
    #[error("no such institution")]
    UnknownOffering,
    /// Nothing can connect to this offering yet.
    #[error("this institution can't be connected yet")]
    NotConnectable,
    /// A question without an answer, or one beyond [`limits::ANSWER_BYTES_MAX`]; names the question.
    #[error("the answer to {question} is missing or too long")]
    Answer { question: String },
    /// A decision about an account that can't be decided so, or no longer.
    #[error("this account can't be decided so")]
    Decision,
    /// A firm's view of the directory could not be built.
    #[error("the directory")]
    Directory(#[from] tokio::task::JoinError),
    /// The database.
    #[error("the database")]
    Store(#[source] store::Error),
    /// A secret could not be opened.
    #[error("the vault")]
    Vault(#[from] vault::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            other => Self::Store(other),
        }
    }
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Parts>,
    house: Arc<NextLook>,
    directories: Arc<Directories>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("node", &self.inner.node).finish_non_exhaustive()
    }
}

impl Engine {
    /// Puts the parts together. Call [`Engine::check_key`] before the first use.
    pub fn new(parts: Parts) -> Self {
        let directories = Arc::new(Directories::new(&parts.store));
        Self { inner: Arc::new(parts), house: Arc::default(), directories }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Makes sure that the master keys are those of this database, and keeps a canary of a new one.
    ///
    /// [`vault::Error::KeyMissing`] names a key that stored secrets need; [`vault::Error::Refused`]: the key of that
    /// name is not the one that was used.
    pub async fn check_key(&self) -> Result<(), Error> {
        let (vault, engine) = (&self.inner.vault, self.inner.store.engine());
        for needed in engine.master_keys().await? {
            if !vault.ids().any(|id| id == needed) {
                return Err(vault::Error::KeyMissing { id: needed }.into());
            }
        }
        let canaries = engine.canaries().await?;
        for canary in canaries.iter().filter(|canary| vault.ids().any(|id| id == canary.master_key)) {
            vault.check_canary(&canary.master_key, &canary.bytes)?;
        }
        if canaries.iter().any(|canary| canary.master_key == vault.active()) {
            return Ok(());
        }
        // A new active key is one that was rotated in: one of those before must be in the ring.
        let known = canaries.iter().any(|canary| vault.ids().any(|id| id == canary.master_key));
        if let (Some(first), false) = (canaries.first(), known) {
            return Err(vault::Error::KeyMissing { id: first.master_key.clone() }.into());
        }
        let bytes = vault.canary(self.entropy());
        let canary = Canary { master_key: vault.active().to_owned(), bytes };
        let mut tx = self.inner.store.begin(&domain::audit::Doer::Operator, "start", self.now()).await?;
        tx.add_canary(&canary).await?;
        Ok(tx.commit().await?)
    }

    fn entropy(&self) -> &dyn Entropy {
        &*self.inner.entropy
    }

    /// An offering with a connector that is there.
    async fn connectable(
        &self,
        firm: FirmId,
        offering: &str,
    ) -> Result<(Offering, &'static dyn Connector), Error> {
        let directory = self.directory(firm).await?;
        let offering = directory.offering(offering).cloned().ok_or(Error::UnknownOffering)?;
        let access = offering.access.as_ref().ok_or(Error::NotConnectable)?;
        let mut connectors = self.inner.connectors.iter();
        let connector = connectors.find(|connector| connector.about().name == access.connector);
        let connector = *connector.ok_or(Error::NotConnectable)?;
        Ok((offering, connector))
    }

    async fn zone(&self, firm: FirmId) -> Result<TimeZone, Error> {
        let name = self.inner.store.engine().zone(firm).await?;
        Ok(TimeZone::get(&name).unwrap_or(TimeZone::UTC))
    }

    async fn calendar(&self, firm: FirmId) -> Result<Days, Error> {
        Ok(self.inner.schedule.in_zone(self.zone(firm).await?))
    }
}

/// The decision of `domain::rights` as a result.
fn permit(subject: &Subject, act: Act, on: &Resource) -> Result<(), Error> {
    match rights::allow(subject, act, on) {
        Verdict::Yes => Ok(()),
        Verdict::Forbidden => Err(Error::Forbidden),
        Verdict::Invisible => Err(Error::NotFound),
    }
}

/// Whether an account of a household is one that a found account may be linked to.
fn is_same_currency(one: &Account, other: &Account) -> bool {
    one.currency == other.currency
}
