//! Accounts: the list that everything else hangs on, and those kept by hand.

use std::time::Duration;

use domain::{
    AccountId, ConnectionId, Currency, Date, HouseholdId, Money, PersonId, Reason, Timestamp,
    account::{Account, AccountKind, Owner, Value, ValuePoint},
    holding::Holding,
};

use crate::{
    Error, Reader, Tx,
    audit::Trail,
    column::{Row, only},
    networth::Dated,
    query::{Text, texts},
    reach,
};

/// How long a deletion can be undone.
pub const UNDO_FOR: Duration = Duration::from_hours(30 * 24);

macro_rules! account_columns {
    () => {
        "a.id, a.household_id, a.connection_id, a.standing, a.kind, a.owner, a.name, a.institution, a.last_digits,
         a.currency, a.counted, a.amount, a.available, a.as_of, a.updated_at, a.missing_runs, a.closed_on, a.created_at,
         a.version"
    };
}
pub(crate) use account_columns;

macro_rules! source_columns {
    () => {
        "c.id, c.owner_id, c.offering, c.reason, c.since, c.last_success_at, c.manual_refresh_after, c.work_kind"
    };
}
pub(crate) use source_columns;

macro_rules! listed_columns {
    () => {
        concat!(account_columns!(), ", a.incomplete, a.holdings_as_of, a.entries_since, ", source_columns!())
    };
}

texts! {
    WITHIN_REACH = Text::one(concat!(
        "SELECT ", listed_columns!(), "
         FROM account a JOIN household h ON h.id = a.household_id LEFT JOIN connection c ON c.id = a.connection_id
         WHERE ", reach!(), " AND a.standing = 'added' AND a.deleted_at IS NULL
         ORDER BY h.id, a.institution, a.name, a.id"
    ));
    BY_ID = Text::one(concat!(
        "SELECT ", listed_columns!(), "
         FROM account a JOIN household h ON h.id = a.household_id LEFT JOIN connection c ON c.id = a.connection_id
         WHERE ", reach!(), " AND a.id = $5 AND a.deleted_at IS NULL"
    ));
    DELETED = Text::one(concat!(
        "SELECT ", account_columns!(), " FROM account a JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND a.household_id = $5 AND a.deleted_at > $6 ORDER BY a.deleted_at DESC, a.id"
    ));
    VALUES_SINCE = Text::one(concat!(
        "SELECT v.day, v.amount, a.currency
         FROM account_value v JOIN account a ON a.id = v.account_id JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND v.account_id = $5 AND a.deleted_at IS NULL AND v.day >= $6 ORDER BY v.day"
    ));
    HOLDINGS = Text::one(concat!(
        "SELECT g.security_id, g.symbol, g.name, g.kind, g.quantity, g.price, g.price_as_of, a.currency, g.amount,
            g.cost_basis
         FROM holding g JOIN account a ON a.id = g.account_id JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND g.account_id = $5 AND a.deleted_at IS NULL ORDER BY g.position"
    ));
    BY_FORM_KEY = Text::one("SELECT id FROM account WHERE form_key = $1 AND household_id = $2");
    ADD_BY_HAND = Text::one(
        "INSERT INTO account (id, household_id, standing, kind, owner, name, institution, last_digits, currency, counted,
            amount, as_of, updated_at, missing_runs, qualifier, listed_name, kind_guessed, created_at, version, form_key)
         VALUES ($1, $2, 'added', $3, $4, $5, $6, '', $7, $8, $9, $10, $11, 0, '', '', $12, $11, 1, $13)
         ON CONFLICT (form_key) DO NOTHING"
    );
    KEEP_VALUE = Text::one(
        "INSERT INTO account_value (account_id, day, amount, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, day) DO UPDATE SET amount = $3, updated_at = $4"
    );
    SET_VALUE = Text::one(
        "UPDATE account SET amount = $1, as_of = $2, updated_at = $3, version = version + 1
         WHERE id = $4 AND version = $5 AND connection_id IS NULL AND deleted_at IS NULL"
    );
    TOUCH = Text::one(
        "UPDATE account SET version = version + 1
         WHERE id = $1 AND version = $2 AND connection_id IS NULL AND deleted_at IS NULL"
    );
    CHANGE = Text::one(
        "UPDATE account SET name = $1, owner = $2, counted = $3, version = version + 1
         WHERE id = $4 AND version = $5 AND deleted_at IS NULL"
    );
    CHANGE_BY_HAND = Text::one(
        "UPDATE account SET kind = $1, institution = $2 WHERE id = $3 AND connection_id IS NULL"
    );
    DELETE = Text::one(
        "UPDATE account SET deleted_at = $1, version = version + 1
         WHERE id = $2 AND version = $3 AND connection_id IS NULL AND deleted_at IS NULL"
    );
    // One that the institution still lists isn't closed.
    CLOSE = Text::one(
        "UPDATE account SET closed_on = $1, version = version + 1
         WHERE id = $2 AND connection_id = $3 AND standing = 'added' AND deleted_at IS NULL AND closed_on IS NULL
             AND missing_runs >= $4"
    );
    REOPEN = Text::one(
        "UPDATE account SET closed_on = NULL, version = version + 1
         WHERE id = $1 AND connection_id = $2 AND deleted_at IS NULL AND closed_on IS NOT NULL"
    );
    UNDO = Text::one(
        "UPDATE account SET deleted_at = NULL, version = version + 1
         WHERE id = $1 AND household_id = $2 AND deleted_at > $3"
    );
}

/// An account as lists and pages show it: with what it must be judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub account: Account,
    /// What has not come in the last run.
    pub incomplete: Option<Reason>,
    pub holdings_as_of: Option<Date>,
    /// From this day on its transactions are known without a gap; `None` where the institution tells none.
    pub entries_since: Option<Date>,
    /// `None` for one kept by hand.
    pub connection: Option<Source>,
}

/// The connection of a listed account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub id: ConnectionId,
    /// Whose login it is.
    pub owner: PersonId,
    pub offering: String,
    pub reason: Reason,
    pub since: Timestamp,
    pub last_success_at: Option<Timestamp>,
    pub manual_refresh_after: Option<Timestamp>,
    /// A run is under way or waits for a person.
    pub running: bool,
}

/// An account to be kept by hand.
#[derive(Debug, Clone)]
pub struct NewByHand<'a> {
    pub household: HouseholdId,
    /// Made with the form: the same form sent twice makes one account.
    pub form_key: &'a str,
    pub kind: AccountKind,
    pub owner: Owner,
    pub name: &'a str,
    pub institution: &'a str,
    pub counted: bool,
    /// Owed is negative.
    pub value: Money,
    pub as_of: Date,
}

/// What a person may change about any account of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    pub name: &'a str,
    pub owner: Owner,
    pub counted: bool,
    /// Kind and institution's name: only for one kept by hand.
    pub by_hand: Option<(AccountKind, &'a str)>,
}

impl Reader {
    /// The accounts of all households within reach, household by household.
    pub async fn all_accounts(&self) -> Result<Vec<Listed>, Error> {
        self.ask(WITHIN_REACH).all(listed).await
    }

    /// One account within reach, whatever its standing.
    pub async fn account(&self, id: AccountId) -> Result<Listed, Error> {
        self.ask(BY_ID).bind(id).one(listed).await
    }

    /// Accounts whose deletion can still be undone, the last deleted first.
    pub async fn deleted_accounts(
        &self,
        household: HouseholdId,
        now: Timestamp,
    ) -> Result<Vec<Account>, Error> {
        self.ask(DELETED).bind(household).bind(now - UNDO_FOR).all(account).await
    }

    /// The value history of an account within reach from `since` on, the oldest first.
    pub async fn values(&self, account: AccountId, since: Date) -> Result<Vec<ValuePoint>, Error> {
        self.ask(VALUES_SINCE)
            .bind(account)
            .bind(since)
            .all(|row| {
                let (day, minor) = (row.next()?, row.next()?);
                Ok(ValuePoint { day, amount: Money { minor, currency: row.next()? } })
            })
            .await
    }

    /// What an account within reach consists of, in the institution's order.
    pub async fn holdings(&self, account: AccountId) -> Result<Vec<Holding>, Error> {
        self.ask(HOLDINGS).bind(account).all(holding).await
    }
}

impl Tx {
    /// An account kept by hand, with its first value. The same form key again returns the account it made.
    pub async fn add_by_hand(&mut self, new: NewByHand<'_>) -> Result<AccountId, Error> {
        self.hold_household(new.household).await?;
        let now = self.now();
        let id = AccountId::new(now, self.entropy());
        let added = self
            .write(ADD_BY_HAND)
            .bind(id)
            .bind(new.household)
            .bind(new.kind)
            .bind(new.owner)
            .bind(new.name)
            .bind(new.institution)
            .bind(new.value.currency)
            .bind(new.counted)
            .bind(new.value.minor)
            .bind(new.as_of)
            .bind(now)
            .bind(false)
            .bind(new.form_key)
            .run_count()
            .await?;
        if added == 0 {
            let made = self.ask(BY_FORM_KEY).bind(new.form_key).bind(new.household).first(only).await?;
            let made: AccountId = made.ok_or(Error::Conflict)?;
            self.audit(trail("account.added_again", made, new.household)).await?;
            return Ok(made);
        }
        self.keep_value_by_hand(new.household, id, new.as_of, new.value.minor).await?;
        self.settle_net_worth(new.household).await?;
        self.audit(trail("account.added_by_hand", id, new.household).detail(new.kind.code())).await?;
        Ok(id)
    }

    /// A new value of an account kept by hand. One dated before the latest goes into the history only.
    ///
    /// [`Error::Conflict`] when the account was changed since it was read, is connected, or was deleted.
    pub async fn set_value(&mut self, account: &Account, minor: i64, as_of: Date) -> Result<(), Error> {
        self.hold_household(account.household).await?;
        let now = self.now();
        if account.value.is_none_or(|value| value.as_of <= as_of) {
            self.write(SET_VALUE)
                .bind(minor)
                .bind(as_of)
                .bind(now)
                .bind(account.id)
                .bind(account.version)
                .run_or_conflict()
                .await?;
        } else {
            self.write(TOUCH).bind(account.id).bind(account.version).run_or_conflict().await?;
        }
        self.keep_value_by_hand(account.household, account.id, as_of, minor).await?;
        self.settle_net_worth(account.household).await?;
        self.audit(trail("account.value_set", account.id, account.household).detail(format!("as of {as_of}")))
            .await
    }

    /// A point of the history of an account kept by hand, and what it changes in the net worth of the days since.
    async fn keep_value_by_hand(
        &mut self,
        household: HouseholdId,
        account: AccountId,
        day: Date,
        minor: i64,
    ) -> Result<(), Error> {
        self.date_back(Dated { household, account, day, minor }).await?;
        self.keep_value(account, day, minor).await
    }

    /// Changes name, owner and whether it counts; kind and institution of one kept by hand.
    ///
    /// [`Error::Conflict`] when it was changed since it was read, or was deleted.
    pub async fn change_account(&mut self, account: &Account, change: Change<'_>) -> Result<(), Error> {
        self.hold_household(account.household).await?;
        self.write(CHANGE)
            .bind(change.name)
            .bind(change.owner)
            .bind(change.counted)
            .bind(account.id)
            .bind(account.version)
            .run_or_conflict()
            .await?;
        if let Some((kind, institution)) = change.by_hand {
            self.write(CHANGE_BY_HAND)
                .bind(kind)
                .bind(institution)
                .bind(account.id)
                .run_or_conflict()
                .await?;
        }
        self.settle_net_worth(account.household).await?;
        self.audit(trail("account.changed", account.id, account.household)).await
    }

    /// Deletes an account kept by hand, with its history; [`Tx::undo_delete`] brings it back for [`UNDO_FOR`].
    pub async fn delete_account(&mut self, account: &Account) -> Result<(), Error> {
        self.hold_household(account.household).await?;
        let now = self.now();
        self.write(DELETE).bind(now).bind(account.id).bind(account.version).run_or_conflict().await?;
        self.settle_net_worth(account.household).await?;
        self.audit(trail("account.deleted", account.id, account.household)).await
    }

    /// The client says that an account of a connection, which its institution has stopped to list, was closed on `day`:
    /// its history stays, and it no longer counts. [`Error::Conflict`] when it is listed, or closed already.
    pub async fn close_account(
        &mut self,
        household: HouseholdId,
        of: ConnectionId,
        id: AccountId,
        day: Date,
    ) -> Result<(), Error> {
        self.hold_household(household).await?;
        let flagged = domain::limits::MISSING_RUNS_FLAGGED;
        self.write(CLOSE).bind(day).bind(id).bind(of).bind(flagged).run_or_conflict().await?;
        self.settle_net_worth(household).await?;
        self.audit(trail("account.closed", id, household).detail(format!("on {day}"))).await
    }

    /// The client takes it back that an account was closed. [`Error::Conflict`] when it isn't.
    pub async fn reopen_account(
        &mut self,
        household: HouseholdId,
        of: ConnectionId,
        id: AccountId,
    ) -> Result<(), Error> {
        self.hold_household(household).await?;
        self.write(REOPEN).bind(id).bind(of).run_or_conflict().await?;
        self.settle_net_worth(household).await?;
        self.audit(trail("account.reopened", id, household)).await
    }

    /// Brings a deleted account back; [`Error::Conflict`] when it isn't deleted or it is too late.
    pub async fn undo_delete(&mut self, household: HouseholdId, id: AccountId) -> Result<(), Error> {
        self.hold_household(household).await?;
        let since = self.now() - UNDO_FOR;
        self.write(UNDO).bind(id).bind(household).bind(since).run_or_conflict().await?;
        self.settle_net_worth(household).await?;
        self.audit(trail("account.delete_undone", id, household)).await
    }

    /// The value of one day of an account; a later one of the same day takes its place.
    pub(crate) async fn keep_value(
        &mut self,
        account: AccountId,
        day: Date,
        minor: i64,
    ) -> Result<(), Error> {
        let now = self.now();
        self.write(KEEP_VALUE).bind(account).bind(day).bind(minor).bind(now).run_count().await?;
        Ok(())
    }
}

fn trail(action: &'static str, id: AccountId, household: HouseholdId) -> Trail {
    Trail::of(action, "account", id).household(household)
}

/// Reads `account_columns!`.
pub(crate) fn account(row: &mut Row<'_>) -> Result<Account, Error> {
    let mut account = Account {
        id: row.next()?,
        household: row.next()?,
        connection: row.next()?,
        standing: row.next()?,
        kind: row.next()?,
        owner: row.next()?,
        name: row.next()?,
        institution: row.next()?,
        last_digits: row.next()?,
        currency: row.next()?,
        counted: row.next()?,
        value: None,
        missing_runs: 0,
        closed_on: None,
        created_at: Timestamp::UNIX_EPOCH,
        version: 0,
    };
    account.value = value(row, account.currency)?;
    account.missing_runs = row.next()?;
    account.closed_on = row.next()?;
    account.created_at = row.next()?;
    account.version = row.next()?;
    Ok(account)
}

fn value(row: &mut Row<'_>, currency: Currency) -> Result<Option<Value>, Error> {
    let (amount, available): (Option<i64>, Option<i64>) = (row.next()?, row.next()?);
    let (as_of, updated_at) = (row.next()?, row.next()?);
    let (Some(minor), Some(as_of), Some(updated_at)) = (amount, as_of, updated_at) else { return Ok(None) };
    let available = available.map(|minor| Money { minor, currency });
    Ok(Some(Value { amount: Money { minor, currency }, available, as_of, updated_at }))
}

fn listed(row: &mut Row<'_>) -> Result<Listed, Error> {
    Ok(Listed {
        account: account(row)?,
        incomplete: row.next()?,
        holdings_as_of: row.next()?,
        entries_since: row.next()?,
        connection: source(row)?,
    })
}

/// Reads `source_columns!`; `None` where a LEFT JOIN found no connection.
pub(crate) fn source(row: &mut Row<'_>) -> Result<Option<Source>, Error> {
    let Some(id) = row.next()? else { return Ok(None) };
    Ok(Some(Source {
        id,
        owner: row.next()?,
        offering: row.next()?,
        reason: row.next()?,
        since: row.next()?,
        last_success_at: row.next()?,
        manual_refresh_after: row.next()?,
        running: row.next::<Option<String>>()?.is_some(),
    }))
}

fn holding(row: &mut Row<'_>) -> Result<Holding, Error> {
    let mut holding = Holding {
        security_id: row.next()?,
        symbol: row.next()?,
        name: row.next()?,
        kind: row.next()?,
        quantity: row.next()?,
        price: row.next()?,
        price_as_of: row.next()?,
        value: Money::zero(row.next()?),
        cost_basis: None,
    };
    holding.value.minor = row.next()?;
    let currency = holding.value.currency;
    holding.cost_basis = row.next::<Option<i64>>()?.map(|minor| Money { minor, currency });
    Ok(holding)
}
