//! Entries of one account: which of those that came are there already.
//!
//! Institutions' ids can't be trusted alone: some renumber each day's entries, some change all ids with each
//! download, some use one id twice. So an id counts only where amount and date agree, and equal entries are counted,
//! not hashed. Where a statement covers the day of a kept entry and no longer lists it, the entry may have moved,
//! been reworded or corrected; where it doesn't cover the day, nothing is known about it.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{
    Date,
    harvest::Statement,
    transaction::{Correction, Pending, Posted},
};
use jiff::ToSpan;
use sha2::{Digest, Sha256};
use store::reconcile::{EntryChanges, EntryRow};

/// Kept entries are compared up to so many days outside of the statement's window, since posted days move.
pub const SLACK_DAYS: i32 = 10;
/// An entry that keeps its id and amount may move by so many days.
const MOVED_SAME_ID_DAYS: i32 = SLACK_DAYS;
/// An entry that keeps amount and text may move by so many days under a new id: a weekend and a day.
const MOVED_NEW_ID_DAYS: i32 = 3;
/// An amount is corrected under the same id within so many days.
const CORRECTED_DAYS: i32 = 3;
/// A pending entry is posted at most so many days before or after the day it was expected.
const CLEARING_DAYS: i32 = 10;
/// A tip or a final fuel amount raises a pending amount by at most so many percent.
const TIP_PERCENT_MAX: i64 = 40;
/// Without a list of pending entries one that nothing claimed is dropped after so many days.
const PENDING_DAYS_MAX: i32 = 30;

/// The days whose kept entries [`changes`] must be given, both inclusive; pending ones are needed whatever their day.
/// `None`: the statement says nothing about booked entries.
pub fn window(statement: &Statement) -> Option<(Date, Date)> {
    let days = || statement.posted.iter().map(|entry| entry.posted_on);
    // An institution may send what lies outside of the days that it names.
    let from = statement.from.into_iter().chain(days()).min()?;
    let to = statement.to.into_iter().chain(days()).max()?;
    Some((from.saturating_sub(SLACK_DAYS.days()), to.saturating_add(SLACK_DAYS.days())))
}

/// Ids of kept entries that corrections name; they may lie outside of the window.
pub fn corrected_ids(statement: &Statement) -> Vec<String> {
    statement.posted.iter().filter_map(|entry| entry.corrects.as_ref()).map(|(id, _)| id.clone()).collect()
}

/// The days of which the statement is the whole truth: those it names, else those of its entries.
fn covered(statement: &Statement) -> Option<(Date, Date)> {
    let days = || statement.posted.iter().map(|entry| entry.posted_on);
    let from = statement.from.or_else(|| days().min())?;
    let to = statement.to.or_else(|| days().max())?;
    (from <= to).then_some((from, to))
}

/// What changes among the kept entries: those of [`window`], all pending ones, and those of [`corrected_ids`].
pub fn changes(kept: &[EntryRow], statement: &Statement) -> EntryChanges {
    let mut pairing = Pairing::new(kept, statement);
    pairing.apply_corrections();
    pairing.pair_posted();
    pairing.claim_pending();
    pairing.finish()
}

/// How the kept entries pair with those that came.
struct Pairing<'a> {
    kept: &'a [EntryRow],
    /// Booked entries that came, without those that a later one corrects.
    came: Vec<&'a Posted>,
    pending: Option<&'a [Pending]>,
    covered: Option<(Date, Date)>,
    /// Kept entries that nothing pairs with yet.
    free: Vec<bool>,
    /// For each that came: the kept entry it is.
    is: Vec<Option<usize>>,
    removed: Vec<usize>,
}

impl<'a> Pairing<'a> {
    fn new(kept: &'a [EntryRow], statement: &'a Statement) -> Self {
        let corrected: HashSet<&str> = statement
            .posted
            .iter()
            .filter_map(|entry| entry.corrects.as_ref())
            .map(|(id, _)| id.as_str())
            .collect();
        let came: Vec<&Posted> = statement
            .posted
            .iter()
            .filter(|entry| !entry.native_id.as_deref().is_some_and(|id| corrected.contains(id)))
            .filter(|entry| !matches!(entry.corrects, Some((_, Correction::Delete))))
            .collect();
        let mut pairing = Self {
            kept,
            is: vec![None; came.len()],
            came,
            pending: statement.pending.as_deref(),
            covered: covered(statement),
            free: vec![true; kept.len()],
            removed: Vec::new(),
        };
        pairing.remove_deleted(statement);
        pairing
    }

    /// Entries that the institution takes back by name (OFX 2.3 §11.4.4.1, CORRECTACTION DELETE).
    fn remove_deleted(&mut self, statement: &Statement) {
        let deleted: HashSet<&str> = statement
            .posted
            .iter()
            .filter_map(|entry| match &entry.corrects {
                Some((id, Correction::Delete)) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        for (index, entry) in self.kept.iter().enumerate() {
            if entry.native_id.as_deref().is_some_and(|id| deleted.contains(id)) {
                self.free[index] = false;
                self.removed.push(index);
            }
        }
    }

    /// An entry that replaces another by name is that entry, unless it is kept under its own name already.
    fn apply_corrections(&mut self) {
        let by_id: HashMap<&str, usize> = self
            .kept
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((entry.native_id.as_deref()?, index)))
            .collect();
        for at in 0..self.came.len() {
            let entry = self.came[at];
            let Some((old, Correction::Replace)) = &entry.corrects else { continue };
            let own = entry.native_id.as_deref().and_then(|id| by_id.get(id));
            if let Some(&index) = own.or_else(|| by_id.get(old.as_str()))
                && self.free[index]
            {
                self.pair(at, index);
            }
        }
    }

    /// Nothing is left to pair on one side or the other.
    fn is_settled(&self) -> bool {
        self.is.iter().all(Option::is_some) || !self.free.iter().any(|free| *free)
    }

    fn pair(&mut self, came: usize, kept: usize) {
        self.is[came] = Some(kept);
        self.free[kept] = false;
    }

    /// From the surest to the least sure; each pass sees only what the ones before left over.
    fn pair_posted(&mut self) {
        let anywhere = |entry: &EntryRow| !entry.pending;
        let covered = self.covered;
        let no_longer_listed = |entry: &EntryRow| {
            !entry.pending && covered.is_some_and(|(from, to)| (from..=to).contains(&entry.posted_on))
        };
        // The same in all respects, then the same but for its id.
        self.pair_equal(
            anywhere,
            |entry| entry.native_id.as_deref().map(|id| (id, entry.posted_on, entry.amount)),
            |entry| entry.native_id.as_deref().map(|id| (id, entry.posted_on, entry.amount.minor)),
        );
        self.pair_equal(
            anywhere,
            |entry| Some((entry.posted_on, entry.amount, plain(&entry.payee))),
            |entry| Some((entry.posted_on, entry.amount.minor, plain(&entry.payee))),
        );
        // Moved under its id.
        self.pair_near(
            MOVED_SAME_ID_DAYS,
            no_longer_listed,
            |entry| Some((entry.native_id.as_deref()?, entry.amount)),
            |entry| Some((entry.native_id.as_deref()?, entry.amount.minor)),
        );
        // Reworded.
        self.pair_equal(
            no_longer_listed,
            |entry| Some((entry.posted_on, entry.amount)),
            |entry| Some((entry.posted_on, entry.amount.minor)),
        );
        // Moved under a new id.
        self.pair_near(
            MOVED_NEW_ID_DAYS,
            no_longer_listed,
            |entry| Some((entry.amount, plain(&entry.payee))),
            |entry| Some((entry.amount.minor, plain(&entry.payee))),
        );
        // Its amount was corrected.
        self.pair_near(
            CORRECTED_DAYS,
            no_longer_listed,
            |entry| Some((entry.native_id.as_deref()?, plain(&entry.payee))),
            |entry| Some((entry.native_id.as_deref()?, plain(&entry.payee))),
        );
    }

    /// Pairs entries with equal keys, one by one, so that twins stay two.
    fn pair_equal<K: std::hash::Hash + Eq>(
        &mut self,
        eligible: impl Fn(&EntryRow) -> bool,
        kept_key: impl Fn(&'a EntryRow) -> Option<K>,
        came_key: impl Fn(&'a Posted) -> Option<K>,
    ) {
        if self.is_settled() {
            return;
        }
        let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
        let kept: &'a [EntryRow] = self.kept;
        for (index, entry) in kept.iter().enumerate().filter(|(index, _)| self.free[*index]) {
            if eligible(entry)
                && let Some(key) = kept_key(entry)
            {
                waiting.entry(key).or_default().push_back(index);
            }
        }
        for at in 0..self.came.len() {
            if self.is[at].is_some() {
                continue;
            }
            let key = came_key(self.came[at]);
            if let Some(index) = key.and_then(|key| waiting.get_mut(&key)?.pop_front()) {
                self.pair(at, index);
            }
        }
    }

    /// Pairs entries with equal keys whose days lie at most `days` apart, in the order of their days.
    fn pair_near<K: std::hash::Hash + Eq>(
        &mut self,
        days: i32,
        eligible: impl Fn(&EntryRow) -> bool,
        kept_key: impl Fn(&'a EntryRow) -> Option<K>,
        came_key: impl Fn(&'a Posted) -> Option<K>,
    ) {
        if self.is_settled() {
            return;
        }
        let mut groups: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (at, entry) in self.came.iter().enumerate().filter(|(at, _)| self.is[*at].is_none()) {
            if let Some(key) = came_key(entry) {
                groups.entry(key).or_default().1.push(at);
            }
        }
        let kept: &'a [EntryRow] = self.kept;
        for (index, entry) in kept.iter().enumerate().filter(|(index, _)| self.free[*index]) {
            if eligible(entry)
                && let Some(key) = kept_key(entry)
                && let Some(group) = groups.get_mut(&key)
            {
                group.0.push(index);
            }
        }
        for (mut kept, mut came) in groups.into_values() {
            kept.sort_by_key(|index| self.kept[*index].posted_on);
            came.sort_by_key(|at| self.came[*at].posted_on);
            self.pair_in_order(&kept, &came, days);
        }
    }

    fn pair_in_order(&mut self, kept: &[usize], came: &[usize], days: i32) {
        let (mut next_kept, mut next_came) = (0, 0);
        while let (Some(&index), Some(&at)) = (kept.get(next_kept), came.get(next_came)) {
            let apart = days_between(self.kept[index].posted_on, self.came[at].posted_on);
            if apart.abs() <= days {
                self.pair(at, index);
            }
            next_kept += usize::from(apart >= -days);
            next_came += usize::from(apart <= days);
        }
    }

    /// A booked entry that is new may be the end of a pending one: with the same amount, else with a tip on it.
    fn claim_pending(&mut self) {
        let pending: Vec<usize> = (0..self.kept.len()).filter(|index| self.kept[*index].pending).collect();
        if pending.is_empty() {
            return;
        }
        for rule in [Claim::SameText, Claim::SameAmount, Claim::Tip] {
            for at in 0..self.came.len() {
                if self.is[at].is_some() {
                    continue;
                }
                let claimed = pending
                    .iter()
                    .copied()
                    .filter(|index| self.free[*index] && self.claims(rule, at, *index))
                    .min_by_key(|index| {
                        days_between(self.kept[*index].posted_on, self.came[at].posted_on).abs()
                    });
                if let Some(index) = claimed {
                    self.pair(at, index);
                }
            }
        }
    }

    fn claims(&self, rule: Claim, at: usize, index: usize) -> bool {
        let (came, kept) = (self.came[at], &self.kept[index]);
        if days_between(kept.posted_on, came.posted_on).abs() > CLEARING_DAYS {
            return false;
        }
        let same_amount = came.amount.minor == kept.amount;
        let alike = || alike(&plain(&came.payee), &plain(&kept.payee));
        match rule {
            Claim::SameText => same_amount && alike(),
            // Many institutions word an authorization and its booking differently. Only when the institution no
            // longer lists it as pending: else it would be claimed by another shop's entry of that amount.
            Claim::SameAmount => same_amount && self.is_withdrawn(index),
            Claim::Tip => is_tip(kept.amount, came.amount.minor) && alike() && self.is_withdrawn(index),
        }
    }

    fn is_withdrawn(&self, index: usize) -> bool {
        let entry = &self.kept[index];
        self.pending.is_some_and(|pending| {
            !pending
                .iter()
                .any(|still| still.amount.minor == entry.amount && plain(&still.payee) == plain(&entry.payee))
        })
    }

    fn finish(mut self) -> EntryChanges {
        let mut changes = EntryChanges::default();
        let mut keys = Keys::of(self.kept);
        for (at, is) in self.is.iter().enumerate() {
            let entry = self.came[at];
            match is {
                None => changes.added.push(booked(keys.next_posted(entry), entry)),
                Some(index) if is_booked_as(&self.kept[*index], entry) => {}
                Some(index) => changes.changed.push(booked(self.kept[*index].key.clone(), entry)),
            }
        }
        self.replace_pending(&mut changes, &mut keys);
        changes.removed.extend(self.removed.iter().map(|index| self.kept[*index].key.clone()));
        changes
    }

    /// Pending entries are a set that each list replaces: the same ones stay, changed ones change, others vanish.
    fn replace_pending(&mut self, changes: &mut EntryChanges, keys: &mut Keys<'_>) {
        let Some(pending) = self.pending else {
            self.drop_old_pending();
            return;
        };
        let mut left: Vec<&Pending> = pending.iter().collect();
        for exact in [true, false] {
            left.retain(|entry| {
                let text = plain(&entry.payee);
                let same = (0..self.kept.len()).find(|index| {
                    let kept = &self.kept[*index];
                    let near = days_between(kept.posted_on, entry.expected_on).abs() <= CLEARING_DAYS;
                    let equal = kept.amount == entry.amount.minor && kept.posted_on == entry.expected_on;
                    self.free[*index]
                        && kept.pending
                        && (equal || (!exact && near))
                        && plain(&kept.payee) == text
                });
                let Some(index) = same else { return true };
                self.free[index] = false;
                let now = announced(self.kept[index].key.clone(), entry);
                if now != self.kept[index] {
                    changes.changed.push(now);
                }
                false
            });
        }
        changes.added.extend(left.into_iter().map(|entry| announced(keys.next_pending(entry), entry)));
        let gone = (0..self.kept.len()).filter(|index| self.free[*index] && self.kept[*index].pending);
        self.removed.extend(gone);
    }

    /// The institution said nothing about pending entries this time: one that should long have been posted is gone.
    fn drop_old_pending(&mut self) {
        let Some((_, to)) = self.covered else { return };
        let old = (0..self.kept.len()).filter(|index| {
            let kept = &self.kept[*index];
            self.free[*index] && kept.pending && days_between(kept.posted_on, to) > PENDING_DAYS_MAX
        });
        self.removed.extend(old);
    }
}

/// By what a booked entry claims a pending one.
#[derive(Clone, Copy)]
enum Claim {
    SameText,
    SameAmount,
    Tip,
}

/// Makes keys that no kept entry of the account has: a fingerprint of what was first seen, and a count of its repeats.
struct Keys<'a> {
    kept: HashSet<&'a str>,
    /// The last repeat given for a day and fingerprint.
    repeats: HashMap<(Date, u64), u32>,
}

impl<'a> Keys<'a> {
    fn of(kept: &'a [EntryRow]) -> Self {
        Self { kept: kept.iter().map(|entry| entry.key.as_str()).collect(), repeats: HashMap::new() }
    }

    fn next_posted(&mut self, entry: &Posted) -> String {
        let id = entry.native_id.as_deref().unwrap_or_default();
        self.next(&[id, &entry.payee], entry.posted_on, entry.amount.minor)
    }

    fn next_pending(&mut self, entry: &Pending) -> String {
        self.next(&["pending", &entry.payee], entry.expected_on, entry.amount.minor)
    }

    fn next(&mut self, texts: &[&str; 2], day: Date, amount: i64) -> String {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(amount.to_be_bytes());
        let digest = hash.finalize();
        let (fingerprint, _) = digest.split_first_chunk::<8>().expect("a SHA-256 has 32 bytes");
        let fingerprint = u64::from_be_bytes(*fingerprint);
        let repeat = self.repeats.entry((day, fingerprint)).or_default();
        loop {
            *repeat += 1;
            // The day stands first, so that rows of one time lie together in the index.
            let key = format!("{day}-{fingerprint:016x}-{repeat}");
            if !self.kept.contains(key.as_str()) {
                return key;
            }
        }
    }
}

/// Whether [`booked`] under its own key would change nothing. Most entries of most statements are there already, so
/// this is asked without copying their texts.
fn is_booked_as(kept: &EntryRow, entry: &Posted) -> bool {
    let EntryRow { key: _, native_id, posted_on, amount, payee, memo, detail, quantity, pending } = kept;
    *native_id == entry.native_id
        && *posted_on == entry.posted_on
        && *amount == entry.amount.minor
        && *payee == entry.payee
        && *memo == entry.memo
        && *detail == entry.detail
        && *quantity == entry.quantity
        && !pending
}

fn booked(key: String, entry: &Posted) -> EntryRow {
    EntryRow {
        key,
        native_id: entry.native_id.clone(),
        posted_on: entry.posted_on,
        amount: entry.amount.minor,
        payee: entry.payee.clone(),
        memo: entry.memo.clone(),
        detail: entry.detail.clone(),
        quantity: entry.quantity,
        pending: false,
    }
}

fn announced(key: String, entry: &Pending) -> EntryRow {
    EntryRow {
        key,
        native_id: None,
        posted_on: entry.expected_on,
        amount: entry.amount.minor,
        payee: entry.payee.clone(),
        memo: String::new(),
        detail: String::new(),
        quantity: None,
        pending: true,
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// Letters and digits only, in lower case: institutions change spacing and capitals from one download to the next.
fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text
            .bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
    }
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether two texts name the same shop: one begins with the other, as `TRATTORIA` and `TRATTORIA #12 BOSTON` do.
fn alike(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long || (short.len() >= 4 && long.starts_with(short))
}

fn is_tip(announced: i64, posted: i64) -> bool {
    let most = announced.saturating_add(announced.saturating_mul(TIP_PERCENT_MAX) / 100);
    if announced < 0 { (most..announced).contains(&posted) } else { announced < posted && posted <= most }
}

#[cfg(test)]
mod tests;
