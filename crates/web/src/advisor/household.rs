//! One household as its advisor sees it: accounts, values, freshness, what is wrong; Refresh and nothing that needs a
//! login.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Query;
use domain::{
    ConnectionId, Currency, HouseholdId, Reason, Timestamp,
    account::{Account, AccountKind, Owner},
    connection::Connection,
    freshness,
    networth::NetWorth,
    person::Household,
    reason::State,
    rights::{self, Act, Resource},
    time,
};
use http::StatusCode;
use serde::Deserialize;
use store::account::Listed;

use super::{households::Waits, must_see_households};
use crate::{
    client::words::title,
    ctx::Ctx,
    fail::Fail,
    form::Form,
    page::{Nav, Page},
    route::{Path, Routes},
    told::{Told, Went},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/advisor/households/{household}", show)
        .post("/advisor/households/{household}/connections/{connection}/refresh", refresh)
}

/// A connection with its accounts, or those kept by hand.
pub(super) struct Group {
    institution: String,
    /// Letters in place of a logo.
    initials: String,
    connection: Option<Trouble>,
    accounts: Vec<AccountRow>,
}

pub(super) struct Trouble {
    id: ConnectionId,
    healthy: bool,
    /// What the mark beside the name says.
    words: &'static str,
    waits: Waits,
    title: String,
    /// What happened, for staff.
    sentence: &'static str,
    code: &'static str,
    last_success: String,
    /// Whether Refresh is offered.
    may_refresh: bool,
    /// When Refresh is possible next, if that is later.
    next_refresh: Option<String>,
}

pub(super) struct AccountRow {
    id: String,
    name: String,
    kind: &'static str,
    last_digits: String,
    value: String,
    currency: Option<String>,
    as_of: String,
    updated: String,
    current: bool,
    counted: bool,
    by_hand: bool,
    version: i64,
}

#[derive(Deserialize, Default)]
pub(super) struct Asked {
    /// The connection whose Refresh was pressed.
    refreshed: Option<String>,
}

#[derive(Template)]
#[template(path = "advisor/household.html")]
struct HouseholdPage {
    page: Page,
    told: Option<Told>,
    form: Form,
    household: Household,
    people: String,
    worth: NetWorth,
    groups: Vec<Group>,
    may_keep_by_hand: bool,
    kinds: &'static [AccountKind],
    owners: [Owner; 3],
    today: String,
    form_key: String,
    history: Vec<(String, String)>,
}

/// A household within reach, and what may be done with it.
pub(super) async fn found(ctx: &Ctx, household: &str) -> Result<(Household, Resource), Fail> {
    must_see_households(ctx)?;
    let id: HouseholdId = household.parse().map_err(|_| Fail::Missing)?;
    let household = ctx.reader().household(id).await?;
    let resource = ctx.reader().resource(id, None).await?;
    Ok((household, resource))
}

async fn show(ctx: Ctx, Path(household): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    let (household, resource) = found(&ctx, &household).await?;
    page(&ctx, household, &resource, Form::default(), (StatusCode::OK, asked)).await
}

/// The page of a household after a run of one of its connections was asked for: it says what becomes of it.
pub(crate) fn after_asking(household: HouseholdId, connection: ConnectionId) -> Redirect {
    Redirect::to(&refreshed(household, connection))
}

fn refreshed(household: HouseholdId, connection: ConnectionId) -> String {
    format!("/advisor/households/{household}?refreshed={connection}")
}

pub(super) async fn page(
    ctx: &Ctx,
    household: Household,
    resource: &Resource,
    form: Form,
    (status, asked): (StatusCode, Asked),
) -> Result<Response, Fail> {
    ctx.must(Act::SeeValues, resource)?;
    let reader = ctx.reader();
    let accounts = reader.accounts(household.id).await?;
    let connections = reader.connections(household.id).await?;
    let people: Vec<String> =
        reader.people(household.id).await?.into_iter().map(|person| person.name).collect();
    let asked = asked.refreshed.and_then(|id| id.parse::<ConnectionId>().ok());
    let just_asked = connections.iter().find(|connection| Some(connection.id) == asked);
    let plain: Vec<Account> = accounts.iter().map(|listed| listed.account.clone()).collect();
    let html = HouseholdPage {
        page: ctx.page(Nav::Households, &household.name).await?,
        told: just_asked.map(|connection| word(ctx, connection)),
        form,
        people: people.join(" and "),
        worth: NetWorth::of(&plain, Currency::USD, ctx.now, &ctx.zone),
        groups: groups(ctx, resource, &accounts, &connections),
        may_keep_by_hand: rights::allow(&ctx.subject, Act::KeepByHand, resource).is_yes(),
        kinds: AccountKind::ALL,
        owners: Owner::ALL,
        today: ctx.today().to_string(),
        form_key: ctx.form_key(),
        history: history(ctx, household.id).await?,
        household,
    }
    .render()?;
    Ok((status, Html(html)).into_response())
}

/// What became of the Refresh that was pressed a moment ago.
fn word(ctx: &Ctx, connection: &Connection) -> Told {
    let institution = connection.name();
    let title = title(connection);
    let went = Went::of(connection, ctx.now);
    let words = match went {
        Went::Waits => format!("{title}. Only the client can answer it."),
        Went::Running => format!("{institution} is being refreshed."),
        Went::Came => format!("{institution} has sent its newest values."),
        Went::Later(at) => {
            let at = time::clock_words(at, &ctx.zone);
            format!("{institution} was refreshed a short while ago. Refresh possible at {at}.")
        }
        Went::Failed => format!("{institution}: {title}."),
        Went::Rests => format!("{institution} is up to date."),
    };
    let again = refreshed(connection.household, connection.id);
    Told {
        words: vec![words],
        again: (went == Went::Running).then_some(again),
        newest: ctx.htmx.then(|| format!("/advisor/households/{}", connection.household)),
    }
}

fn groups(ctx: &Ctx, resource: &Resource, accounts: &[Listed], connections: &[Connection]) -> Vec<Group> {
    let rows = |of: Option<ConnectionId>| -> Vec<AccountRow> {
        let mine = accounts.iter().filter(|listed| listed.account.connection == of);
        mine.map(|listed| account_row(ctx, &listed.account)).collect()
    };
    let mut groups: Vec<Group> = connections
        .iter()
        .map(|connection| Group {
            initials: initials(&connection.institution),
            institution: connection.name(),
            connection: Some(trouble(ctx, resource, connection)),
            accounts: rows(Some(connection.id)),
        })
        .collect();
    let by_hand = rows(None);
    if !by_hand.is_empty() {
        let institution = "Kept by hand".to_owned();
        groups.push(Group { initials: "✎".to_owned(), institution, connection: None, accounts: by_hand });
    }
    groups
}

fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect()
}

fn trouble(ctx: &Ctx, resource: &Resource, connection: &Connection) -> Trouble {
    let resource = Resource { login_owner: Some(connection.owner), ..*resource };
    let reason = connection.reason;
    let later = connection.manual_refresh_after.filter(|at| *at > ctx.now);
    Trouble {
        id: connection.id,
        healthy: reason.is_healthy(),
        words: words(connection),
        waits: Waits::of(reason),
        title: title(connection),
        sentence: reason.staff_sentence(),
        code: reason.code(),
        last_success: told(ctx, connection.last_success_at),
        may_refresh: connection.can_run()
            && !connection.needs_a_person()
            && rights::allow(&ctx.subject, Act::Refresh, &resource).is_yes(),
        next_refresh: later.map(|at| time::clock_words(at, &ctx.zone)),
    }
}

fn words(connection: &Connection) -> &'static str {
    match connection.reason {
        _ if connection.is_running() && connection.state() != State::NeedsInput => "Running",
        Reason::ByPerson => "Switched off by the client",
        Reason::Partial => "Partly current",
        Reason::NewAccounts => Waits::Client.label(),
        Reason::AttendedOnly => "Updates with the client",
        reason if reason.is_healthy() => "Up to date",
        reason => Waits::of(reason).label(),
    }
}

fn account_row(ctx: &Ctx, account: &Account) -> AccountRow {
    let value = account.value;
    let foreign = account.currency != Currency::USD;
    AccountRow {
        id: account.id.to_string(),
        name: account.name.clone(),
        kind: account.kind.label(),
        last_digits: account.last_digits.clone(),
        value: value.map_or_else(|| "–".to_owned(), |value| value.amount.to_string()),
        currency: foreign.then(|| account.currency.to_string()),
        as_of: value.map_or_else(|| "–".to_owned(), |value| time::date_words(value.as_of)),
        updated: told(ctx, value.map(|value| value.updated_at)),
        current: freshness::is_current(account, ctx.now, &ctx.zone),
        counted: account.counts(),
        by_hand: account.connection.is_none(),
        version: account.version,
    }
}

fn told(ctx: &Ctx, at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| time::time_words(at, &ctx.zone))
}

/// Changes that are looked at for [`history`]; most are steps of the engine.
const ENTRIES_READ: u32 = 100;
/// Lines of history on the page.
const LINES: usize = 8;

/// What happened lately, in words; the same thing several times in a row is one line.
async fn history(ctx: &Ctx, household: HouseholdId) -> Result<Vec<(String, String)>, Fail> {
    let entries = ctx.reader().audit(household, ENTRIES_READ).await?;
    let mut lines: Vec<(Timestamp, &str, u32)> = Vec::new();
    for entry in entries {
        let Some(words) = action_words(&entry.action) else { continue };
        match lines.last_mut() {
            Some((_, last, count)) if *last == words => *count += 1,
            _ => lines.push((entry.at, words, 1)),
        }
    }
    let line = |(at, words, count): (Timestamp, &str, u32)| {
        let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
        (told(ctx, Some(at)), format!("{words}{times}"))
    };
    Ok(lines.into_iter().take(LINES).map(line).collect())
}

/// What an action of the audit trail means to an advisor; the engine's steps mean nothing.
fn action_words(action: &str) -> Option<&'static str> {
    Some(match action {
        "household.added" => "Household added",
        "household.find_new_shared" => "The client changed what you may do",
        "person.added" => "Registered",
        "invitation.added" | "invitation.renewed" => "Invitation sent",
        "invitation.asked_again" => "Asked for a new invitation",
        "connection.added" => "Connection added",
        "connection.values_fetched" => "Values fetched",
        "connection.refresh_asked" => "Refresh asked for",
        "connection.find_new_asked" => "Find New asked for",
        "connection.login_given" => "Login updated by the client",
        "connection.disconnected" => "Connection ended by the client",
        "account.added" | "account.added_again" => "Account added",
        "account.added_by_hand" => "Account added by hand",
        "account.linked" => "Account linked",
        "account.left_out" => "Account left out",
        "account.value_set" => "Value entered by hand",
        "account.changed" => "Account changed",
        "account.deleted" => "Account deleted",
        "account.delete_undone" => "Deletion undone",
        _ => return None,
    })
}

async fn refresh(ctx: Ctx, Path((household, connection)): Path<(String, String)>) -> Result<Response, Fail> {
    let (household, _) = found(&ctx, &household).await?;
    let connection = connection.parse().map_err(|_| Fail::Missing)?;
    let connection = ctx.reader().connection(connection).await?;
    if connection.household != household.id {
        return Err(Fail::Missing);
    }
    ctx.must(Act::Refresh, &ctx.reader().resource(household.id, Some(connection.owner)).await?)?;
    match ctx.engine().refresh(&ctx.subject, &ctx.operation, connection.id).await {
        // Under way already, too soon, or not possible now: the page says which.
        Ok(()) | Err(engine::Error::Illegal(_)) => {
            Ok(after_asking(household.id, connection.id).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
