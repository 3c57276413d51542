//! What data support does: edits of the firm's directory, answers to requests for institutions. And what clients leave
//! for it: requests, and searches that came to nothing.

use directory::QUERY_CHARS_MIN;
use domain::{
    FirmId, RequestId,
    audit::{Doer, Subject},
    edit::{Changes, Edit, EditKind},
    institution::Offering,
    limits,
    rights::{self, Act, FirmAct, Verdict},
    sought::{InstitutionRequest, Miss, RequestState, kept_text},
};
use store::{Tx, edit::NewEdit, outbox::News, request::NewRequest};

use crate::{Engine, Error, permit};

/// An offering as it is, and how it came to be so in the firm.
#[derive(Debug, Clone)]
pub struct Kept {
    /// As the binary has it, or what a firm's own one begins as.
    pub base: Offering,
    pub offering: Offering,
    /// The newest version; 0 when the firm never changed it.
    pub version: u32,
    /// The newest first.
    pub history: Vec<Edit>,
    /// Connections of the firm that live at it.
    pub connections: u32,
}

impl Kept {
    /// The offering as it was at a version; 0 is as the binary has it.
    pub fn at(&self, version: u32) -> Option<Offering> {
        if version == 0 {
            return Some(self.base.clone());
        }
        let edit = self.history.iter().find(|edit| edit.version == version)?;
        Some(edit.changes.over(&self.base))
    }
}

/// An offering as it shall be.
#[derive(Debug, Clone)]
pub struct OfferingEdit {
    /// All of it; its id says which one.
    pub wanted: Offering,
    /// The version that was looked at; 0 for a new one.
    pub version: u32,
    pub kind: EditKind,
    /// Why.
    pub comment: String,
}

impl Engine {
    /// An offering with its history in the firm.
    pub async fn kept_offering(&self, subject: &Subject, id: &str) -> Result<Kept, Error> {
        permit_in_firm(subject, FirmAct::SeeDirectory)?;
        let base = self.base_offering(id).ok_or(Error::NotFound)?;
        let reader = self.inner.store.reader(subject);
        let history = reader.offering_history(id).await?;
        let known = self.inner.directory.offering(id).is_some();
        if !known && history.is_empty() {
            return Err(Error::NotFound);
        }
        let newest = history.first();
        let offering = newest.map_or_else(|| base.clone(), |edit| edit.changes.over(&base));
        let version = newest.map_or(0, |edit| edit.version);
        let connections = u32::try_from(reader.offering_connections(id).await?).unwrap_or(u32::MAX);
        Ok(Kept { base, offering, version, history, connections })
    }

    /// Edits an offering; with a request, that and all that are alike are closed and those who asked are told.
    ///
    /// [`store::Error::Conflict`] when somebody else edited it since, or closed the request.
    pub async fn edit_offering(
        &self,
        subject: &Subject,
        operation: &str,
        edit: &OfferingEdit,
        request: Option<RequestId>,
    ) -> Result<(), Error> {
        permit_in_firm(subject, FirmAct::EditDirectory)?;
        let base = self.base_offering(&edit.wanted.id).ok_or(Error::UnknownOffering)?;
        let request = match request {
            Some(id) => Some(self.inner.store.reader(subject).request(id).await?),
            None => None,
        };
        let changes = Changes::between(&base, &edit.wanted);
        let mut tx = self.begin_by(subject, operation).await?;
        let new = NewEdit {
            offering: &edit.wanted.id,
            version: edit.version,
            kind: edit.kind,
            changes: &changes,
            comment: &edit.comment,
        };
        tx.edit_offering(subject.firm, new).await?;
        if let Some(request) = &request {
            tell_added(&mut tx, subject.firm, request, &edit.wanted).await?;
        }
        tx.commit().await?;
        // It is saved; a view that can't be built now is built at the next look.
        if let Err(error) = self.renew_directory(subject.firm).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a directory stays as it was");
        }
        Ok(())
    }

    /// What was asked for is in the directory already: closes the request and all that are alike, and tells those who
    /// asked. With `alias`, it is found by what they typed from now on.
    pub async fn link_request(
        &self,
        subject: &Subject,
        operation: &str,
        request: RequestId,
        offering: &str,
        alias: bool,
    ) -> Result<(), Error> {
        let kept = self.kept_offering(subject, offering).await?;
        permit_in_firm(subject, FirmAct::EditDirectory)?;
        let asked = self.inner.store.reader(subject).request(request).await?;
        let mut wanted = kept.offering.clone();
        if alias && add_alias(&mut wanted, &asked.typed) {
            let comment = format!("Asked for as “{}”", asked.typed);
            let edit = OfferingEdit { wanted, version: kept.version, kind: EditKind::Corrected, comment };
            return self.edit_offering(subject, operation, &edit, Some(request)).await;
        }
        let mut tx = self.begin_by(subject, operation).await?;
        tell_added(&mut tx, subject.firm, &asked, &kept.offering).await?;
        Ok(tx.commit().await?)
    }

    /// It will not be added: closes the request and all that are alike, and tells those who asked.
    pub async fn decline_request(
        &self,
        subject: &Subject,
        operation: &str,
        request: RequestId,
        answer: &str,
    ) -> Result<(), Error> {
        permit_in_firm(subject, FirmAct::EditDirectory)?;
        let asked = self.inner.store.reader(subject).request(request).await?;
        let mut tx = self.begin_by(subject, operation).await?;
        let askers =
            tx.close_requests(subject.firm, &asked.wanted, RequestState::Declined, answer, None).await?;
        let body = format!("About your request for {}: {answer}", asked.typed);
        for asker in askers {
            let (topic, href) = ("institution_declined", "/accounts/add/request");
            let key = asker.request.to_string();
            tx.inform(asker.person, News { topic, key: &key, body: &body, href }).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A client asks the firm to add an institution; twice is once.
    pub async fn request_institution(
        &self,
        subject: &Subject,
        operation: &str,
        new: NewRequest<'_>,
    ) -> Result<InstitutionRequest, Error> {
        let household = subject.household.ok_or(Error::NotFound)?;
        let resource = self.inner.store.reader(subject).resource(household, None).await?;
        permit(subject, Act::AddConnection, &resource)?;
        let mut tx = self.begin_by(subject, operation).await?;
        let made = tx.request_institution((subject.firm, household, subject.person), new).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A client searched and found nothing. Counted without the client, if it is true.
    pub async fn search_missed(&self, subject: &Subject, typed: &str) -> Result<(), Error> {
        let directory = self.searched(subject).await?;
        if finds_nothing(&directory, typed) {
            self.count_search(subject.firm, typed, Miss::Nothing, None).await?;
        }
        Ok(())
    }

    /// A client chose an offering after a search that needed forgiving, or after another one (`before`) that found
    /// nothing. Counted without the client, if it is true.
    pub async fn search_corrected(
        &self,
        subject: &Subject,
        typed: &str,
        before: &str,
        chosen: &str,
    ) -> Result<(), Error> {
        let directory = self.searched(subject).await?;
        if directory.offering(chosen).is_none() {
            return Err(Error::UnknownOffering);
        }
        let missed = if finds_nothing(&directory, before) {
            Some(before)
        } else {
            let results = directory.search(typed, &[]);
            let mut hits = results.groups.iter().flat_map(|group| &group.hits);
            let forgiven = hits.any(|hit| hit.offering.id == chosen && hit.matched.forgiven);
            forgiven.then_some(typed)
        };
        match missed {
            Some(text) => self.count_search(subject.firm, text, Miss::Corrected, Some(chosen)).await,
            None => Ok(()),
        }
    }

    async fn searched(&self, subject: &Subject) -> Result<std::sync::Arc<directory::Directory>, Error> {
        if subject.household.is_none() {
            return Err(Error::NotFound);
        }
        self.directory(subject.firm).await
    }

    async fn count_search(
        &self,
        firm: FirmId,
        typed: &str,
        miss: Miss,
        chosen: Option<&str>,
    ) -> Result<(), Error> {
        let Some(text) = kept_text(typed) else { return Ok(()) };
        let day = self.now().to_zoned_datetime(self.zone(firm).await?).date();
        Ok(self.inner.store.engine().count_search(firm, day, &text, miss, chosen).await?)
    }

    async fn begin_by(&self, subject: &Subject, operation: &str) -> Result<Tx, Error> {
        Ok(self.inner.store.begin(&Doer::Person(subject.clone()), operation, self.now()).await?)
    }
}

/// The decision of `domain::rights` about the subject's own firm, as a result.
fn permit_in_firm(subject: &Subject, act: FirmAct) -> Result<(), Error> {
    match rights::allow_in_firm(subject, act, subject.firm) {
        Verdict::Yes => Ok(()),
        Verdict::Forbidden => Err(Error::Forbidden),
        Verdict::Invisible => Err(Error::NotFound),
    }
}

/// Enough was typed, and nothing is like it.
fn finds_nothing(directory: &directory::Directory, typed: &str) -> bool {
    typed.trim().chars().count() >= QUERY_CHARS_MIN && directory.search(typed, &[]).is_empty()
}

/// Adds what somebody typed to the other names of an offering; whether it was none of its names, and there was room.
pub fn add_alias(offering: &mut Offering, typed: &str) -> bool {
    let alias: String = typed.chars().take(limits::ALIAS_CHARS_MAX).collect();
    let known = std::iter::once(&offering.name).chain(&offering.also_known_as);
    let there = known.into_iter().any(|name| name.to_lowercase() == alias.to_lowercase());
    if there || offering.also_known_as.len() >= limits::ALIASES_MAX {
        return false;
    }
    offering.also_known_as.push(alias);
    true
}

/// Closes what asks for the same, and tells each who asked once, with the way on.
async fn tell_added(
    tx: &mut Tx,
    firm: FirmId,
    request: &InstitutionRequest,
    offering: &Offering,
) -> Result<(), Error> {
    let (state, id) = (RequestState::Added, Some(offering.id.as_str()));
    let askers = tx.close_requests(firm, &request.wanted, state, "", id).await?;
    let body = format!("{} is in the list of institutions now. You had asked for it.", offering.name);
    let href = format!("/accounts/add/{}", offering.id);
    for asker in askers {
        let key = asker.request.to_string();
        tx.inform(asker.person, News { topic: "institution_added", key: &key, body: &body, href: &href })
            .await?;
    }
    Ok(())
}
