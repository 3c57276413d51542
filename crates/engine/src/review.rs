//! The client's review of found accounts: add, link to one that the household has, or leave out.

use domain::{
    AccountId, ConnectionId, Currency, Money,
    account::{Account, AccountKind, Owner},
    audit::{Doer, Subject},
    connection::{Event, IllegalMove},
    harvest::Statement,
    rights::Act,
    transaction::{Pending, Posted},
};
use store::{
    reconcile::{EntryChanges, EntryRow},
    review::Added,
};

use crate::{Engine, Error, is_same_currency, permit, reconcile::entries};

/// How often a review is tried when another transaction is in its way.
const TRIES: u32 = 6;

/// A decision about one found account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The found account.
    pub account: AccountId,
    pub choice: Choice,
}

/// What becomes of a found account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// It becomes part of the household's picture.
    Add { name: String, kind: AccountKind, owner: Owner, counted: bool },
    /// It is one that the household has already, kept by hand or no longer listed: that one keeps its id, name,
    /// owner and history and takes the connection over.
    Link(AccountId),
    /// It is not offered again.
    LeaveOut,
}

/// A found account with the accounts it may be linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub found: Account,
    /// Accounts of the household that it may be linked to, the best fitting first.
    pub linkable: Vec<Account>,
    /// The one among them that it probably is: kind, last digits or value agree.
    pub suggested: Option<AccountId>,
    /// The household has it already through another login: adding it would count it twice.
    pub elsewhere: Option<Account>,
}

impl Engine {
    /// The found accounts of a connection, each with the accounts that it may be linked to.
    pub async fn suggestions(&self, subject: &Subject, id: ConnectionId) -> Result<Vec<Suggestion>, Error> {
        let reader = self.inner.store.reader(subject);
        let connection = reader.connection(id).await?;
        let resource = reader.resource(connection.household, Some(connection.owner)).await?;
        permit(subject, Act::ReviewAccounts, &resource)?;
        let linkable = reader.linkable_accounts(connection.household, id).await?;
        let found = reader.found_accounts(id).await?;
        let mut elsewhere = reader.found_elsewhere(id).await?;
        let mut suggestions: Vec<Suggestion> =
            found.into_iter().map(|found| suggest(found, &linkable)).collect();
        for suggestion in &mut suggestions {
            let at = elsewhere.iter().position(|(found, _)| *found == suggestion.found.id);
            suggestion.elsewhere = at.map(|at| elsewhere.swap_remove(at).1);
        }
        Ok(suggestions)
    }

    /// Carries out the client's decisions, all or none. [`Error::Decision`] when one of them is no longer possible.
    pub async fn review(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        decisions: Vec<Decision>,
    ) -> Result<(), Error> {
        let reader = self.inner.store.reader(subject);
        let connection = reader.connection(id).await?;
        let resource = reader.resource(connection.household, Some(connection.owner)).await?;
        permit(subject, Act::ReviewAccounts, &resource)?;
        for _ in 1..TRIES {
            match self.try_review(subject, operation, id, &decisions).await {
                Err(Error::Store(store::Error::Conflict | store::Error::Busy)) => {}
                other => return other,
            }
        }
        match self.try_review(subject, operation, id, &decisions).await {
            Err(Error::Store(store::Error::Conflict)) => Err(Error::Decision),
            other => other,
        }
    }

    async fn try_review(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        decisions: &[Decision],
    ) -> Result<(), Error> {
        let links = self.links(subject, id, decisions).await?;
        let now = self.now();
        let mut tx = self.inner.store.begin(&Doer::Person(subject.clone()), operation, now).await?;
        let connection = tx.connection(id).await?;
        tx.hold_household(connection.household).await?;
        for (decision, entries) in decisions.iter().zip(&links) {
            match &decision.choice {
                Choice::Add { name, kind, owner, counted } => {
                    let added = Added { name: name.trim(), kind: *kind, owner: *owner, counted: *counted };
                    tx.add_reviewed(id, decision.account, added).await?;
                }
                Choice::Link(target) => {
                    tx.link_found(id, connection.household, decision.account, *target, entries).await?;
                }
                Choice::LeaveOut => tx.leave_out(id, decision.account).await?,
            }
        }
        let undecided = tx.undecided(id).await?;
        let calendar = self.calendar(connection.firm).await?;
        let partial = tx.incomplete(id).await?;
        let next = connection.on(Event::Reviewed { undecided, partial }, now, &calendar)?;
        tx.settle_review(connection.household, id).await?;
        tx.move_connection(&next, "connection.reviewed").await?;
        Ok(tx.commit().await?)
    }

    /// For each decision that links: what the found account's entries change among the target's, so that those both
    /// have are not doubled.
    async fn links(
        &self,
        subject: &Subject,
        id: ConnectionId,
        decisions: &[Decision],
    ) -> Result<Vec<EntryChanges>, Error> {
        let engine = self.inner.store.engine();
        let mut links = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let Choice::Link(target) = decision.choice else {
                links.push(EntryChanges::default());
                continue;
            };
            // Both must be within reach before anything of them is read.
            let reader = self.inner.store.reader(subject);
            let found = reader.account(decision.account).await?.account;
            let linked = reader.account(target).await?.account;
            if found.connection != Some(id) || !is_same_currency(&found, &linked) {
                return Err(IllegalMove::NotNow.into());
            }
            let (first, last) = (domain::Date::MIN, domain::Date::MAX);
            let came = engine.entries_between(found.id, first, last).await?;
            let kept = engine.entries_between(linked.id, first, last).await?;
            links.push(entries::changes(&kept, &statement(came, found.currency)));
        }
        Ok(links)
    }
}

/// Kept entries as a statement.
fn statement(rows: Vec<EntryRow>, currency: Currency) -> Statement {
    let money = |minor| Money { minor, currency };
    let (pending, posted): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.pending);
    let pending = pending.into_iter().map(|row| Pending {
        expected_on: row.posted_on,
        amount: money(row.amount),
        payee: row.payee,
    });
    let posted = posted.into_iter().map(|row| Posted {
        native_id: row.native_id,
        posted_on: row.posted_on,
        amount: money(row.amount),
        payee: row.payee,
        memo: row.memo,
        detail: row.detail,
        corrects: None,
        quantity: row.quantity,
    });
    Statement { from: None, to: None, posted: posted.collect(), pending: Some(pending.collect()) }
}

fn suggest(found: Account, all: &[Account]) -> Suggestion {
    let mut linkable: Vec<(u32, &Account)> = all
        .iter()
        .filter(|account| is_same_currency(account, &found))
        .map(|account| (likeness(&found, account), account))
        .collect();
    linkable
        .sort_by(|(one, first), (other, second)| other.cmp(one).then_with(|| first.name.cmp(&second.name)));
    let best = linkable.first().filter(|(likeness, _)| *likeness >= LIKELY);
    // Two that fit alike are no suggestion.
    let second = linkable.get(1).map_or(0, |(likeness, _)| *likeness);
    let suggested = best.filter(|(likeness, _)| *likeness > second).map(|(_, account)| account.id);
    Suggestion {
        suggested,
        elsewhere: None,
        linkable: linkable.into_iter().map(|(_, account)| account.clone()).collect(),
        found,
    }
}

/// From here on two accounts are probably one.
const LIKELY: u32 = 3;

/// How much of two accounts agrees: kind, last digits, value, institution.
fn likeness(found: &Account, account: &Account) -> u32 {
    let kind = found.kind == account.kind;
    let digits = &found.last_digits;
    let numbered =
        !digits.is_empty() && (account.last_digits == *digits || account.name.contains(digits.as_str()));
    let valued = match (found.value, account.value) {
        (Some(one), Some(other)) => is_near(one.amount.minor, other.amount.minor),
        _ => false,
    };
    let placed = !account.institution.is_empty()
        && found.institution.to_lowercase().contains(&account.institution.to_lowercase());
    2 * u32::from(kind) + 2 * u32::from(numbered) + u32::from(valued) + u32::from(placed)
}

/// Within one percent.
fn is_near(one: i64, other: i64) -> bool {
    one.abs_diff(other) <= one.unsigned_abs().max(other.unsigned_abs()) / 100
}
