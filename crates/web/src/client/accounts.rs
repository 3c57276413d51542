//! `/accounts`, Organizer > Accounts: every account by institution, with its value, its times, its trouble and its actions.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{Html, Redirect},
};
use domain::{
    AccountId, PersonId, Timestamp,
    account::{Account, Category},
    audit::Subject,
    connection::Connection,
    freshness::Currentness,
    institution::Offering,
    reason::{Mark, State},
};
use jiff::tz::TimeZone;
use store::account::Listed;

use super::{
    bars::{Bar, bars},
    words::{AccountRow, Owners, Pill, Trouble, coming, counted, dotted, initials, masked, moment},
};
use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    told::{Told, Went, named},
};

/// The query of the page that Refresh all comes back to.
const REFRESHED: &str = "refreshed";

#[derive(Template)]
#[template(path = "client/accounts.html")]
pub(crate) struct Accounts {
    page: Page,
    told: Option<Told>,
    bars: Vec<Bar>,
    /// What there is, and how much of it is current.
    summary: (String, String),
    stale: bool,
    blocks: Vec<Block>,
    by_hand: Vec<ByHand>,
    deleted: Vec<Deleted>,
    /// Some connection of the person can be refreshed now.
    refreshable: bool,
    zone: String,
}

/// One connection with its accounts.
struct Block {
    id: String,
    name: String,
    initials: String,
    address: String,
    /// `last success Nov 13, 2026, 6:02 AM` or what is to come.
    note: String,
    pill: Pill,
    trouble: Option<Trouble>,
    rows: Vec<AccountRow>,
    actions: Actions,
}

/// The buttons of a connection: what isn't permitted isn't there.
pub(crate) struct Actions {
    pub(crate) refresh: Refresh,
    pub(crate) find_new: bool,
    pub(crate) update_login: bool,
    pub(crate) disconnect: bool,
}

/// Whether `Refresh` is there, and when it will be.
pub(crate) enum Refresh {
    No,
    Now,
    /// Refreshed a short while ago: the clock time of the next one.
    At(String),
}

struct ByHand {
    row: AccountRow,
    /// The search with the institution's name already filled in.
    link: String,
}

struct Deleted {
    id: String,
    name: String,
}

pub(crate) async fn show(ctx: Ctx, RawQuery(query): RawQuery) -> Result<Html<String>, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let reader = ctx.reader();
    let connections = reader.connections(household).await?;
    let accounts = reader.accounts(household).await?;
    let deleted = reader.deleted_accounts(household, ctx.now).await?;
    let owners = Owners::of(&reader.people(household).await?);
    let page = ctx.page(Nav::Accounts, "Accounts").await?;
    let directory = ctx.directory().await?;
    let seen = Seen { subject: &ctx.subject, now: ctx.now, zone: &ctx.zone, owners: &owners };
    let mut list = Accounts::of(page, &connections, &accounts, |id| directory.offering(id), &seen);
    if query.is_some_and(|query| query == REFRESHED) {
        list.told = told(&connections, &seen, ctx.htmx);
    }
    list.deleted = deleted
        .into_iter()
        .map(|account| Deleted { id: account.id.to_string(), name: account.name })
        .collect();
    Ok(Html(list.render()?))
}

/// `POST /accounts/refresh`: all own connections that may run now; the others keep their own times.
pub(crate) async fn refresh_all(ctx: Ctx) -> Result<Redirect, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    for connection in ctx.reader().connections(household).await? {
        if can_refresh(&connection, &ctx.subject, ctx.now) {
            // Another tab may have been quicker; what counts is that it runs.
            match ctx.engine().refresh(&ctx.subject, &ctx.operation, connection.id).await {
                Ok(()) | Err(engine::Error::Illegal(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Redirect::to(&format!("/accounts?{REFRESHED}")))
}

/// What became of Refresh all: which ones are under way, which ones can't be yet, and when.
fn told(connections: &[Connection], seen: &Seen<'_>, part: bool) -> Option<Told> {
    let own: Vec<&Connection> =
        connections.iter().filter(|connection| is_mine(connection, seen.subject.person)).collect();
    let went = |is: fn(Went) -> bool| -> Vec<&str> {
        let such = own.iter().filter(|connection| is(Went::of(connection, seen.now)));
        such.map(|connection| connection.institution.as_str()).collect()
    };
    let later = own.iter().filter_map(|connection| match Went::of(connection, seen.now) {
        Went::Later(at) => Some((connection.institution.as_str(), at)),
        _ => None,
    });
    let later: Vec<_> = later.collect();
    let running = went(|went| went == Went::Running);
    let mut words = Vec::new();
    if !running.is_empty() {
        words.push(format!("Being refreshed: {}.", named(&running)));
    }
    for (which, verb) in [
        (went(|went| went == Went::Came), "Newest values came"),
        (went(|went| went == Went::Waits), "Waiting for your answer"),
        (went(|went| went == Went::Failed), "Nothing newer yet"),
    ] {
        if !which.is_empty() {
            words.push(format!("{verb}: {}.", named(&which)));
        }
    }
    if let Some(at) = later.iter().map(|(_, at)| *at).max() {
        let names: Vec<&str> = later.iter().map(|(name, _)| *name).collect();
        let (names, at) = (named(&names), moment(at, seen.now, seen.zone));
        words.push(format!("Refreshed a short while ago, possible again at {at}: {names}."));
    }
    (!words.is_empty()).then(|| Told {
        words,
        again: (!running.is_empty()).then(|| format!("/accounts?{REFRESHED}")),
        newest: part.then(|| "/accounts".to_owned()),
    })
}

/// Theirs, and not switched off or gone.
fn is_mine(connection: &Connection, me: PersonId) -> bool {
    connection.owner == me
        && connection.state() != State::Ended
        && connection.reason != domain::Reason::ByPerson
}

/// `POST /accounts/undo`: brings a deleted account back.
pub(crate) async fn undo(ctx: Ctx, typed: Typed) -> Result<Redirect, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let id: AccountId = Form::new(typed).parsed("account").ok_or(Fail::Unreadable)?;
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    tx.undo_delete(household, id).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/accounts/{id}")))
}

/// Who looks, when and in which zone.
pub(crate) struct Seen<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a TimeZone,
    pub(crate) owners: &'a Owners,
}

impl Accounts {
    fn of<'d>(
        page: Page,
        connections: &[Connection],
        accounts: &[Listed],
        offering: impl Fn(&str) -> Option<&'d Offering>,
        seen: &Seen<'_>,
    ) -> Self {
        let of = |connection: &Connection| {
            let own = accounts.iter().filter(|listed| listed.account.connection == Some(connection.id));
            own.map(|listed| &listed.account).collect::<Vec<_>>()
        };
        let mut shown: Vec<&Connection> =
            connections.iter().filter(|connection| is_shown(connection, &of(connection))).collect();
        // What needs the client comes first, then what others are on; within each, by name.
        shown.sort_by_key(|connection| {
            (rank(connection, seen.subject.person), connection.institution.to_lowercase())
        });
        let by_hand: Vec<&Account> = accounts
            .iter()
            .map(|listed| &listed.account)
            .filter(|account| account.connection.is_none())
            .collect();
        let current = Currentness::of(accounts.iter().map(|listed| &listed.account), seen.now, seen.zone);
        Self {
            bars: bars(connections, seen.subject.person, seen.now, seen.zone),
            summary: summary(accounts, current),
            stale: !current.is_whole(),
            blocks: shown
                .iter()
                .map(|connection| {
                    Block::of(connection, &of(connection), offering(&connection.offering), seen)
                })
                .collect(),
            by_hand: by_hand
                .iter()
                .map(|account| ByHand {
                    row: row(account, seen),
                    link: format!("/accounts/add/search?q={}", encoded(&account.institution)),
                })
                .collect(),
            deleted: Vec::new(),
            refreshable: connections.iter().any(|connection| can_refresh(connection, seen.subject, seen.now)),
            zone: seen.now.to_zoned_datetime(seen.zone.clone()).strftime("%Z").to_string(),
            told: None,
            page,
        }
    }
}

/// A connection that was removed is shown as long as accounts hang on it.
fn is_shown(connection: &Connection, accounts: &[&Account]) -> bool {
    connection.state() != State::Ended || !accounts.is_empty()
}

fn rank(connection: &Connection, me: PersonId) -> u8 {
    match connection.reason.mark() {
        _ if connection.reason.is_healthy() || connection.reason == domain::Reason::ByPerson => 2,
        Mark::Key if connection.owner == me => 0,
        Mark::Key | Mark::Wrench => 1,
        Mark::Good => 2,
    }
}

fn summary(accounts: &[Listed], current: Currentness) -> (String, String) {
    let connected =
        accounts.iter().map(|listed| &listed.account).filter(|account| account.connection.is_some());
    let institutions: BTreeSet<&str> = connected.map(|account| account.institution.as_str()).collect();
    let at = match institutions.len() {
        0 => String::new(),
        number => format!(" at {}", counted(number, "institution")),
    };
    let all = format!("{}{at}", counted(accounts.len(), "account"));
    (all, format!("{} of {} current", current.current, current.of))
}

fn can_refresh(connection: &Connection, subject: &Subject, now: Timestamp) -> bool {
    connection.owner == subject.person && matches!(Refresh::of(connection, now, &TimeZone::UTC), Refresh::Now)
}

impl Refresh {
    /// What `domain::connection` would say to a refresh now.
    fn of(connection: &Connection, now: Timestamp, zone: &TimeZone) -> Self {
        use domain::Reason::{ByPerson, Locked, NewAccounts, PasswordReset};
        let blocked = matches!(connection.state(), State::NeedsLogin | State::Ended | State::NeedsInput)
            || matches!(connection.reason, ByPerson | Locked | PasswordReset);
        if connection.is_running() || blocked && connection.reason != NewAccounts {
            return Self::No;
        }
        match connection.manual_refresh_after.filter(|at| *at > now) {
            Some(at) => Self::At(moment(at, now, zone)),
            None => Self::Now,
        }
    }
}

impl Actions {
    /// What `subject` may do with it now; rights refuse the same on the server.
    pub(crate) fn of(connection: &Connection, subject: &Subject, now: Timestamp, zone: &TimeZone) -> Self {
        let own = connection.owner == subject.person;
        let ended = connection.state() == State::Ended;
        let refresh = Refresh::of(connection, now, zone);
        let may_run = !matches!(refresh, Refresh::No);
        Self {
            find_new: own && may_run,
            update_login: own && !ended && !connection.is_running(),
            disconnect: own && !ended && connection.reason != domain::Reason::ByPerson,
            refresh,
        }
    }
}

impl Block {
    fn of(
        connection: &Connection,
        accounts: &[&Account],
        offering: Option<&Offering>,
        seen: &Seen<'_>,
    ) -> Self {
        Self {
            id: connection.id.to_string(),
            name: connection.name(),
            initials: initials(&connection.institution),
            address: offering.map(|offering| offering.address().to_owned()).unwrap_or_default(),
            note: note(connection, seen),
            pill: Pill::of(connection),
            trouble: Trouble::of(connection, seen.now, seen.zone),
            rows: accounts.iter().map(|account| row(account, seen)).collect(),
            actions: Actions::of(connection, seen.subject, seen.now, seen.zone),
        }
    }
}

fn note(connection: &Connection, seen: &Seen<'_>) -> String {
    if connection.state() == State::NeedsInput {
        return "waits for you".to_owned();
    }
    if connection.is_running() {
        return "updating now".to_owned();
    }
    let next = connection.due_at.filter(|due| *due > seen.now && connection.reason.is_healthy());
    match (next, connection.last_success_at) {
        (Some(due), _) => format!("next update {}", coming(due, seen.zone)),
        (None, Some(at)) => format!("last success {}", moment(at, seen.now, seen.zone)),
        (None, None) => "no values yet".to_owned(),
    }
}

fn row(account: &Account, seen: &Seen<'_>) -> AccountRow {
    let group = match account.kind.category() {
        Category::Debts => "Owed",
        category => category.label(),
    };
    let institution = if account.connection.is_none() { account.institution.as_str() } else { "" };
    let sub = dotted(&[institution, group, seen.owners.name(account.owner), &masked(&account.last_digits)]);
    AccountRow::of(account, sub, seen.now, seen.zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn page(connections: &[Connection], accounts: &[Listed]) -> String {
        let (zone, owners) = (samples::zone(), samples::owners());
        let subject = samples::subject();
        let seen = Seen { subject: &subject, now: samples::now(), zone: &zone, owners: &owners };
        let page = samples::page(Nav::Accounts, "Accounts");
        Accounts::of(page, connections, accounts, |_| None, &seen).render().unwrap()
    }

    #[test]
    fn each_institution_shows_values_times_trouble_and_actions() {
        let (connections, accounts) = samples::household();
        let html = page(&connections, &accounts);
        for text in [
            "10 accounts at 4 institutions",
            "7 of 9 current",
            "The institution rejected your credentials",
            "Unable to get the recent account values",
            "Click to Fix",
            "Refresh possible at 10:20 AM",
            "Find New",
            "Update login",
            "Disconnect",
            "Nov 20, 2026, 6:04 AM",
            "Entered by hand",
            ">Link<",
            "not current: ",
        ] {
            assert!(html.contains(text), "{text}");
        }
        let first = |name: &str| html.find(&format!(">{name}")).unwrap();
        assert!(
            first("Meridian Retirement") < first("Granite State Mortgage"),
            "what the client can fix is first"
        );
        samples::is_clean(&html);
        samples::keep("accounts", &html);
    }

    #[test]
    fn refresh_all_comes_back_with_a_word() {
        let (zone, owners, subject) = (samples::zone(), samples::owners(), samples::subject());
        let seen = Seen { subject: &subject, now: samples::now(), zone: &zone, owners: &owners };
        let named = |number, name: &str, reason| samples::connection(number, name, reason);
        let mut running = named(1, "Evergreen Bank", domain::Reason::Started);
        running.work =
            Some(domain::connection::Work { kind: domain::attempt::AttemptKind::Refresh, attended: true });
        let mut later = named(2, "Ironbridge Bank", domain::Reason::Ok);
        later.manual_refresh_after = Some("2026-11-20T15:20:00Z".parse().unwrap());
        let down = named(3, "Northgate", domain::Reason::Down);
        let off = named(4, "Juniper", domain::Reason::ByPerson);
        let all = [running, later, down, off];
        let told = told(&all, &seen, false).unwrap();
        let [first, failed, again] = &told.words[..] else { panic!("{:?}", told.words) };
        assert_eq!(first, "Being refreshed: Evergreen Bank.");
        assert_eq!(failed, "Nothing newer yet: Northgate.");
        assert_eq!(again, "Refreshed a short while ago, possible again at 10:20 AM: Ironbridge Bank.");
        assert_eq!(told.again.as_deref(), Some("/accounts?refreshed"), "it goes on telling");
        let rested = super::told(&all[1..], &seen, true).unwrap();
        assert_eq!((rested.again, rested.newest.as_deref()), (None, Some("/accounts")));
        assert!(super::told(&all[3..], &seen, false).is_none(), "what is switched off is no news");
    }

    #[test]
    fn an_empty_list_teaches() {
        let html = page(&[], &[]);
        assert!(html.contains("No accounts yet") && html.contains("href=\"/accounts/add\""));
        samples::is_clean(&html);
        samples::keep("accounts-empty", &html);
    }
}
