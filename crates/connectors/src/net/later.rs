//! Retry-After: when an institution wants to be asked again (RFC 9110 §10.2.3).

use std::time::Duration;

use domain::{Timestamp, limits};
use jiff::fmt::rfc2822::DateTimeParser;

/// When to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    In(Duration),
    At(Timestamp),
}

impl Later {
    /// The value of the header: seconds, or a date of HTTP. Anything else says nothing.
    pub fn read(value: &str) -> Option<Self> {
        let value = value.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Self::In(Duration::from_secs(seconds)));
        }
        // An HTTP date is one of RFC 2822 in GMT (RFC 9110 §5.6.7).
        DateTimeParser::new().parse_timestamp(value).ok().map(Self::At)
    }

    /// The instant that it means at `now`: neither in the past nor more than [`limits::RETRY_AFTER_MAX`] ahead.
    pub fn from(self, now: Timestamp) -> Timestamp {
        let latest = now + limits::RETRY_AFTER_MAX;
        match self {
            Self::In(wait) => now + wait.min(limits::RETRY_AFTER_MAX),
            Self::At(at) => at.clamp(now, latest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn seconds_and_dates_are_read_and_nothing_else() {
        assert_eq!(Later::read(" 120 "), Some(Later::In(Duration::from_mins(2))));
        let date = Later::read("Mon, 23 Nov 2026 14:10:00 GMT");
        assert_eq!(date, Some(Later::At(at("2026-11-23T14:10:00Z"))));
        for nothing in ["", "-5", "soon", "1.5", "2026-11-23T14:10:00Z", "99999999999999999999"] {
            assert_eq!(Later::read(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let now = at("2026-11-23T14:00:00Z");
        let from = |value: &str| Later::read(value).unwrap().from(now);
        assert_eq!(from("600"), at("2026-11-23T14:10:00Z"));
        assert_eq!(from("86400"), at("2026-11-24T14:00:00Z"));
        assert_eq!(from("86401"), at("2026-11-24T14:00:00Z"));
        assert_eq!(from("18446744073709551615"), at("2026-11-24T14:00:00Z"));
        assert_eq!(from("Mon, 23 Nov 2026 14:10:00 GMT"), at("2026-11-23T14:10:00Z"));
        assert_eq!(from("Fri, 23 Nov 2029 14:10:00 GMT"), at("2026-11-24T14:00:00Z"));
        assert_eq!(from("Sun, 06 Nov 1994 08:49:37 GMT"), now);
    }
}
