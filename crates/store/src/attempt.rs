//! Attempts: the runs of work on connections, at most one open for each.

use domain::{
    AttemptId, ConnectionId, Reason,
    attempt::{Attempt, Mode, Stage},
};

use crate::{
    Engine, Error, Reader, Tx,
    audit::Trail,
    column::Row,
    query::{Text, texts},
    reach,
};

macro_rules! columns {
    () => {
        "a.id, a.connection_id, a.kind, a.attended, a.stage, a.started_at, a.ended_at, a.outcome, a.added, a.say,
         a.detail"
    };
}

texts! {
    LATEST = Text::one(concat!(
        "SELECT ", columns!(), " FROM attempt a
         JOIN connection c ON c.id = a.connection_id JOIN household h ON h.id = c.household_id
         WHERE ", reach!(), " AND a.connection_id = $5 ORDER BY a.started_at DESC, a.id DESC LIMIT $6"
    ));
    OPEN = Text::one(concat!(
        "SELECT a.steps, a.tries, ", columns!(), " FROM attempt a
         WHERE a.connection_id = $1 AND a.ended_at IS NULL"
    ));
    ADD = Text::one(
        "INSERT INTO attempt (id, connection_id, kind, attended, stage, steps, tries, started_at, detail)
         VALUES ($1, $2, $3, $4, $5, 0, 0, $6, '')"
    );
    STEP = Text::one(
        "UPDATE attempt SET stage = $1, steps = steps + 1, tries = 0 WHERE id = $2 AND ended_at IS NULL"
    );
    TRY = Text::one("UPDATE attempt SET tries = tries + 1 WHERE id = $1 AND ended_at IS NULL");
    STAGE = Text::one("UPDATE attempt SET stage = $1 WHERE id = $2 AND ended_at IS NULL");
    END = Text::one(
        "UPDATE attempt SET stage = $1, ended_at = $2, outcome = $3, say = $4, detail = $5
         WHERE id = $6 AND ended_at IS NULL"
    );
    // The last run that found accounts, whatever ran since.
    DECIDED = Text::one(
        "UPDATE attempt SET added = COALESCE(added, 0) + $1
         WHERE id = (SELECT o.id FROM attempt o WHERE o.connection_id = $2 AND o.outcome = 'new_accounts'
             ORDER BY o.started_at DESC, o.id DESC LIMIT 1)"
    );
    SUPERSEDE = Text::one(
        "UPDATE attempt SET ended_at = $1, outcome = $2, detail = $3
         WHERE connection_id = $4 AND ended_at IS NULL"
    );
}

/// An open attempt, with how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub attempt: Attempt,
    /// Steps taken.
    pub steps: u32,
    /// Claims since the last step.
    pub tries: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    pub outcome: Reason,
    /// The institution's sentence for the client.
    pub say: Option<&'a str>,
    /// For data support, without secrets and account numbers.
    pub detail: &'a str,
}

impl Reader {
    /// The latest `limit` attempts of a connection within reach, newest first.
    pub async fn attempts(&self, connection: ConnectionId, limit: u32) -> Result<Vec<Attempt>, Error> {
        self.ask(LATEST).bind(connection).bind(limit).all(attempt).await
    }
}

impl Engine {
    /// The open attempt of a connection.
    pub async fn open_attempt(&self, connection: ConnectionId) -> Result<Option<Open>, Error> {
        self.ask(OPEN).bind(connection).first(open).await
    }
}

impl Tx {
    /// The open attempt of a connection, read in this transaction.
    pub async fn open_attempt(&mut self, connection: ConnectionId) -> Result<Option<Open>, Error> {
        self.ask(OPEN).bind(connection).first(open).await
    }

    /// Opens an attempt; [`Error::Taken`] when one is open already.
    pub async fn add_attempt(&mut self, new: &Attempt) -> Result<(), Error> {
        self.write(ADD)
            .bind(new.id)
            .bind(new.connection)
            .bind(new.kind)
            .bind(new.mode == Mode::Attended)
            .bind(new.stage)
            .bind(new.started_at)
            .run_count()
            .await?;
        self.audit(Trail::of("attempt.opened", "attempt", new.id).detail(new.kind.code())).await
    }

    /// Counts a worker that took the attempt up. Bookkeeping.
    pub async fn count_try(&mut self, id: AttemptId) -> Result<(), Error> {
        self.ask(TRY).bind(id).run_or_conflict().await
    }

    /// Shows where an attempt is. Bookkeeping.
    pub async fn show_stage(&mut self, id: AttemptId, stage: Stage) -> Result<(), Error> {
        self.ask(STAGE).bind(stage).bind(id).run_count().await.map(drop)
    }

    /// Notes a step that was taken; the audit row is that of the connection. [`Error::Conflict`] when it has ended.
    pub async fn step_attempt(&mut self, id: AttemptId, stage: Stage) -> Result<(), Error> {
        self.write(STEP).bind(stage).bind(id).run_or_conflict().await
    }

    /// Ends an attempt; [`Error::Conflict`] when it has ended already.
    pub async fn end_attempt(&mut self, id: AttemptId, stage: Stage, end: End<'_>) -> Result<(), Error> {
        let now = self.now();
        self.write(END)
            .bind(stage)
            .bind(now)
            .bind(end.outcome)
            .bind(end.say)
            .bind(end.detail)
            .bind(id)
            .run_or_conflict()
            .await?;
        self.audit(Trail::of("attempt.ended", "attempt", id).detail(end.outcome.code())).await
    }

    /// Notes at the run that found accounts how many the client added. The audit row is that of the review.
    pub(crate) async fn note_added(&mut self, of: ConnectionId, added: u32) -> Result<(), Error> {
        self.write(DECIDED).bind(added).bind(of).run_count().await.map(drop)
    }

    /// Ends whatever attempt of a connection is open, because a person began something else. The audit row is that
    /// of the connection.
    pub async fn supersede_attempt(
        &mut self,
        connection: ConnectionId,
        outcome: Reason,
        detail: &str,
    ) -> Result<(), Error> {
        let now = self.now();
        let ask = self.write(SUPERSEDE).bind(now).bind(outcome).bind(detail).bind(connection);
        ask.run_count().await.map(drop)
    }
}

fn attempt(row: &mut Row<'_>) -> Result<Attempt, Error> {
    let (id, connection, kind, attended) = (row.next()?, row.next()?, row.next()?, row.next()?);
    Ok(Attempt {
        id,
        connection,
        kind,
        mode: if attended { Mode::Attended } else { Mode::Unattended },
        stage: row.next()?,
        started_at: row.next()?,
        ended_at: row.next()?,
        outcome: row.next()?,
        added: row.next()?,
        say: row.next()?,
        detail: row.next()?,
    })
}

fn open(row: &mut Row<'_>) -> Result<Open, Error> {
    Ok(Open { steps: row.next()?, tries: row.next()?, attempt: attempt(row)? })
}
