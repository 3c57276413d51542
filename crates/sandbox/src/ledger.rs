//! The entries of checking, savings and card accounts, made day by day from a plan and the dice. The balance of an instant is
//! an opening balance plus all entries until then, so that two downloads never contradict each other.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::random::{between, dice, roll};

mod odd;

/// The first day that has entries.
pub(crate) const FIRST_DAY: Date = jiff::civil::date(2024, 11, 1);
/// The catalog's balances are those at the end of this day.
pub(crate) const REFERENCE_DAY: Date = jiff::civil::date(2026, 11, 20);

/// What fills an account with entries.
#[derive(Debug)]
pub(crate) struct Plan {
    pub monthly: &'static [Monthly],
    pub paycheck: Option<Paycheck>,
    pub habits: &'static [Habit],
    /// This account pays that card of the same persona: its key and plan.
    pub pays: Option<(&'static str, &'static Plan)>,
    /// This card is paid on `CARD_PAYMENT_DAY` with what was spent in the month before.
    pub is_paid: bool,
    /// So many further entries a day.
    pub dense_per_day: u64,
    pub oddity: Oddity,
}

/// What is strange about an institution's entries; see `odd.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oddity {
    None,
    /// Each month an entry is replaced by its correction, and another one deleted (OFX 2.3 §11.4.4.1).
    Corrections,
    /// Each month two entries that are alike in all but their FITID, and truly are two.
    Twins,
    /// Each month a purchase abroad and its fee under one FITID.
    SharedIds,
}

#[derive(Debug)]
pub(crate) struct Monthly {
    pub day: i8,
    pub kind: &'static str,
    /// From and to, in cents, with sign.
    pub cents: (i64, i64),
    pub name: &'static str,
}

/// Every second Friday.
#[derive(Debug)]
pub(crate) struct Paycheck {
    pub cents: i64,
    pub name: &'static str,
}

#[derive(Debug)]
pub(crate) struct Habit {
    /// Chance on a day, in thousandths.
    pub per_mille: i64,
    pub kind: &'static str,
    /// From and to, in cents, with sign.
    pub cents: (i64, i64),
    pub names: &'static [&'static str],
}

impl Plan {
    pub(crate) const EMPTY: Self = Self {
        monthly: &[],
        paycheck: None,
        habits: &[],
        pays: None,
        is_paid: false,
        dense_per_day: 0,
        oddity: Oddity::None,
    };
}

/// The day of the month on which a card is paid, and on which the checking account shows it.
const CARD_PAYMENT_DAY: i8 = 18;

/// One posted entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub at: Timestamp,
    /// OFX's TRNTYPE.
    pub kind: &'static str,
    pub amount_cents: i64,
    /// What it does to the balance; differs from the amount for corrections.
    pub effect_cents: i64,
    pub id: RowId,
    pub name: &'static str,
    pub check_number: Option<i64>,
    pub corrects: Option<(RowId, Correction)>,
}

/// What a FITID is made from; written out only for the entries that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowId {
    day: Date,
    slot: u64,
    mark: u64,
}

impl std::fmt::Display for RowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:05}{:06}", crate::ofx::date::write_date(self.day), self.slot, self.mark)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Correction {
    Replace,
    Delete,
}

/// The book of one account.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Oldest first.
    pub rows: Vec<Row>,
    opening_cents: i64,
}

impl Ledger {
    /// Makes all entries that have posted until `now`, and what is about to post (`pending_until`).
    /// `persona_seed` is shared by a person's accounts, so that a card payment leaves one and reaches the other.
    pub(crate) fn open(
        persona_seed: u64,
        key: &str,
        plan: &Plan,
        reference_cents: i64,
        until: Timestamp,
    ) -> Self {
        let reference = end_of_day(REFERENCE_DAY);
        let mut rows = rows(persona_seed, key, plan, until.max(reference));
        let known: i64 = rows.iter().filter(|row| row.at < reference).map(|row| row.effect_cents).sum();
        rows.retain(|row| row.at <= until);
        Self { rows, opening_cents: reference_cents - known }
    }

    /// The balance at an instant, in cents.
    pub(crate) fn balance_at(&self, at: Timestamp) -> i64 {
        self.opening_cents
            + self.rows.iter().filter(|row| row.at <= at).map(|row| row.effect_cents).sum::<i64>()
    }
}

fn rows(persona_seed: u64, key: &str, plan: &Plan, until: Timestamp) -> Vec<Row> {
    let seed = account_seed(persona_seed, key);
    let last = Offset::UTC.to_datetime(until).date();
    let mut rows = Vec::new();
    let mut day = FIRST_DAY;
    while day <= last {
        rows_of_day(persona_seed, seed, plan, day, &mut rows);
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    rows.retain(|row| row.at <= until);
    rows.sort_by_key(|row| row.at);
    rows
}

pub(crate) fn account_seed(persona_seed: u64, key: &str) -> u64 {
    dice(persona_seed, key)
}

fn rows_of_day(persona_seed: u64, seed: u64, plan: &Plan, day: Date, rows: &mut Vec<Row>) {
    let number = day_number(day);
    if let Some(paycheck) = &plan.paycheck
        && number.rem_euclid(14) == 1
    {
        rows.push(row(seed, day, 1, "DIRECTDEP", paycheck.cents, paycheck.name));
    }
    if let Some((card_key, card_plan)) = plan.pays
        && day.day() == CARD_PAYMENT_DAY
    {
        let paid = spent_in_month_before(account_seed(persona_seed, card_key), card_plan, day);
        rows.push(row(seed, day, 2, "PAYMENT", -paid, "CARD PAYMENT THANK YOU"));
    }
    if plan.is_paid && day.day() == CARD_PAYMENT_DAY {
        let paid = spent_in_month_before(seed, plan, day);
        rows.push(row(seed, day, 2, "PAYMENT", paid, "PAYMENT RECEIVED THANK YOU"));
    }
    spending_of_day(seed, plan, day, rows);
    for slot in 0..plan.dense_per_day {
        rows.push(dense(seed, day, slot));
    }
    odd::add(seed, plan.oddity, day, rows);
}

fn spending_of_day(seed: u64, plan: &Plan, day: Date, rows: &mut Vec<Row>) {
    let number = day_number(day);
    for (slot, monthly) in (100..).zip(plan.monthly) {
        if monthly.day.min(day.days_in_month()) == day.day() {
            let cents = between(roll(seed, number, slot), monthly.cents.0, monthly.cents.1);
            rows.push(row(seed, day, slot, monthly.kind, cents, monthly.name));
        }
    }
    for (slot, habit) in (200..).zip(plan.habits) {
        if between(roll(seed, number, slot), 1, 1000) > habit.per_mille {
            continue;
        }
        let dice = roll(seed, number, slot + 10_000);
        let cents = between(dice, habit.cents.0, habit.cents.1);
        // Cash machines give twenties.
        let cents = if habit.kind == "ATM" { cents / 2_000 * 2_000 } else { cents };
        let name = habit.names[(dice >> 32) as usize % habit.names.len()];
        let mut row = row(seed, day, slot, habit.kind, cents, name);
        if habit.kind == "CHECK" {
            row.check_number = Some(1_000 + number.rem_euclid(9_000));
        }
        rows.push(row);
    }
}

fn spent_in_month_before(seed: u64, plan: &Plan, day: Date) -> i64 {
    let last = day.first_of_month().yesterday().unwrap_or(day);
    let mut rows = Vec::new();
    let mut day = last.first_of_month();
    while day <= last {
        spending_of_day(seed, plan, day, &mut rows);
        day = day.tomorrow().unwrap_or(Date::MAX);
    }
    -rows.iter().map(|row| row.amount_cents).sum::<i64>()
}

fn dense(seed: u64, day: Date, slot: u64) -> Row {
    const NAMES: [&str; 6] = [
        "TRANSIT TAP 0417",
        "VENDING B2",
        "NEWSSTAND PIER 9",
        "PARKING METER 118",
        "COFFEE CART",
        "BIKE SHARE",
    ];
    let dice = roll(seed, day_number(day), 20_000 + slot);
    row(
        seed,
        day,
        20_000 + slot,
        "POS",
        between(dice, -950, -110),
        NAMES[(dice >> 32) as usize % NAMES.len()],
    )
}

/// An entry posts between 11:00 and 19:00 GMT, so that its date is the same everywhere in the country.
fn row(seed: u64, day: Date, slot: u64, kind: &'static str, amount_cents: i64, name: &'static str) -> Row {
    let dice = roll(seed, day_number(day), slot + 40_000);
    let at = start_of_day(day) + SignedDuration::from_secs(11 * 3600 + between(dice, 0, 8 * 3600));
    let id = RowId { day, slot, mark: dice % 1_000_000 };
    Row { at, kind, amount_cents, effect_cents: amount_cents, id, name, check_number: None, corrects: None }
}

/// Days since 1970-01-01, a Thursday.
pub(crate) fn day_number(day: Date) -> i64 {
    start_of_day(day).as_second().div_euclid(86_400)
}

pub(crate) fn start_of_day(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(Timestamp::MAX)
}

pub(crate) fn end_of_day(day: Date) -> Timestamp {
    start_of_day(day.tomorrow().unwrap_or(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::plans;
    use proptest::prelude::*;

    fn instant(seconds: i64) -> Timestamp {
        end_of_day(REFERENCE_DAY) + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn the_reference_balance_is_the_catalogs() {
        let ledger = Ledger::open(7, "checking", &plans::CHECKING, 841_277, instant(86_400 * 400));
        assert_eq!(ledger.balance_at(instant(-1)), 841_277);
        assert!(ledger.rows.len() > 500, "{}", ledger.rows.len());
    }

    #[test]
    fn a_card_payment_leaves_checking_as_it_reaches_the_card() {
        let checking = Ledger::open(7, "checking", &plans::CHECKING, 0, instant(0));
        let card = Ledger::open(7, "visa", &plans::CARD, 0, instant(0));
        let paid = |ledger: &Ledger, name: &str| -> Vec<i64> {
            ledger
                .rows
                .iter()
                .filter(|row| row.name.starts_with(name))
                .map(|row| row.amount_cents.abs())
                .collect()
        };
        let left = paid(&checking, "CARD PAYMENT");
        assert_eq!(left, paid(&card, "PAYMENT RECEIVED"));
        assert!(left.len() >= 24 && left.iter().all(|cents| *cents > 10_000), "{left:?}");
    }

    #[test]
    fn ids_are_unique_unless_the_oddity_shares_them() {
        for plan in
            [&plans::CHECKING, &plans::SAVINGS, &plans::CARD, &plans::DENSE, &plans::TWINS, &plans::CORRECTED]
        {
            let ledger = Ledger::open(7, "x", plan, 0, instant(0));
            let mut ids: Vec<_> = ledger.rows.iter().map(|row| row.id.to_string()).collect();
            ids.sort_unstable();
            let all = ids.len();
            ids.dedup();
            assert_eq!(ids.len(), all);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever is downloaded when, the difference of two balances is the sum of the entries between them.
        #[test]
        fn balances_differ_by_the_entries_between(seed: u64, first in -40_000_000_i64..40_000_000, later in 0_i64..9_000_000) {
            for plan in [&plans::CHECKING, &plans::SAVINGS, &plans::CARD, &plans::CORRECTED, &plans::TWINS, &plans::SHARED_IDS] {
                let (then, now) = (instant(first), instant(first + later));
                let before = Ledger::open(seed, "k", plan, 500_000, then);
                let after = Ledger::open(seed, "k", plan, 500_000, now);
                prop_assert_eq!(&after.rows[..before.rows.len()], &before.rows[..], "history never changes");
                let between: i64 = after.rows[before.rows.len()..].iter().map(|row| row.effect_cents).sum();
                prop_assert_eq!(after.balance_at(now) - before.balance_at(then), between);
            }
        }
    }
}
