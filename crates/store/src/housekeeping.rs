//! Forgetting what is no longer needed: one node of all at a time, piece by piece.
//!
//! Ids sort by the time of their making ([`domain::id`]), so what is old is found without an index on a time.

use std::time::Duration;

use domain::{
    AccountId, AttemptId, ChallengeId, FirmId, HouseholdId, InvitationId, Timestamp, world::Entropy,
};

use crate::{
    Engine, Error, Tx,
    account::UNDO_FOR,
    audit::Trail,
    column::only,
    query::{Text, texts},
};

/// Rows of one statement: many, and still well within the deadline.
const BATCH: u32 = 2_000;

texts! {
    CLAIM = Text::one(
        "INSERT INTO housekeeping (job, next_at) VALUES ('all', $1)
         ON CONFLICT (job) DO UPDATE SET next_at = $1 WHERE housekeeping.next_at <= $2 RETURNING next_at"
    );
    FORGET_CHALLENGES = Text::one(
        "DELETE FROM challenge WHERE id IN (
             SELECT q.id FROM challenge q WHERE q.id < $1 AND q.closed_at IS NOT NULL ORDER BY q.id LIMIT $2)"
    );
    // The latest of each connection stays: its page tells how it ended.
    FORGET_ATTEMPTS = Text::one(
        "DELETE FROM attempt WHERE id IN (
             SELECT a.id FROM attempt a
             WHERE a.id < $1 AND a.ended_at IS NOT NULL
                 AND EXISTS (SELECT 1 FROM attempt b
                             WHERE b.connection_id = a.connection_id AND b.started_at > a.started_at)
                 AND NOT EXISTS (SELECT 1 FROM challenge q WHERE q.attempt_id = a.id)
             ORDER BY a.id LIMIT $2)"
    );
    FORGET_LINKS = Text::one(
        "UPDATE invitation SET token_hash = NULL
         WHERE id < $1 AND expires_at <= $2 AND token_hash IS NOT NULL"
    );
    DELETED = Text::one(
        "SELECT a.id, a.household_id, h.firm_id FROM account a JOIN household h ON h.id = a.household_id
         WHERE a.deleted_at <= $1 AND a.connection_id IS NULL ORDER BY a.deleted_at, a.id LIMIT $2"
    );
    STILL_DELETED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account WHERE id = $1 AND deleted_at <= $2 AND connection_id IS NULL"
    );
    ERASE_VALUES = Text::one("DELETE FROM account_value WHERE account_id = $1");
    ERASE_HOLDINGS = Text::one("DELETE FROM holding WHERE account_id = $1");
    ERASE_ENTRIES = Text::one("DELETE FROM entry WHERE account_id = $1");
    ERASE = Text::one("DELETE FROM account WHERE id = $1");
}

/// An account whose deletion can no longer be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    pub id: AccountId,
    pub household: HouseholdId,
    pub firm: FirmId,
}

/// For the least id of an instant.
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

impl Engine {
    /// Whether this node is the one to keep house now; then nobody else is for as long as `every`.
    pub async fn claim_housekeeping(&self, now: Timestamp, every: Duration) -> Result<bool, Error> {
        let next_at: Option<Timestamp> = self.note(CLAIM).bind(now + every).bind(now).first(only).await?;
        Ok(next_at.is_some())
    }

    /// Forgets closed questions from before `before`, some at a time: `true` when there may be more.
    pub async fn forget_challenges(&self, before: Timestamp) -> Result<bool, Error> {
        let first = ChallengeId::new(before, &Zeros);
        Ok(self.note(FORGET_CHALLENGES).bind(first).bind(BATCH).run_count().await? >= u64::from(BATCH))
    }

    /// Forgets ended attempts from before `before`, but the latest of each connection and those with questions, some
    /// at a time: `true` when there may be more.
    pub async fn forget_attempts(&self, before: Timestamp) -> Result<bool, Error> {
        let first = AttemptId::new(before, &Zeros);
        Ok(self.note(FORGET_ATTEMPTS).bind(first).bind(BATCH).run_count().await? >= u64::from(BATCH))
    }

    /// Forgets by which links invitations were found that ran out before `before`, used or not.
    pub async fn forget_invitation_links(&self, before: Timestamp) -> Result<u64, Error> {
        let first = InvitationId::new(before, &Zeros);
        self.note(FORGET_LINKS).bind(first).bind(before).run_count().await
    }

    /// Accounts that were deleted so long ago that nobody can bring them back, the longest first, some at a time.
    pub async fn deleted_for_good(&self, now: Timestamp) -> Result<Vec<Deleted>, Error> {
        self.ask(DELETED)
            .bind(now - UNDO_FOR)
            .bind(BATCH)
            .all(|row| Ok(Deleted { id: row.next()?, household: row.next()?, firm: row.next()? }))
            .await
    }
}

impl Tx {
    /// Erases a deleted account with all that was known of it; its audit rows stay. [`Error::Conflict`] when it isn't
    /// there any more or was brought back.
    pub async fn erase_account(&mut self, deleted: Deleted) -> Result<(), Error> {
        self.hold_household(deleted.household).await?;
        let until = self.now() - UNDO_FOR;
        let there: i64 = self.ask(STILL_DELETED).bind(deleted.id).bind(until).one(only).await?;
        if there == 0 {
            return Err(Error::Conflict);
        }
        for text in [ERASE_VALUES, ERASE_HOLDINGS, ERASE_ENTRIES, ERASE] {
            self.write(text).bind(deleted.id).run_count().await?;
        }
        let trail = Trail::of("account.erased", "account", deleted.id);
        self.audit(trail.firm(deleted.firm).household(deleted.household)).await
    }
}
