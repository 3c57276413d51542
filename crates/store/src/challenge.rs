//! Challenges: what an institution asks while an attempt runs, kept until the answer or the deadline.

use domain::{ChallengeId, ConnectionId, challenge::Challenge};

use crate::{
    Engine, Error, Reader, Tx,
    audit::Trail,
    column::Row,
    query::{Text, texts},
    reach,
};

macro_rules! columns {
    () => {
        "q.id, q.connection_id, q.attempt_id, q.round, q.questions, q.asked_at, q.deadline, q.tries_left,
         q.wrong_before, q.expired_before, q.right_before"
    };
}

texts! {
    OPEN_WITHIN_REACH = Text::one(concat!(
        "SELECT ", columns!(), " FROM challenge q
         JOIN connection c ON c.id = q.connection_id JOIN household h ON h.id = c.household_id
         WHERE ", reach!(), " AND q.connection_id = $5 AND q.closed_at IS NULL"
    ));
    BY_ID = Text::one(concat!(
        "SELECT ", columns!(), " FROM challenge q
         JOIN connection c ON c.id = q.connection_id JOIN household h ON h.id = c.household_id
         WHERE ", reach!(), " AND q.id = $5"
    ));
    OPEN = Text::one(concat!(
        "SELECT ", columns!(), " FROM challenge q WHERE q.connection_id = $1 AND q.closed_at IS NULL"
    ));
    LATEST = Text::one(concat!(
        "SELECT ", columns!(), " FROM challenge q WHERE q.attempt_id = $1 ORDER BY q.round DESC LIMIT 1"
    ));
    ADD = Text::one(
        "INSERT INTO challenge
            (id, connection_id, attempt_id, round, questions, asked_at, deadline, tries_left, wrong_before,
             expired_before, right_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    CLOSE = Text::one(
        "UPDATE challenge SET closed_at = $1, closed_as = $2 WHERE connection_id = $3 AND closed_at IS NULL"
    );
}

/// Why a question is no longer open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Answered,
    /// Its deadline passed.
    Expired,
    /// The run ended or was given up.
    Ended,
}

impl Closed {
    fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

impl Reader {
    /// The open question of a connection within reach. Who may see it is decided by `domain::rights`.
    pub async fn open_challenge(&self, connection: ConnectionId) -> Result<Option<Challenge>, Error> {
        self.ask(OPEN_WITHIN_REACH).bind(connection).first(challenge).await
    }

    /// A question within reach, open or closed.
    pub async fn challenge(&self, id: ChallengeId) -> Result<Challenge, Error> {
        self.ask(BY_ID).bind(id).one(challenge).await
    }
}

impl Engine {
    /// The open question of a connection.
    pub async fn open_challenge(&self, connection: ConnectionId) -> Result<Option<Challenge>, Error> {
        self.ask(OPEN).bind(connection).first(challenge).await
    }
}

impl Tx {
    /// The open question of a connection, read in this transaction.
    pub async fn open_challenge(&mut self, connection: ConnectionId) -> Result<Option<Challenge>, Error> {
        self.ask(OPEN).bind(connection).first(challenge).await
    }

    /// The last question of an attempt, open or closed.
    pub async fn latest_challenge(&mut self, attempt: domain::AttemptId) -> Result<Option<Challenge>, Error> {
        self.ask(LATEST).bind(attempt).first(challenge).await
    }

    /// Opens a question; [`Error::Taken`] when one is open already.
    pub async fn add_challenge(&mut self, new: &Challenge) -> Result<(), Error> {
        let questions = serde_json::to_string(&new.questions).unwrap_or_default();
        self.write(ADD)
            .bind(new.id)
            .bind(new.connection)
            .bind(new.attempt)
            .bind(new.round)
            .bind(questions)
            .bind(new.asked_at)
            .bind(new.deadline)
            .bind(new.tries_left)
            .bind(new.wrong_before)
            .bind(new.expired_before)
            .bind(new.right_before)
            .run_count()
            .await?;
        let detail = format!("round {}", new.round);
        self.audit(Trail::of("challenge.asked", "challenge", new.id).detail(detail)).await
    }

    /// Closes the open question of a connection and tells whether there was one. The audit row is that of the
    /// connection.
    pub async fn close_challenge(&mut self, connection: ConnectionId, closed: Closed) -> Result<bool, Error> {
        let now = self.now();
        let ask = self.write(CLOSE).bind(now).bind(closed.code()).bind(connection);
        Ok(ask.run_count().await? > 0)
    }
}

fn challenge(row: &mut Row<'_>) -> Result<Challenge, Error> {
    let (id, connection, attempt, round) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let questions: String = row.next()?;
    Ok(Challenge {
        id,
        connection,
        attempt,
        round,
        questions: serde_json::from_str(&questions)
            .map_err(|_| Error::Column { index: 4, problem: "is no list of questions" })?,
        asked_at: row.next()?,
        deadline: row.next()?,
        tries_left: row.next()?,
        wrong_before: row.next()?,
        expired_before: row.next()?,
        right_before: row.next()?,
    })
}
