//! OFX datetimes (OFX 2.3 §3.2.8.2): `YYYYMMDD[HHMMSS[.mmm]][[offset[:NAME]]]`; no zone means GMT.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// How an institution writes the times of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `20261120133000`, GMT.
    Plain,
    /// `20261120083000.000[-5:EST]`.
    Zoned,
    /// `20261120`: a date that must not be shifted.
    DateOnly,
}

/// Reads a datetime of a request.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (digits, zone) = match text.split_once('[') {
        Some((digits, zone)) => (digits, Some(zone.strip_suffix(']')?)),
        None => (text, None),
    };
    let digits = digits.split_once('.').map_or(digits, |(whole, _)| whole).trim();
    if !digits.is_ascii()
        || digits.bytes().any(|b| !b.is_ascii_digit())
        || !matches!(digits.len(), 8 | 10 | 12 | 14)
    {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |d| d.parse::<i16>().ok());
    let date = Date::new(part(0, 4)?, part(4, 6)? as i8, part(6, 8)? as i8).ok()?;
    let time = Time::new(part(8, 10)? as i8, part(10, 12)? as i8, part(12, 14)? as i8, 0).ok()?;
    let offset = zone.map_or(Some(SignedDuration::ZERO), read_offset)?;
    let local = Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    local.checked_sub(offset).ok()
}

/// `-5:EST`, `+5.5`, `-3.00`, `0:GMT`: hours, whole or decimal.
fn read_offset(zone: &str) -> Option<SignedDuration> {
    let hours: f64 = zone.split(':').next()?.trim().parse().ok()?;
    (hours.abs() <= 24.0).then(|| SignedDuration::from_secs((hours * 3600.0) as i64))
}

/// Writes a time in GMT, `YYYYMMDDHHMMSS`.
pub(crate) fn write(at: Timestamp) -> String {
    write_civil(Offset::UTC.to_datetime(at))
}

fn write_civil(at: DateTime) -> String {
    format!("{}{:02}{:02}{:02}", write_date(at.date()), at.hour(), at.minute(), at.second())
}

/// Writes the date alone.
pub(crate) fn write_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Writes the time of an entry in the institution's manner.
pub(crate) fn write_as(style: Style, at: Timestamp) -> String {
    match style {
        Style::Plain => write(at),
        Style::Zoned => format!("{}.000[-5:EST]", write_civil(Offset::constant(-5).to_datetime(at))),
        Style::DateOnly => write_date(Offset::UTC.to_datetime(at).date()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_forms() {
        for (text, want) in [
            ("20261120", "2026-11-20T00:00:00Z"),
            ("20261120133005", "2026-11-20T13:30:05Z"),
            ("20261120083005.123[-5:EST]", "2026-11-20T13:30:05Z"),
            ("20261120190005[+5.5]", "2026-11-20T13:30:05Z"),
            ("20261120133005[+0:UTC]", "2026-11-20T13:30:05Z"),
        ] {
            assert_eq!(read(text).map(|at| at.to_string()).as_deref(), Some(want), "{text}");
        }
        for text in ["", "2026", "20261340", "20261120[x]", "20261120[-5", "2026112é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        let at: Timestamp = "2026-11-20T13:30:05Z".parse().unwrap();
        assert_eq!(write_as(Style::Zoned, at), "20261120083005.000[-5:EST]");
        assert_eq!(read(&write_as(Style::Zoned, at)), Some(at));
        assert_eq!(read(&write_as(Style::Plain, at)), Some(at));
    }
}
