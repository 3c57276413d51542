//! Accounts: which of those that an institution lists are there already.
//!
//! An account's id, name, owner and history outlive every repair, so it must be recognized when its number, its name
//! or the whole list changes; and two accounts must never be taken for one. From the surest sign to the weakest; the
//! weak ones count only when they point to exactly one account that a complete list no longer has. What stays
//! doubtful is left for the client to link.

use std::borrow::Cow;

use domain::{
    Currency,
    account::AccountKind,
    harvest::{FoundAccount, Identity},
};
use secrecy::ExposeSecret;
use store::reconcile::{Identified, KnownAccount};

/// How many characters of a number are kept readable.
const LAST_DIGITS: usize = 4;

/// A listed account, ready to be recognized.
#[derive(Debug, Clone)]
pub struct Listed<'h> {
    /// Of the harvest; its own only where repeats were merged, since a statement may be large.
    pub found: Cow<'h, FoundAccount>,
    /// Keyed hashes of its number, the active key's first.
    pub number_hashes: Vec<Vec<u8>>,
    pub last_digits: String,
}

impl<'h> Listed<'h> {
    /// Takes an account from the list; `hashes` makes the keyed hashes of its number.
    pub fn new(
        found: Cow<'h, FoundAccount>,
        hashes: impl Fn(&secrecy::SecretString) -> Vec<Vec<u8>>,
    ) -> Self {
        let number = &found.identity.number;
        let (number_hashes, last_digits) = (hashes(number), last_digits(number.expose_secret()));
        Self { found, number_hashes, last_digits }
    }

    fn identity(&self) -> &Identity {
        &self.found.identity
    }

    /// What is kept of its identity.
    pub fn identified(&self) -> Identified {
        let identity = self.identity();
        Identified {
            persistent_key: identity.persistent_key.clone(),
            number_hash: self.number_hashes.first().cloned().unwrap_or_default(),
            qualifier: identity.qualifier.clone(),
            listed_name: identity.name.clone(),
            last_digits: self.last_digits.clone(),
            kind: identity.kind,
            kind_guessed: identity.kind_guessed,
            currency: identity.currency,
        }
    }

    fn is_same_entry(&self, other: &Self) -> bool {
        self.number_hashes == other.number_hashes && self.identity().qualifier == other.identity().qualifier
    }
}

/// The last up to four letters and digits of a number, never the whole of it.
fn last_digits(number: &str) -> String {
    let characters: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let shown = LAST_DIGITS.min(characters.len() / 2);
    characters[characters.len() - shown..].iter().collect()
}

/// An institution may list one account twice, each time with other data: one entry with all of it.
pub fn merge_repeats(listed: Vec<Listed<'_>>) -> Vec<Listed<'_>> {
    let mut merged: Vec<Listed<'_>> = Vec::with_capacity(listed.len());
    for account in listed {
        let Some(first) = merged.iter_mut().find(|first| first.is_same_entry(&account)) else {
            merged.push(account);
            continue;
        };
        let (into, from) = (first.found.to_mut(), account.found.into_owned());
        into.balance = into.balance.or(from.balance);
        into.holdings = into.holdings.take().or(from.holdings);
        into.transactions = into.transactions.take().or(from.transactions);
        into.incomplete = into.incomplete.or(from.incomplete);
        into.identity.persistent_key = into.identity.persistent_key.take().or(from.identity.persistent_key);
    }
    merged
}

/// For each listed account the known one that it is, by index.
pub fn recognize(known: &[KnownAccount], listed: &[Listed<'_>], complete: bool) -> Vec<Option<usize>> {
    let mut pairs = Pairs { known, listed, is: vec![None; listed.len()], free: vec![true; known.len()] };
    pairs.pair_unique(
        |known| known.persistent_key.as_deref(),
        |listed| listed.identity().persistent_key.as_deref(),
    );
    pairs.pair_numbers(|known, listed| known.qualifier == listed.identity().qualifier);
    // The same number under another type: the institution renamed the type.
    pairs.pair_numbers(|_, _| true);
    if complete {
        pairs.pair_unique(by_name, |listed| by_name_listed(listed));
        pairs.pair_unique(by_qualifier, |listed| by_qualifier_listed(listed));
        pairs.pair_unique(renumbered, |listed| renumbered_listed(listed));
    }
    pairs.is
}

/// Known accounts that a complete list no longer has. An empty list proves nothing (R34).
pub fn missing(known: &[KnownAccount], recognized: &[Option<usize>], complete: bool) -> Vec<usize> {
    if !complete || recognized.is_empty() {
        return Vec::new();
    }
    (0..known.len()).filter(|index| !known[*index].deleted && !recognized.contains(&Some(*index))).collect()
}

struct Pairs<'a> {
    known: &'a [KnownAccount],
    listed: &'a [Listed<'a>],
    is: Vec<Option<usize>>,
    free: Vec<bool>,
}

impl<'a> Pairs<'a> {
    fn left(&self) -> impl Iterator<Item = (usize, &'a Listed<'a>)> + '_ {
        self.listed.iter().enumerate().filter(|(at, _)| self.is[*at].is_none())
    }

    fn free(&self) -> impl Iterator<Item = (usize, &'a KnownAccount)> + '_ {
        self.known.iter().enumerate().filter(|(index, _)| self.free[*index])
    }

    fn pair_all(&mut self, pairs: Vec<(usize, usize)>) {
        for (at, index) in pairs {
            self.is[at] = Some(index);
            self.free[index] = false;
        }
    }

    /// Pairs where a key is there on both sides exactly once.
    fn pair_unique<K: PartialEq>(
        &mut self,
        known_key: impl Fn(&'a KnownAccount) -> Option<K>,
        listed_key: impl Fn(&'a Listed<'a>) -> Option<K>,
    ) {
        let pairs = self.left().filter_map(|(at, account)| {
            let key = listed_key(account)?;
            let twins = self.left().filter(|(_, other)| listed_key(other).as_ref() == Some(&key)).count();
            let mut fitting = self.free().filter(|(_, other)| known_key(other).as_ref() == Some(&key));
            let (index, _) = fitting.next()?;
            (twins == 1 && fitting.next().is_none()).then_some((at, index))
        });
        let pairs = pairs.collect();
        self.pair_all(pairs);
    }

    /// Pairs by the number's hash under any key of the ring, where exactly one on each side fits.
    fn pair_numbers(&mut self, also: impl Fn(&KnownAccount, &Listed<'_>) -> bool) {
        let fits = |known: &KnownAccount, listed: &Listed<'_>| {
            known.number_hash.as_ref().is_some_and(|hash| listed.number_hashes.contains(hash))
                && also(known, listed)
        };
        let pairs = self.left().filter_map(|(at, account)| {
            let mut fitting = self.free().filter(|(_, known)| fits(known, account));
            let (index, known) = fitting.next()?;
            let others = self.left().filter(|(_, other)| fits(known, other)).count();
            (others == 1 && fitting.next().is_none()).then_some((at, index))
        });
        let pairs = pairs.collect();
        self.pair_all(pairs);
    }
}

type ByName<'a> = (AccountKind, Currency, &'a str, &'a str);

fn by_name(known: &KnownAccount) -> Option<ByName<'_>> {
    let named = !known.last_digits.is_empty() && !known.listed_name.is_empty();
    named.then_some((known.kind, known.currency, &known.last_digits, &known.listed_name))
}

fn by_name_listed<'l>(listed: &'l Listed<'_>) -> Option<ByName<'l>> {
    let identity = listed.identity();
    let named = !listed.last_digits.is_empty() && !identity.name.is_empty();
    named.then_some((identity.kind, identity.currency, &listed.last_digits, &identity.name))
}

fn by_qualifier(known: &KnownAccount) -> Option<ByName<'_>> {
    (!known.last_digits.is_empty()).then_some((
        known.kind,
        known.currency,
        &known.last_digits,
        &known.qualifier,
    ))
}

fn by_qualifier_listed<'l>(listed: &'l Listed<'_>) -> Option<ByName<'l>> {
    let identity = listed.identity();
    let shown = !listed.last_digits.is_empty();
    shown.then_some((identity.kind, identity.currency, &listed.last_digits, &identity.qualifier))
}

/// A card that was lost comes back with another number under the same name; other kinds of accounts don't, so for
/// them the client decides.
fn renumbered(known: &KnownAccount) -> Option<ByName<'_>> {
    let card = known.kind == AccountKind::CreditCard && !known.listed_name.is_empty();
    card.then_some((known.kind, known.currency, &known.listed_name, &known.qualifier))
}

fn renumbered_listed<'l>(listed: &'l Listed<'_>) -> Option<ByName<'l>> {
    let identity = listed.identity();
    let card = identity.kind == AccountKind::CreditCard && !identity.name.is_empty();
    card.then_some((identity.kind, identity.currency, &identity.name, &identity.qualifier))
}

#[cfg(test)]
mod tests;
