//! Business days, and how dates and times are told to people.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// The close of the American securities markets, by which investments of a day have their value.
pub const MARKET_CLOSE_HOUR: i8 = 16;
/// The zone of the markets.
pub const MARKET_ZONE: &str = "America/New_York";

/// Whether institutions post values for this day: Monday to Friday, without the federal holidays (5 USC 6103).
pub fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_federal_holiday(day)
}

/// The first business day after `day`.
pub fn next_business_day(day: Date) -> Date {
    let mut next = day;
    loop {
        next = next.saturating_add(1.day());
        if is_business_day(next) || next == Date::MAX {
            return next;
        }
    }
}

/// The last business day before `day`.
pub fn previous_business_day(day: Date) -> Date {
    let mut previous = day;
    loop {
        previous = previous.saturating_sub(1.day());
        if is_business_day(previous) || previous == Date::MIN {
            return previous;
        }
    }
}

/// A holiday on a Saturday is observed on Friday, one on a Sunday on Monday.
fn is_federal_holiday(day: Date) -> bool {
    let observed = |month: i8, date: i8| {
        let Ok(fixed) = Date::new(day.year(), month, date) else { return false };
        let observed = match fixed.weekday() {
            Weekday::Saturday => fixed.saturating_sub(1.day()),
            Weekday::Sunday => fixed.saturating_add(1.day()),
            _ => fixed,
        };
        observed == day
    };
    let nth = |month: i8, weekday: Weekday, nth: i8| {
        day.month() == month
            && Date::new(day.year(), month, 1)
                .ok()
                .and_then(|first| first.nth_weekday_of_month(nth, weekday).ok())
                == Some(day)
    };
    // New Year's Day of the next year may be observed on this year's last Friday.
    let new_years_eve = day.month() == 12 && day.day() == 31 && day.weekday() == Weekday::Friday;
    observed(1, 1)
        || new_years_eve
        || nth(1, Weekday::Monday, 3)
        || nth(2, Weekday::Monday, 3)
        || nth(5, Weekday::Monday, -1)
        || observed(6, 19)
        || observed(7, 4)
        || nth(9, Weekday::Monday, 1)
        || nth(10, Weekday::Monday, 2)
        || observed(11, 11)
        || nth(11, Weekday::Thursday, 4)
        || observed(12, 25)
}

/// `Nov 21, 2026`.
pub fn date_words(day: Date) -> String {
    day.strftime("%b %-d, %Y").to_string()
}

/// `Nov 21, 2026, 6:04 PM` in the firm's zone.
pub fn time_words(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%b %-d, %Y, %-I:%M %p").to_string()
}

/// `6:04 PM` in the firm's zone.
pub fn clock_words(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%-I:%M %p").to_string()
}

/// How long ago, for the places where that is what people ask: `5 minutes ago`, `yesterday`, `12 days ago`.
pub fn ago_words(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let seconds = (now.as_second() - at.as_second()).max(0);
    let plural =
        |n: i64, unit: &str| if n == 1 { format!("1 {unit} ago") } else { format!("{n} {unit}s ago") };
    if seconds < 60 {
        return "just now".to_owned();
    }
    if seconds < 3600 {
        return plural(seconds / 60, "minute");
    }
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let days = i64::from((day(now) - day(at)).get_days());
    match days {
        0 => plural(seconds / 3600, "hour"),
        1 => "yesterday".to_owned(),
        _ => plural(days, "day"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn business_days_skip_weekends_and_observed_holidays() {
        assert!(is_business_day(date(2026, 11, 23)));
        assert!(!is_business_day(date(2026, 11, 21)));
        for holiday in [
            date(2026, 11, 26),
            date(2026, 7, 3),
            date(2027, 7, 5),
            date(2027, 12, 31),
            date(2027, 12, 24),
            date(2026, 5, 25),
            date(2026, 1, 19),
            date(2026, 9, 7),
        ] {
            assert!(!is_business_day(holiday), "{holiday}");
        }
        assert_eq!(next_business_day(date(2026, 11, 25)), date(2026, 11, 27));
        assert_eq!(previous_business_day(date(2026, 11, 23)), date(2026, 11, 20));
        assert_eq!(previous_business_day(date(2026, 7, 6)), date(2026, 7, 2));
    }

    #[test]
    fn times_are_told_in_the_firms_zone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let at: Timestamp = "2026-11-21T23:04:00Z".parse().unwrap();
        assert_eq!(time_words(at, &zone), "Nov 21, 2026, 6:04 PM");
        assert_eq!(clock_words(at, &zone), "6:04 PM");
        let told = |now: &str| ago_words(at, now.parse().unwrap(), &zone);
        assert_eq!(told("2026-11-21T23:04:59Z"), "just now");
        assert_eq!(told("2026-11-21T23:05:00Z"), "1 minute ago");
        assert_eq!(told("2026-11-22T01:04:00Z"), "2 hours ago");
        assert_eq!(told("2026-11-22T12:00:00Z"), "yesterday");
        assert_eq!(told("2026-11-24T12:00:00Z"), "3 days ago");
    }
}
