//! Requests of clients that an institution be added to the directory.

use std::collections::BTreeSet;

use domain::{
    FirmId, HouseholdId, PersonId, RequestId, limits,
    sought::{InstitutionRequest, RequestState, wanted},
};

use crate::{
    Error, Reader, Tx,
    audit::Trail,
    column::{Row, only},
    query::{Text, texts},
    reader::in_firm,
};

/// Closed requests on one page.
const LISTED_MAX: u32 = 200;

macro_rules! columns {
    () => {
        "r.id, r.typed, r.address, r.wanted, r.state, r.answer, r.offering, r.created_at, r.closed_at"
    };
}

texts! {
    OWN = Text::one(concat!(
        "SELECT ", columns!(), " FROM institution_request r WHERE r.person_id = $1
         ORDER BY r.created_at DESC, r.id DESC LIMIT $2"
    ));
    OF_FORM = Text::one(concat!(
        "SELECT ", columns!(), " FROM institution_request r WHERE r.person_id = $1 AND r.form_key = $2"
    ));
    OPEN_OF_PERSON = Text::one(concat!(
        "SELECT ", columns!(), " FROM institution_request r
         WHERE r.person_id = $1 AND r.wanted = $2 AND r.closed_at IS NULL"
    ));
    COUNT_OPEN = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM institution_request WHERE person_id = $1 AND closed_at IS NULL"
    );
    ADD = Text::one(
        "INSERT INTO institution_request
            (id, firm_id, household_id, person_id, typed, address, wanted, state, answer, created_at, form_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10)"
    );
    OF_FIRM = Text::one(concat!(
        "SELECT ", columns!(), " FROM institution_request r
         WHERE ", in_firm!("r"), " ORDER BY r.closed_at IS NOT NULL, CASE WHEN r.closed_at IS NULL THEN r.created_at END,
            r.closed_at DESC, r.id LIMIT $3"
    ));
    BY_ID = Text::one(concat!(
        "SELECT ", columns!(), " FROM institution_request r WHERE ", in_firm!("r"), " AND r.id = $3"
    ));
    ALIKE = Text::one(
        "SELECT id, person_id, household_id FROM institution_request
         WHERE firm_id = $1 AND wanted = $2 AND closed_at IS NULL ORDER BY created_at, id"
    );
    CLOSE = Text::one(
        "UPDATE institution_request SET state = $1, answer = $2, offering = $3, closed_at = $4
         WHERE id = $5 AND closed_at IS NULL"
    );
}

/// A request to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewRequest<'a> {
    pub typed: &'a str,
    /// Empty when not told.
    pub address: &'a str,
    pub form_key: &'a str,
}

/// One who asked, to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    pub request: RequestId,
    pub person: PersonId,
    pub household: HouseholdId,
}

impl Reader {
    /// What who asks has requested, the newest first.
    pub async fn own_requests(&self) -> Result<Vec<InstitutionRequest>, Error> {
        self.ask_own(OWN).bind(self.subject().person).bind(LISTED_MAX).all(request).await
    }

    /// The requests of the firm's clients: open ones first, each part with the newest first.
    pub async fn requests(&self) -> Result<Vec<InstitutionRequest>, Error> {
        self.ask_in_firm(OF_FIRM).bind(LISTED_MAX).all(request).await
    }

    /// One request of a client of the firm.
    pub async fn request(&self, id: RequestId) -> Result<InstitutionRequest, Error> {
        self.ask_in_firm(BY_ID).bind(id).one(request).await
    }
}

impl Tx {
    /// A client asks for an institution. The same form again, or the same wish while one is open, is the request that is
    /// there already. [`Error::Full`] when the client has asked for too many.
    pub async fn request_institution(
        &mut self,
        (firm, household, person): (FirmId, HouseholdId, PersonId),
        new: NewRequest<'_>,
    ) -> Result<InstitutionRequest, Error> {
        // Two forms of one household at once: the second finds what the first wrote.
        self.hold_household(household).await?;
        let wanted = wanted(new.typed);
        let sent = self.ask(OF_FORM).bind(person).bind(new.form_key).first(request).await?;
        let open = self.ask(OPEN_OF_PERSON).bind(person).bind(&*wanted).first(request).await?;
        if let Some(there) = sent.or(open) {
            return Ok(there);
        }
        let count: i64 = self.ask(COUNT_OPEN).bind(person).one(only).await?;
        if count >= limits::REQUESTS_MAX as i64 {
            return Err(Error::Full { max: limits::REQUESTS_MAX });
        }
        let now = self.now();
        let id = RequestId::new(now, self.entropy());
        self.write(ADD)
            .bind(id)
            .bind(firm)
            .bind(household)
            .bind(person)
            .bind(new.typed)
            .bind(new.address)
            .bind(&*wanted)
            .bind(RequestState::Open)
            .bind(now)
            .bind(new.form_key)
            .run_count()
            .await?;
        self.audit(Trail::of("request.added", "request", id).firm(firm).household(household)).await?;
        Ok(InstitutionRequest {
            id,
            typed: new.typed.to_owned(),
            address: new.address.to_owned(),
            wanted,
            state: RequestState::Open,
            answer: String::new(),
            offering: None,
            created_at: now,
            closed_at: None,
        })
    }

    /// Closes all open requests of the firm that want the same, and returns who is to be told. [`Error::Conflict`] when
    /// none is open any more.
    pub async fn close_requests(
        &mut self,
        firm: FirmId,
        wanted: &str,
        state: RequestState,
        answer: &str,
        offering: Option<&str>,
    ) -> Result<Vec<Asker>, Error> {
        let now = self.now();
        // In one order and before their requests, as those who ask do.
        let households = self.ask(ALIKE).bind(firm).bind(wanted).all(asker).await?;
        for household in households.iter().map(|asker| asker.household).collect::<BTreeSet<_>>() {
            self.hold_household(household).await?;
        }
        let open = self.ask(ALIKE).bind(firm).bind(wanted).all(asker).await?;
        if open.is_empty() {
            return Err(Error::Conflict);
        }
        for asker in &open {
            self.write(CLOSE)
                .bind(state)
                .bind(answer)
                .bind(offering)
                .bind(now)
                .bind(asker.request)
                .run_or_conflict()
                .await?;
            let trail = Trail::of("request.closed", "request", asker.request).firm(firm);
            self.audit(trail.household(asker.household).detail(state.code())).await?;
        }
        Ok(open)
    }
}

fn asker(row: &mut Row<'_>) -> Result<Asker, Error> {
    Ok(Asker { request: row.next()?, person: row.next()?, household: row.next()? })
}

fn request(row: &mut Row<'_>) -> Result<InstitutionRequest, Error> {
    Ok(InstitutionRequest {
        id: row.next()?,
        typed: row.next()?,
        address: row.next()?,
        wanted: row.next()?,
        state: row.next()?,
        answer: row.next()?,
        offering: row.next()?,
        created_at: row.next()?,
        closed_at: row.next()?,
    })
}
