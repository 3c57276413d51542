//! Health of institutions: the breaker that keeps all nodes from knocking at a closed door, and what people are told.

use std::time::Duration;

use domain::{Reason, Timestamp, limits};
use store::health::{Breaker, Outcomes};

use crate::{Engine, Error};

/// Over how long the success rate is told.
const HEALTH_WINDOW: Duration = Duration::from_hours(6);
/// Fewer runs prove nothing.
const RUNS_MIN: u32 = 5;
/// Fewer households prove nothing: it may be one login.
const HOUSEHOLDS_MIN: u32 = 3;
/// From this share of successful runs on, in percent, an institution is operational.
const OPERATIONAL_PERCENT: u32 = 90;
/// Below this share it is down.
const DOWN_PERCENT: u32 = 10;

/// How an institution does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Operational,
    /// Some runs fail because of the institution.
    Degraded,
    Down {
        since: Timestamp,
    },
    /// Too few runs to tell.
    Unknown,
}

impl Engine {
    /// How an institution does, by the runs of the last hours at all households.
    pub async fn health(&self, offering: &str) -> Result<Health, Error> {
        let engine = self.inner.store.engine();
        let breaker = engine.breaker(offering).await?;
        let outcomes = engine.outcomes(offering, self.now() - HEALTH_WINDOW).await?;
        Ok(judge(breaker, &outcomes))
    }
}

fn judge(breaker: Breaker, outcomes: &Outcomes) -> Health {
    let since = breaker.failing_since;
    if let (Some(_), Some(since)) = (breaker.open_until, since) {
        return Health::Down { since };
    }
    let count = |counts: fn(Reason) -> bool| -> u32 {
        outcomes.runs.iter().filter(|(reason, _)| counts(*reason)).map(|(_, runs)| runs).sum()
    };
    let (runs, failed) = (count(|_| true), count(Reason::blames_institution));
    if runs < RUNS_MIN || outcomes.households < HOUSEHOLDS_MIN {
        return Health::Unknown;
    }
    match (runs - failed) * 100 / runs {
        percent if percent >= OPERATIONAL_PERCENT => Health::Operational,
        percent if percent < DOWN_PERCENT => since.map_or(Health::Degraded, |since| Health::Down { since }),
        _ => Health::Degraded,
    }
}

/// The breaker after a run ended with `reason`.
///
/// A rejected login says that the institution answers; a fault of ours says nothing about it.
pub(crate) fn after(breaker: Breaker, reason: Reason, now: Timestamp) -> Breaker {
    if reason.blames_institution() {
        let failures_in_row = breaker.failures_in_row.saturating_add(1);
        let open = failures_in_row >= limits::BREAKER_FAILURES;
        return Breaker {
            failures_in_row,
            open_until: open.then(|| now + limits::BREAKER_PAUSE),
            failing_since: breaker.failing_since.or(Some(now)),
            ..breaker
        };
    }
    match reason {
        Reason::BadResponse | Reason::Internal | Reason::ConnectorConfig => breaker,
        _ => Breaker { last_success_at: breaker.last_success_at, ..Breaker::default() },
    }
}

/// The breaker after a run brought values.
pub(crate) fn succeeded(now: Timestamp) -> Breaker {
    Breaker { last_success_at: Some(now), ..Breaker::default() }
}

/// Whether an open breaker stops a run that begins now.
pub(crate) fn stops(breaker: Breaker, now: Timestamp) -> bool {
    breaker.open_until.is_some_and(|until| until > now)
}

/// The breaker while a probe is under way: nobody else tries until it is over.
pub(crate) fn probing(breaker: Breaker, now: Timestamp) -> Breaker {
    Breaker { open_until: breaker.open_until.map(|_| now + limits::BREAKER_PAUSE), ..breaker }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn five_failures_in_a_row_open_the_breaker_and_a_success_closes_it() {
        let mut breaker = Breaker::default();
        for minute in 0..4 {
            breaker = after(breaker, Reason::Down, at(minute));
            assert!(!stops(breaker, at(minute)));
        }
        breaker = after(breaker, Reason::NotResponding, at(4));
        assert!(stops(breaker, at(18)) && !stops(breaker, at(19)));
        assert_eq!(breaker.failing_since, Some(at(0)));
        let probe = probing(breaker, at(19));
        assert!(stops(probe, at(33)), "one probe in a quarter of an hour");
        assert!(stops(after(probe, Reason::Down, at(20)), at(34)));
        assert!(!stops(succeeded(at(20)), at(20)));
    }

    #[test]
    fn a_wrong_password_never_counts_against_an_institution() {
        let mut breaker = Breaker::default();
        for minute in 0..20 {
            breaker = after(breaker, Reason::CredentialsRejected, at(minute));
        }
        assert_eq!(breaker, Breaker::default());
        let failing = after(breaker, Reason::Down, at(1));
        assert_eq!(after(failing, Reason::Internal, at(2)), failing, "our own fault says nothing about it");
    }

    #[test]
    fn small_numbers_prove_nothing() {
        let outcomes = |good, bad, households| Outcomes {
            runs: vec![(Reason::Ok, good), (Reason::CredentialsRejected, 1), (Reason::Down, bad)],
            households,
        };
        let closed = Breaker::default();
        assert_eq!(judge(closed, &outcomes(2, 1, 3)), Health::Unknown);
        assert_eq!(judge(closed, &outcomes(20, 0, 2)), Health::Unknown);
        assert_eq!(judge(closed, &outcomes(20, 2, 3)), Health::Operational);
        assert_eq!(judge(closed, &outcomes(20, 3, 3)), Health::Degraded);
        let failing = Breaker { failing_since: Some(at(3)), ..closed };
        assert_eq!(judge(failing, &outcomes(0, 20, 3)), Health::Down { since: at(3) });
        let open = Breaker { open_until: Some(at(9)), ..failing };
        assert_eq!(judge(open, &outcomes(0, 1, 1)), Health::Down { since: at(3) });
    }
}
