//! Live progress: what the page of steps shows, and when it should look again.

use std::time::Duration;

use domain::{
    ConnectionId,
    account::Account,
    attempt::Attempt,
    audit::Subject,
    challenge::Challenge,
    connection::Connection,
    rights::{self, Act},
};
use store::Topic;
use tokio_stream::{
    Stream, StreamExt,
    wrappers::{BroadcastStream, IntervalStream},
};

use crate::{Engine, Error, Health, permit};

/// Without any signal a page looks again after this.
const SLOW_POLL: Duration = Duration::from_secs(3);

/// Everything that the page of a connection shows, in one snapshot.
#[derive(Debug, Clone)]
pub struct Progress {
    pub connection: Connection,
    /// The latest run, under way or over.
    pub attempt: Option<Attempt>,
    /// The open question; only for whose login it is.
    pub challenge: Option<Challenge>,
    /// Found accounts that wait for the client's decision; only for clients.
    pub found: Vec<Account>,
    pub health: Health,
}

impl Engine {
    /// The present state of a connection, as far as the subject may see it.
    pub async fn progress(&self, subject: &Subject, id: ConnectionId) -> Result<Progress, Error> {
        let reader = self.inner.store.reader(subject);
        let connection = reader.connection(id).await?;
        let resource = reader.resource(connection.household, Some(connection.owner)).await?;
        permit(subject, Act::SeeHousehold, &resource)?;
        let may = |act| rights::allow(subject, act, &resource).is_yes();
        let challenge = if may(Act::SeeChallenge) { reader.open_challenge(id).await? } else { None };
        let found = if may(Act::ReviewAccounts) { reader.found_accounts(id).await? } else { Vec::new() };
        let attempt = reader.attempts(id, 1).await?.pop();
        let health = self.health(&connection.offering).await?;
        Ok(Progress { connection, attempt, challenge, found, health })
    }

    /// Wakes when something about a connection may have changed, and now and then without a cause: signals are hints.
    /// What changed is read by [`Engine::progress`].
    pub fn watch(&self, id: ConnectionId) -> impl Stream<Item = ()> + Send + use<> {
        let signals = BroadcastStream::new(self.inner.store.signals()).filter_map(move |heard| match heard {
            Ok(Topic::Connection(of)) if of == id => Some(()),
            Ok(_) => None,
            // Too many signals at once: any of them may have been ours.
            Err(_) => Some(()),
        });
        let poll = IntervalStream::new(tokio::time::interval(SLOW_POLL)).map(drop);
        signals.merge(poll)
    }
}
