//! `/connections/{id}`: what the connection needs now, whatever that is: live steps, a repair, or its status and history.

use askama::Template;
use axum::{
    extract::RawQuery,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    ConnectionId, Reason, Timestamp,
    account::Account,
    attempt::{Attempt, AttemptKind, Stage},
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
    words::{AccountRow, Owners, Pill, Trouble, coming, counted, dotted, in_words, listed, mark, masked},
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
    /// Which accounts did not come in the last run, when some did not.
    partly: Option<String>,
    facts: Vec<(&'static str, String)>,
    rows: Vec<AccountRow>,
    left_out: Named,
    closed: Named,
    actions: Actions,
    timeline: Vec<Run>,
    more_to_fix: bool,
}

/// Accounts in a folded list.
#[derive(Default)]
struct Named {
    /// `You left out 3 accounts`.
    headline: String,
    /// Unfolded, as it is what the client looks for.
    open: bool,
    /// Id and name of each.
    accounts: Vec<(String, String)>,
}

/// What has just been done, when something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Just {
    /// At the most a run has ended.
    Ran,
    /// A review with something added.
    Added,
    /// A review with everything left out.
    LeftOut,
    /// An account was closed.
    Closed,
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
        let note = match () {
            () if asked("elsewhere") => Some(live::Note::Elsewhere),
            () if asked("soon") => Some(live::Note::Soon),
            () => None,
        };
        return live::page(&ctx, &progress, note).await;
    }
    if !progress.found.is_empty() && own && !asked("status") {
        return Ok(Redirect::to(&format!("/connections/{id}/review")).into_response());
    }
    let good = mark(&progress.connection, ctx.now, &ctx.zone) == Mark::Good;
    if !good && own && !asked("status") {
        return repair::page(&ctx, &progress.connection, repair::Queue::None).await;
    }
    ctx.must(Act::SeeValues, &ctx.reader().resource(household, None).await?)?;
    ctx.has_seen(&format!("/connections/{id}")).await?;
    let just = match () {
        () if asked("added") => Just::Added,
        () if asked("left") => Just::LeftOut,
        () if asked("closed") => Just::Closed,
        () => Just::Ran,
    };
    let status = Status::load(&ctx, progress, just).await?;
    Ok(Html(status.render()?).into_response())
}

impl Status {
    async fn load(ctx: &Ctx, progress: Progress, just: Just) -> Result<Self, Fail> {
        let connection = &progress.connection;
        let reader = ctx.reader();
        let owners = Owners::of(&reader.people(connection.household).await?);
        let accounts = reader.accounts(connection.household).await?;
        let attempts = reader.attempts(connection.id, RUNS_SHOWN).await?;
        let left_out = reader.left_out_accounts(connection.id).await?;
        let of = |account: &&Account| account.connection == Some(connection.id);
        let own = || accounts.iter().map(|listed| &listed.account).filter(of);
        let rows: Vec<AccountRow> = own()
            .map(|account| {
                let sub = dotted(&[
                    account.kind.label(),
                    owners.name(account.owner),
                    &masked(&account.last_digits),
                ]);
                AccountRow::of(account, sub, ctx.now, &ctx.zone)
            })
            .collect();
        let directory = ctx.directory().await?;
        let offering = directory.offering(&connection.offering);
        let page = ctx.page(Nav::Accounts, &connection.name()).await?;
        let told = just_now(connection, attempts.first(), just, ctx);
        Ok(Self {
            id: connection.id.to_string(),
            institution: Institution::at(connection, offering),
            pill: Pill::of(connection),
            trouble: Trouble::of(connection, ctx.now, &ctx.zone),
            just_now: told,
            partly: partly(connection, attempts.first(), &own().collect::<Vec<_>>()),
            facts: facts(connection, ctx.now, &ctx.zone),
            left_out: Named::left_out(&left_out, attempts.first(), rows.is_empty()),
            closed: Named::closed(&own().filter(|account| account.closed_on.is_some()).collect::<Vec<_>>()),
            rows,
            actions: Actions::of(connection, &ctx.subject, ctx.now, &ctx.zone),
            timeline: attempts
                .iter()
                .map(|attempt| Run::of(attempt, &connection.name(), &ctx.zone))
                .collect(),
            more_to_fix: page.fixable > 0,
            page,
        })
    }
}

impl Named {
    /// What the client left out; unfolded where nothing else is, and after a search for accounts.
    fn left_out(accounts: &[Account], last: Option<&Attempt>, alone: bool) -> Self {
        let searched = last.is_some_and(|attempt| attempt.kind == AttemptKind::FindNew);
        let headline = format!("You left out {}", counted(accounts.len(), "account"));
        Self { headline, open: alone || searched, accounts: accounts.iter().map(named).collect() }
    }

    fn closed(accounts: &[&Account]) -> Self {
        let headline = format!("You closed {}", counted(accounts.len(), "account"));
        Self { headline, open: false, accounts: accounts.iter().map(|account| named(account)).collect() }
    }
}

/// Id and words of an account: `Rainy day savings •••9120`.
fn named(account: &Account) -> (String, String) {
    (account.id.to_string(), in_words(account))
}

/// The good news of what has just ended, once it is seen: within two minutes.
fn just_now(connection: &Connection, last: Option<&Attempt>, just: Just, ctx: &Ctx) -> Option<String> {
    match just {
        Just::Ran => ended(connection, last, ctx.now),
        _ => Some(decided(connection, just)),
    }
}

/// After a decision of the client.
fn decided(connection: &Connection, just: Just) -> String {
    let (institution, around) = (connection.name(), &connection.around);
    match just {
        Just::Closed => {
            "Noted. The account is closed: its history stays, and it no longer counts in your net \
                         worth. If it is listed again, it comes back by itself."
                .to_owned()
        }
        Just::LeftOut => format!(
            "Noted. You left out {}, so nothing of {institution} counts in your net worth. You can add any of them \
             below at any time.",
            counted(around.left_out as usize, "account")
        ),
        _ => {
            let added = counted(around.added as usize, "account");
            let then = if connection.attended_only {
                "It asks for a code or an answer each time, so values update when you press Refresh and answer."
                    .to_owned()
            } else {
                "Values update by themselves from now on.".to_owned()
            };
            format!("{institution} is connected with {added}. {then}")
        }
    }
}

/// After a run.
fn ended(connection: &Connection, last: Option<&Attempt>, now: Timestamp) -> Option<String> {
    let institution = connection.name();
    let last = last?;
    let recent = now.as_second() - last.ended_at?.as_second() < 120;
    let whole = matches!(last.outcome, Some(Reason::Ok | Reason::AttendedOnly)) && last.stage == Stage::Done;
    if !recent || !whole {
        return None;
    }
    Some(match last.kind {
        AttemptKind::FindNew if connection.around.left_out > 0 => format!(
            "Done. {institution} lists no other accounts than those that you have here or left out; its newest \
             values came."
        ),
        AttemptKind::FindNew => {
            format!("Done. {institution} lists no account that you don't have here; its newest values came.")
        }
        _ => format!("Done. {institution} has sent its newest values."),
    })
}

/// `Values of 2 of 4 accounts came; Emergency fund •••0037 and Rewards card •••6120 did not.`
fn partly(connection: &Connection, last: Option<&Attempt>, accounts: &[&Account]) -> Option<String> {
    let began = last.filter(|_| connection.reason == Reason::Partial)?.started_at;
    let open = || accounts.iter().filter(|account| account.closed_on.is_none());
    let names: Vec<String> = open()
        .filter(|account| {
            account.missing_runs > 0 || account.value.is_none_or(|value| value.updated_at < began)
        })
        .map(|account| in_words(account))
        .collect();
    if names.is_empty() {
        let institution = connection.name();
        return Some(format!(
            "All values came. Something else did not, such as holdings or transactions; {institution} is asked again \
             by itself."
        ));
    }
    let of = open().count();
    Some(format!(
        "Values of {} of {} came in the last run; {} did not. What is known stays with its date, and we ask again \
         by ourselves.",
        of - names.len(),
        counted(of, "account"),
        listed(&names)
    ))
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
    match connection.due_at.filter(|due| *due > now) {
        Some(due) => facts.push(("Next update", coming(due, zone))),
        None if connection.reason == Reason::AttendedOnly => {
            facts.push(("Next update", "when you press Refresh and answer".to_owned()));
        }
        None => {}
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
                let (class, icon) = match reason.mark() {
                    // Good news, and what was done about it.
                    _ if matches!(reason, Reason::NewAccounts | Reason::AttendedOnly) && is_done(attempt) => {
                        ("good", "check")
                    }
                    Mark::Good => ("good", "check"),
                    Mark::Key => ("key", "key"),
                    Mark::Wrench => ("wrench", "wrench"),
                };
                (format!("{}{said}", came(attempt, reason, institution)), class, icon)
            }
        };
        let what = if attempt.kind == AttemptKind::Connect && is_done(attempt) { "Connected" } else { what };
        Self { at: time_words(attempt.started_at, zone), what: what.to_owned(), outcome, class, icon }
    }
}

/// Whether a run came to its end with values or a list.
fn is_done(attempt: &Attempt) -> bool {
    attempt.stage == Stage::Done && attempt.ended_at.is_some()
}

/// What a run came to, in a line.
fn came(attempt: &Attempt, reason: Reason, institution: &str) -> String {
    match (reason, attempt.added) {
        (Reason::NewAccounts, None) => "Accounts found, to be decided about".to_owned(),
        (Reason::NewAccounts, Some(0)) => "Accounts found and left out".to_owned(),
        (Reason::NewAccounts, Some(added)) => format!("{} added", counted(added as usize, "account")),
        (Reason::Ok, _) if attempt.kind == AttemptKind::FindNew => {
            "No new account, all values came".to_owned()
        }
        (Reason::Ok, _) => "All values came".to_owned(),
        (Reason::AttendedOnly, _) if is_done(attempt) => "All values came, with your answer".to_owned(),
        (other, _) => Reason::fill(other.title(), institution),
    }
}

#[cfg(test)]
mod tests {
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
            just_now: super::ended(connection, Some(&ended), samples::now()),
            left_out: Named::left_out(&[accounts[3].account.clone()], Some(&ended), false),
            closed: Named::closed(&[&accounts[4].account]),
            partly: None,
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
            "You left out 1 account",
            "Roth IRA •••2207",
            ">Add it<",
            "You closed 1 account",
            "It is open",
        ] {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("connection", &html);
    }

    #[test]
    fn the_first_run_tells_what_was_added() {
        let zone = samples::zone();
        let told = |added| {
            let mut first = samples::attempt(AttemptKind::Connect, Stage::Done);
            first.ended_at = Some(samples::now());
            first.outcome = Some(Reason::NewAccounts);
            first.added = added;
            let run = Run::of(&first, "Lakeshore", &zone);
            assert_eq!(run.class, "good", "nothing is left to do about it");
            format!("{}: {}", run.what, run.outcome)
        };
        assert_eq!(told(Some(4)), "Connected: 4 accounts added");
        assert_eq!(told(Some(0)), "Connected: Accounts found and left out");
        assert_eq!(told(None), "Connected: Accounts found, to be decided about");
    }

    #[test]
    fn whoever_is_asked_each_time_is_not_promised_values_that_come_by_themselves() {
        let mut connection = samples::connection(1, "Copperleaf Bank", Reason::AttendedOnly);
        assert!(decided(&connection, Just::Added).contains("from now on"));
        connection.attended_only = true;
        let told = decided(&connection, Just::Added);
        assert!(told.contains("when you press Refresh") && !told.contains("by themselves"), "{told}");
        connection.around.left_out = 3;
        assert!(decided(&connection, Just::LeftOut).contains("You left out 3 accounts"));
    }

    #[test]
    fn a_run_that_brought_only_some_values_names_the_others() {
        let (_, accounts) = samples::household();
        let mut connection = samples::connection(4, "Lakeshore Credit Union", Reason::Partial);
        let last = samples::attempt(AttemptKind::Refresh, Stage::Done);
        let all: Vec<&Account> = accounts[..2].iter().map(|listed| &listed.account).collect();
        let mut fresh = all[0].clone();
        fresh.value.as_mut().unwrap().updated_at = samples::now();
        let told = partly(&connection, Some(&last), &[&fresh, all[1]]).unwrap();
        assert!(
            told.starts_with(
                "Values of 1 of 2 accounts came in the last run; Reserve savings •••7745 did not."
            ),
            "{told}"
        );
        assert!(partly(&connection, Some(&last), &[&fresh]).unwrap().starts_with("All values came."));
        connection.reason = Reason::Ok;
        assert_eq!(partly(&connection, Some(&last), &all), None);
    }
}
