//! What a run of the engine brings home, written as one change: accounts, values, holdings, entries, the day's net
//! worth. What changes is decided in `engine::reconcile`; here it is only read and written, in batches.

use domain::{
    AccountId, Currency, Date, Decimal, Reason, Timestamp,
    account::{AccountKind, Standing},
    harvest::Balance,
    holding::Holding,
};

/// An account of a connection as far as recognizing it again needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAccount {
    pub id: AccountId,
    pub standing: Standing,
    /// Deleted by the client: stays deleted when it is listed again.
    pub deleted: bool,
    pub kind: AccountKind,
    pub currency: Currency,
    pub last_digits: String,
    pub listed_name: String,
    pub persistent_key: Option<String>,
    pub number_hash: Option<Vec<u8>>,
    pub qualifier: String,
    pub missing_runs: u32,
    pub incomplete: Option<Reason>,
    /// Minor units of `currency`.
    pub amount: Option<i64>,
    pub updated_at: Option<Timestamp>,
    /// Positions kept now.
    pub holdings: u32,
}

/// How an account is recognized the next time, as its institution listed it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    pub persistent_key: Option<String>,
    pub number_hash: Vec<u8>,
    pub qualifier: String,
    pub listed_name: String,
    pub last_digits: String,
    pub kind: AccountKind,
    pub kind_guessed: bool,
    pub currency: Currency,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Unique within its account.
    pub key: String,
    pub native_id: Option<String>,
    pub posted_on: Date,
    /// Minor units of the account's currency.
    pub amount: i64,
    pub payee: String,
    pub memo: String,
    pub detail: String,
    pub quantity: Option<Decimal>,
    pub pending: bool,
}

/// What changes among the entries of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryChanges {
    pub added: Vec<EntryRow>,
    /// By key, with the new contents.
    pub changed: Vec<EntryRow>,
    /// Keys of pending entries that were withdrawn and of entries that the institution deleted by name.
    pub removed: Vec<String>,
}

impl EntryChanges {
    /// True when nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// What changes for one listed account. `None` for a data set: it did not come, what is there stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    pub id: AccountId,
    /// Not there yet: lands as found.
    pub new: bool,
    pub identified: Identified,
    pub balance: Option<Balance>,
    pub holdings: Option<Vec<Holding>>,
    pub entries: EntryChanges,
    /// Why something did not come.
    pub incomplete: Option<Reason>,
}

/// Everything that one run changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub accounts: Vec<AccountChange>,
    /// Accounts that a complete list no longer has.
    pub missing: Vec<AccountId>,
}
