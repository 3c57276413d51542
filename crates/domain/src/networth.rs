//! Net worth: what a household has less what it owes, with how much of the figure is current.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{AccountId, Currency, Money, account::Account, freshness::Currentness};

/// Net worth at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetWorth {
    pub assets: Money,
    /// Negative or zero.
    pub debts: Money,
    /// Of the accounts in the sums.
    pub currentness: Currentness,
    /// Accounts that would count but are in another currency: not in the sums, and said so.
    pub excluded: Vec<Excluded>,
}

/// An account whose value can't be added up with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excluded {
    pub account: AccountId,
    pub value: Money,
}

impl NetWorth {
    /// Adds up the counted accounts of `currency`. A last known value is carried with its age; an unknown one is
    /// never taken as zero: it lowers `currentness`.
    pub fn of(accounts: &[Account], currency: Currency, now: Timestamp, zone: &TimeZone) -> Self {
        let (mut assets, mut debts) = (Money::zero(currency), Money::zero(currency));
        let mut excluded = Vec::new();
        for account in accounts.iter().filter(|account| account.counts()) {
            let Some(value) = account.value.map(|value| value.amount) else { continue };
            if value.currency != currency {
                excluded.push(Excluded { account: account.id, value });
                continue;
            }
            let side = if value.is_negative() { &mut debts } else { &mut assets };
            // A sum beyond an i64 of minor units stays at its bound, as the store keeps it.
            side.minor = side.minor.saturating_add(value.minor);
        }
        let in_sums = accounts.iter().filter(|account| account.currency == currency);
        Self { assets, debts, currentness: Currentness::of(in_sums, now, zone), excluded }
    }

    /// Assets plus (negative) debts.
    pub fn total(&self) -> Money {
        self.assets.checked_add(self.debts).unwrap_or(self.assets)
    }

    /// `EUR 1,204.10 and GBP \u{2212}12.00 not included: no exchange rate`; `None` when everything is in the sums.
    pub fn not_included(&self) -> Option<String> {
        let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
        for Excluded { value, .. } in &self.excluded {
            let sum = sums.entry(value.currency).or_insert(Money::zero(value.currency));
            sum.minor = sum.minor.saturating_add(value.minor);
        }
        let named: Vec<String> = sums.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect();
        let (last, others) = named.split_last()?;
        let named =
            if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
        Some(format!("{named} not included: no exchange rate"))
    }
}

/// Net worth of a past day; days on which nothing was known have no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetWorthPoint {
    pub day: Date,
    pub assets: Money,
    pub debts: Money,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        HouseholdId,
        account::{AccountKind, Owner, Standing, Value},
        world::Entropy,
    };

    struct Nines;

    impl Entropy for Nines {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    fn account(currency: &str, minor: i64, counted: bool) -> Account {
        let (now, currency) = (Timestamp::UNIX_EPOCH, currency.parse().unwrap());
        let amount = Money { minor, currency };
        Account {
            id: AccountId::new(now, &Nines),
            household: HouseholdId::new(now, &Nines),
            connection: None,
            standing: Standing::Added,
            kind: AccountKind::Checking,
            owner: Owner::Client,
            name: String::new(),
            institution: String::new(),
            last_digits: String::new(),
            currency,
            counted,
            value: Some(Value {
                amount,
                available: None,
                as_of: Date::constant(1970, 1, 1),
                updated_at: now,
            }),
            missing_runs: 0,
            closed_on: None,
            created_at: now,
            version: 1,
        }
    }

    fn of(accounts: &[Account]) -> NetWorth {
        NetWorth::of(accounts, Currency::USD, Timestamp::UNIX_EPOCH, &TimeZone::UTC)
    }

    #[test]
    fn what_is_in_another_currency_is_named_and_not_added() {
        let usd = [account("USD", 500, true), account("USD", -200, true), account("USD", 7, false)];
        let worth = of(&usd);
        assert_eq!((worth.total().minor, worth.currentness.of), (300, 2));
        assert_eq!((worth.excluded.len(), worth.not_included()), (0, None));

        let abroad = [account("EUR", 120_410, true), account("EUR", 7, false), account("GBP", -1_200, true)];
        let worth = of(&[&usd[..], &abroad[..1]].concat());
        assert_eq!((worth.total().minor, worth.currentness.of), (300, 2));
        assert_eq!(
            worth.excluded,
            [Excluded { account: abroad[0].id, value: abroad[0].value.unwrap().amount }]
        );
        assert_eq!(worth.not_included().unwrap(), "EUR 1,204.10 not included: no exchange rate");
        let worth = of(&[&usd[..], &abroad, &[account("EUR", 90, true), account("JPY", 5, true)]].concat());
        assert_eq!(
            worth.not_included().unwrap(),
            "EUR 1,205.00, GBP \u{2212}12.00 and JPY 5 not included: no exchange rate"
        );
    }

    #[test]
    fn sums_stay_at_their_bounds() {
        let worth = of(&[account("USD", i64::MAX, true), account("USD", 1, true), account("USD", -1, true)]);
        assert_eq!((worth.assets.minor, worth.debts.minor, worth.excluded.len()), (i64::MAX, -1, 0));
    }
}
