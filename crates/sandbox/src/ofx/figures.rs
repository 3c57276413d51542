//! Amounts, prices and units as text (OFX 2.3 §3.2.9): an optional sign, no grouping, `.` or `,` as the decimal mark.

use crate::institution::Manner;

/// An amount in cents.
pub(crate) fn amount(manner: &Manner, cents: i64) -> String {
    decimal(manner, cents, 2)
}

/// A number in ten-thousandths.
pub(crate) fn e4(manner: &Manner, value: i64) -> String {
    decimal(manner, value, 4)
}

/// A number in thousandths.
pub(crate) fn e3(manner: &Manner, value: i64) -> String {
    decimal(manner, value, 3)
}

fn decimal(manner: &Manner, value: i64, digits: u32) -> String {
    let unit = 10_u64.pow(digits);
    let sign = if value < 0 { "-" } else { "" };
    let mark = if manner.comma { ',' } else { '.' };
    let size = value.unsigned_abs();
    format!("{sign}{}{mark}{:0width$}", size / unit, size % unit, width = digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_their_sign_and_digits() {
        assert_eq!(amount(&Manner::PLAIN, -5), "-0.05");
        assert_eq!(amount(&Manner { comma: true, ..Manner::PLAIN }, 318_045), "3180,45");
        assert_eq!(e4(&Manner::PLAIN, 1_182_400), "118.2400");
        assert_eq!(e3(&Manner::PLAIN, 3_875), "3.875");
    }
}
