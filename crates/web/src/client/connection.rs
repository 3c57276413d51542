//! `/connections/{id}`: what the connection needs now, whatever that is: live steps, a repair, or its status and history.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    ConnectionId, Reason, Timestamp,
    attempt::{Attempt, AttemptKind},
    connection::Connection,
    reason::Mark,
    rights::Act,
    time::{ago_words, time_words},
};
use engine::Progress;
use jiff::tz::TimeZone;

use super::{
    accounts::{Actions, Refresh},
    live,
    offering::Institution,
    repair,
    words::{AccountRow, Owners, Pill, Trouble, coming, counted, dotted, masked},
};
use crate::{
    ctx::Ctx,
    fail::Fail,
    page::{Nav, Page},
    route::Path,
};

/// The newest runs on the page.
const RUNS_SHOWN: u32 = 20;

#[derive(Template)]
#[template(path = "client/connection.html")]
struct Status {
    page: Page,
    id: String,
    institution: Institution,
    pill: Pill,
    trouble: Option<Trouble>,
    /// Came here from a run or a review that has just ended.
    just_now: Option<String>,
    facts: Vec<(&'static str, String)>,
    rows: Vec<AccountRow>,
    actions: Actions,
    timeline: Vec<Run>,
    more_to_fix: bool,
}

/// One run of the timeline.
pub(crate) struct Run {
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) outcome: String,
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
}

pub(crate) async fn show(
    ctx: Ctx,
    Path(id): Path<ConnectionId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let query = query.unwrap_or_default();
    let asked =
        |word: &str| query.split('&').any(|pair| pair == word || pair.starts_with(&format!("{word}=")));
    let progress = ctx.engine().progress(&ctx.subject, id).await?;
    let own = progress.connection.owner == ctx.subject.person;
    if progress.connection.is_running() {
        return live::page(&ctx, &progress).await;
    }
    if !progress.found.is_empty() && own && !asked("status") {
        return Ok(Redirect::to(&format!("/connections/{id}/review")).into_response());
    }
    let key = progress.connection.reason.mark() != Mark::Good;
    if key && own && !asked("status") {
        return repair::page(&ctx, &progress.connection, repair::Queue::None).await;
    }
    ctx.must(Act::SeeValues, &ctx.reader().resource(household, None).await?)?;
    let status = Status::load(&ctx, progress, asked("added")).await?;
    Ok(Html(status.render()?).into_response())
}

impl Status {
    async fn load(ctx: &Ctx, progress: Progress, added: bool) -> Result<Self, Fail> {
        let connection = &progress.connection;
        let reader = ctx.reader();
        let owners = Owners::of(&reader.people(connection.household).await?);
        let accounts = reader.accounts(connection.household).await?;
        let attempts = reader.attempts(connection.id, RUNS_SHOWN).await?;
        let rows: Vec<AccountRow> = accounts
            .iter()
            .map(|listed| &listed.account)
            .filter(|account| account.connection == Some(connection.id))
            .map(|account| {
                let sub = dotted(&[
                    account.kind.label(),
                    owners.name(account.owner),
                    &masked(&account.last_digits),
                ]);
                AccountRow::of(account, sub, ctx.now, &ctx.zone)
            })
            .collect();
        let offering = ctx.engine().directory().offering(&connection.offering);
        let page = ctx.page(Nav::Accounts, &connection.institution).await?;
        Ok(Self {
            id: connection.id.to_string(),
            institution: offering.map_or_else(
                || Institution::named(&connection.institution, &connection.offering),
                Institution::of,
            ),
            pill: Pill::of(connection),
            trouble: Trouble::of(connection, ctx.now, &ctx.zone),
            just_now: just_now(connection, attempts.first(), added, rows.len(), ctx.now),
            facts: facts(connection, ctx.now, &ctx.zone),
            rows,
            actions: Actions::of(connection, &ctx.subject, ctx.now, &ctx.zone),
            timeline: attempts
                .iter()
                .map(|attempt| Run::of(attempt, &connection.institution, &ctx.zone))
                .collect(),
            more_to_fix: page.fixable > 0,
            page,
        })
    }
}

/// The good news of what has just ended, once it is seen: within two minutes.
fn just_now(
    connection: &Connection,
    last: Option<&Attempt>,
    added: bool,
    accounts: usize,
    now: Timestamp,
) -> Option<String> {
    let institution = &connection.institution;
    if added {
        return Some(format!(
            "{institution} is connected with {}. Values update by themselves from now on.",
            counted(accounts, "account")
        ));
    }
    let ended = last?.ended_at?;
    let recent = now.as_second() - ended.as_second() < 120;
    if !recent || last?.outcome != Some(Reason::Ok) {
        return None;
    }
    Some(match last?.kind {
        AttemptKind::FindNew => {
            format!("Done. {institution} lists no account that you don't have here; its newest values came.")
        }
        _ => format!("Done. {institution} has sent its newest values."),
    })
}

fn facts(connection: &Connection, now: Timestamp, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let told = |at: Timestamp| format!("{} ({})", time_words(at, zone), ago_words(at, now, zone));
    let mut facts =
        vec![("Last success", connection.last_success_at.map_or_else(|| "none yet".to_owned(), told))];
    // A try that succeeded is told above.
    let failed = connection.last_attempt_at.filter(|at| connection.last_success_at.is_none_or(|ok| ok < *at));
    if let Some(at) = failed {
        facts.push(("Last try", told(at)));
    }
    if let Some(due) = connection.due_at.filter(|due| *due > now) {
        facts.push(("Next update", coming(due, zone)));
    }
    facts
}

impl Run {
    /// A line of the timeline, in the client's words.
    pub(crate) fn of(attempt: &Attempt, institution: &str, zone: &TimeZone) -> Self {
        let what = match attempt.kind {
            AttemptKind::Connect => "Connecting",
            AttemptKind::Refresh if attempt.mode == domain::attempt::Mode::Unattended => "Daily update",
            AttemptKind::Refresh => "Refresh",
            AttemptKind::FindNew => "Find New",
            AttemptKind::Repair => "New login",
        };
        let (outcome, class, icon) = match attempt.outcome {
            None if attempt.ended_at.is_none() => ("Under way".to_owned(), "good", "clock"),
            None => ("Ended".to_owned(), "good", "clock"),
            Some(reason) => {
                let said = attempt.say.as_ref().map(|say| format!(" “{say}”")).unwrap_or_default();
                let title = match reason {
                    Reason::Ok if attempt.kind == AttemptKind::FindNew => {
                        "No new account, all values came".to_owned()
                    }
                    Reason::Ok => "All values came".to_owned(),
                    Reason::NewAccounts => "Accounts found".to_owned(),
                    other => Reason::fill(other.title(), institution),
                };
                let (class, icon) = match reason.mark() {
                    _ if reason == Reason::NewAccounts => ("good", "check"),
                    Mark::Good => ("good", "check"),
                    Mark::Key => ("key", "key"),
                    Mark::Wrench => ("wrench", "wrench"),
                };
                (format!("{title}{said}"), class, icon)
            }
        };
        Self { at: time_words(attempt.started_at, zone), what: what.to_owned(), outcome, class, icon }
    }
}

#[cfg(test)]
mod tests {
    use domain::attempt::Stage;

    use super::*;
    use crate::client::samples;

    #[test]
    fn a_last_try_is_told_only_when_it_came_after_the_last_success() {
        let (connections, zone) = (samples::household().0, samples::zone());
        let mut connection = connections[3].clone();
        let told = |connection: &Connection| {
            let facts = facts(connection, samples::now(), &zone);
            facts.iter().any(|(term, _)| *term == "Last try")
        };
        connection.last_success_at = Some("2026-11-20T11:49:00Z".parse().unwrap());
        connection.last_attempt_at = Some("2026-11-20T11:48:00Z".parse().unwrap());
        assert!(!told(&connection), "the answer came after the run began");
        connection.last_attempt_at = Some("2026-11-20T12:48:00Z".parse().unwrap());
        assert!(told(&connection));
        connection.last_success_at = None;
        assert!(told(&connection));
    }

    #[test]
    fn a_good_connection_shows_accounts_actions_and_history() {
        let (connections, accounts) = samples::household();
        let (zone, connection) = (samples::zone(), &connections[3]);
        let mut ended = samples::attempt(AttemptKind::Refresh, Stage::Done);
        ended.ended_at = Some(samples::now());
        ended.outcome = Some(Reason::Ok);
        let mut failed = ended.clone();
        failed.outcome = Some(Reason::Down);
        let html = Status {
            page: samples::page(Nav::Accounts, "Lakeshore Credit Union"),
            id: connection.id.to_string(),
            institution: Institution::named(&connection.institution, "x"),
            pill: Pill::of(connection),
            trouble: None,
            just_now: just_now(connection, Some(&ended), false, 4, samples::now()),
            facts: facts(connection, samples::now(), &zone),
            rows: accounts[..2]
                .iter()
                .map(|listed| AccountRow::of(&listed.account, "Checking".to_owned(), samples::now(), &zone))
                .collect(),
            actions: Actions::of(connection, &samples::subject(), samples::now(), &zone),
            timeline: vec![Run::of(&ended, "Lakeshore", &zone), Run::of(&failed, "Lakeshore", &zone)],
            more_to_fix: true,
        }
        .render()
        .unwrap();
        for text in [
            "Done. Lakeshore",
            "Everyday checking",
            "History",
            "All values came",
            "Refresh possible at",
            "Last success",
        ] {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("connection", &html);
    }
}
