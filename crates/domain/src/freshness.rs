//! Freshness: whether a value is current, said beside every value and every total.

use jiff::{Timestamp, tz::TimeZone};

use crate::{account::Account, time};

/// The hour of the firm's day by which the regular runs are over.
pub const RUNS_OVER_HOUR: i8 = 12;
/// After so many days a value entered by hand is no longer taken as current.
pub const BY_HAND_DAYS: i64 = 92;

/// How much of a total is current: "7 of 9 current".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Currentness {
    pub current: u32,
    pub of: u32,
}

impl Currentness {
    /// Counts the accounts that count in net worth.
    pub fn of<'a>(accounts: impl IntoIterator<Item = &'a Account>, now: Timestamp, zone: &TimeZone) -> Self {
        let mut sum = Self::default();
        for account in accounts.into_iter().filter(|account| account.counts()) {
            sum.of += 1;
            sum.current += u32::from(is_current(account, now, zone));
        }
        sum
    }

    /// True when nothing is stale.
    pub fn is_whole(self) -> bool {
        self.current == self.of
    }
}

/// Whether an account's value is current: it was fetched on or after the last business day whose regular run is over.
///
/// One kept by hand is current for a quarter of a year.
pub fn is_current(account: &Account, now: Timestamp, zone: &TimeZone) -> bool {
    let Some(value) = account.value else { return false };
    if account.connection.is_none() {
        return now.as_second() - value.updated_at.as_second() < BY_HAND_DAYS * 24 * 3600;
    }
    if account.missing_runs > 0 {
        return false;
    }
    is_recent(value.updated_at, now, zone)
}

/// Whether a success lies after the last business day's regular run.
pub fn is_recent(success: Timestamp, now: Timestamp, zone: &TimeZone) -> bool {
    success >= stale_before(now, zone)
}

/// The instant before which a success is too old: the start of the last business day whose regular run is over.
fn stale_before(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let here = now.to_zoned_datetime(zone.clone());
    let today = here.date();
    let ran_today = time::is_business_day(today) && here.hour() >= RUNS_OVER_HOUR;
    let last_run_day = if ran_today { today } else { time::previous_business_day(today) };
    last_run_day.to_zoned_datetime(zone.clone()).map_or(Timestamp::MIN, |start| start.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_stale_once_a_business_day_went_by_without_it() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let before = |now: &str| {
            stale_before(now.parse().unwrap(), &zone).to_zoned_datetime(zone.clone()).date().to_string()
        };
        // Monday morning: Friday's values are right; from noon on, today's run must have come.
        assert_eq!(before("2026-11-23T14:00:00Z"), "2026-11-20");
        assert_eq!(before("2026-11-23T18:00:00Z"), "2026-11-23");
        // A weekend and a holiday ask for nothing new.
        assert_eq!(before("2026-11-22T18:00:00Z"), "2026-11-20");
        assert_eq!(before("2026-11-26T18:00:00Z"), "2026-11-25");
    }
}
