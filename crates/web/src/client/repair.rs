//! What is the matter with a connection and the one next step: `/connections/{id}` in trouble, `/connections/{id}/login`
//! and the queue `/fix`, which walks through all that the client can fix.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    ConnectionId, Reason,
    account::Account,
    connection::{Connection, IllegalMove},
    institution::Access,
    limits,
    login::LoginProblem,
    reason::{Fix, Mark, State},
    rights::Act,
    time::date_words,
};
use engine::Error;
use http::StatusCode;
use serde::Deserialize;

use super::{
    accounts::{Actions, Refresh},
    bars::fixable,
    connection::Run,
    offering::{FieldView, Institution, fields, summary, typed_login},
    run::begun,
    words::{Pill, Step, counted, in_words, listed, moment, money, sentence, title},
};
use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

/// The newest runs on the page.
const RUNS_SHOWN: u32 = 8;

#[derive(Template)]
#[template(path = "client/repair.html")]
struct Repair {
    page: Page,
    id: String,
    institution: Institution,
    pill: Pill,
    title: String,
    sentence: String,
    /// What the institution said itself, when it meant the client.
    say: Option<String>,
    /// Something to do at the institution's own site first.
    visit: Option<Visit>,
    login: Option<LoginForm>,
    /// The one next step when it isn't the login form.
    step: Option<Step>,
    /// Accounts that are no longer listed, each with the question whether it was closed.
    missing: Vec<Missing>,
    /// Refreshed a short while ago: when the next one is possible.
    wait: Option<String>,
    good_to_know: Vec<String>,
    queue: Option<Place>,
    actions: Actions,
    timeline: Vec<Run>,
    code: &'static str,
}

struct Visit {
    headline: &'static str,
    words: &'static str,
}

struct Missing {
    id: String,
    name: String,
    /// `12,045.00 as of Nov 20, 2026`, or nothing when no value ever came.
    value: String,
}

struct LoginForm {
    headline: &'static str,
    fields: Vec<FieldView>,
    problems: Vec<(String, String)>,
    /// After three rejections: the client says that the login works at the institution.
    confirm: bool,
    unconfirmed: bool,
}

/// Where in the queue this one is.
struct Place {
    number: usize,
    of: usize,
    /// Of 64 pixels.
    width: usize,
    skip: String,
}

/// From where the page was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    None,
    /// This one, from 0, of so many.
    At(usize, usize),
}

/// The page of a connection in trouble.
pub(crate) async fn page(ctx: &Ctx, connection: &Connection, queue: Queue) -> Result<Response, Fail> {
    let repair = Repair::load(ctx, connection, queue, None).await?;
    Ok(Html(repair.render()?).into_response())
}

/// Whether the next step is the login form.
fn wants_login(connection: &Connection) -> bool {
    match connection.reason.fix() {
        Fix::UpdateLogin | Fix::VisitThenUpdateLogin | Fix::ConfirmThenUpdateLogin => true,
        Fix::Resume => connection.reason == Reason::ByPerson,
        _ => false,
    }
}

/// What there is to do at the institution first.
fn visit(connection: &Connection) -> Option<Visit> {
    let (headline, words) = match connection.reason {
        Reason::CredentialsRejected | Reason::CredentialsChanged => (
            "Check your login at the institution",
            "Log in there once. If that does not work either, set a new password there first.",
        ),
        Reason::TooManyFailures => (
            "Sign in at the institution",
            "Make sure that the login works there. One more wrong password might lock you out.",
        ),
        Reason::Locked => (
            "Unlock your access at the institution",
            "Most institutions do it on the login page or by phone.",
        ),
        Reason::PasswordReset => {
            ("Set a new password at the institution", "It asks for one when you log in there.")
        }
        Reason::ActionNeeded => (
            "Clear it at the institution",
            "Log in there and read or confirm what it shows you. Then come back.",
        ),
        _ => return None,
    };
    Some(Visit { headline, words })
}

impl Repair {
    async fn load(
        ctx: &Ctx,
        connection: &Connection,
        queue: Queue,
        typed: Option<(&Form, &[LoginProblem], bool)>,
    ) -> Result<Self, Fail> {
        let reader = ctx.reader();
        let directory = ctx.directory().await?;
        let offering = directory.offering(&connection.offering);
        let institution = Institution::at(connection, offering);
        let access = offering.and_then(|offering| offering.access.as_ref());
        let attempts = reader.attempts(connection.id, RUNS_SHOWN).await?;
        let accounts = reader.accounts(connection.household).await?;
        let own: Vec<&Account> = accounts
            .iter()
            .map(|listed| &listed.account)
            .filter(|account| account.connection == Some(connection.id) && account.closed_on.is_none())
            .collect();
        let missing: Vec<&Account> = own.iter().copied().filter(|account| is_missing(account)).collect();
        // What waits for this repair: only those that are missing, where the others still update.
        let waiting = if connection.reason == Reason::AccountMissing { &missing } else { &own };
        let known = known(waiting);
        let timeline =
            attempts.iter().map(|attempt| Run::of(attempt, &connection.name(), &ctx.zone)).collect();
        let page =
            ctx.page(if queue == Queue::None { Nav::Accounts } else { Nav::Fix }, &title(connection)).await?;
        let mut repair = Self::of(page, connection, institution, access, typed);
        repair.sentence = sentence(connection, ctx.now, &ctx.zone);
        repair.say = attempts.first().and_then(|attempt| attempt.say.clone());
        repair.good_to_know = good_to_know(connection, &known);
        repair.timeline = timeline;
        if connection.reason == Reason::AccountMissing {
            // What to do about it stands below, account by account.
            let them = if missing.len() == 1 { "it" } else { "them" };
            repair.sentence = format!(
                "{} has left {them} out of its list several times in a row. Only you know what became of {them}.",
                connection.name()
            );
            repair.missing = missing.into_iter().map(Missing::of).collect();
        }
        repair.actions = Actions::of(connection, &ctx.subject, ctx.now, &ctx.zone);
        repair.queue = Place::of(queue, connection.id);
        let refreshes = repair.step.as_ref().is_some_and(|step| step.post && step.href.ends_with("/refresh"));
        if let (true, Some(at)) = (refreshes, connection.manual_refresh_after.filter(|at| *at > ctx.now)) {
            repair.step = None;
            repair.wait = Some(moment(at, ctx.now, &ctx.zone));
        }
        Ok(repair)
    }

    /// The parts that need nothing but the connection.
    fn of(
        page: Page,
        connection: &Connection,
        institution: Institution,
        access: Option<&Access>,
        typed: Option<(&Form, &[LoginProblem], bool)>,
    ) -> Self {
        let login = access.filter(|_| wants_login(connection) || typed.is_some()).map(|access| {
            let blank = Form::default();
            let (form, problems, unconfirmed) = typed.unwrap_or((&blank, &[], false));
            LoginForm {
                headline: match connection.reason {
                    Reason::PasswordReset => "Enter the new password here",
                    _ if connection.reason.mark() == Mark::Key => "Enter the login that worked",
                    _ => "Enter the login",
                },
                fields: fields(access, form, problems),
                problems: summary(problems),
                confirm: connection.reason == Reason::TooManyFailures,
                unconfirmed,
            }
        });
        Self {
            page,
            id: connection.id.to_string(),
            institution,
            pill: Pill::of(connection),
            title: title(connection),
            sentence: String::new(),
            say: None,
            visit: visit(connection),
            step: if login.is_some() { None } else { Step::of(connection) },
            login,
            missing: Vec::new(),
            wait: None,
            good_to_know: Vec::new(),
            queue: None,
            actions: Actions {
                refresh: Refresh::No,
                find_new: false,
                update_login: false,
                disconnect: false,
            },
            timeline: Vec::new(),
            code: connection.reason.code(),
        }
    }
}

fn is_missing(account: &Account) -> bool {
    account.missing_runs >= limits::MISSING_RUNS_FLAGGED
}

/// So many accounts are named; more are counted.
const NAMED_MAX: usize = 4;

/// The accounts whose last values stay until the repair works.
fn known(accounts: &[&Account]) -> Vec<String> {
    let told = accounts.iter().filter_map(|account| {
        let value = account.value?;
        Some(format!("{} ({} as of {})", in_words(account), money(value.amount), date_words(value.as_of)))
    });
    let mut told: Vec<String> = told.collect();
    if told.len() > NAMED_MAX {
        let more = told.len() - NAMED_MAX;
        told.truncate(NAMED_MAX);
        told.push(format!("{more} more"));
    }
    told
}

impl Missing {
    fn of(account: &Account) -> Self {
        let value =
            account.value.map(|value| format!("{} as of {}", money(value.amount), date_words(value.as_of)));
        Self { id: account.id.to_string(), name: in_words(account), value: value.unwrap_or_default() }
    }
}

fn good_to_know(connection: &Connection, accounts: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if !accounts.is_empty() {
        lines.push(format!(
            "Kept until this works: {}. The history stays, and nothing is added twice.",
            listed(accounts)
        ));
    }
    if connection.rejected_in_row > 0 {
        lines.push(format!(
            "{} of {} tries used. We stop at {}, so that {} does not lock you out.",
            connection.rejected_in_row,
            limits::REJECTED_LOGINS_MAX,
            limits::REJECTED_LOGINS_MAX,
            connection.institution
        ));
    }
    if connection.reason.mark() == Mark::Wrench {
        lines.push("You do not need to enter your password again.".to_owned());
    } else {
        lines.push(
            "Your login is encrypted. Nobody can read it, neither your advisor nor the firm.".to_owned(),
        );
    }
    lines
}

impl Place {
    fn of(queue: Queue, id: ConnectionId) -> Option<Self> {
        let Queue::At(at, of) = queue else { return None };
        Some(Self { number: at + 1, of, width: (at + 1) * 64 / of.max(1), skip: format!("/fix?after={id}") })
    }
}

#[derive(Template)]
#[template(path = "client/fixed.html")]
struct Fixed {
    page: Page,
    skipped: usize,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The one that was skipped.
    after: Option<ConnectionId>,
}

/// `/fix`: one after the other; `after` skips.
pub(crate) async fn queue(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let connections = ctx.reader().connections(household).await?;
    let mine: Vec<&Connection> = fixable(&connections, ctx.subject.person, ctx.now, &ctx.zone).collect();
    let skipped = asked.after.and_then(|after| mine.iter().position(|connection| connection.id == after));
    let at = skipped.map_or(0, |at| at + 1);
    let Some(connection) = mine.get(at) else {
        let page = ctx.page(Nav::Fix, "Fix connections").await?;
        return Ok(Html(Fixed { page, skipped: mine.len() }.render()?).into_response());
    };
    // A question and found accounts have pages of their own.
    if connection.is_running() {
        return Ok(Redirect::to(&format!("/connections/{}", connection.id)).into_response());
    }
    page(&ctx, connection, Queue::At(at, mine.len())).await
}

/// `GET /connections/{id}/login`: the login form, whatever the state.
pub(crate) async fn show_login(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Response, Fail> {
    let connection = own(&ctx, id).await?;
    if connection.is_running() && connection.state() != State::NeedsInput {
        return Ok(Redirect::to(&format!("/connections/{id}")).into_response());
    }
    let form = Form::default();
    let repair = Repair::load(&ctx, &connection, Queue::None, Some((&form, &[], false))).await?;
    Ok(Html(repair.render()?).into_response())
}

async fn own(ctx: &Ctx, id: ConnectionId) -> Result<Connection, Fail> {
    let connection = ctx.reader().connection(id).await?;
    ctx.must(Act::UseLogin, &ctx.reader().resource(connection.household, Some(connection.owner)).await?)?;
    Ok(connection)
}

/// `POST /connections/{id}/login`: `Connect` again, with the same connection.
pub(crate) async fn login(ctx: Ctx, Path(id): Path<ConnectionId>, typed: Typed) -> Result<Response, Fail> {
    let connection = own(&ctx, id).await?;
    let directory = ctx.directory().await?;
    let offering = directory.offering(&connection.offering);
    let access = offering.and_then(|offering| offering.access.as_ref()).ok_or(Fail::Missing)?.clone();
    let form = Form::new(typed);
    let confirmed = form.checked("confirmed");
    let unconfirmed = connection.reason == Reason::TooManyFailures && !confirmed;
    let login = typed_login(&access, &form);
    let (login, problems) = match login {
        Ok(login) if !unconfirmed => (login, Vec::new()),
        Ok(_) => return again(&ctx, &connection, (&form, &[], true)).await,
        Err(problems) => (domain::login::Login::default(), problems),
    };
    if !problems.is_empty() {
        return again(&ctx, &connection, (&form, &problems, unconfirmed)).await;
    }
    match ctx.engine().update_login(&ctx.subject, &ctx.operation, id, login, confirmed).await {
        Err(Error::Illegal(IllegalMove::Unconfirmed)) => again(&ctx, &connection, (&form, &[], true)).await,
        other => begun(&ctx, id, other).await.map(IntoResponse::into_response),
    }
}

async fn again(
    ctx: &Ctx,
    connection: &Connection,
    typed: (&Form, &[LoginProblem], bool),
) -> Result<Response, Fail> {
    let repair = Repair::load(ctx, connection, Queue::None, Some(typed)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(repair.render()?)).into_response())
}

#[derive(Template)]
#[template(path = "client/disconnect.html")]
struct Disconnect {
    page: Page,
    id: String,
    institution: String,
    accounts: String,
    names: Vec<String>,
}

/// `GET /connections/{id}/disconnect`: says what it does before it does it.
pub(crate) async fn ask_disconnect(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Html<String>, Fail> {
    let connection = ctx.reader().connection(id).await?;
    ctx.must(Act::Disconnect, &ctx.reader().resource(connection.household, Some(connection.owner)).await?)?;
    let accounts = ctx.reader().accounts(connection.household).await?;
    let names: Vec<String> = accounts
        .into_iter()
        .map(|listed| listed.account)
        .filter(|account| account.connection == Some(id))
        .map(|account| account.name)
        .collect();
    let page = Disconnect {
        page: ctx.page(Nav::Accounts, &format!("Disconnect {}", connection.name())).await?,
        id: id.to_string(),
        institution: connection.name(),
        accounts: counted(names.len(), "account"),
        names,
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn disconnect(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Redirect, Fail> {
    match ctx.engine().disconnect(&ctx.subject, &ctx.operation, id).await {
        // Disconnected by the first of two clicks.
        Ok(()) | Err(Error::Illegal(IllegalMove::NotNow)) => Ok(Redirect::to("/accounts")),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
