//! What a run of the engine brings home, written as one change: accounts, values, holdings, entries, the day's net
//! worth. What changes is decided in `engine::reconcile`; here it is only read and written, in batches.

use domain::{
    AccountId, ConnectionId, Currency, Date, Decimal, HouseholdId, Reason, Timestamp,
    account::{AccountKind, Owner, Standing},
    connection::Connection,
    harvest::Balance,
    holding::Holding,
    person::Role,
};
use serde_json::{Value, json};

use crate::{
    Engine, Error, Tx,
    audit::Trail,
    column::{Row, only},
    outbox::News,
    query::{Text, texts},
};

/// Rows of one statement: many, and still well within the deadline.
const BATCH: usize = 2_000;
/// Rows of one read.
const READ_BATCH: u32 = 10_000;

macro_rules! entry_columns {
    () => {
        "e.entry_key, e.native_id, e.posted_on, e.amount, e.payee, e.memo, e.detail, e.quantity, e.pending"
    };
}
/// Many rows from one parameter, a JSON list of lists. SQLite and PostgreSQL name the function differently.
macro_rules! insert_entries {
    ($from:literal, $then:literal) => {
        concat!(
            "INSERT INTO entry (account_id, entry_key, native_id, posted_on, amount, payee, memo, detail, quantity,
                 pending, first_seen_at)
             SELECT CAST($1 AS TEXT), v.value ->> 0, v.value ->> 1, v.value ->> 2, CAST(v.value ->> 3 AS BIGINT),
                 v.value ->> 4, v.value ->> 5, v.value ->> 6, v.value ->> 7, CAST(v.value ->> 8 AS BOOLEAN),
                 CAST($2 AS BIGINT)
             FROM ", $from, " WHERE true ", $then
        )
    };
}
macro_rules! insert_holdings {
    ($from:literal) => {
        concat!(
            "INSERT INTO holding (account_id, position, security_id, symbol, name, kind, quantity, price, price_as_of,
                 amount, cost_basis)
             SELECT CAST($1 AS TEXT), CAST(v.value ->> 0 AS BIGINT), v.value ->> 1, v.value ->> 2, v.value ->> 3,
                 v.value ->> 4, v.value ->> 5, v.value ->> 6, v.value ->> 7, CAST(v.value ->> 8 AS BIGINT),
                 CAST(v.value ->> 9 AS BIGINT)
             FROM ", $from
        )
    };
}
macro_rules! remove_entries {
    ($from:literal) => {
        concat!(
            "DELETE FROM entry WHERE account_id = $1 AND entry_key IN (SELECT v.value ->> 0 FROM ",
            $from,
            ")"
        )
    };
}
macro_rules! entries_by_id {
    ($from:literal) => {
        concat!(
            "SELECT ",
            entry_columns!(),
            " FROM entry e
             WHERE e.account_id = $1 AND e.native_id IN (SELECT v.value ->> 0 FROM ",
            $from,
            ")"
        )
    };
}

texts! {
    KNOWN = Text::one(
        "SELECT a.id, a.standing, a.deleted_at, a.kind, a.currency, a.last_digits, a.listed_name, a.persistent_key,
             a.number_hash, a.qualifier, a.missing_runs, a.incomplete, a.amount, a.updated_at, a.entries_since,
             (SELECT CAST(COUNT(*) AS BIGINT) FROM holding g WHERE g.account_id = a.id)
         FROM account a WHERE a.connection_id = $1 ORDER BY a.created_at, a.id"
    );
    ENTRIES = Text::one(concat!(
        "SELECT ", entry_columns!(), " FROM entry e
         WHERE e.account_id = $1 AND e.posted_on >= $2 AND e.posted_on <= $3
             AND (e.posted_on > $4 OR (e.posted_on = $4 AND e.entry_key > $5))
         ORDER BY e.posted_on, e.entry_key LIMIT $6"
    ));
    PENDING_OUTSIDE = Text::one(concat!(
        "SELECT ", entry_columns!(), " FROM entry e
         WHERE e.account_id = $1 AND e.pending AND (e.posted_on < $2 OR e.posted_on > $3)"
    ));
    BY_NATIVE_ID = Text::dialect(
        entries_by_id!("json_each($2) AS v"),
        entries_by_id!("jsonb_array_elements(CAST($2 AS JSONB)) AS v(value)")
    );
    ADD_ENTRIES = Text::dialect(
        insert_entries!("json_each($3) AS v", ""),
        insert_entries!("jsonb_array_elements(CAST($3 AS JSONB)) AS v(value)", "")
    );
    CHANGE_ENTRIES = Text::dialect(
        insert_entries!("json_each($3) AS v", "ON CONFLICT (account_id, entry_key) DO UPDATE SET
            native_id = excluded.native_id, posted_on = excluded.posted_on, amount = excluded.amount,
            payee = excluded.payee, memo = excluded.memo, detail = excluded.detail, quantity = excluded.quantity,
            pending = excluded.pending"),
        insert_entries!("jsonb_array_elements(CAST($3 AS JSONB)) AS v(value)",
            "ON CONFLICT (account_id, entry_key) DO UPDATE SET
            native_id = excluded.native_id, posted_on = excluded.posted_on, amount = excluded.amount,
            payee = excluded.payee, memo = excluded.memo, detail = excluded.detail, quantity = excluded.quantity,
            pending = excluded.pending")
    );
    REMOVE_ENTRIES = Text::dialect(
        remove_entries!("json_each($2) AS v"),
        remove_entries!("jsonb_array_elements(CAST($2 AS JSONB)) AS v(value)")
    );
    ADD_HOLDINGS = Text::dialect(
        insert_holdings!("json_each($2) AS v"),
        insert_holdings!("jsonb_array_elements(CAST($2 AS JSONB)) AS v(value)")
    );
    REMOVE_HOLDINGS = Text::one("DELETE FROM holding WHERE account_id = $1");
    ADD = Text::one(
        "INSERT INTO account (id, household_id, connection_id, standing, kind, owner, name, institution, last_digits,
             currency, counted, missing_runs, persistent_key, number_hash, qualifier, listed_name, kind_guessed,
             created_at, version)
         VALUES ($1, $2, $3, 'found', $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14, $15, $16, 1)"
    );
    // Kind and name are the household's once it decided; until then they are the institution's.
    LISTED_AGAIN = Text::one(
        "UPDATE account SET persistent_key = $1, number_hash = $2, qualifier = $3, listed_name = $4,
             last_digits = $5, missing_runs = 0, incomplete = $6
         WHERE id = $7"
    );
    SET_BALANCE = Text::one(
        "UPDATE account SET amount = $1, available = $2, as_of = $3, updated_at = $4, currency = $5 WHERE id = $6"
    );
    SET_HOLDINGS_DAY = Text::one("UPDATE account SET holdings_as_of = $1 WHERE id = $2");
    SET_ENTRIES_SINCE = Text::one("UPDATE account SET entries_since = $1 WHERE id = $2");
    COUNT_MISSING = Text::one("UPDATE account SET missing_runs = missing_runs + 1 WHERE id = $1");
    FLAGGED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account
         WHERE connection_id = $1 AND standing = 'added' AND deleted_at IS NULL AND closed_on IS NULL
             AND missing_runs >= $2"
    );
    UNDECIDED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account
         WHERE connection_id = $1 AND standing = 'found' AND deleted_at IS NULL AND missing_runs = 0"
    );
    ADDED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account WHERE connection_id = $1 AND standing = 'added'"
    );
    INCOMPLETE = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account
         WHERE connection_id = $1 AND standing = 'added' AND deleted_at IS NULL AND closed_on IS NULL
             AND (incomplete IS NOT NULL OR missing_runs > 0 OR amount IS NULL)"
    );
    // Added, listed, and never with a value.
    UNVALUED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account
         WHERE connection_id = $1 AND standing = 'added' AND deleted_at IS NULL AND closed_on IS NULL
             AND updated_at IS NULL AND incomplete IS NULL AND missing_runs = 0"
    );
    CLOSED_AND_LISTED = Text::one(
        "SELECT id, name, last_digits FROM account
         WHERE connection_id = $1 AND closed_on IS NOT NULL AND missing_runs = 0 AND deleted_at IS NULL
         ORDER BY id"
    );
    OPEN_AGAIN = Text::one("UPDATE account SET closed_on = NULL, version = version + 1 WHERE id = $1");
    OWNER_OF_LOGIN = Text::one(
        "SELECT p.role FROM connection c JOIN person p ON p.id = c.owner_id WHERE c.id = $1"
    );
}

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
    /// From this day on its entries are known without a gap.
    pub entries_since: Option<Date>,
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
    /// The day from which on entries are known without a gap, where it changes.
    pub entries_since: Option<Date>,
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

impl Engine {
    /// The accounts of a connection, of any standing, the oldest first.
    pub async fn known_accounts(&self, connection: ConnectionId) -> Result<Vec<KnownAccount>, Error> {
        self.ask(KNOWN).bind(connection).all(known).await
    }

    /// The entries of an account from `from` to `to`, both inclusive, and all pending ones.
    pub async fn entries_between(
        &self,
        account: AccountId,
        from: Date,
        to: Date,
    ) -> Result<Vec<EntryRow>, Error> {
        let pending = self.ask(PENDING_OUTSIDE).bind(account).bind(from).bind(to);
        let mut rows = pending.all(entry).await?;
        let (mut day, mut key) = (from, String::new());
        loop {
            let page = self.ask(ENTRIES).bind(account).bind(from).bind(to).bind(day).bind(key.as_str());
            let page = page.bind(READ_BATCH).all(entry).await?;
            let full = page.len() >= READ_BATCH as usize;
            if let Some(last) = page.last() {
                (day, key) = (last.posted_on, last.key.clone());
            }
            rows.extend(page);
            if !full {
                return Ok(rows);
            }
        }
    }

    /// The entries of an account that have one of these ids of the institution.
    pub async fn entries_by_native_id(
        &self,
        account: AccountId,
        ids: &[String],
    ) -> Result<Vec<EntryRow>, Error> {
        let ids: Value = ids.iter().map(|id| json!([id])).collect();
        self.ask(BY_NATIVE_ID).bind(account).bind(ids.to_string()).all(entry).await
    }
}

impl Tx {
    /// Writes what a run changes, and the day's net worth. Hold the household first.
    pub async fn apply_changes(&mut self, to: &Connection, changes: &Changes) -> Result<(), Error> {
        for change in &changes.accounts {
            if change.new {
                self.add_found(to, change).await?;
            }
            self.list_again(change).await?;
            self.apply_balance(change).await?;
            self.apply_holdings(change).await?;
            self.apply_entries(change.id, &change.entries).await?;
            if let Some(since) = change.entries_since {
                self.write(SET_ENTRIES_SINCE).bind(since).bind(change.id).run_or_conflict().await?;
            }
        }
        for account in &changes.missing {
            self.write(COUNT_MISSING).bind(*account).run_count().await?;
        }
        self.open_what_is_listed(to).await?;
        self.settle_net_worth(to.household).await?;
        let entries = |count: fn(&EntryChanges) -> usize| {
            changes.accounts.iter().map(|change| count(&change.entries)).sum::<usize>()
        };
        let detail = format!(
            "{} accounts listed, {} new, {} missing; entries: {} added, {} changed, {} removed",
            changes.accounts.len(),
            changes.accounts.iter().filter(|change| change.new).count(),
            changes.missing.len(),
            entries(|entries| entries.added.len()),
            entries(|entries| entries.changed.len()),
            entries(|entries| entries.removed.len()),
        );
        let trail = Trail::of("connection.values_fetched", "connection", to.id);
        self.audit(trail.firm(to.firm).household(to.household).detail(detail)).await
    }

    /// An account that the client called closed and that is listed again lives: it counts, and the client is told.
    async fn open_what_is_listed(&mut self, of: &Connection) -> Result<(), Error> {
        let listed: Vec<(AccountId, String, String)> = self
            .ask(CLOSED_AND_LISTED)
            .bind(of.id)
            .all(|row| Ok((row.next()?, row.next()?, row.next()?)))
            .await?;
        for (id, name, digits) in listed {
            self.write(OPEN_AGAIN).bind(id).run_or_conflict().await?;
            let trail = Trail::of("account.listed_again", "account", id);
            self.audit(trail.firm(of.firm).household(of.household)).await?;
            let name = named(&name, &digits);
            let body = format!(
                "{} lists {name} again, which you said was closed. It updates and counts as before.",
                of.institution
            );
            let (key, href) = (format!("{id} {}", self.now()), format!("/accounts/{id}"));
            let news = News { topic: "account_listed_again", key: &key, body: &body, href: &href };
            self.inform_household(of.household, news).await?;
        }
        Ok(())
    }

    async fn add_found(&mut self, to: &Connection, change: &AccountChange) -> Result<(), Error> {
        let now = self.now();
        let is = &change.identified;
        let owner = self.owner_of_login(to.id).await?;
        let name = if is.listed_name.trim().is_empty() { is.kind.label() } else { is.listed_name.as_str() };
        self.write(ADD)
            .bind(change.id)
            .bind(to.household)
            .bind(to.id)
            .bind(is.kind)
            .bind(owner)
            .bind(name)
            .bind(to.institution.as_str())
            .bind(is.last_digits.as_str())
            .bind(is.currency)
            .bind(true)
            .bind(is.persistent_key.clone())
            .bind(is.number_hash.as_slice())
            .bind(is.qualifier.as_str())
            .bind(is.listed_name.as_str())
            .bind(is.kind_guessed)
            .bind(now)
            .run_count()
            .await
            .map(drop)
    }

    async fn owner_of_login(&mut self, connection: ConnectionId) -> Result<Owner, Error> {
        let role: Role = self.ask(OWNER_OF_LOGIN).bind(connection).one(only).await?;
        Ok(if role == Role::CoClient { Owner::CoClient } else { Owner::Client })
    }

    async fn list_again(&mut self, change: &AccountChange) -> Result<(), Error> {
        let is = &change.identified;
        self.write(LISTED_AGAIN)
            .bind(is.persistent_key.clone())
            .bind(is.number_hash.as_slice())
            .bind(is.qualifier.as_str())
            .bind(is.listed_name.as_str())
            .bind(is.last_digits.as_str())
            .bind(change.incomplete)
            .bind(change.id)
            .run_or_conflict()
            .await
    }

    async fn apply_balance(&mut self, change: &AccountChange) -> Result<(), Error> {
        let Some(balance) = change.balance else { return Ok(()) };
        let now = self.now();
        self.write(SET_BALANCE)
            .bind(balance.amount.minor)
            .bind(balance.available.map(|available| available.minor))
            .bind(balance.as_of)
            .bind(now)
            .bind(balance.amount.currency)
            .bind(change.id)
            .run_or_conflict()
            .await?;
        self.keep_value(change.id, balance.as_of, balance.amount.minor).await
    }

    async fn apply_holdings(&mut self, change: &AccountChange) -> Result<(), Error> {
        let Some(holdings) = &change.holdings else { return Ok(()) };
        let day = holdings.iter().filter_map(|holding| holding.price_as_of).max();
        let day = day.or(change.balance.map(|balance| balance.as_of));
        self.write(REMOVE_HOLDINGS).bind(change.id).run_count().await?;
        for (batch, first) in holdings.chunks(BATCH).zip((0..).step_by(BATCH)) {
            let rows: Value = batch.iter().zip(first..).map(|(row, at)| holding_value(row, at)).collect();
            self.write(ADD_HOLDINGS).bind(change.id).bind(rows.to_string()).run_count().await?;
        }
        self.write(SET_HOLDINGS_DAY).bind(day).bind(change.id).run_or_conflict().await
    }

    pub(crate) async fn apply_entries(
        &mut self,
        account: AccountId,
        entries: &EntryChanges,
    ) -> Result<(), Error> {
        let now = self.now();
        // What goes first can't be in the way of what comes.
        for batch in entries.removed.chunks(BATCH) {
            let keys: Value = batch.iter().map(|key| json!([key])).collect();
            self.write(REMOVE_ENTRIES).bind(account).bind(keys.to_string()).run_count().await?;
        }
        for (text, rows) in [(CHANGE_ENTRIES, &entries.changed), (ADD_ENTRIES, &entries.added)] {
            for batch in rows.chunks(BATCH) {
                let rows: Value = batch.iter().map(entry_value).collect();
                self.write(text).bind(account).bind(now).bind(rows.to_string()).run_count().await?;
            }
        }
        Ok(())
    }

    /// Added accounts of a connection that complete lists no longer had `runs` times in a row.
    pub async fn flagged_missing(&mut self, connection: ConnectionId, runs: u32) -> Result<u32, Error> {
        self.ask(FLAGGED).bind(connection).bind(runs).one(only).await
    }

    /// Found accounts of a connection that nobody decided about.
    pub async fn undecided(&mut self, connection: ConnectionId) -> Result<u32, Error> {
        self.ask(UNDECIDED).bind(connection).one(only).await
    }

    /// Whether the household's picture has accounts of a connection, deleted ones that can come back included.
    pub async fn keeps_accounts(&mut self, connection: ConnectionId) -> Result<bool, Error> {
        let accounts: u32 = self.ask(ADDED).bind(connection).one(only).await?;
        Ok(accounts > 0)
    }

    /// Whether something of a connection's added accounts has not come in the last run: a data set, a value, or the
    /// account itself.
    pub async fn incomplete(&mut self, connection: ConnectionId) -> Result<bool, Error> {
        let accounts: u32 = self.ask(INCOMPLETE).bind(connection).one(only).await?;
        Ok(accounts > 0)
    }

    /// Whether an added account that is listed never had a value, as one that was left out before.
    pub async fn lacks_values(&mut self, connection: ConnectionId) -> Result<bool, Error> {
        let accounts: u32 = self.ask(UNVALUED).bind(connection).one(only).await?;
        Ok(accounts > 0)
    }

    /// Tells the household's clients, once an account, that an institution lists one that is new.
    pub async fn announce_found(
        &mut self,
        household: HouseholdId,
        of: &Connection,
        account: &AccountChange,
    ) -> Result<(), Error> {
        let is = &account.identified;
        let name = if is.listed_name.trim().is_empty() { is.kind.label() } else { is.listed_name.trim() };
        let digits =
            if is.last_digits.is_empty() { String::new() } else { format!(" •••{}", is.last_digits) };
        let body = format!("New account at {}: {name}{digits}. Add it or leave it out.", of.institution);
        let (key, href) = (account.id.to_string(), format!("/connections/{}", of.id));
        let news = News { topic: "account_found", key: &key, body: &body, href: &href };
        self.inform_household(household, news).await
    }
}

/// An account as sentences name it: `Rainy day savings •••9120`.
fn named(name: &str, digits: &str) -> String {
    if digits.is_empty() { name.to_owned() } else { format!("{name} •••{digits}") }
}

fn entry_value(row: &EntryRow) -> Value {
    json!([
        row.key,
        row.native_id,
        row.posted_on.to_string(),
        row.amount,
        row.payee,
        row.memo,
        row.detail,
        row.quantity.map(|quantity| quantity.to_string()),
        row.pending,
    ])
}

fn holding_value(row: &Holding, position: usize) -> Value {
    json!([
        position,
        row.security_id,
        row.symbol,
        row.name,
        row.kind.code(),
        row.quantity.to_string(),
        row.price.map(|price| price.to_string()),
        row.price_as_of.map(|day| day.to_string()),
        row.value.minor,
        row.cost_basis.map(|cost| cost.minor),
    ])
}

fn known(row: &mut Row<'_>) -> Result<KnownAccount, Error> {
    Ok(KnownAccount {
        id: row.next()?,
        standing: row.next()?,
        deleted: row.next::<Option<Timestamp>>()?.is_some(),
        kind: row.next()?,
        currency: row.next()?,
        last_digits: row.next()?,
        listed_name: row.next()?,
        persistent_key: row.next()?,
        number_hash: row.next()?,
        qualifier: row.next()?,
        missing_runs: row.next()?,
        incomplete: row.next()?,
        amount: row.next()?,
        updated_at: row.next()?,
        entries_since: row.next()?,
        holdings: row.next()?,
    })
}

fn entry(row: &mut Row<'_>) -> Result<EntryRow, Error> {
    Ok(EntryRow {
        key: row.next()?,
        native_id: row.next()?,
        posted_on: row.next()?,
        amount: row.next()?,
        payee: row.next()?,
        memo: row.next()?,
        detail: row.next()?,
        quantity: row.next()?,
        pending: row.next()?,
    })
}
