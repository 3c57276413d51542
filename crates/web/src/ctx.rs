//! What every handler of a signed-in person gets: who it is, the present, and the way to engine and store.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use directory::Directory;
use domain::{
    Date, HouseholdId, SessionId, Timestamp,
    audit::{Doer, Subject, Through},
    person::{Firm, Person},
    rights::{self, Act, FirmAct, Resource, Verdict},
    world::Entropy,
};
use engine::Engine;
use jiff::tz::TimeZone;
use store::{Reader, Store, Tx};

use crate::{
    Portal,
    auth::session,
    client::bars::fixable,
    fail::Fail,
    page::{Nav, Page, Theme},
};

/// News that are looked through for those of one page.
const NEWS_READ: u32 = 100;

/// Names one request in the log, in audit rows and at the foot of error pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Operation(pub(crate) String);

impl Operation {
    /// Thirteen characters that a person can read out: no I, L, O, U (Crockford's base 32).
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let number = u64::from_be_bytes(bytes);
        let digit = |at: u32| char::from(DIGITS[(number >> (5 * at)) as usize & 31]);
        Self((0..13).rev().map(digit).collect())
    }
}

/// The context of a request of a signed-in person. Extracting it is what demands the sign-in.
pub(crate) struct Ctx {
    pub(crate) portal: Arc<Portal>,
    pub(crate) subject: Subject,
    pub(crate) person: Person,
    pub(crate) firm: Firm,
    /// The advisor's name; empty for staff.
    pub(crate) advisor: String,
    /// The advisor's e-mail; empty for staff.
    pub(crate) advisor_email: String,
    /// The firm's zone, in which all times are told.
    pub(crate) zone: TimeZone,
    pub(crate) now: Timestamp,
    pub(crate) operation: String,
    /// Asked for by htmx: the answer is a part.
    pub(crate) htmx: bool,
    pub(crate) theme: Theme,
}

impl FromRequestParts<Arc<Portal>> for Ctx {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fail> {
        let token = session::token(&portal.app.settings, &parts.headers).ok_or(Fail::SignIn)?;
        let operation = parts.extensions.get::<Operation>().cloned().unwrap_or_default();
        let ctx = Self::of_session(portal, &token, operation, theme(&parts.headers)).await?;
        Ok(Self { htmx: parts.headers.contains_key("hx-request"), ..ctx })
    }
}

/// For pages that are for both: visitors get `None`.
impl OptionalFromRequestParts<Arc<Portal>> for Ctx {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Option<Self>, Fail> {
        match <Self as FromRequestParts<_>>::from_request_parts(parts, portal).await {
            Ok(ctx) => Ok(Some(ctx)),
            Err(Fail::SignIn) => Ok(None),
            Err(fail) => Err(fail),
        }
    }
}

impl Ctx {
    /// The context of a session by the hash of its token; [`Fail::SignIn`] when there is none.
    pub(crate) async fn of_session(
        portal: &Arc<Portal>,
        token: &[u8; 32],
        operation: Operation,
        theme: Theme,
    ) -> Result<Self, Fail> {
        let now = portal.app.clock.now();
        let found = portal.app.store.visitor().session(token, now).await?.ok_or(Fail::SignIn)?;
        let zone = TimeZone::get(&found.firm.zone).map_err(Fail::internal)?;
        Ok(Self {
            portal: Arc::clone(portal),
            subject: found.subject,
            person: found.person,
            firm: found.firm,
            advisor: found.advisor.unwrap_or_default(),
            advisor_email: found.advisor_email.unwrap_or_default(),
            zone,
            now,
            operation: operation.0,
            htmx: false,
            theme,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.portal.app.engine
    }

    pub(crate) fn store(&self) -> &Store {
        &self.portal.app.store
    }

    /// The institutions as the person's firm sees them.
    pub(crate) async fn directory(&self) -> Result<Arc<Directory>, Fail> {
        Ok(self.engine().directory(self.subject.firm).await?)
    }

    /// The rows within the person's reach; all others don't exist.
    pub(crate) fn reader(&self) -> Reader {
        self.store().reader(&self.subject)
    }

    /// Who does it, for writes.
    pub(crate) fn doer(&self) -> Doer {
        Doer::Person(self.subject.clone())
    }

    /// A write transaction of this person.
    pub(crate) async fn begin(&self) -> Result<Tx, Fail> {
        Ok(self.store().begin(&self.doer(), &self.operation, self.now).await?)
    }

    /// Today in the firm's zone.
    pub(crate) fn today(&self) -> Date {
        self.day(self.now)
    }

    /// The day of an instant in the firm's zone.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// A fresh key for a form: the same form sent twice does its work once.
    pub(crate) fn form_key(&self) -> String {
        Operation::new(&*self.portal.app.entropy).0
    }

    /// Whether the person may do it. What is out of reach doesn't exist, rather than being forbidden.
    pub(crate) fn must(&self, act: Act, on: &Resource) -> Result<(), Fail> {
        match rights::allow(&self.subject, act, on) {
            Verdict::Yes => Ok(()),
            Verdict::Forbidden => Err(Fail::Forbidden),
            Verdict::Invisible => Err(Fail::Missing),
        }
    }

    /// Whether the person may do it in their own firm.
    pub(crate) fn must_in_firm(&self, act: FirmAct) -> Result<(), Fail> {
        match rights::allow_in_firm(&self.subject, act, self.subject.firm) {
            Verdict::Yes => Ok(()),
            Verdict::Forbidden => Err(Fail::Forbidden),
            Verdict::Invisible => Err(Fail::Missing),
        }
    }

    /// Whether the page has the controls for it.
    pub(crate) fn may_in_firm(&self, act: FirmAct) -> bool {
        rights::allow_in_firm(&self.subject, act, self.subject.firm).is_yes()
    }

    /// Refuses everybody but the members of a household: the page is a client's own.
    pub(crate) fn must_be_client(&self) -> Result<(), Fail> {
        if self.subject.role.is_client() { Ok(()) } else { Err(Fail::Missing) }
    }

    /// The session that the request came with.
    pub(crate) fn session(&self) -> Result<SessionId, Fail> {
        match self.subject.through {
            Through::Session(session) => Ok(session),
            Through::Token(_) => Err(Fail::Forbidden),
        }
    }

    /// The person looks at the page that news lead to, so they are no news any more.
    pub(crate) async fn has_seen(&self, href: &str) -> Result<(), Fail> {
        let unread = self.reader().unread(NEWS_READ).await?;
        if unread.iter().all(|message| message.href != href) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        tx.mark_read_at(self.person.id, href).await?;
        Ok(tx.commit().await?)
    }

    /// The frame of a page of this person.
    pub(crate) async fn page(&self, nav: Nav, title: &str) -> Result<Page, Fail> {
        let fixable = match self.subject.household {
            Some(household) => self.fixable(household).await?,
            None => 0,
        };
        Ok(Page { fixable, ..self.part(nav, title) })
    }

    /// What a part of a page needs of its frame: all but the figures around it.
    pub(crate) fn part(&self, nav: Nav, title: &str) -> Page {
        Page {
            title: title.to_owned(),
            firm: self.firm.name.clone(),
            person: self.person.name.clone(),
            advisor: self.advisor.clone(),
            advisor_email: self.advisor_email.clone(),
            role: Some(self.subject.role),
            nav,
            fixable: 0,
            theme: self.theme,
            operation: self.operation.clone(),
        }
    }

    /// Connections at which the person can do something now.
    async fn fixable(&self, household: HouseholdId) -> Result<u32, Fail> {
        let connections = self.reader().connections(household).await?;
        Ok(fixable(&connections, self.subject.person, self.now, &self.zone).count() as u32)
    }
}

/// The theme that this browser keeps in a cookie.
pub(crate) fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, "theme").map(Theme::from_code).unwrap_or_default()
}

/// The value of a cookie (RFC 6265 §4.2.1).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Whether an address stays on this site: a path, and nothing that a browser reads as another host.
pub(crate) fn is_local(address: &str) -> bool {
    let second = address.as_bytes().get(1);
    address.starts_with('/')
        && !matches!(second, Some(b'/' | b'\\'))
        && address.len() <= 512
        && !address.bytes().any(|byte| byte.is_ascii_control() || byte == b'\\')
}

/// Percent-encoded for one value of a query.
pub(crate) fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(byte.into());
            }
            _ => out.extend([
                '%',
                DIGITS[usize::from(byte >> 4)].into(),
                DIGITS[usize::from(byte & 15)].into(),
            ]),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    #[test]
    fn an_operation_reads_out() {
        assert_eq!(Operation::new(&Counting).0, "FZZZZZZZZZZZZ");
    }

    #[test]
    fn only_addresses_of_this_site_are_local() {
        for address in ["/", "/accounts", "/accounts?q=a%20b", "/connections/1#x"] {
            assert!(is_local(address), "{address}");
        }
        for address in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:x",
            "/a\nb",
            "/\t/x",
        ] {
            assert!(!is_local(address), "{address}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "xtheme=light; theme=dark".parse().unwrap());
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn a_query_value_is_encoded() {
        assert_eq!(encoded("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
