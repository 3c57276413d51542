//! Transactions of an account.

use jiff::civil::Date;

use crate::{Decimal, Money};

/// A booked entry as an institution reports it.
///
/// `native_id` is the institution's own (OFX: FITID), unique per account at best; the reconciler doesn't trust it
/// alone (`engine::reconcile`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub native_id: Option<String>,
    /// The civil date of the booking in the institution's zone; never shifted.
    pub posted_on: Date,
    /// From the account holder's side: what came in is positive.
    pub amount: Money,
    pub payee: String,
    pub memo: String,
    /// What it is in a few words: "Check 1042", "Dividend", "Buy 10 VTI". Empty for an ordinary entry.
    pub detail: String,
    /// Replaces (`true`) or deletes (`false`) the entry of that native id (OFX 2.3 §11.4.4.1 CORRECTFITID).
    pub corrects: Option<(String, Correction)>,
    /// Shares of a trade.
    pub quantity: Option<Decimal>,
}

/// What a correction does to the entry it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    Replace,
    Delete,
}

/// An entry that is announced and may still change or vanish; a replaceable set per fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub expected_on: Date,
    pub amount: Money,
    pub payee: String,
}
