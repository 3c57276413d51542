//! Answers that are kept, and hold as long as the household's revision in the database.
//!
//! The revision comes with the look-up of the key that each call makes anyway, so nothing kept is ever given out
//! without a fresh one; what a call then computes is at least as new as the revision it is kept under.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use domain::{HouseholdId, Timestamp};

/// Households whose answers are kept: some 15 kB each.
const HOUSEHOLDS_MAX: usize = 256;

/// The answers of one route, by household.
#[derive(Default)]
pub(crate) struct Kept(Mutex<HashMap<HouseholdId, (Mark, Bytes)>>);

/// What an answer was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) revision: i64,
    /// A value may cease to be current without any change: see [`minute`].
    pub(crate) now: Timestamp,
}

/// The beginning of the minute; the hour by which the day's runs are over begins with one in every zone.
pub(crate) fn minute(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(now)
}

impl Kept {
    /// The answer that was computed from exactly this.
    pub(crate) fn get(&self, household: HouseholdId, mark: Mark) -> Option<Bytes> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&household).filter(|(kept, _)| *kept == mark).map(|(_, body)| body.clone())
    }

    /// Keeps an answer, in place of another household's when there are too many.
    pub(crate) fn keep(&self, household: HouseholdId, mark: Mark, body: Bytes) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= HOUSEHOLDS_MAX && !answers.contains_key(&household) {
            let other = answers.keys().next().copied();
            other.and_then(|other| answers.remove(&other));
        }
        answers.insert(household, (mark, body));
    }
}

#[cfg(test)]
mod tests {
    use domain::world::Entropy;

    use super::*;

    struct Counting(Mutex<u8>);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                let mut count = self.0.lock().unwrap();
                *count = count.wrapping_mul(31).wrapping_add(7);
                *byte = *count;
            }
        }
    }

    #[test]
    fn an_answer_holds_for_its_revision_and_minute_only() {
        let (kept, entropy) = (Kept::default(), Counting(Mutex::default()));
        let now: Timestamp = "2026-11-23T16:59:59.9Z".parse().unwrap();
        let household = HouseholdId::new(now, &entropy);
        let mark = Mark { revision: 7, now: minute(now) };
        assert_eq!(mark.now.to_string(), "2026-11-23T16:59:00Z");
        kept.keep(household, mark, Bytes::from_static(b"seven"));
        assert_eq!(kept.get(household, mark).as_deref(), Some(&b"seven"[..]));
        assert_eq!(kept.get(household, Mark { revision: 8, ..mark }), None);
        let noon = minute("2026-11-23T17:00:00Z".parse().unwrap());
        assert_eq!(kept.get(household, Mark { now: noon, ..mark }), None);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (kept, entropy) = (Kept::default(), Counting(Mutex::default()));
        let mark = Mark { revision: 1, now: Timestamp::UNIX_EPOCH };
        for second in 0..=HOUSEHOLDS_MAX as i64 {
            let now = Timestamp::from_second(second).unwrap();
            kept.keep(HouseholdId::new(now, &entropy), mark, Bytes::new());
        }
        assert_eq!(kept.0.lock().unwrap().len(), HOUSEHOLDS_MAX);
    }
}
