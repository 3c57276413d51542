//! Housekeeping: what is no longer needed is forgotten, once an hour by one of the nodes.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use domain::{Timestamp, audit::Doer, limits};
use jiff::ToSpan;

use crate::{Engine, Error};

/// How often.
const EVERY: Duration = Duration::from_hours(1);

/// When this node looks again whether it is due. A hint: the database decides who does it.
#[derive(Debug)]
pub(crate) struct NextLook(AtomicI64);

impl Default for NextLook {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl NextLook {
    /// Whether to look at `now`; of several who ask at once one is told so.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let (due, now) = (self.0.load(Ordering::Relaxed), now.as_second());
        let next = now.saturating_add(EVERY.as_secs().cast_signed());
        due <= now && self.0.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Engine {
    /// Keeps house if no other node did within the hour. What fails is tried in the next one.
    pub(crate) async fn keep_house(&self, now: Timestamp) {
        if let Err(error) = self.try_keep_house(now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping broke off");
        }
    }

    async fn try_keep_house(&self, now: Timestamp) -> Result<(), Error> {
        let (engine, visitor) = (self.inner.store.engine(), self.inner.store.visitor());
        if !engine.claim_housekeeping(now, EVERY).await? {
            return Ok(());
        }
        let sessions = visitor.forget_sessions(now).await?;
        let tries = visitor.forget_sign_in_tries(now).await?;
        let links = engine.forget_invitation_links(now - limits::INVITATION_LINKS_KEPT).await?;
        // Questions first: an attempt goes with the last of its own.
        while engine.forget_challenges(now - limits::CHALLENGES_KEPT).await? {}
        while engine.forget_attempts(now - limits::ATTEMPTS_KEPT).await? {}
        let today = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let searches =
            engine.forget_searches(today.saturating_sub(limits::SEARCHES_KEPT_DAYS.days())).await?;
        let erased = self.erase_accounts(now).await?;
        tracing::debug!(sessions, tries, links, searches, erased, "kept house");
        Ok(())
    }

    /// Each in a transaction of its own, so that nobody waits long for a household.
    async fn erase_accounts(&self, now: Timestamp) -> Result<u32, Error> {
        let mut erased = 0;
        for deleted in self.inner.store.engine().deleted_for_good(now).await? {
            let mut tx = self.inner.store.begin(&Doer::Housekeeping, &self.operation(), now).await?;
            match tx.erase_account(deleted).await {
                Ok(()) => tx.commit().await?,
                Err(store::Error::Conflict) => continue,
                Err(error) => return Err(error.into()),
            }
            erased += 1;
        }
        Ok(erased)
    }
}
