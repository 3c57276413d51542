//! Dates and numbers as OFX writes them, and as institutions do.

use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;

/// A date, with the time of day and the distance from GMT where the institution wrote them (OFX 2.3 §3.2.8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The civil date as written. Institutions write their own, so it is never shifted by us.
    pub date: Date,
    /// The time of day as written, to the second.
    pub time: Option<Time>,
    /// The written distance from GMT in seconds, east positive.
    pub offset_seconds: Option<i32>,
}

impl Moment {
    /// The written civil date and time.
    pub fn civil(self) -> DateTime {
        self.date.to_datetime(self.time.unwrap_or(Time::midnight()))
    }
}

/// Reads `YYYYMMDD[HHMM[SS[.XXX]]][[offset[:NAME]]]`, also with dashes in the date.
///
/// `None` for anything that is not a calendar date, such as `****`, `00000000` or the ambiguous `03/04/2024`.
pub fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    let (stamp, zone) =
        text.split_once('[').map_or((text, None), |(stamp, zone)| (stamp.trim_end(), Some(zone)));
    let dashed = stamp.as_bytes().get(4) == Some(&b'-') && stamp.as_bytes().get(7) == Some(&b'-');
    let joined;
    let stamp = if dashed {
        joined = stamp.replacen('-', "", 2);
        joined.as_str()
    } else {
        stamp
    };
    let digits = stamp.bytes().take_while(u8::is_ascii_digit).count();
    if digits < 8 {
        return None;
    }
    let part = |from: usize, to: usize| stamp[from..to].parse::<i16>().ok();
    let date =
        Date::new(part(0, 4)?, i8::try_from(part(4, 6)?).ok()?, i8::try_from(part(6, 8)?).ok()?).ok()?;
    let time = if digits >= 12 {
        let second = if digits >= 14 { part(12, 14)?.min(59) } else { 0 };
        Time::new(i8::try_from(part(8, 10)?).ok()?, i8::try_from(part(10, 12)?).ok()?, second as i8, 0).ok()
    } else {
        None
    };
    Some(Moment { date, time, offset_seconds: zone.and_then(offset_seconds) })
}

/// `-5:EST]`, `+5.5]`, `-3.00:BRT]`, `-03:EST]` in seconds east of GMT. Hours are decimal (OFX 2.3 §3.2.8.2).
fn offset_seconds(zone: &str) -> Option<i32> {
    let number = zone.split([':', ']']).next()?.trim();
    let hours = amount(number)?;
    let seconds = hours.checked_mul(Decimal::from(3600))?;
    let seconds = i32::try_from(seconds.trunc()).ok()?;
    (seconds.abs() <= 14 * 3600).then_some(seconds)
}

/// Reads an amount, a price or a quantity (OFX 2.3 §3.2.9.1): leading sign, `.` or `,` as decimal mark.
///
/// Spaces inside, a currency sign and separated thousands are forgiven where only one reading is possible. `None` for
/// everything else; a number is never guessed.
pub fn amount(text: &str) -> Option<Decimal> {
    let text = text.trim();
    plain(text.as_bytes()).or_else(|| forgiven(text))
}

/// The form that the specification asks for.
fn plain(bytes: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let (mut mantissa, mut scale, mut seen_mark, mut seen_digit) = (0_i128, 0_u32, false, false);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i128::from(byte - b'0');
                // The 96 bits of a decimal hold 28 digits; more than that is not an amount of anything.
                if mantissa >= 10_i128.pow(28) {
                    return None;
                }
                seen_digit = true;
                scale += u32::from(seen_mark);
            }
            b'.' | b',' if !seen_mark => seen_mark = true,
            _ => return None,
        }
    }
    if !seen_digit || scale > 28 {
        return None;
    }
    let number = Decimal::try_from_i128_with_scale(mantissa, scale).ok()?;
    Some(if negative { -number } else { number })
}

/// The forms that institutions send in spite of it: `R$ 5.326,43`, `- 12,50`, `1,234.56`, `12.00-`.
fn forgiven(text: &str) -> Option<Decimal> {
    let mut compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\'')
        .map(|c| if c == '\u{2212}' { '-' } else { c })
        .collect();
    for sign in ["R$", "US$", "$", "€", "£", "¥"] {
        if let Some(at) = compact.find(sign) {
            let outside =
                at == 0 || at + sign.len() == compact.len() || compact[..at] == *"-" || compact[..at] == *"+";
            if !outside {
                return None;
            }
            compact.replace_range(at..at + sign.len(), "");
            break;
        }
    }
    if let Some(rest) = compact.strip_suffix('-') {
        compact = format!("-{rest}");
    }
    let unsigned = compact.trim_start_matches(['-', '+']);
    let mark = unsigned.rfind(['.', ',']);
    if let Some(mark) = mark {
        let (whole, fraction) = unsigned.split_at(mark);
        let grouping = whole.chars().find(|c| matches!(c, '.' | ','));
        if let Some(grouping) = grouping {
            let repeated = fraction.starts_with(grouping);
            let whole = if repeated { unsigned } else { whole };
            if !is_grouped(whole, grouping) {
                return None;
            }
            let sign = &compact[..compact.len() - unsigned.len()];
            let fraction = if repeated { "" } else { fraction };
            return plain(format!("{sign}{}{fraction}", whole.replace(grouping, "")).as_bytes());
        }
    }
    plain(compact.as_bytes())
}

/// `1.234.567`: one to three digits, then groups of exactly three.
fn is_grouped(whole: &str, grouping: char) -> bool {
    let mut groups = whole.split(grouping);
    groups.next().is_some_and(|first| (1..=3).contains(&first.len())) && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_a_date() {
        let day = jiff::civil::date(1996, 10, 5);
        for (text, hour, offset) in [
            ("19961005", None, None),
            ("19961005132200.124[-5:EST]", Some(13), Some(-18_000)),
            ("19961005132200", Some(13), None),
            ("199610051322", Some(13), None),
            ("19961005132200[-5]", Some(13), Some(-18_000)),
            ("19961005132260[0:GMT]", Some(13), Some(0)),
            ("19961005132200[+5.5:IST]", Some(13), Some(19_800)),
            ("19961005132200.000[-3.50:NST]", Some(13), Some(-12_600)),
            ("19961005000000[-03:EST]", Some(0), Some(-10_800)),
            (" 1996-10-05 ", None, None),
            ("19961005132200:014", Some(13), None),
        ] {
            let read = moment(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (read.date, read.time.map(|time| i32::from(time.hour())), read.offset_seconds),
                (day, hour, offset),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_is_not_a_date() {
        for text in
            ["", "****", "00000000", "20241301", "20240230", "30/06/2025", "undefined", "2024", "2024-1-1"]
        {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn reads_amounts_with_either_mark_and_forgives_what_is_clear() {
        for (text, number) in [
            ("-13.99", "-13.99"),
            ("+00000000001111.0000", "1111.0000"),
            ("550", "550"),
            ("550.", "550"),
            (".5", "0.5"),
            ("-12,50", "-12.50"),
            ("   -  12,50 ", "-12.50"),
            ("1,234.56", "1234.56"),
            ("1.234.567,89", "1234567.89"),
            ("1,234,567", "1234567"),
            ("R$\u{a0}5.326,43", "5326.43"),
            ("-$4.00", "-4.00"),
            ("$4.00", "4.00"),
            ("12.00-", "-12.00"),
            ("\u{2212}3", "-3"),
        ] {
            assert_eq!(amount(text), Some(number.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn never_guesses_an_amount() {
        for text in [
            "",
            " . ",
            "-",
            "****",
            "12a",
            "1.2.3",
            "1,23,4",
            "12,34.567,8",
            "1e9",
            "--1",
            "NaN",
            "12 USD",
            "1$2",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
