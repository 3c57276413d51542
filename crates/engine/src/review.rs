//! The client's review of found accounts: add, link to one that the household has, or leave out.

use domain::{
    AccountId, ConnectionId, Currency, Money,
    account::{Account, AccountKind, Owner, Standing},
    audit::{Doer, Subject},
    connection::{Connection, Event, IllegalMove, Review},
    harvest::Statement,
    limits,
    rights::Act,
    transaction::{Pending, Posted},
};
use store::{
    Tx,
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
    /// It is not offered again by itself; [`Engine::offer_again`] does.
    LeaveOut,
}

/// What a client wants of a single account of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    OfferAgain,
    Close,
    Reopen,
}

impl Wish {
    /// Whether the account is as wished already.
    fn is_granted(self, account: &Account) -> bool {
        match self {
            Self::OfferAgain => account.standing != Standing::LeftOut,
            Self::Close => account.closed_on.is_some(),
            Self::Reopen => account.closed_on.is_none(),
        }
    }
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
        let added = decisions.iter().filter(|decision| decision.choice != Choice::LeaveOut).count();
        tx.settle_review(connection.household, id, u32::try_from(added).unwrap_or(u32::MAX)).await?;
        self.move_on(&mut tx, subject, &connection, "connection.reviewed").await?;
        Ok(tx.commit().await?)
    }

    /// Moves a connection on after a decision about its accounts. One that was left out has no values, so adding it
    /// begins a run.
    async fn move_on(
        &self,
        tx: &mut Tx,
        subject: &Subject,
        connection: &Connection,
        action: &'static str,
    ) -> Result<(), Error> {
        let id = connection.id;
        let own = subject.person == connection.owner;
        let review = Review {
            undecided: tx.undecided(id).await?,
            missing: tx.flagged_missing(id, limits::MISSING_RUNS_FLAGGED).await?,
            partial: tx.incomplete(id).await?,
            fetch: tx.lacks_values(id).await?.then_some(own),
        };
        let calendar = self.calendar(connection.firm).await?;
        let next = connection.on(Event::Reviewed(review), tx.now(), &calendar)?;
        if next.is_running() && !connection.is_running() {
            self.open_attempt(tx, &next).await?;
        }
        Ok(tx.move_connection(&next, action).await?)
    }

    /// Offers an account that was left out once more; it waits for the review then. Twice is no error.
    pub async fn offer_again(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        account: AccountId,
    ) -> Result<(), Error> {
        self.change_account(subject, operation, id, account, Wish::OfferAgain).await
    }

    /// The client says that an account which its institution has stopped to list was closed: its history stays, it no
    /// longer counts, and nothing waits for it. Listed again, it lives again. Twice is no error; [`Error::Decision`]
    /// for one that is listed.
    pub async fn close_account(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        account: AccountId,
    ) -> Result<(), Error> {
        self.change_account(subject, operation, id, account, Wish::Close).await
    }

    /// Takes [`Engine::close_account`] back. Twice is no error.
    pub async fn reopen_account(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        account: AccountId,
    ) -> Result<(), Error> {
        self.change_account(subject, operation, id, account, Wish::Reopen).await
    }

    async fn change_account(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        account: AccountId,
        wish: Wish,
    ) -> Result<(), Error> {
        let reader = self.inner.store.reader(subject);
        let connection = reader.connection(id).await?;
        let resource = reader.resource(connection.household, Some(connection.owner)).await?;
        permit(subject, Act::ReviewAccounts, &resource)?;
        for _ in 1..TRIES {
            match self.try_change(subject, operation, id, account, wish).await {
                Err(Error::Store(store::Error::Conflict | store::Error::Busy)) => {}
                other => return other,
            }
            // A double click: the first one has done it.
            let now = reader.account(account).await?.account;
            if now.connection != Some(id) {
                return Err(Error::NotFound);
            }
            if wish.is_granted(&now) {
                return Ok(());
            }
        }
        match self.try_change(subject, operation, id, account, wish).await {
            Err(Error::Store(store::Error::Conflict)) => Err(Error::Decision),
            other => other,
        }
    }

    async fn try_change(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        account: AccountId,
        wish: Wish,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut tx = self.inner.store.begin(&Doer::Person(subject.clone()), operation, now).await?;
        let connection = tx.connection(id).await?;
        let household = connection.household;
        tx.hold_household(household).await?;
        match wish {
            Wish::OfferAgain => tx.offer_again(id, account).await?,
            Wish::Reopen => tx.reopen_account(household, id, account).await?,
            Wish::Close => {
                let day = now.to_zoned_datetime(self.zone(connection.firm).await?).date();
                tx.close_account(household, id, account, day).await?;
            }
        }
        self.move_on(&mut tx, subject, &connection, "connection.accounts_decided").await?;
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
    let best = linkable.first().filter(|(_, account)| is_likely(&found, account));
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

/// Whether two accounts are probably one: the same kind, and digits or value agree. Kind and institution alone fit too
/// many.
fn is_likely(found: &Account, account: &Account) -> bool {
    found.kind == account.kind && (is_numbered(found, account) || is_valued(found, account))
}

/// How much of two accounts agrees: kind, last digits, value, institution.
fn likeness(found: &Account, account: &Account) -> u32 {
    let kind = found.kind == account.kind;
    let placed = !account.institution.is_empty()
        && found.institution.to_lowercase().contains(&account.institution.to_lowercase());
    2 * u32::from(kind)
        + 2 * u32::from(is_numbered(found, account))
        + u32::from(is_valued(found, account))
        + u32::from(placed)
}

fn is_numbered(found: &Account, account: &Account) -> bool {
    let digits = &found.last_digits;
    !digits.is_empty() && (account.last_digits == *digits || account.name.contains(digits.as_str()))
}

fn is_valued(found: &Account, account: &Account) -> bool {
    found.value.zip(account.value).is_some_and(|(one, other)| is_near(one.amount.minor, other.amount.minor))
}

/// Within one percent.
fn is_near(one: i64, other: i64) -> bool {
    one.abs_diff(other) <= one.unsigned_abs().max(other.unsigned_abs()) / 100
}
