//! Net worth: what a household has less what it owes, with how much of the figure is current.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{Currency, Money, account::Account, freshness::Currentness};

/// Net worth at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetWorth {
    pub assets: Money,
    /// Negative or zero.
    pub debts: Money,
    pub currentness: Currentness,
    /// Accounts in another currency: not in the sums, and said so.
    pub excluded: u32,
}

impl NetWorth {
    /// Adds up the counted accounts of `currency`. A last known value is carried with its age; an unknown one is
    /// never taken as zero: it lowers `currentness`.
    pub fn of(accounts: &[Account], currency: Currency, now: Timestamp, zone: &TimeZone) -> Self {
        let (mut assets, mut debts) = (Money::zero(currency), Money::zero(currency));
        let mut excluded = 0;
        for value in accounts.iter().filter(|account| account.counts()).filter_map(|account| account.value) {
            let side = if value.amount.is_negative() { &mut debts } else { &mut assets };
            match side.checked_add(value.amount) {
                Some(sum) => *side = sum,
                None => excluded += 1,
            }
        }
        Self { assets, debts, currentness: Currentness::of(accounts, now, zone), excluded }
    }

    /// Assets plus (negative) debts.
    pub fn total(self) -> Money {
        self.assets.checked_add(self.debts).unwrap_or(self.assets)
    }
}

/// Net worth of a past day; days on which nothing was known have no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetWorthPoint {
    pub day: Date,
    pub assets: Money,
    pub debts: Money,
}
