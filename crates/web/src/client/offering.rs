//! `/accounts/add/{offering}`: from the chosen institution to `Connect`, one page a question.
//!
//! unsupported → already connected? → down? → notice (only if there is one) → the institution's own form.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    Timestamp,
    connection::Connection,
    institution::{Access, Notice, Offering},
    login::{Field, FieldKind, Login, LoginProblem},
    reason::State,
    rights::Act,
};
use engine::{Health, NewConnection};
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::wish::Kind;

use super::{
    found::{hue, split_address},
    words::{Pill, initials, moment, time},
};
use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

/// Who it is, on each of the pages.
pub(crate) struct Institution {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) initials: String,
    /// The colour of the brand's monogram.
    pub(crate) hue: &'static str,
    pub(crate) address: (String, String),
    /// Where the client logs in; only a web address becomes a link.
    pub(crate) site: Option<String>,
    /// What the firm's data support tells about it; empty for nothing.
    pub(crate) note: String,
}

impl Institution {
    pub(crate) fn of(offering: &Offering) -> Self {
        let url = if offering.login_url.is_empty() { &offering.home_url } else { &offering.login_url };
        Self {
            id: offering.id.clone(),
            name: offering.name.clone(),
            initials: initials(&offering.name),
            hue: hue(&offering.brand),
            address: split_address(offering),
            site: site(url),
            note: offering.note.clone(),
        }
    }

    /// The institution of a connection, with what tells it from another login there.
    pub(crate) fn at(connection: &Connection, offering: Option<&Offering>) -> Self {
        let is = match offering {
            Some(offering) => Self::of(offering),
            None => Self::named(&connection.institution, &connection.offering),
        };
        let name = if connection.around.login.is_empty() { is.name } else { connection.name() };
        Self { name, ..is }
    }

    /// For a connection whose offering has left the directory.
    pub(crate) fn named(name: &str, offering: &str) -> Self {
        Self {
            id: offering.to_owned(),
            name: name.to_owned(),
            initials: initials(name),
            hue: hue(name),
            address: (String::new(), String::new()),
            site: None,
            note: String::new(),
        }
    }
}

/// An address that a link may have: nothing but the web's own schemes.
fn site(url: &str) -> Option<String> {
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}

#[derive(Template)]
#[template(path = "client/offering_unsupported.html")]
struct Unsupported {
    page: Page,
    institution: Institution,
    by_hand: String,
    wished: bool,
    way: Way,
}

#[derive(Template)]
#[template(path = "client/offering_connected.html")]
struct Already {
    page: Page,
    institution: Institution,
    connections: Vec<Known>,
    way: Way,
}

struct Known {
    id: String,
    name: String,
    note: String,
    pill: Pill,
}

#[derive(Template)]
#[template(path = "client/offering_down.html")]
struct DownPage {
    page: Page,
    institution: Institution,
    since: String,
    by_hand: String,
    wished: bool,
    way: Way,
}

#[derive(Template)]
#[template(path = "client/offering_notice.html")]
struct NoticePage {
    page: Page,
    institution: Institution,
    version: u32,
    paragraphs: Vec<String>,
    way: Way,
}

#[derive(Template)]
#[template(path = "client/offering_login.html")]
struct LoginPage {
    page: Page,
    institution: Institution,
    degraded: bool,
    fields: Vec<FieldView>,
    problems: Vec<(String, String)>,
    form_key: String,
    way: Way,
}

/// A field of the institution's form; what was typed into a secret one is never shown again.
pub(crate) struct FieldView {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) secret: bool,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

/// What the client has decided on the way: kept in the address, so that Back and reload are safe.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Way {
    /// A second login at the same institution.
    #[serde(default, deserialize_with = "set")]
    second: bool,
    /// On, although the institution is down.
    #[serde(default, deserialize_with = "set")]
    anyway: bool,
    /// What was typed into the search that led here.
    #[serde(default)]
    q: String,
}

/// A key that is there, whatever its value.
fn set<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    String::deserialize(deserializer).map(|_| true)
}

impl Way {
    /// The query that keeps it.
    pub(crate) fn query(&self) -> String {
        let mut kept = Vec::new();
        if self.second {
            kept.push("second=yes".to_owned());
        }
        if self.anyway {
            kept.push("anyway=yes".to_owned());
        }
        if !self.q.is_empty() {
            kept.push(format!("q={}", encoded(&self.q)));
        }
        if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
    }

    /// The query of the same way for a second login.
    pub(crate) fn for_a_second(&self) -> String {
        Self { second: true, ..self.clone() }.query()
    }

    /// The query of the same way on, although the institution is down.
    pub(crate) fn on_anyway(&self) -> String {
        Self { anyway: true, ..self.clone() }.query()
    }

    /// The search as it was left.
    pub(crate) fn results(&self) -> String {
        if self.q.is_empty() {
            return "/accounts/add/search".to_owned();
        }
        format!("/accounts/add/search?q={}", encoded(&self.q))
    }
}

pub(crate) async fn show(ctx: Ctx, Path(id): Path<String>, Query(way): Query<Way>) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::AddConnection, &ctx.reader().resource(household, None).await?)?;
    let offering = offering(&ctx, &id).await?;
    ctx.has_seen(&format!("/accounts/add/{id}")).await?;
    let institution = Institution::of(&offering);
    let page = ctx.page(Nav::Accounts, &format!("Connect {}", offering.name)).await?;
    let Some(access) = &offering.access else {
        let wished = ctx.reader().wishes(&id).await?.contains(&Kind::Connectable);
        let by_hand = by_hand(&offering);
        return answer(&Unsupported { page, institution, by_hand, wished, way });
    };
    let connections = ctx.reader().connections(household).await?;
    let connected: Vec<&Connection> = connections
        .iter()
        .filter(|connection| connection.offering == id && connection.state() != State::Ended)
        .collect();
    if !connected.is_empty() && !way.second {
        let connections = connected.iter().map(|connection| known(connection, ctx.now, &ctx.zone)).collect();
        return answer(&Already { page, institution, connections, way });
    }
    let health = ctx.engine().health(&id).await?;
    if let (Health::Down { since }, false) = (&health, way.anyway) {
        let wished = ctx.reader().wishes(&id).await?.contains(&Kind::WorksAgain);
        let since = moment(*since, ctx.now, &ctx.zone);
        let by_hand = by_hand(&offering);
        return answer(&DownPage { page, institution, since, by_hand, wished, way });
    }
    if let Some(notice) = unconfirmed(&ctx, &offering).await? {
        let paragraphs = notice.text.split("\n\n").map(str::to_owned).collect();
        return answer(&NoticePage { page, institution, version: notice.version, paragraphs, way });
    }
    let degraded = matches!(health, Health::Degraded);
    let fields = fields(access, &Form::default(), &[]);
    let (problems, form_key) = (Vec::new(), form_key(&ctx));
    answer(&LoginPage { page, institution, degraded, fields, problems, form_key, way })
}

fn answer(page: &impl Template) -> Result<Response, Fail> {
    Ok(Html(page.render()?).into_response())
}

async fn offering(ctx: &Ctx, id: &str) -> Result<Offering, Fail> {
    ctx.directory().await?.offering(id).cloned().ok_or(Fail::Missing)
}

fn by_hand(offering: &Offering) -> String {
    format!("/accounts/add/by-hand?institution={}", encoded(&offering.name))
}

/// The notice, as long as the client has not confirmed its present version.
async fn unconfirmed(ctx: &Ctx, offering: &Offering) -> Result<Option<Notice>, Fail> {
    let Some(notice) = &offering.notice else { return Ok(None) };
    let confirmed = ctx.reader().notice_confirmed_at(&offering.id, notice.version).await?;
    Ok(confirmed.is_none().then(|| notice.clone()))
}

fn known(connection: &Connection, now: Timestamp, zone: &TimeZone) -> Known {
    let note = match connection.last_success_at {
        Some(at) => format!("Last updated {}", time(at, now, zone)),
        None => "No values yet".to_owned(),
    };
    Known { id: connection.id.to_string(), name: connection.name(), note, pill: Pill::of(connection) }
}

/// A random word of the page: the same form sent twice makes one connection.
pub(crate) fn form_key(ctx: &Ctx) -> String {
    let mut bytes = [0; 16];
    ctx.portal.app.entropy.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |text, byte| format!("{text}{byte:02x}"))
}

/// The fields as declared; ids are made here, since an institution's names may be anything.
pub(crate) fn fields(access: &Access, typed: &Form, problems: &[LoginProblem]) -> Vec<FieldView> {
    access.form.iter().map(|field| field_view(field, typed, problems)).collect()
}

fn field_view(field: &Field, typed: &Form, problems: &[LoginProblem]) -> FieldView {
    let secret = field.kind == FieldKind::Password;
    let name = format!("login.{}", field.name);
    FieldView {
        value: if secret { String::new() } else { typed.value(&name).to_owned() },
        error: problems.iter().find(|problem| problem_of(problem) == field.name).map(told),
        name,
        label: field.label.clone(),
        help: field.help.clone(),
        secret,
    }
}

fn problem_of(problem: &LoginProblem) -> &str {
    match problem {
        LoginProblem::Missing { name, .. } | LoginProblem::TooLong { name, .. } => name,
    }
}

fn told(problem: &LoginProblem) -> String {
    match problem {
        LoginProblem::Missing { label, .. } => format!("Please enter: {label}."),
        LoginProblem::TooLong { label, .. } => format!("{label} is longer than any institution accepts."),
    }
}

/// For the summary above the form: the field's name and the sentence.
pub(crate) fn summary(problems: &[LoginProblem]) -> Vec<(String, String)> {
    problems.iter().map(|problem| (format!("login.{}", problem_of(problem)), told(problem))).collect()
}

/// The login as typed, or what is missing.
pub(crate) fn typed_login(access: &Access, form: &Form) -> Result<Login, Vec<LoginProblem>> {
    Login::read(&access.form, |name| form.typed().secret(&format!("login.{name}")))
}

/// The address of a form that was sent, opened again.
pub(crate) async fn back(ctx: Ctx, Path(id): Path<String>) -> Result<Redirect, Fail> {
    ctx.must_be_client()?;
    let offering = offering(&ctx, &id).await?;
    Ok(Redirect::to(&format!("/accounts/add/{}", offering.id)))
}

/// `POST /accounts/add/{offering}/notice`: the client has read it.
pub(crate) async fn confirm(
    ctx: Ctx,
    Path(id): Path<String>,
    Query(way): Query<Way>,
    typed: Typed,
) -> Result<Redirect, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::AddConnection, &ctx.reader().resource(household, None).await?)?;
    let offering = offering(&ctx, &id).await?;
    let version: u32 = Form::new(typed).parsed("version").ok_or(Fail::Unreadable)?;
    // What was read is what is confirmed: a version that never was is refused.
    if offering.notice.as_ref().is_some_and(|notice| version <= notice.version) {
        let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
        tx.confirm_notice(ctx.subject.person, &id, version).await?;
        tx.commit().await?;
    }
    Ok(Redirect::to(&format!("/accounts/add/{id}{}", way.query())))
}

/// `POST /accounts/add/{offering}/tell-me`: told once when it can be connected, or works again.
pub(crate) async fn tell_me(
    ctx: Ctx,
    Path(id): Path<String>,
    Query(way): Query<Way>,
) -> Result<Redirect, Fail> {
    ctx.must_be_client()?;
    let offering = offering(&ctx, &id).await?;
    let kind = if offering.access.is_some() { Kind::WorksAgain } else { Kind::Connectable };
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    tx.wish(ctx.subject.person, &id, kind).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/accounts/add/{id}{}", way.query())))
}

/// `POST /accounts/add/{offering}`: `Connect`.
pub(crate) async fn connect(
    ctx: Ctx,
    Path(id): Path<String>,
    Query(way): Query<Way>,
    typed: Typed,
) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::AddConnection, &ctx.reader().resource(household, None).await?)?;
    let offering = offering(&ctx, &id).await?;
    let Some(access) = &offering.access else { return Err(Fail::Missing) };
    if unconfirmed(&ctx, &offering).await?.is_some() {
        return Ok(Redirect::to(&format!("/accounts/add/{id}{}", way.for_a_second())).into_response());
    }
    let form = Form::new(typed);
    let key = form.text("form_key").to_owned();
    if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fail::Unreadable);
    }
    let login = match typed_login(access, &form) {
        Ok(login) => login,
        Err(problems) => {
            let page = LoginPage {
                page: ctx.page(Nav::Accounts, &format!("Connect {}", offering.name)).await?,
                institution: Institution::of(&offering),
                degraded: false,
                fields: fields(access, &form, &problems),
                problems: summary(&problems),
                form_key: key,
                way,
            };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
        }
    };
    let new = NewConnection { offering: id, login, form_key: key };
    let connection = ctx.engine().connect(&ctx.subject, &ctx.operation, new).await?;
    Ok(Redirect::to(&format!("/connections/{connection}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn page() -> Page {
        samples::page(Nav::Accounts, "Connect")
    }

    #[test]
    fn the_form_is_the_institutions_own_and_advises_a_test_first() {
        let offering = samples::offering();
        let access = offering.access.as_ref().unwrap();
        let problems =
            vec![LoginProblem::Missing { name: "password".to_owned(), label: "Password".to_owned() }];
        let typed = Form::filled(&[("login.user_id", "ruth"), ("login.password", "canary")]);
        let html = LoginPage {
            page: page(),
            institution: Institution::of(&offering),
            degraded: true,
            fields: fields(access, &typed, &problems),
            problems: summary(&problems),
            form_key: "0".repeat(32),
            way: Way { q: "first platypus".to_owned(), ..Way::default() },
        }
        .render()
        .unwrap();
        for text in [
            "target=\"_blank\" rel=\"noopener noreferrer\"",
            ">Connect</button>",
            "name=\"form_key\"",
            "Please enter: Password.",
            "value=\"ruth\"",
            "Not your Social Security number",
            "Back to the results for “first platypus”",
            "href=\"/accounts/add/search?q=first%20platypus\"",
            "autocomplete=\"off\"",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        assert!(!html.contains("canary"), "a password is never shown again");
        samples::is_clean(&html);
        samples::keep("offering-login", &html);
    }

    #[test]
    fn a_notice_is_confirmed_with_continue() {
        let html = NoticePage {
            page: page(),
            institution: Institution::of(&samples::offering()),
            version: 2,
            paragraphs: vec!["First allow other apps.".to_owned(), "Then come back.".to_owned()],
            way: Way { second: true, ..Way::default() },
        }
        .render()
        .unwrap();
        assert!(html.contains(">Continue</button>") && html.contains("name=\"version\" value=\"2\""));
        assert!(html.contains("/notice?second=yes"));
        samples::is_clean(&html);
        samples::keep("offering-notice", &html);
    }

    #[test]
    fn what_can_not_be_connected_has_a_way_out() {
        let mut offering = samples::offering();
        offering.access = None;
        offering.note = "Their plan moves in March.".to_owned();
        let html = Unsupported {
            page: page(),
            by_hand: by_hand(&offering),
            institution: Institution::of(&offering),
            wished: false,
            way: Way { q: "meridian & co".to_owned(), ..Way::default() },
        }
        .render()
        .unwrap();
        assert!(html.contains("Tell me when") && html.contains("by-hand?institution="));
        assert!(html.contains("<strong>Fernhill Wealth:</strong> Their plan moves in March."));
        assert!(html.contains("tell-me?q=meridian%20%26%20co\""));
        samples::is_clean(&html);
        samples::keep("offering-unsupported", &html);
        let down = DownPage {
            page: page(),
            institution: Institution::of(&samples::offering()),
            since: "4:20 AM".to_owned(),
            by_hand: String::new(),
            wished: true,
            way: Way::default(),
        };
        let html = down.render().unwrap();
        assert!(html.contains("since 4:20 AM") && html.contains("You will be told"));
        samples::keep("offering-down", &html);
    }

    #[test]
    fn a_second_login_is_asked_for_before_it_is_made() {
        let connection = samples::connection(2, "Meridian Retirement", domain::Reason::CredentialsRejected);
        let html = Already {
            page: page(),
            institution: Institution::of(&samples::offering()),
            connections: vec![known(&connection, samples::now(), &samples::zone())],
            way: Way::default(),
        }
        .render()
        .unwrap();
        assert!(html.contains("second login") && html.contains("?second=yes"));
        samples::is_clean(&html);
        samples::keep("offering-connected", &html);
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(site("javascript:alert(1)"), None);
        assert_eq!(site("https://www.fidelity.com").as_deref(), Some("https://www.fidelity.com"));
    }
}
