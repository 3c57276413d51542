//! Health of institutions: the breaker that all nodes share, and how runs went lately.

use domain::{Reason, Timestamp};

use crate::{
    Engine, Error, Tx,
    column::{Row, only},
    query::{Text, texts},
};

texts! {
    // Locks the row on PostgreSQL, so that claims of one institution come one after the other.
    HOLD = Text::one(
        "INSERT INTO institution_health (offering, failures_in_row, updated_at) VALUES ($1, 0, $2)
         ON CONFLICT (offering) DO UPDATE SET updated_at = excluded.updated_at
         RETURNING failures_in_row, open_until, failing_since, last_success_at"
    );
    BY_OFFERING = Text::one(
        "SELECT failures_in_row, open_until, failing_since, last_success_at FROM institution_health
         WHERE offering = $1"
    );
    PUT = Text::one(
        "UPDATE institution_health
         SET failures_in_row = $1, open_until = $2, failing_since = $3, last_success_at = $4, updated_at = $5
         WHERE offering = $6"
    );
    OUTCOMES = Text::one(
        "SELECT a.outcome, CAST(COUNT(*) AS BIGINT) FROM attempt a JOIN connection c ON c.id = a.connection_id
         WHERE c.offering = $1 AND a.started_at >= $2 AND a.outcome IS NOT NULL GROUP BY a.outcome"
    );
    HOUSEHOLDS = Text::one(
        "SELECT CAST(COUNT(DISTINCT c.household_id) AS BIGINT) FROM attempt a
         JOIN connection c ON c.id = a.connection_id
         WHERE c.offering = $1 AND a.started_at >= $2 AND a.outcome IS NOT NULL"
    );
}

/// An institution's breaker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures of the institution in a row.
    pub failures_in_row: u32,
    /// Nobody but a waiting person's run and one probe is let through until then.
    pub open_until: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
}

/// How the runs at an institution ended lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub runs: Vec<(Reason, u32)>,
    /// Different households that ran.
    pub households: u32,
}

impl Engine {
    /// An institution's breaker, closed when it was never used.
    pub async fn breaker(&self, offering: &str) -> Result<Breaker, Error> {
        Ok(self.ask(BY_OFFERING).bind(offering).first(breaker).await?.unwrap_or_default())
    }

    /// How runs that began at or after `since` ended.
    pub async fn outcomes(&self, offering: &str, since: Timestamp) -> Result<Outcomes, Error> {
        let runs = self.ask(OUTCOMES).bind(offering).bind(since);
        let runs = runs.all(|row| Ok((row.next()?, row.next()?))).await?;
        let households = self.ask(HOUSEHOLDS).bind(offering).bind(since).one(only).await?;
        Ok(Outcomes { runs, households })
    }
}

impl Tx {
    /// Makes other transactions that claim or judge this institution wait, and reads its breaker. Bookkeeping.
    pub async fn hold_institution(&mut self, offering: &str) -> Result<Breaker, Error> {
        let now = self.now();
        self.ask(HOLD).bind(offering).bind(now).one(breaker).await
    }

    /// Sets the breaker of a held institution. Bookkeeping.
    pub async fn set_breaker(&mut self, offering: &str, breaker: Breaker) -> Result<(), Error> {
        let now = self.now();
        self.ask(PUT)
            .bind(breaker.failures_in_row)
            .bind(breaker.open_until)
            .bind(breaker.failing_since)
            .bind(breaker.last_success_at)
            .bind(now)
            .bind(offering)
            .run_or_conflict()
            .await
    }
}

fn breaker(row: &mut Row<'_>) -> Result<Breaker, Error> {
    Ok(Breaker {
        failures_in_row: row.next()?,
        open_until: row.next()?,
        failing_since: row.next()?,
        last_success_at: row.next()?,
    })
}
