//! The client's decisions about found accounts: add, link to one that is there, leave out.

use domain::{
    AccountId, ConnectionId, HouseholdId,
    account::{Account, AccountKind, Owner},
};

use crate::{
    Error, Reader, Tx,
    account::{account, account_columns},
    audit::Trail,
    query::{Text, texts},
    reach,
    reconcile::EntryChanges,
};

texts! {
    FOUND = Text::one(concat!(
        "SELECT ", account_columns!(), " FROM account a JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND a.connection_id = $5 AND a.standing = 'found' AND a.deleted_at IS NULL
             AND a.missing_runs = 0
         ORDER BY a.name, a.id"
    ));
    // One kept by hand, one of the same connection that its institution no longer lists, or one of another login at the
    // same institution that rests: it takes its place.
    LINKABLE = Text::one(concat!(
        "SELECT ", account_columns!(), " FROM account a JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND a.household_id = $5 AND a.standing = 'added' AND a.deleted_at IS NULL
             AND (a.connection_id IS NULL OR (a.connection_id = $6 AND a.missing_runs > 0)
                 OR EXISTS (SELECT 1 FROM connection r JOIN connection s ON s.offering = r.offering
                     WHERE r.id = a.connection_id AND r.reason = 'by_person' AND s.id = $6))
         ORDER BY a.name, a.id"
    ));
    ADD = Text::one(
        "UPDATE account SET standing = 'added', name = $1, kind = $2, owner = $3, counted = $4, kind_guessed = $5,
             version = version + 1
         WHERE id = $6 AND connection_id = $7 AND standing IN ('found', 'left_out') AND deleted_at IS NULL"
    );
    LEAVE_OUT = Text::one(
        "UPDATE account SET standing = 'left_out', amount = NULL, available = NULL, as_of = NULL, updated_at = NULL,
             holdings_as_of = NULL, entries_since = NULL, incomplete = NULL, version = version + 1
         WHERE id = $1 AND connection_id = $2 AND standing = 'found' AND deleted_at IS NULL"
    );
    LEFT_OUT = Text::one(concat!(
        "SELECT ", account_columns!(), " FROM account a JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND a.connection_id = $5 AND a.standing = 'left_out' AND a.deleted_at IS NULL
             AND a.missing_runs = 0
         ORDER BY a.name, a.id"
    ));
    OFFER_AGAIN = Text::one(
        "UPDATE account SET standing = 'found', version = version + 1
         WHERE id = $1 AND connection_id = $2 AND standing = 'left_out' AND deleted_at IS NULL"
    );
    // The same number at another login of the household that still updates.
    ELSEWHERE = Text::one(concat!(
        "SELECT f.id, ", account_columns!(), " FROM account a JOIN household h ON h.id = a.household_id
         JOIN account f ON f.household_id = a.household_id AND f.number_hash = a.number_hash
             AND f.qualifier = a.qualifier AND f.currency = a.currency
         JOIN connection c ON c.id = a.connection_id
         WHERE ", reach!(), " AND f.connection_id = $5 AND f.standing = 'found' AND f.deleted_at IS NULL
             AND a.connection_id <> $5 AND a.standing = 'added' AND a.deleted_at IS NULL
             AND c.reason NOT IN ('by_person', 'removed')"
    ));
    REMOVE_ENTRIES = Text::one("DELETE FROM entry WHERE account_id = $1");
    REMOVE_HOLDINGS = Text::one("DELETE FROM holding WHERE account_id = $1");
    REMOVE_VALUES = Text::one("DELETE FROM account_value WHERE account_id = $1");
    // The target takes the found account's place, and keeps its own id, name, kind, owner and history.
    IDENTITY = Text::one(
        "SELECT persistent_key, number_hash, qualifier, listed_name, last_digits, currency, institution, amount,
             available, as_of, updated_at, incomplete, holdings_as_of, entries_since
         FROM account WHERE id = $1 AND connection_id = $2 AND standing = 'found' AND deleted_at IS NULL"
    );
    LINK = Text::one(
        "UPDATE account SET connection_id = $1, persistent_key = $2, number_hash = $3, qualifier = $4,
             listed_name = $5, last_digits = $6, institution = $7, amount = $8, available = $9, as_of = $10,
             updated_at = $11, incomplete = $12, holdings_as_of = $13, missing_runs = 0, closed_on = NULL,
             version = version + 1,
             entries_since = CASE WHEN entries_since IS NULL OR as_of < $17 THEN $17 ELSE entries_since END
         WHERE id = $14 AND household_id = $15 AND currency = $16 AND standing = 'added' AND deleted_at IS NULL
             AND (connection_id IS NULL OR (connection_id = $1 AND missing_runs > 0)
                 OR EXISTS (SELECT 1 FROM connection r JOIN connection s ON s.offering = r.offering
                     WHERE r.id = account.connection_id AND r.reason = 'by_person' AND s.id = $1))"
    );
    TAKE_VALUES = Text::one(
        "INSERT INTO account_value (account_id, day, amount, updated_at)
         SELECT CAST($1 AS TEXT), v.day, v.amount, v.updated_at FROM account_value v WHERE v.account_id = $2
         ON CONFLICT (account_id, day) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at"
    );
    TAKE_HOLDINGS = Text::one("UPDATE holding SET account_id = $1 WHERE account_id = $2");
    REMOVE = Text::one("DELETE FROM account WHERE id = $1");
}

/// How a found account becomes part of the household's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added<'a> {
    pub name: &'a str,
    pub kind: AccountKind,
    pub owner: Owner,
    pub counted: bool,
}

impl Reader {
    /// The found accounts of a connection within reach that nobody decided about.
    pub async fn found_accounts(&self, connection: ConnectionId) -> Result<Vec<Account>, Error> {
        self.ask(FOUND).bind(connection).all(account).await
    }

    /// The accounts of a connection within reach that the client left out and that are still listed.
    pub async fn left_out_accounts(&self, connection: ConnectionId) -> Result<Vec<Account>, Error> {
        self.ask(LEFT_OUT).bind(connection).all(account).await
    }

    /// The accounts that a found one of `connection` may be linked to.
    pub async fn linkable_accounts(
        &self,
        household: HouseholdId,
        connection: ConnectionId,
    ) -> Result<Vec<Account>, Error> {
        self.ask(LINKABLE).bind(household).bind(connection).all(account).await
    }
}

impl Reader {
    /// For each found account of `connection` that the household has already through another login: that account.
    pub async fn found_elsewhere(
        &self,
        connection: ConnectionId,
    ) -> Result<Vec<(AccountId, Account)>, Error> {
        self.ask(ELSEWHERE).bind(connection).all(|row| Ok((row.next()?, account(row)?))).await
    }
}

/// Hold the household first; [`Error::Conflict`] when somebody decided already.
impl Tx {
    /// Adds a found account, or one that was left out before.
    pub async fn add_reviewed(
        &mut self,
        of: ConnectionId,
        id: AccountId,
        added: Added<'_>,
    ) -> Result<(), Error> {
        self.write(ADD)
            .bind(added.name)
            .bind(added.kind)
            .bind(added.owner)
            .bind(added.counted)
            .bind(false)
            .bind(id)
            .bind(of)
            .run_or_conflict()
            .await?;
        self.audit(Trail::of("account.added", "account", id).detail(added.kind.code())).await
    }

    /// Offers an account that was left out once more. [`Error::Conflict`] when it isn't left out.
    pub async fn offer_again(&mut self, of: ConnectionId, id: AccountId) -> Result<(), Error> {
        self.write(OFFER_AGAIN).bind(id).bind(of).run_or_conflict().await?;
        self.audit(Trail::of("account.offered_again", "account", id)).await
    }

    /// Leaves a found account out; what was fetched of it is not kept.
    pub async fn leave_out(&mut self, of: ConnectionId, id: AccountId) -> Result<(), Error> {
        self.write(LEAVE_OUT).bind(id).bind(of).run_or_conflict().await?;
        for text in [REMOVE_ENTRIES, REMOVE_HOLDINGS, REMOVE_VALUES] {
            self.write(text).bind(id).run_count().await?;
        }
        self.audit(Trail::of("account.left_out", "account", id)).await
    }

    /// Links a found account to one that is there: the latter keeps its id, name, kind, owner and history, and takes
    /// the connection and the value over. `entries` is what the found one's entries change among the target's.
    pub async fn link_found(
        &mut self,
        of: ConnectionId,
        household: HouseholdId,
        found: AccountId,
        target: AccountId,
        entries: &EntryChanges,
    ) -> Result<(), Error> {
        let is = self.ask(IDENTITY).bind(found).bind(of).first(identity).await?.ok_or(Error::Conflict)?;
        // Two rows can't have one identity, so the found one goes before the target takes its place; its children
        // go over first.
        self.write(REMOVE_HOLDINGS).bind(target).run_count().await?;
        self.apply_entries(target, entries).await?;
        for text in [TAKE_VALUES, TAKE_HOLDINGS] {
            self.write(text).bind(target).bind(found).run_count().await?;
        }
        for text in [REMOVE_VALUES, REMOVE_ENTRIES, REMOVE] {
            self.write(text).bind(found).run_count().await?;
        }
        self.write(LINK)
            .bind(of)
            .bind(is.persistent_key)
            .bind(is.number_hash)
            .bind(is.qualifier)
            .bind(is.listed_name)
            .bind(is.last_digits)
            .bind(is.institution)
            .bind(is.amount)
            .bind(is.available)
            .bind(is.as_of)
            .bind(is.updated_at)
            .bind(is.incomplete)
            .bind(is.holdings_as_of)
            .bind(target)
            .bind(household)
            .bind(is.currency)
            .bind(is.entries_since)
            .run_or_conflict()
            .await?;
        self.audit(Trail::of("account.linked", "account", target)).await
    }

    /// Writes the day's net worth after decisions, and at the run that found the accounts how many were `added`.
    pub async fn settle_review(
        &mut self,
        household: HouseholdId,
        of: ConnectionId,
        added: u32,
    ) -> Result<(), Error> {
        self.settle_net_worth(household).await?;
        self.note_added(of, added).await?;
        self.settle_found_news(household, of).await?;
        self.tell(crate::Topic::Connection(of));
        self.audit(Trail::of("connection.reviewed", "connection", of).household(household)).await
    }
}

/// What the target of a link takes over.
struct Identity {
    persistent_key: Option<String>,
    number_hash: Option<Vec<u8>>,
    qualifier: String,
    listed_name: String,
    last_digits: String,
    currency: domain::Currency,
    institution: String,
    amount: Option<i64>,
    available: Option<i64>,
    as_of: Option<domain::Date>,
    updated_at: Option<domain::Timestamp>,
    incomplete: Option<domain::Reason>,
    holdings_as_of: Option<domain::Date>,
    entries_since: Option<domain::Date>,
}

fn identity(row: &mut crate::column::Row<'_>) -> Result<Identity, Error> {
    Ok(Identity {
        persistent_key: row.next()?,
        number_hash: row.next()?,
        qualifier: row.next()?,
        listed_name: row.next()?,
        last_digits: row.next()?,
        currency: row.next()?,
        institution: row.next()?,
        amount: row.next()?,
        available: row.next()?,
        as_of: row.next()?,
        updated_at: row.next()?,
        incomplete: row.next()?,
        holdings_as_of: row.next()?,
        entries_since: row.next()?,
    })
}
