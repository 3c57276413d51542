//! The clock of all sandbox institutions: real time plus an offset, or stopped at one instant. Everything that expires, moves
//! or posts reads it, so that a test can watch a code expire or a month of transactions arrive without waiting.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ledger::{FIRST_DAY, start_of_day};

const LAST_DAY: Date = jiff::civil::date(2046, 1, 1);

/// See the module. Starts at the real time unless told otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    offset: SignedDuration,
    stopped_at: Option<Timestamp>,
}

/// What `GET /api/clock` shows.
#[derive(Debug, Serialize)]
pub(crate) struct Reading {
    pub now: Timestamp,
    pub offset_seconds: i64,
    pub stopped: bool,
}

impl Clock {
    pub(crate) fn new(start: Option<Timestamp>, stopped: bool) -> Self {
        let mut clock = Self { offset: SignedDuration::ZERO, stopped_at: None };
        if let Some(start) = start {
            clock.set(start);
        }
        if stopped {
            clock.stop();
        }
        clock
    }

    /// The sandbox's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.stopped_at.unwrap_or_else(|| within_bounds(real_time(), self.offset))
    }

    pub(crate) fn set(&mut self, to: Timestamp) {
        let to = within_bounds(to, SignedDuration::ZERO);
        if self.stopped_at.is_some() {
            self.stopped_at = Some(to);
        }
        self.offset = to.duration_since(real_time());
    }

    /// Moves the clock by whole seconds, backwards if negative.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.set(within_bounds(self.now(), SignedDuration::from_secs(seconds)));
    }

    pub(crate) fn stop(&mut self) {
        self.stopped_at = Some(self.now());
    }

    pub(crate) fn start(&mut self) {
        if let Some(stopped_at) = self.stopped_at.take() {
            self.set(stopped_at);
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading { now: self.now(), offset_seconds: self.offset.as_secs(), stopped: self.stopped_at.is_some() }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the sandbox reads the real time")]
fn real_time() -> Timestamp {
    Timestamp::now()
}

/// The clock stays where there are days to make data for: a slip on the control page must not keep the sandbox busy for ever.
fn within_bounds(at: Timestamp, by: SignedDuration) -> Timestamp {
    let sum = at.checked_add(by).unwrap_or(at);
    sum.clamp(start_of_day(FIRST_DAY), start_of_day(LAST_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let start: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let mut clock = Clock::new(Some(start), true);
        assert!(clock.now().duration_since(start).as_secs().abs() <= 1);
        clock.set(start);
        clock.advance(90);
        assert_eq!(clock.now().to_string(), "2026-11-20T15:01:30Z");
        clock.advance(i64::MAX / 2);
        assert_eq!(clock.now().to_string(), "2026-11-20T15:01:30Z", "out of the calendar");
        clock.advance(100 * 366 * 86_400);
        assert_eq!(clock.now().to_string(), "2046-01-01T00:00:00Z");
    }
}
