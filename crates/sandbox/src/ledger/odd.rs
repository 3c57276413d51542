//! The strange entries of some institutions, as real ones send them.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::{Correction, Oddity, Row, row};

/// Adds the day's oddities, if any.
pub(super) fn add(seed: u64, oddity: Oddity, day: Date, rows: &mut Vec<Row>) {
    match oddity {
        Oddity::None => {}
        Oddity::Corrections => corrections(seed, day, rows),
        Oddity::Twins => twins(seed, day, rows),
        Oddity::SharedIds => shared_ids(seed, day, rows),
    }
}

/// On the 5th an amount is wrong, corrected on the 7th; on the 12th a charge is doubled, deleted on the 13th.
fn corrections(seed: u64, day: Date, rows: &mut Vec<Row>) {
    let wrong = |day: Date| row(seed, day, 9_001, "POS", -8_450, "GARDEN CENTER NO 4");
    let doubled = |day: Date| row(seed, day, 9_002, "POS", -3_299, "HARDWARE BARN 12");
    match day.day() {
        5 => rows.push(wrong(day)),
        7 => {
            let original = wrong(day.saturating_sub(jiff::Span::new().days(2)));
            let mut fixed = row(seed, day, 9_003, "POS", -7_550, "GARDEN CENTER NO 4");
            fixed.effect_cents = fixed.amount_cents - original.amount_cents;
            fixed.corrects = Some((original.id, Correction::Replace));
            rows.push(fixed);
        }
        12 => rows.push(doubled(day)),
        13 => {
            let original = doubled(day.saturating_sub(jiff::Span::new().days(1)));
            let mut gone = row(seed, day, 9_004, "POS", original.amount_cents, "HARDWARE BARN 12");
            gone.effect_cents = -original.amount_cents;
            gone.corrects = Some((original.id, Correction::Delete));
            rows.push(gone);
        }
        _ => {}
    }
}

/// On the 10th the same ferry ticket twice in the same second.
fn twins(seed: u64, day: Date, rows: &mut Vec<Row>) {
    if day.day() != 10 {
        return;
    }
    let first = row(seed, day, 9_011, "POS", -350, "ISLAND FERRY ONE WAY");
    let mut second = row(seed, day, 9_012, "POS", -350, "ISLAND FERRY ONE WAY");
    second.at = first.at;
    rows.extend([first, second]);
}

/// On the 9th a purchase abroad, and its fee a minute later under the same FITID.
fn shared_ids(seed: u64, day: Date, rows: &mut Vec<Row>) {
    if day.day() != 9 {
        return;
    }
    let purchase = row(seed, day, 9_021, "POS", -12_840, "LIBRAIRIE DU PORT");
    let mut fee = row(seed, day, 9_022, "FEE", -385, "FOREIGN TRANSACTION FEE");
    fee.id = purchase.id;
    fee.at = purchase.at + SignedDuration::from_secs(60);
    rows.extend([purchase, fee]);
}
