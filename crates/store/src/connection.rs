//! Connections: their state, and the queue of work that their due times are.
//!
//! People change a connection by compare-and-set on its version. A worker owns it by a lease with a number, the
//! fence, that each claim raises; what it applies checks version, fence and node in the same update, so that a worker
//! that was paused beyond its lease loses.

use domain::{
    ConnectionId, FirmId, HouseholdId, PersonId, Timestamp,
    attempt::AttemptKind,
    connection::{Around, Connection, Work},
    limits,
    login::{Namesake, tell_apart},
};

use crate::{
    Engine, Error, Reader, Topic, Tx,
    audit::Trail,
    column::{Row, only},
    query::{Text, texts},
    reach,
};

macro_rules! columns {
    () => {
        "c.id, c.firm_id, c.household_id, c.owner_id, c.offering, c.institution, c.reason, c.since, c.work_kind,
         c.work_attended, c.due_at, c.last_attempt_at, c.last_success_at, c.manual_refresh_after,
         c.rejected_in_row, c.failures_in_row, c.attended_only, c.version"
    };
}

/// A connection with what stands around it, to be read from `around!`; `$flagged` is the placeholder of
/// [`limits::MISSING_RUNS_FLAGGED`].
macro_rules! sighted {
    ($flagged:literal) => {
        concat!(
            columns!(), ",
             CAST(COUNT(*) FILTER (WHERE x.standing = 'added') AS BIGINT),
             CAST(COUNT(*) FILTER (WHERE x.standing = 'found' AND x.missing_runs = 0) AS BIGINT),
             CAST(COUNT(*) FILTER (WHERE x.standing = 'left_out' AND x.missing_runs = 0) AS BIGINT),
             string_agg(x.name || CASE x.last_digits WHEN '' THEN '' ELSE ' •••' || x.last_digits END, '\n'
                        ORDER BY x.name, x.id)
                 FILTER (WHERE x.standing = 'added' AND x.closed_on IS NULL AND x.missing_runs >= ", $flagged, "),
             string_agg('•••' || x.last_digits, ', ' ORDER BY x.name, x.id)
                 FILTER (WHERE x.standing = 'added' AND x.last_digits <> ''),
             o.name,
             (SELECT CAST(COUNT(*) AS BIGINT) FROM connection s
              WHERE s.household_id = c.household_id AND s.offering = c.offering AND s.reason <> 'removed')"
        )
    };
}

/// Connections with their household, owner and accounts; to be grouped by `c.id, o.id`.
macro_rules! around {
    () => {
        "connection c JOIN household h ON h.id = c.household_id JOIN person o ON o.id = c.owner_id
             LEFT JOIN account x ON x.connection_id = c.id AND x.deleted_at IS NULL"
    };
}

/// The part of an apply's WHERE that makes a worker lose whose lease was taken over. A build without it proves that
/// the tests notice.
#[cfg(not(feature = "unfenced"))]
macro_rules! fenced {
    () => {
        " AND fence = $15 AND lease_node = $16"
    };
}
#[cfg(feature = "unfenced")]
macro_rules! fenced {
    () => {
        " AND CAST($15 AS BIGINT) IS NOT NULL AND CAST($16 AS TEXT) IS NOT NULL"
    };
}

/// Not those of institutions that are busy on all nodes together, nor, unless somebody waits, of one that is down.
/// `|| ''` keeps SQLite from walking all connections in the order of their offering instead of the few leased ones.
macro_rules! due {
    ($work:literal) => {
        concat!(
            "SELECT c.id, c.firm_id, c.household_id, c.offering FROM connection c
             WHERE c.work_kind ", $work, " AND c.due_at <= $1 AND (c.lease_until IS NULL OR c.lease_until <= $1)
                 AND c.offering NOT IN (
                     SELECT o.offering || '' FROM connection o WHERE o.lease_until > $1
                     GROUP BY o.offering || '' HAVING COUNT(*) >= $2)
                 AND (c.work_attended OR NOT EXISTS (
                     SELECT 1 FROM institution_health i WHERE i.offering = c.offering AND i.open_until > $1))
             ORDER BY c.due_at, c.id LIMIT $3"
        )
    };
}

texts! {
    BY_ID = Text::one(concat!(
        "SELECT ", sighted!("$6"), " FROM ", around!(), "
         WHERE ", reach!(), " AND c.id = $5 GROUP BY c.id, o.id"
    ));
    OF_HOUSEHOLD = Text::one(concat!(
        "SELECT ", sighted!("$6"), " FROM ", around!(), "
         WHERE ", reach!(), " AND c.household_id = $5 AND c.reason <> 'removed'
         GROUP BY c.id, o.id ORDER BY c.institution, c.id"
    ));
    BARE = Text::one(concat!(
        "SELECT ", columns!(), " FROM connection c JOIN household h ON h.id = c.household_id
         WHERE ", reach!(), " AND c.household_id = $5 AND c.reason <> 'removed' ORDER BY c.institution, c.id"
    ));
    WITHIN_REACH = Text::one(concat!(
        "SELECT ", sighted!("$5"), " FROM ", around!(), "
         WHERE ", reach!(), " AND c.reason <> 'removed'
         GROUP BY c.id, o.id ORDER BY c.household_id, c.institution, c.id"
    ));
    ANY = Text::one(concat!("SELECT ", columns!(), " FROM connection c WHERE c.id = $1"));
    BY_FORM = Text::one(concat!(
        "SELECT ", columns!(), " FROM connection c WHERE c.form_key = $1 AND c.owner_id = $2"
    ));
    ADD = Text::one(
        "INSERT INTO connection
            (id, firm_id, household_id, owner_id, offering, institution, reason, since, work_kind, work_attended,
             due_at, last_attempt_at, last_success_at, manual_refresh_after, rejected_in_row, failures_in_row,
             attended_only, version, fence, created_at, form_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, $19, $20)"
    );
    MOVE = Text::one(
        "UPDATE connection SET reason = $1, since = $2, work_kind = $3, work_attended = $4, due_at = $5,
             last_attempt_at = $6, last_success_at = $7, manual_refresh_after = $8, rejected_in_row = $9,
             failures_in_row = $10, attended_only = $11, version = version + 1
         WHERE id = $12 AND version = $13"
    );
    // $14 is the new end of the lease; without one the lease is given back.
    APPLY = Text::one(concat!(
        "UPDATE connection SET reason = $1, since = $2, work_kind = $3, work_attended = $4, due_at = $5,
             last_attempt_at = $6, last_success_at = $7, manual_refresh_after = $8, rejected_in_row = $9,
             failures_in_row = $10, attended_only = $11, version = version + 1, lease_until = $14,
             lease_node = CASE WHEN CAST($14 AS BIGINT) IS NULL THEN NULL ELSE lease_node END
         WHERE id = $12 AND version = $13",
        fenced!()
    ));
    DUE_ASKED = Text::one(due!("IS NOT NULL"));
    DUE_REGULAR = Text::one(due!("IS NULL"));
    NEXT_DUE = Text::one(
        "SELECT MIN(c.due_at) FROM connection c WHERE c.due_at IS NOT NULL AND c.due_at > $1"
    );
    BACKLOG = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT), MIN(c.due_at) FROM connection c
         WHERE c.due_at <= $1 AND (c.lease_until IS NULL OR c.lease_until <= $1)"
    );
    CLAIM = Text::one(
        "UPDATE connection SET lease_node = $1, lease_until = $2, fence = fence + 1
         WHERE id = $3 AND due_at <= $4 AND (lease_until IS NULL OR lease_until <= $4)
             AND (SELECT COUNT(*) FROM connection o
                  WHERE o.offering = connection.offering AND o.lease_until > $4) < $5
         RETURNING fence"
    );
    RELEASE = Text::one(
        "UPDATE connection SET lease_node = NULL, lease_until = NULL
         WHERE id = $1 AND fence = $2 AND lease_node = $3"
    );
    RELEASE_ALL = Text::one(
        "UPDATE connection SET lease_node = NULL, lease_until = NULL WHERE lease_until > 0 AND lease_node = $1"
    );
    LEASED = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM connection c WHERE c.offering = $1 AND c.lease_until > $2"
    );
    ZONE = Text::one("SELECT f.zone FROM firm f WHERE f.id = $1");
}

/// Due work, as the queue lists it: still to be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub connection: ConnectionId,
    pub firm: FirmId,
    pub household: HouseholdId,
    pub offering: String,
}

/// Work that is due and that nobody has taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    pub connections: i64,
    /// Since when the oldest is due.
    pub oldest: Option<Timestamp>,
}

/// A worker's right to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub connection: ConnectionId,
    pub node: String,
    /// Rises with each claim.
    pub fence: i64,
}

impl Reader {
    /// A connection within reach.
    pub async fn connection(&self, id: ConnectionId) -> Result<Connection, Error> {
        let row = self.ask(BY_ID).bind(id).bind(limits::MISSING_RUNS_FLAGGED).one(sighted).await?;
        if row.siblings < 2 {
            return Ok(row.connection);
        }
        // Another login at the same institution: both are needed to tell them apart.
        let all = self.connections(row.connection.household).await?;
        Ok(all.into_iter().find(|connection| connection.id == id).unwrap_or(row.connection))
    }

    /// The connections of a household within reach, by institution.
    pub async fn connections(&self, household: HouseholdId) -> Result<Vec<Connection>, Error> {
        let rows = self.ask(OF_HOUSEHOLD).bind(household).bind(limits::MISSING_RUNS_FLAGGED);
        Ok(told_apart(rows.all(sighted).await?))
    }

    /// The same without what stands around them: for an answer to each letter that somebody types.
    pub async fn bare_connections(&self, household: HouseholdId) -> Result<Vec<Connection>, Error> {
        self.ask(BARE).bind(household).all(connection).await
    }

    /// All connections within reach, by household.
    pub async fn all_connections(&self) -> Result<Vec<Connection>, Error> {
        let rows = self.ask(WITHIN_REACH).bind(limits::MISSING_RUNS_FLAGGED);
        Ok(told_apart(rows.all(sighted).await?))
    }
}

impl Engine {
    /// Any connection.
    pub async fn connection(&self, id: ConnectionId) -> Result<Connection, Error> {
        self.ask(ANY).bind(id).one(connection).await
    }

    /// Up to `limit` due connections, the longest due first: those under way or asked for by a person (`asked`), or
    /// those whose regular time has come.
    pub async fn due(
        &self,
        asked: bool,
        now: Timestamp,
        concurrency_max: u32,
        limit: u32,
    ) -> Result<Vec<Due>, Error> {
        self.ask(if asked { DUE_ASKED } else { DUE_REGULAR })
            .bind(now)
            .bind(concurrency_max)
            .bind(limit)
            .all(|row| {
                let (connection, firm, household) = (row.next()?, row.next()?, row.next()?);
                Ok(Due { connection, firm, household, offering: row.next()? })
            })
            .await
    }

    /// When something is due next after `now`.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.ask(NEXT_DUE).bind(now).one(only).await
    }

    /// How much is due at `now`, for the figures.
    pub async fn backlog(&self, now: Timestamp) -> Result<Backlog, Error> {
        self.ask(BACKLOG)
            .bind(now)
            .one(|row| Ok(Backlog { connections: row.next()?, oldest: row.next()? }))
            .await
    }

    /// How many workers of all nodes are at an offering.
    pub async fn leased(&self, offering: &str, now: Timestamp) -> Result<u32, Error> {
        self.ask(LEASED).bind(offering).bind(now).one(only).await
    }

    /// Gives a lease back, if it is still this worker's.
    pub async fn release(&self, lease: &Lease) -> Result<(), Error> {
        let note = self.note(RELEASE).bind(lease.connection).bind(lease.fence).bind(lease.node.as_str());
        note.run_count().await.map(drop)
    }

    /// Gives back all leases of a node that no longer works.
    pub async fn release_all(&self, node: &str) -> Result<(), Error> {
        self.note(RELEASE_ALL).bind(node).run_count().await.map(drop)
    }

    /// The IANA name of the zone in which a firm tells times.
    pub async fn zone(&self, firm: FirmId) -> Result<String, Error> {
        self.ask(ZONE).bind(firm).one(only).await
    }
}

impl Tx {
    /// A connection, read in this transaction.
    pub async fn connection(&mut self, id: ConnectionId) -> Result<Connection, Error> {
        self.ask(ANY).bind(id).one(connection).await
    }

    /// The connection that this form of this person made already.
    pub async fn connection_of_form(
        &mut self,
        form_key: &str,
        owner: PersonId,
    ) -> Result<Option<Connection>, Error> {
        self.ask(BY_FORM).bind(form_key).bind(owner).first(connection).await
    }

    /// A new connection. [`Error::Taken`] when the form was sent before.
    pub async fn add_connection(&mut self, new: &Connection, form_key: &str) -> Result<(), Error> {
        let now = self.now();
        self.write(ADD)
            .bind(new.id)
            .bind(new.firm)
            .bind(new.household)
            .bind(new.owner)
            .bind(new.offering.as_str())
            .bind(new.institution.as_str())
            .bind(new.reason)
            .bind(new.since)
            .bind(new.work.map(|work| work.kind))
            .bind(new.work.is_some_and(|work| work.attended))
            .bind(new.due_at)
            .bind(new.last_attempt_at)
            .bind(new.last_success_at)
            .bind(new.manual_refresh_after)
            .bind(new.rejected_in_row)
            .bind(new.failures_in_row)
            .bind(new.attended_only)
            .bind(new.version)
            .bind(now)
            .bind(form_key)
            .run_count()
            .await?;
        self.tell_of(new);
        self.audit(trail("connection.added", new).detail(new.offering.as_str())).await
    }

    /// Writes what a person's event made of a connection; [`Error::Conflict`] when it is no longer at its version.
    pub async fn move_connection(&mut self, next: &Connection, action: &'static str) -> Result<(), Error> {
        self.hold_household(next.household).await?;
        let ask = self.write(MOVE);
        state(ask, next).run_or_conflict().await?;
        self.tell_of(next);
        self.audit(trail(action, next).detail(next.reason.code())).await
    }

    /// Writes what a worker's step made of a connection. `until` keeps the lease, `None` gives it back;
    /// [`Error::Conflict`] when the lease was taken over or a person changed the connection.
    pub async fn apply_connection(
        &mut self,
        next: &Connection,
        lease: &Lease,
        until: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.hold_household(next.household).await?;
        let ask = self.write(APPLY);
        state(ask, next).bind(until).bind(lease.fence).bind(lease.node.as_str()).run_or_conflict().await?;
        self.tell(Topic::Connection(next.id));
        if until.is_none() {
            self.tell_of(next);
        }
        let detail = format!("{}, lease {}", next.reason.code(), lease.fence);
        self.audit(trail("connection.stepped", next).detail(detail)).await
    }

    /// Takes a due connection for a node until `until`, if nobody has it and its institution isn't busy. Hold the
    /// institution first ([`Tx::hold_institution`]), or two nodes count each other out.
    ///
    /// The worker may open the connection's secrets from now on, so this is audited.
    pub async fn claim(
        &mut self,
        id: ConnectionId,
        node: &str,
        until: Timestamp,
        concurrency_max: u32,
    ) -> Result<Option<(Connection, Lease)>, Error> {
        let now = self.now();
        let due = self.connection(id).await?;
        self.hold_household(due.household).await?;
        let claimed = self
            .write(CLAIM)
            .bind(node)
            .bind(until)
            .bind(id)
            .bind(now)
            .bind(concurrency_max)
            .first(only::<i64>)
            .await?;
        let Some(fence) = claimed else { return Ok(None) };
        let connection = self.connection(id).await?;
        let lease = Lease { connection: id, node: node.to_owned(), fence };
        let detail = format!("{node}, lease {fence}");
        self.audit(trail("connection.claimed", &connection).detail(detail)).await?;
        Ok(Some((connection, lease)))
    }

    fn tell_of(&mut self, connection: &Connection) {
        self.tell(Topic::Connection(connection.id));
        self.tell(Topic::Household(connection.household));
        if connection.due_at.is_some_and(|due| due <= self.now()) {
            self.tell(Topic::Work);
        }
    }
}

fn trail(action: &'static str, connection: &Connection) -> Trail {
    Trail::of(action, "connection", connection.id).firm(connection.firm).household(connection.household)
}

/// Binds $1 to $13 of MOVE and APPLY.
fn state<'a>(ask: crate::query::Ask<'a>, next: &Connection) -> crate::query::Ask<'a> {
    ask.bind(next.reason)
        .bind(next.since)
        .bind(next.work.map(|work| work.kind))
        .bind(next.work.is_some_and(|work| work.attended))
        .bind(next.due_at)
        .bind(next.last_attempt_at)
        .bind(next.last_success_at)
        .bind(next.manual_refresh_after)
        .bind(next.rejected_in_row)
        .bind(next.failures_in_row)
        .bind(next.attended_only)
        .bind(next.id)
        .bind(next.version)
}

fn connection(row: &mut Row<'_>) -> Result<Connection, Error> {
    let (id, firm, household, owner) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (offering, institution, reason, since) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let (kind, attended) = (row.next::<Option<AttemptKind>>()?, row.next()?);
    Ok(Connection {
        id,
        firm,
        household,
        owner,
        offering,
        institution,
        reason,
        since,
        work: kind.map(|kind| Work { kind, attended }),
        due_at: row.next()?,
        last_attempt_at: row.next()?,
        last_success_at: row.next()?,
        manual_refresh_after: row.next()?,
        rejected_in_row: row.next()?,
        failures_in_row: row.next()?,
        attended_only: row.next()?,
        version: row.next()?,
        around: Around::default(),
    })
}

/// A connection with what tells it from others.
struct Sighted {
    connection: Connection,
    owner: String,
    digits: String,
    /// Logins of the household at the same institution, this one included.
    siblings: u32,
}

/// Reads `sighted!`.
fn sighted(row: &mut Row<'_>) -> Result<Sighted, Error> {
    let mut connection = connection(row)?;
    let (added, found, left_out) = (row.next()?, row.next()?, row.next()?);
    let missing: Option<String> = row.next()?;
    let missing = missing.map(|names| names.lines().map(str::to_owned).collect()).unwrap_or_default();
    connection.around = Around { added, found, left_out, missing, login: String::new() };
    let digits: Option<String> = row.next()?;
    Ok(Sighted { connection, digits: digits.unwrap_or_default(), owner: row.next()?, siblings: row.next()? })
}

/// Gives each of several logins at one institution a name of its own, in the order in which they were made.
fn told_apart(mut rows: Vec<Sighted>) -> Vec<Connection> {
    let key = |row: &Sighted| (row.connection.household, row.connection.offering.clone());
    let shared: Vec<_> = rows.iter().filter(|row| row.siblings > 1).map(key).collect();
    for of in shared {
        // An id begins with the time at which it was made.
        let mut group: Vec<&mut Sighted> = rows.iter_mut().filter(|row| key(row) == of).collect();
        group.sort_by_key(|row| row.connection.id);
        let logins: Vec<Namesake<'_>> =
            group.iter().map(|row| Namesake { owner: &row.owner, digits: &row.digits }).collect();
        let names = tell_apart(&logins);
        for (row, name) in group.into_iter().zip(names) {
            row.connection.around.login = name;
        }
    }
    rows.into_iter().map(|row| row.connection).collect()
}
