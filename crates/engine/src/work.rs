//! The work: claim what is due, step it, and sleep until something is due again.

use std::{future::Future, time::Duration};

use domain::{
    Reason, Timestamp,
    attempt::Stage,
    audit::Doer,
    connection::{Connection, Event},
    reason::State,
};
use futures_util::{StreamExt, stream};
use store::{
    Topic, Tx,
    attempt::{End, Open},
    challenge::Closed,
    connection::{Due, Lease},
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
};

use crate::{Engine, Error, attempt::Run, health, vault::Purpose};

/// Due connections looked at in one round.
const ROUND: u32 = 64;
/// After an error of the store the queue is left alone for so long.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// After work that could not be taken or broke off, the queue is left alone for so long.
const FRUITLESS_PAUSE: Duration = Duration::from_millis(100);

/// What a round of work came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worked {
    /// Connections that this node took.
    pub claimed: u32,
    /// Steps of connectors that were taken and applied.
    pub stepped: u32,
    /// Runs whose question was not answered in time.
    pub expired: u32,
    /// Connections whose work broke off with an error; they are taken up again.
    pub broken: u32,
}

impl Worked {
    /// True when there was nothing to do.
    pub fn is_idle(self) -> bool {
        self == Self::default()
    }

    /// True when what was due is still as due as before.
    fn is_fruitless(self) -> bool {
        self.broken > 0 || self.is_idle()
    }

    fn plus(self, other: Self) -> Self {
        Self {
            claimed: self.claimed + other.claimed,
            stepped: self.stepped + other.stepped,
            expired: self.expired + other.expired,
            broken: self.broken + other.broken,
        }
    }
}

/// What a claim came to.
pub(crate) enum Claimed {
    /// Somebody else has it, or its institution is busy or down.
    No,
    /// It was settled by the claim itself, without a step.
    Settled { expired: bool },
    /// It is ours: step it.
    Run(Box<Run>),
}

/// Waits for a signal of work, at most for `pause`.
async fn woken(signals: &mut Receiver<Topic>, pause: Duration) {
    let mut sleep = std::pin::pin!(tokio::time::sleep(pause));
    loop {
        tokio::select! {
            () = &mut sleep => return,
            heard = signals.recv() => match heard {
                // A backlog of signals may hide one of work.
                Ok(Topic::Work) | Err(RecvError::Lagged(_)) => return,
                Ok(_) => {}
                Err(RecvError::Closed) => return sleep.await,
            }
        }
    }
}

impl Engine {
    /// One round of work: takes what is due at `now`, as far as it fits, and steps each connection until it rests.
    /// A fault at one connection stops no other.
    pub async fn tick(&self, now: Timestamp) -> Result<Worked, Error> {
        if self.house.is_due(now) {
            self.keep_house(now).await;
        }
        let due = self.due(now).await?;
        let worked = stream::iter(due).map(|due| self.work_on(due));
        Ok(worked
            .buffer_unordered(self.inner.options.workers.max(1))
            .fold(Worked::default(), |sum, one| async move { sum.plus(one) })
            .await)
    }

    /// What people wait for first, then what is due by the calendar.
    async fn due(&self, now: Timestamp) -> Result<Vec<Due>, Error> {
        let (engine, most) = (self.inner.store.engine(), self.inner.options.institution_concurrency_max);
        let mut due = engine.due(true, now, most, ROUND).await?;
        due.extend(engine.due(false, now, most, ROUND).await?);
        Ok(due)
    }

    /// Works until `stop` comes true: at once on a signal, else when something is due. Then no new work is taken,
    /// steps under way are given up and their leases handed back, so that another node goes on without a wait.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut signals = self.inner.store.signals();
        let mut working: JoinSet<Worked> = JoinSet::new();
        loop {
            let pause = self.fill(&mut working).await;
            let fruitless = tokio::select! {
                () = &mut stop => break,
                () = woken(&mut signals, pause) => false,
                Some(worked) = working.join_next() => worked.is_ok_and(Worked::is_fruitless),
            };
            // What could not be taken, or broke off, is still due: looking again at once would only burn the machine.
            if fruitless {
                tokio::select! {
                    () = &mut stop => break,
                    () = tokio::time::sleep(FRUITLESS_PAUSE) => {}
                }
            }
        }
        working.shutdown().await;
        self.hand_back().await;
    }

    /// Takes up due work as long as workers are free, and tells how long to sleep.
    async fn fill(&self, working: &mut JoinSet<Worked>) -> Duration {
        while working.try_join_next().is_some() {}
        let free = self.inner.options.workers.saturating_sub(working.len());
        if free == 0 {
            return self.inner.options.poll;
        }
        let now = self.now();
        if self.house.is_due(now) {
            let engine = self.clone();
            working.spawn(async move {
                engine.keep_house(now).await;
                Worked::default()
            });
        }
        let due = match self.due(now).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "the queue can't be read");
                return STORE_PAUSE;
            }
        };
        for due in due.into_iter().take(free) {
            let engine = self.clone();
            working.spawn(async move { engine.work_on(due).await });
        }
        self.until_due(now).await
    }

    async fn until_due(&self, now: Timestamp) -> Duration {
        let poll = self.inner.options.poll;
        match self.inner.store.engine().next_due(now).await {
            Ok(Some(at)) => Duration::try_from(at.duration_since(now)).unwrap_or(poll).min(poll),
            _ => poll,
        }
    }

    /// Gives back the leases of this node that a stop or a fault left behind.
    pub async fn hand_back(&self) {
        if let Err(error) = self.inner.store.engine().release_all(&self.inner.node).await {
            tracing::warn!(%error, "leases could not be handed back; they run out");
        }
    }

    /// Claims one due connection and steps it until it rests.
    async fn work_on(&self, due: Due) -> Worked {
        let mut worked = Worked::default();
        let outcome = self.work_through(&due, &mut worked).await;
        if let Err(error) = outcome {
            worked.broken += 1;
            tracing::warn!(connection = %due.connection, error = &error as &dyn std::error::Error, "work broke off");
        }
        worked
    }

    async fn work_through(&self, due: &Due, worked: &mut Worked) -> Result<(), Error> {
        let mut run = match self.claim(due).await? {
            Claimed::No => return Ok(()),
            Claimed::Settled { expired } => {
                worked.expired += u32::from(expired);
                return Ok(());
            }
            Claimed::Run(run) => run,
        };
        worked.claimed += 1;
        let lease = run.lease.clone();
        let outcome = self.steps(&mut run, worked).await;
        if !matches!(outcome, Ok(true)) {
            self.inner.store.engine().release(&lease).await?;
        }
        outcome.map(drop)
    }

    /// Steps until the run rests; `false` when it was taken away.
    async fn steps(&self, run: &mut Run, worked: &mut Worked) -> Result<bool, Error> {
        loop {
            let stepped = self.step(run).await?;
            match self.apply(run, stepped).await? {
                None => return Ok(false),
                Some(more) => {
                    worked.stepped += 1;
                    if !more {
                        return Ok(true);
                    }
                }
            }
        }
    }

    pub(crate) fn doer(connection: &Connection) -> Doer {
        Doer::Engine { firm: connection.firm, household: connection.household, connection: connection.id }
    }

    pub(crate) fn operation(&self) -> String {
        format!("engine {}", self.inner.node)
    }

    /// Takes a connection under a lease, if it is free. One whose question has run out, whose institution is down,
    /// or that has kept killing its workers is settled at once.
    async fn claim(&self, due: &Due) -> Result<Claimed, Error> {
        let now = self.now();
        let doer = Doer::Engine { firm: due.firm, household: due.household, connection: due.connection };
        let mut tx = self.inner.store.begin(&doer, &self.operation(), now).await?;
        let breaker = tx.hold_institution(&due.offering).await?;
        let options = &self.inner.options;
        let until = now + options.lease;
        let most = options.institution_concurrency_max;
        let claimed = tx.claim(due.connection, &self.inner.node, until, most).await?;
        let Some((mut connection, lease)) = claimed else { return Ok(Claimed::No) };
        if connection.work.is_none_or(|work| !work.attended) && health::stops(breaker, now) {
            // Nobody waits for it: it stays due until the institution is back. The claim is rolled back.
            return Ok(Claimed::No);
        }
        if connection.work.is_some() && connection.state() == State::NeedsInput {
            self.expire(tx, &connection, &lease).await?;
            return Ok(Claimed::Settled { expired: true });
        }
        let open = self.begin_run(&mut tx, &mut connection, &lease, until).await?;
        if open.steps == 0 && health::stops(breaker, now) {
            let failure = (Reason::Down, "the breaker of the institution is open");
            self.settle(tx, &connection, &lease, &open, failure).await?;
            return Ok(Claimed::Settled { expired: false });
        }
        if open.tries >= options.tries_max {
            let failure = (Reason::Internal, "given up: each worker that took it up broke off");
            self.settle(tx, &connection, &lease, &open, failure).await?;
            return Ok(Claimed::Settled { expired: false });
        }
        tx.count_try(open.attempt.id).await?;
        if breaker.open_until.is_some() && open.steps == 0 {
            tx.set_breaker(&due.offering, health::probing(breaker, now)).await?;
        }
        if open.attempt.stage == Stage::Queued {
            tx.show_stage(open.attempt.id, Stage::SigningIn).await?;
            tx.tell(Topic::Connection(connection.id));
        }
        tx.commit().await?;
        Ok(Claimed::Run(Box::new(Run { connection, lease, open })))
    }

    /// The run that the work belongs to: the open one, or a new one when its regular time has come.
    async fn begin_run(
        &self,
        tx: &mut Tx,
        connection: &mut Connection,
        lease: &Lease,
        until: Timestamp,
    ) -> Result<Open, Error> {
        let open = tx.open_attempt(connection.id).await?;
        if let (Some(_), Some(open)) = (connection.work, open) {
            return Ok(open);
        }
        if connection.work.is_none() {
            let calendar = self.calendar(connection.firm).await?;
            let next = connection.on(Event::RunStarted, tx.now(), &calendar)?;
            tx.apply_connection(&next, lease, Some(until)).await?;
            *connection = Connection { version: next.version + 1, ..next };
        }
        let attempt = self.open_attempt(tx, connection).await?;
        Ok(Open { attempt, steps: 0, tries: 0 })
    }

    /// The deadline of a question passed: the run ends, the login is kept.
    async fn expire(&self, mut tx: Tx, connection: &Connection, lease: &Lease) -> Result<(), Error> {
        let calendar = self.calendar(connection.firm).await?;
        let next = connection.on(Event::DeadlinePassed, tx.now(), &calendar)?;
        tx.close_challenge(connection.id, Closed::Expired).await?;
        tx.destroy_sealed(connection.id, Purpose::Answers.code()).await?;
        if let Some(open) = tx.open_attempt(connection.id).await? {
            let end = End { outcome: next.reason, say: None, detail: "not answered in time" };
            tx.end_attempt(open.attempt.id, open.attempt.stage, end).await?;
        }
        tx.apply_connection(&next, lease, None).await?;
        Ok(tx.commit().await?)
    }

    /// Ends a run without a step.
    async fn settle(
        &self,
        mut tx: Tx,
        connection: &Connection,
        lease: &Lease,
        open: &Open,
        (reason, detail): (Reason, &str),
    ) -> Result<(), Error> {
        let calendar = self.calendar(connection.firm).await?;
        let next = connection.on(Event::Failed(reason), tx.now(), &calendar)?;
        tx.destroy_sealed(connection.id, Purpose::Answers.code()).await?;
        let end = End { outcome: next.reason, say: None, detail };
        tx.end_attempt(open.attempt.id, open.attempt.stage, end).await?;
        tx.apply_connection(&next, lease, None).await?;
        Ok(tx.commit().await?)
    }
}
