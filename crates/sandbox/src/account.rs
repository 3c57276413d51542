//! What an account is, before any day has passed: its number, its name and the plan its entries are made from.

use crate::holdings::Portfolio;
use crate::ledger::Plan;
use crate::loan::Terms;

/// An account of a persona, written down in the catalog.
#[derive(Debug)]
pub(crate) struct Account {
    /// Unique among the persona's accounts; part of the seed of its entries, so that a renumbered card keeps them.
    pub key: &'static str,
    /// The account number as the server spells it.
    pub number: &'static str,
    pub name: &'static str,
    pub kind: Kind,
}

/// What the account holds, and how.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `account_type` is OFX's: CHECKING, SAVINGS, MONEYMRKT, CREDITLINE or CD.
    Bank {
        account_type: &'static str,
        plan: &'static Plan,
        balance_cents: i64,
    },
    /// The balance is negative while money is owed.
    Card {
        plan: &'static Plan,
        balance_cents: i64,
        limit_cents: i64,
    },
    Loan(&'static Terms),
    /// `product` is OFX's USPRODUCTTYPE (OFX 2.3 §13.6.2.1).
    Investment {
        product: &'static str,
        portfolio: &'static Portfolio,
    },
}

impl Account {
    pub(crate) const fn checking(
        key: &'static str,
        number: &'static str,
        name: &'static str,
        plan: &'static Plan,
        balance_cents: i64,
    ) -> Self {
        Self { key, number, name, kind: Kind::Bank { account_type: "CHECKING", plan, balance_cents } }
    }

    pub(crate) const fn savings(
        key: &'static str,
        number: &'static str,
        name: &'static str,
        plan: &'static Plan,
        balance_cents: i64,
    ) -> Self {
        Self { key, number, name, kind: Kind::Bank { account_type: "SAVINGS", plan, balance_cents } }
    }

    pub(crate) const fn card(
        key: &'static str,
        number: &'static str,
        name: &'static str,
        plan: &'static Plan,
        balance_cents: i64,
    ) -> Self {
        Self { key, number, name, kind: Kind::Card { plan, balance_cents, limit_cents: 1_500_000 } }
    }

    pub(crate) const fn loan(
        key: &'static str,
        number: &'static str,
        name: &'static str,
        terms: &'static Terms,
    ) -> Self {
        Self { key, number, name, kind: Kind::Loan(terms) }
    }

    pub(crate) const fn investment(
        key: &'static str,
        number: &'static str,
        name: &'static str,
        product: &'static str,
        portfolio: &'static Portfolio,
    ) -> Self {
        Self { key, number, name, kind: Kind::Investment { product, portfolio } }
    }
}
