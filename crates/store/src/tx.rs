//! Write transactions: each verb writes its rows and its audit row, all or nothing.

use std::{collections::BTreeSet, sync::Arc};

use domain::{HouseholdId, Timestamp, audit::Doer, world::Entropy};
use tokio::time::timeout;

use crate::{
    DEADLINE, Error, Store, Topic,
    column::Value,
    query::{self, Answer, Ask, Link, TRIES, Text, Want},
    signal::CHANNEL,
    told::{self, told},
};

/// A moment at which a test may look at, stop or fail a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'a> {
    pub at: At,
    /// The first audit action of the transaction, or empty before it. First and last together tell commits apart.
    pub first: &'a str,
    /// The last audit action, or empty before the first.
    pub action: &'a str,
}

/// Where in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before the n-th statement, counted from 1.
    Statement(u32),
    /// Everything is written, nothing is committed.
    BeforeCommit,
    /// Committed; nobody has been told yet.
    AfterCommit,
}

/// What a probe answers to have the store fail at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault;

/// Called at each [`Moment`]; an error makes that moment fail (after the commit: has no effect).
pub type Probe = Arc<dyn Fn(Moment<'_>) -> Result<(), Fault> + Send + Sync>;

pub(crate) const NOTIFY: Text = Text::dialect("SELECT $1, $2", "SELECT CAST(pg_notify($1, $2) AS TEXT)");
pub(crate) const TEXTS: &[(&str, Text)] = &[("NOTIFY", NOTIFY)];

/// A write transaction of one doer. Dropped without [`Tx::commit`], it leaves nothing.
pub struct Tx {
    store: Store,
    link: Option<Link>,
    doer: Doer,
    operation: String,
    now: Timestamp,
    statements: u32,
    /// Written since the last audit row.
    unaudited: bool,
    failed: bool,
    first: &'static str,
    action: &'static str,
    topics: Vec<Topic>,
    /// Households with an audit row of this transaction.
    changed: BTreeSet<HouseholdId>,
    /// Households whose rows are held and whose revisions are raised.
    held: BTreeSet<HouseholdId>,
}

impl Tx {
    pub(crate) async fn begin(
        store: &Store,
        doer: &Doer,
        operation: &str,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let link = told(told::BEGIN, async {
            timeout(DEADLINE, begun(store)).await.map_err(|_| Error::Deadline { during: "begin" })?
        })
        .await?;
        Ok(Self {
            store: store.clone(),
            link: Some(link),
            doer: doer.clone(),
            operation: operation.to_owned(),
            now,
            statements: 0,
            unaudited: false,
            failed: false,
            first: "",
            action: "",
            topics: Vec::new(),
            changed: BTreeSet::new(),
            held: BTreeSet::new(),
        })
    }

    /// When it began: the time of all rows it writes.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Who writes.
    pub fn doer(&self) -> &Doer {
        &self.doer
    }

    /// The operation it belongs to, for the audit rows.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// For new ids.
    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.store.entropy()
    }

    /// A question, or a write that needs no audit row: leases, last-used times and other bookkeeping that changes
    /// nothing a person would ask about. A test counts the uses.
    pub(crate) fn ask(&mut self, text: Text) -> Ask<'_> {
        Ask::in_tx(self, text)
    }

    /// A change. The verb must write its audit row after it.
    pub(crate) fn write(&mut self, text: Text) -> Ask<'_> {
        self.unaudited = true;
        Ask::in_tx(self, text)
    }

    /// Says `topic` once the transaction is committed.
    pub fn tell(&mut self, topic: Topic) {
        if !self.topics.contains(&topic) {
            self.topics.push(topic);
        }
    }

    /// Names what is being done, for the probe; returns the place of its audit row.
    pub(crate) fn act(&mut self, action: &'static str) -> u32 {
        if self.first.is_empty() {
            self.first = action;
        }
        self.action = action;
        self.statements
    }

    /// An audit row was written, of this household.
    pub(crate) fn audited(&mut self, household: Option<HouseholdId>) {
        self.unaudited = false;
        self.changed.extend(household);
    }

    pub(crate) fn holds(&self, household: HouseholdId) -> bool {
        self.held.contains(&household)
    }

    pub(crate) fn now_holds(&mut self, household: HouseholdId) {
        self.held.insert(household);
    }

    /// Those that are not held yet, in one order, so that two transactions can't wait for one another.
    pub(crate) fn changed_households(&self) -> Vec<HouseholdId> {
        self.changed.difference(&self.held).copied().collect()
    }

    /// One statement within the transaction. After a failure nothing more is accepted, as PostgreSQL does by itself.
    pub(crate) async fn run(&mut self, text: Text, values: &[Value], want: Want) -> Result<Answer, Error> {
        if self.failed {
            return Err(Error::Failed);
        }
        self.statements += 1;
        let probed = self.probe(At::Statement(self.statements));
        self.failed = true;
        probed?;
        // Taken out, so that a call which is dropped in the middle closes the connection, which rolls back.
        let mut link = self.link.take().ok_or(Error::Failed)?;
        let outcome = timeout(DEADLINE, query::ask(&mut link, text, values, want))
            .await
            .unwrap_or(Err(Error::Deadline { during: "a statement" }));
        match &outcome {
            Err(error) if error.breaks_connection() => link.give_back_after(&outcome),
            _ => self.link = Some(link),
        }
        self.failed = outcome.is_err();
        outcome
    }

    fn probe(&self, at: At) -> Result<(), Error> {
        let Some(probe) = self.store.probe() else { return Ok(()) };
        probe(Moment { at, first: self.first, action: self.action }).map_err(|Fault| Error::Probe)
    }

    /// Makes it true, then says its topics.
    ///
    /// [`Error::Unaudited`] if the last thing written has no audit row; [`Error::Unclear`] if the answer didn't come.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.failed {
            return Err(Error::Failed);
        }
        if self.unaudited {
            return Err(Error::Unaudited { operation: std::mem::take(&mut self.operation) });
        }
        self.raise_revisions().await?;
        self.notify().await?;
        self.probe(At::BeforeCommit)?;
        let mut link = self.link.take().ok_or(Error::Failed)?;
        match told(told::COMMIT, link.raw("COMMIT", DEADLINE)).await {
            Ok(()) => link.give_back(),
            Err(error) if error.breaks_connection() => return Err(Error::Unclear),
            Err(error) => {
                self.link = Some(link);
                return Err(error);
            }
        }
        // What is committed stays so, whatever the probe answers.
        let _ = self.probe(At::AfterCommit);
        for topic in &self.topics {
            self.store.say(*topic);
        }
        Ok(())
    }

    /// On PostgreSQL the other nodes hear of it with the commit.
    async fn notify(&mut self) -> Result<(), Error> {
        if !self.store.is_postgres() {
            return Ok(());
        }
        for topic in self.topics.clone() {
            let payload = self.store.payload(topic);
            self.ask(NOTIFY).bind(CHANNEL).bind(payload).all(|_| Ok(())).await?;
        }
        Ok(())
    }
}

/// A connection with an open transaction. A resting connection that turns out to be dead is nobody's error.
async fn begun(store: &Store) -> Result<Link, Error> {
    for _ in 1..TRIES {
        match begun_once(store).await {
            Err(Error::Connection(_)) => {}
            outcome => return outcome,
        }
    }
    begun_once(store).await
}

async fn begun_once(store: &Store) -> Result<Link, Error> {
    let mut link = store.writer().await?;
    match link.raw(store.begin_text(), DEADLINE).await {
        Ok(()) => Ok(link),
        Err(error) => {
            let outcome = Err(error);
            link.give_back_after(&outcome);
            outcome
        }
    }
}

impl Drop for Tx {
    /// Rolls back in the background, so that the connection can be lent again; where that can't be done, closing the
    /// connection rolls back as well.
    fn drop(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if link.raw("ROLLBACK", DEADLINE).await.is_ok() {
                link.give_back();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccountId, Date};

    use super::*;
    use crate::{
        column::only,
        query::texts,
        testing::{self, Sample, now},
    };

    texts! {
        NOTHING = Text::one("SELECT MAX(amount) FROM account WHERE id = ''");
    }

    #[tokio::test]
    async fn what_has_no_audit_row_is_not_committed() {
        for database in testing::databases().await {
            let sample = Sample::new(&database.store, "Oak").await;
            let before = testing::contents(&database.url).await;
            let mut tx = database.store.begin(&sample.by_client(), "op-1", now()).await.unwrap();
            tx.share_find_new(sample.household.id, true).await.unwrap();
            tx.settle_net_worth(sample.household.id).await.unwrap();
            let refused = tx.commit().await;
            assert!(
                matches!(&refused, Err(Error::Unaudited { operation }) if operation == "op-1"),
                "{refused:?}"
            );
            assert_eq!(testing::contents(&database.url).await, before, "{database:?}");
        }
    }

    #[tokio::test]
    async fn nothing_is_committed_after_a_failed_statement() {
        for database in testing::databases().await {
            let sample = Sample::new(&database.store, "Oak").await;
            let before = testing::contents(&database.url).await;
            let mut tx = database.store.begin(&sample.by_client(), "op", now()).await.unwrap();
            tx.share_find_new(sample.household.id, true).await.unwrap();
            let nowhere = AccountId::new(now(), database.entropy());
            assert!(
                tx.keep_value(nowhere, Date::constant(2026, 1, 1), 1).await.is_err(),
                "a foreign key holds"
            );
            assert!(matches!(tx.share_find_new(sample.household.id, true).await, Err(Error::Failed)));
            assert!(matches!(tx.commit().await, Err(Error::Failed)));
            assert_eq!(testing::contents(&database.url).await, before, "{database:?}");
        }
    }

    #[tokio::test]
    async fn a_null_where_none_may_be_is_an_error() {
        assert_eq!(TEXTS.len(), 1);
        for database in testing::databases().await {
            let read = Ask::on_pool(&database.store, NOTHING).one(only::<i64>).await;
            assert!(matches!(read, Err(Error::Column { index: 0, .. })), "{database:?}: {read:?}");
            let read = Ask::on_pool(&database.store, NOTHING).one(only::<Option<i64>>).await;
            assert_eq!(read.unwrap(), None, "{database:?}");
            let read = Ask::on_pool(&database.store, NOTHING)
                .one(|row| row.next::<Option<i64>>().and(row.next::<i64>()));
            assert!(matches!(read.await, Err(Error::Column { index: 1, .. })), "{database:?}");
        }
    }
}
