//! The audit trail: rows are only added, each in the transaction of what it tells.

use std::fmt::Display;

use domain::{
    AuditId, FirmId, HouseholdId, Timestamp,
    audit::{Doer, Entry},
};

use crate::{
    Error, Reader, Tx,
    column::Row,
    query::{Text, texts},
    reach,
};

texts! {
    ADD = Text::one(
        "INSERT INTO audit (id, at, place, firm_id, household_id, doer, person_id, action, subject, detail, operation)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    OF_HOUSEHOLD = Text::one(concat!(
        "SELECT a.at, a.doer, a.person_id, a.action, a.subject, a.detail
         FROM audit a JOIN household h ON h.id = a.household_id
         WHERE ", reach!(), " AND a.household_id = $5
         ORDER BY a.at DESC, a.place DESC, a.id LIMIT $6"
    ));
}

/// What an audit row tells.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    action: &'static str,
    subject: String,
    detail: String,
    firm: Option<FirmId>,
    household: Option<HouseholdId>,
}

impl Trail {
    /// `action` is a verb in dotted form, `noun` and `id` what was changed: `Trail::of("account.added", "account", id)`.
    pub(crate) fn of(action: &'static str, noun: &str, id: impl Display) -> Self {
        Self { action, subject: format!("{noun} {id}"), detail: String::new(), firm: None, household: None }
    }

    /// The household it belongs to; without it, that of the doer.
    pub(crate) fn household(mut self, household: HouseholdId) -> Self {
        self.household = Some(household);
        self
    }

    /// The firm it belongs to; without it, that of the doer.
    pub(crate) fn firm(mut self, firm: FirmId) -> Self {
        self.firm = Some(firm);
        self
    }

    /// A few words; never a secret, never an account number.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl Tx {
    /// Writes the audit row of what was written just before, by whoever began the transaction.
    pub(crate) async fn audit(&mut self, trail: Trail) -> Result<(), Error> {
        let (firm, household) = match self.doer() {
            Doer::Person(subject) => (Some(subject.firm), subject.household),
            Doer::Engine { firm, household, .. } => (Some(*firm), Some(*household)),
            Doer::Visitor | Doer::Operator | Doer::Housekeeping => (None, None),
        };
        let household = trail.household.or(household);
        let (doer, person) = (self.doer().kind(), self.doer().person());
        let id = AuditId::new(self.now(), self.entropy());
        let (now, operation) = (self.now(), self.operation().to_owned());
        let place = self.act(trail.action);
        self.ask(ADD)
            .bind(id)
            .bind(now)
            .bind(place)
            .bind(trail.firm.or(firm))
            .bind(household)
            .bind(doer)
            .bind(person)
            .bind(trail.action)
            .bind(trail.subject)
            .bind(trail.detail)
            .bind(operation)
            .run_count()
            .await?;
        self.audited(household);
        Ok(())
    }
}

impl Reader {
    /// The latest `limit` entries about a household, newest first.
    pub async fn audit(&self, household: HouseholdId, limit: u32) -> Result<Vec<Entry>, Error> {
        self.ask(OF_HOUSEHOLD).bind(household).bind(limit).all(entry).await
    }
}

fn entry(row: &mut Row<'_>) -> Result<Entry, Error> {
    Ok(Entry {
        at: row.next::<Timestamp>()?,
        doer: row.next()?,
        person: row.next()?,
        action: row.next()?,
        subject: row.next()?,
        detail: row.next()?,
    })
}
