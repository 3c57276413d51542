//! When regular runs are due: once each business day, in the morning of the firm's zone, each connection at a moment
//! of its own, so that an institution isn't asked for everything at once.

use std::time::Duration;

use domain::{ConnectionId, Timestamp, connection::Calendar, time};
use jiff::{ToSpan, tz::TimeZone};
use sha2::{Digest, Sha256};

/// The hour of the firm's day at which the window of regular runs opens: institutions have posted the day before.
const WINDOW_OPENS: i8 = 6;
/// Over how long the regular runs are spread. Before [`domain::freshness::RUNS_OVER_HOUR`] all of them are over.
const WINDOW: Duration = Duration::from_hours(2);
/// The most by which a retry is spread.
const RETRY_JITTER: Duration = Duration::from_mins(2);

/// The rhythm of regular runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schedule {
    /// Once each business day.
    #[default]
    BusinessDays,
    /// For the demo and for tests: a "day" of this length, every day a business day.
    Every(Duration),
}

impl Schedule {
    /// The calendar of a firm.
    pub fn in_zone(self, zone: TimeZone) -> Days {
        Days { schedule: self, zone }
    }
}

/// A schedule in a firm's zone.
#[derive(Debug, Clone)]
pub struct Days {
    schedule: Schedule,
    zone: TimeZone,
}

impl Calendar for Days {
    fn next_run(&self, connection: ConnectionId, now: Timestamp) -> Timestamp {
        match self.schedule {
            Schedule::BusinessDays => self.next_window(connection, now),
            Schedule::Every(day) => next_multiple(day, spread(connection, day), now),
        }
    }

    fn jittered(&self, connection: ConnectionId, after: Timestamp) -> Timestamp {
        let most = match self.schedule {
            Schedule::BusinessDays => RETRY_JITTER,
            Schedule::Every(day) => RETRY_JITTER.min(day / 10),
        };
        later(after, spread(connection, most))
    }
}

impl Days {
    fn next_window(&self, connection: ConnectionId, now: Timestamp) -> Timestamp {
        let own = spread(connection, WINDOW);
        let mut day = now.to_zoned_datetime(self.zone.clone()).date();
        loop {
            let opens = day.at(WINDOW_OPENS, 0, 0, 0).to_zoned_datetime(self.zone.clone());
            // The jitter is added to the instant, so that a clock that is put forward or back within the window
            // neither skips nor repeats a run.
            let at = opens.map_or(Timestamp::MAX, |opens| later(opens.timestamp(), own));
            if time::is_business_day(day) && at > now {
                return at;
            }
            let Ok(tomorrow) = day.checked_add(1.day()) else { return Timestamp::MAX };
            day = tomorrow;
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The first instant after `now` that is a whole number of `day` after the epoch plus `own`.
fn next_multiple(day: Duration, own: Duration, now: Timestamp) -> Timestamp {
    let day = i64::try_from(day.as_micros()).unwrap_or(i64::MAX).max(1);
    let own = i64::try_from(own.as_micros()).unwrap_or(0);
    let since = now.as_microsecond().saturating_sub(own);
    let next = since.div_euclid(day).saturating_add(1).saturating_mul(day).saturating_add(own);
    Timestamp::from_microsecond(next).unwrap_or(Timestamp::MAX)
}

/// A share of `most` that is the connection's own, the same on each node and each day.
fn spread(connection: ConnectionId, most: Duration) -> Duration {
    let digest = Sha256::digest(connection.as_bytes());
    let (first, _) = digest.split_first_chunk::<8>().expect("a SHA-256 has 32 bytes");
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(u64::from_be_bytes(*first) % micros)
}

#[cfg(test)]
mod tests {
    use domain::{Date, world::Entropy};
    use proptest::prelude::*;

    use super::*;

    struct Same(u8);

    impl Entropy for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn connection(seed: u8) -> ConnectionId {
        ConnectionId::new(Timestamp::UNIX_EPOCH, &Same(seed))
    }

    /// All days on which a run falls, from `start` on for three years.
    fn run_days(zone: &str, seed: u8, start: Timestamp) -> Vec<Date> {
        let zone = TimeZone::get(zone).unwrap();
        let calendar = Schedule::BusinessDays.in_zone(zone.clone());
        let end = start + Duration::from_hours(3 * 366 * 24);
        let mut at = calendar.next_run(connection(seed), start);
        let mut days = Vec::new();
        while at < end {
            let here = at.to_zoned_datetime(zone.clone());
            assert!((6..8).contains(&here.hour()), "{here}");
            days.push(here.date());
            at = calendar.next_run(connection(seed), at);
        }
        days
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn each_business_day_of_three_years_has_exactly_one_run(
            seed in any::<u8>(),
            zone in prop::sample::select(vec!["America/New_York", "America/Los_Angeles", "Europe/London", "Australia/Lord_Howe"]),
            start in 1_700_000_000_i64..1_900_000_000,
        ) {
            let days = run_days(zone, seed, Timestamp::from_second(start).unwrap());
            let mut expected = days[0];
            for day in days {
                prop_assert_eq!(day, expected);
                expected = time::next_business_day(day);
            }
        }

        #[test]
        fn a_short_day_has_exactly_one_run(seed in any::<u8>(), start in 0_i64..2_000_000_000, day in 5_u64..600) {
            let day = Duration::from_secs(day);
            let calendar = Schedule::Every(day).in_zone(TimeZone::UTC);
            let first = calendar.next_run(connection(seed), Timestamp::from_second(start).unwrap());
            prop_assert!(first.as_second() > start || first.subsec_microsecond() > 0);
            prop_assert_eq!(calendar.next_run(connection(seed), first), first + day);
        }
    }

    #[test]
    fn connections_spread_over_the_whole_window() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let calendar = Schedule::BusinessDays.in_zone(zone);
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let mut minutes: Vec<i64> = (0..=255)
            .map(|seed| (calendar.next_run(connection(seed), now).as_second() - now.as_second()) / 60)
            .collect();
        minutes.sort_unstable();
        minutes.dedup();
        // 02:00 UTC is 21:00 on the day before; the window opens nine hours later.
        assert!(minutes[0] >= 9 * 60 && *minutes.last().unwrap() < 11 * 60);
        assert!(minutes.len() > 90, "256 connections fall on {} different minutes", minutes.len());
    }

    #[test]
    fn a_retry_comes_a_little_after_its_time() {
        let calendar = Schedule::BusinessDays.in_zone(TimeZone::UTC);
        let after = Timestamp::from_second(1_000_000).unwrap();
        let at = calendar.jittered(connection(3), after);
        assert!(at >= after && at < after + RETRY_JITTER);
    }
}
