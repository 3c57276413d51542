//! What one successful run brings home from an institution.

use jiff::civil::Date;
use secrecy::SecretString;

use crate::{
    Money, Reason,
    account::AccountKind,
    holding::Holding,
    transaction::{Pending, Posted},
};

/// Everything a run found. Plain data: the connector knows nothing about what is stored already.
#[derive(Debug, Clone, Default)]
pub struct Harvest {
    pub accounts: Vec<FoundAccount>,
    /// True when `accounts` is the institution's whole list; only then can one be missing.
    pub complete: bool,
    /// A person was asked in this run, and nothing came that spares the question the next time.
    pub attended_only: bool,
}

/// How an account can be recognized again, strongest first.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A key that the institution promises to keep (OFX: ACCTKEY).
    pub persistent_key: Option<String>,
    /// The full number: kept only as a keyed hash and its last digits.
    pub number: SecretString,
    /// The institution's own name for the account in its protocol, without the number (OFX: bank id and type).
    pub qualifier: String,
    /// The name the institution shows, or empty.
    pub name: String,
    pub kind: AccountKind,
    /// Which kinds the institution's data left open; the review asks when this is true.
    pub kind_guessed: bool,
    pub currency: crate::Currency,
}

/// One account as the institution reports it. `None` for a data set means "did not come", never "is empty".
#[derive(Debug, Clone)]
pub struct FoundAccount {
    pub identity: Identity,
    pub balance: Option<Balance>,
    pub holdings: Option<Vec<Holding>>,
    pub transactions: Option<Statement>,
    /// Why something did not come, when something did not.
    pub incomplete: Option<Reason>,
}

/// The value of an account. Owed is negative, whatever the institution's own convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    pub amount: Money,
    pub available: Option<Money>,
    pub as_of: Date,
}

/// Booked and pending entries of a window of days, both inclusive.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub posted: Vec<Posted>,
    /// `None`: the institution doesn't tell pending entries.
    pub pending: Option<Vec<Pending>>,
}
