//! The page of live steps: rendered parts over server-sent events, made from the rows at that moment.
//!
//! Leaving and coming back, a second tab, another node and a restart all show the same, since nothing is kept here.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::Query,
    response::{
        Html, IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::{
    ConnectionId, Timestamp,
    attempt::{AttemptKind, Stage},
    challenge::{Challenge, QuestionKind},
    connection::Connection,
    limits,
    reason::State,
    time::clock_words,
};
use engine::Progress;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::offering::Institution;
use crate::{
    ctx::Ctx,
    fail::Fail,
    page::{Nav, Page},
    route::Path,
};

/// Without a script the page asks again so often; while a question is open, not before its deadline.
const RELOAD_SECONDS: i64 = 4;
/// A stream ends by itself after so long; the browser comes back and goes on.
const STREAM_MAX: std::time::Duration = std::time::Duration::from_mins(15);

#[derive(Template)]
#[template(path = "client/live.html", blocks = ["part", "said"])]
pub(crate) struct Live {
    page: Page,
    id: String,
    institution: Institution,
    headline: String,
    started: String,
    steps: Vec<StepView>,
    /// Longer than a minute without a question.
    slow: bool,
    /// What became of the button that was pressed, where that isn't seen.
    note: Option<&'static str>,
    question: Option<QuestionView>,
    /// The run is over: the browser goes where the result is.
    over: bool,
    said: String,
    seen: String,
    reload: i64,
}

/// One of the five steps a person can follow.
struct StepView {
    words: &'static str,
    /// `done`, `now` or nothing.
    class: &'static str,
    note: &'static str,
    turning: bool,
}

struct QuestionView {
    challenge: String,
    headline: String,
    /// The institution's own words, when they are not a field's label.
    words: Option<String>,
    fields: Vec<QuestionField>,
    problem: Option<String>,
    /// The answer before was right, and one more is wanted.
    more: Option<String>,
    deadline: String,
    deadline_ms: i64,
    asked_ms: i64,
    now_ms: i64,
    tries: String,
    help: Option<String>,
    code: bool,
}

struct QuestionField {
    name: String,
    label: String,
    kind: &'static str,
    options: Vec<(String, String)>,
    error: Option<&'static str>,
}

/// Why a button did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// The question had been answered already.
    Elsewhere,
    /// A code was sent a moment ago.
    Soon,
}

impl Note {
    fn words(self, asks: bool) -> &'static str {
        match self {
            Self::Elsewhere if asks => "Answered in another window; this is the next question.",
            Self::Elsewhere => "Answered in another window; it goes on here.",
            Self::Soon => "A code is on its way. Half a minute after it was sent you can have it sent again.",
        }
    }
}

/// The steps as pages show them.
const STEPS: [(&str, Stage); 5] = [
    ("Signing in", Stage::SigningIn),
    ("Security check", Stage::SecurityCheck),
    ("Reading accounts", Stage::ReadingAccounts),
    ("Values", Stage::ReadingValues),
    ("Done", Stage::Done),
];

/// The page while a run is under way.
pub(crate) async fn page(ctx: &Ctx, progress: &Progress, note: Option<Note>) -> Result<Response, Fail> {
    let mut live = Live::load(ctx, progress, &[]).await?;
    live.note = note.map(|note| note.words(live.question.is_some()));
    Ok(Html(live.render()?).into_response())
}

/// The page again because an answer was left empty.
pub(crate) async fn again(ctx: &Ctx, progress: &Progress, empty: &[String]) -> Result<Response, Fail> {
    let live = Live::load(ctx, progress, empty).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(live.render()?)).into_response())
}

/// Which state of things a browser has seen: changes whenever the part would.
fn fingerprint(progress: &Progress, slow: bool) -> String {
    let attempt = progress.attempt.as_ref();
    let stage = attempt.map_or("none", |attempt| attempt.stage.code());
    let question =
        progress.challenge.as_ref().map(|challenge| format!("{}-{}", challenge.id, challenge.tries_left));
    // Connection and question are read one after the other: a question beside a connection that doesn't wait yet is not
    // shown, so it must not count as seen.
    let running = match &progress.connection {
        connection if !connection.is_running() => "over",
        connection if connection.state() == State::NeedsInput => "asks",
        _ => "on",
    };
    format!("{running}.{stage}.{}.{}", question.unwrap_or_default(), u8::from(slow))
}

fn is_slow(progress: &Progress, now: Timestamp) -> bool {
    let waiting = progress.connection.state() != State::NeedsInput;
    let started = progress.attempt.as_ref().map(|attempt| attempt.started_at);
    waiting
        && started.is_some_and(|at| now.as_second() - at.as_second() > limits::SLOW_AFTER.as_secs() as i64)
}

impl Live {
    async fn load(ctx: &Ctx, progress: &Progress, empty: &[String]) -> Result<Self, Fail> {
        let connection = &progress.connection;
        let directory = ctx.directory().await?;
        let offering = directory.offering(&connection.offering);
        let institution = Institution::at(connection, offering);
        let headline = headline(connection);
        let page = ctx.page(Nav::Accounts, &headline).await?;
        let own = connection.owner == ctx.subject.person;
        Ok(Self::of(page, institution, progress, own, empty, ctx.now, &ctx.zone))
    }

    fn of(
        page: Page,
        institution: Institution,
        progress: &Progress,
        own: bool,
        empty: &[String],
        now: Timestamp,
        zone: &TimeZone,
    ) -> Self {
        let connection = &progress.connection;
        let slow = is_slow(progress, now);
        // The words of a question are for the person whose login it is.
        let challenge =
            progress.challenge.as_ref().filter(|_| own && connection.state() == State::NeedsInput);
        let question =
            challenge.map(|challenge| QuestionView::of(challenge, &institution.name, empty, now, zone));
        let stage = progress.attempt.as_ref().map_or(Stage::Queued, |attempt| attempt.stage);
        let over = !connection.is_running();
        let steps = steps(stage, connection.state() == State::NeedsInput, over);
        let reload = match &question {
            Some(question) => ((question.deadline_ms - question.now_ms) / 1000 + 2).max(RELOAD_SECONDS),
            None => RELOAD_SECONDS,
        };
        Self {
            id: connection.id.to_string(),
            headline: headline(connection),
            started: progress
                .attempt
                .as_ref()
                .map(|attempt| clock_words(attempt.started_at, zone))
                .unwrap_or_default(),
            said: said(&steps, question.as_ref(), slow, over),
            seen: fingerprint(progress, slow),
            page,
            institution,
            steps,
            slow,
            note: None,
            question,
            over,
            reload,
        }
    }
}

fn headline(connection: &Connection) -> String {
    let institution = connection.name();
    match connection.work.map(|work| work.kind) {
        Some(AttemptKind::Refresh) => format!("Updating {institution}"),
        Some(AttemptKind::FindNew) => format!("Looking for new accounts at {institution}"),
        _ => format!("Connecting to {institution}"),
    }
}

fn steps(stage: Stage, asks: bool, over: bool) -> Vec<StepView> {
    let stage = match stage {
        _ if over => Stage::Done,
        _ if asks => Stage::SecurityCheck,
        Stage::Queued => Stage::SigningIn,
        Stage::Saving => Stage::ReadingValues,
        other => other,
    };
    STEPS
        .into_iter()
        .map(|(words, step)| {
            let (class, note) = match step.cmp(&stage) {
                std::cmp::Ordering::Less => ("done", ""),
                std::cmp::Ordering::Equal if over => ("done", ""),
                std::cmp::Ordering::Equal => ("now", if asks { "your turn" } else { "" }),
                std::cmp::Ordering::Greater => ("", ""),
            };
            StepView { words, class, note, turning: class == "now" && !asks }
        })
        .collect()
}

/// What a screen reader is told when something has changed.
fn said(steps: &[StepView], question: Option<&QuestionView>, slow: bool, over: bool) -> String {
    if over {
        return "Finished. The result opens now.".to_owned();
    }
    if let Some(question) = question {
        let told = question.problem.as_ref().or(question.more.as_ref());
        return told.unwrap_or(&question.headline).clone();
    }
    let now = steps.iter().find(|step| step.class == "now").map_or("Working", |step| step.words);
    if slow { format!("{now}. This takes longer than usual; you may leave.") } else { now.to_owned() }
}

impl QuestionView {
    fn of(
        challenge: &Challenge,
        institution: &str,
        empty: &[String],
        now: Timestamp,
        zone: &TimeZone,
    ) -> Self {
        let code = challenge.questions.iter().all(|question| question.kind == QuestionKind::Code);
        let another = challenge.round > 1 && !challenge.wrong_before && !challenge.expired_before;
        let alone = challenge.questions.first().filter(|_| challenge.questions.len() == 1);
        Self {
            challenge: challenge.id.to_string(),
            headline: match (code, another) {
                _ if code && challenge.right_before => format!("{institution} asks for one more access code"),
                (true, false) => format!("{institution} asks for an access code"),
                (true, true) => format!("{institution} asks for another access code"),
                (false, false) => format!("{institution} asks a security question"),
                (false, true) => format!("{institution} asks another question"),
            },
            // A code's field says where it went; the institution's words stand above it.
            words: alone.filter(|_| code).map(|question| question.label.clone()),
            fields: challenge
                .questions
                .iter()
                .map(|question| QuestionField {
                    name: format!("answer.{}", question.id),
                    label: match (&question.sent_to, code && alone.is_some()) {
                        (Some(target), _) => format!("Access code sent to {target}"),
                        (None, true) => "Access code".to_owned(),
                        (None, false) => question.label.clone(),
                    },
                    kind: match question.kind {
                        QuestionKind::Code => "code",
                        QuestionKind::Text => "text",
                        QuestionKind::Choice => "choice",
                    },
                    options: question.options.clone(),
                    error: empty.contains(&question.id).then_some("Please answer this."),
                })
                .collect(),
            problem: problem(challenge, institution, code),
            more: challenge.right_before.then(|| one_more(challenge, institution, code)),
            deadline: clock_words(challenge.deadline, zone),
            deadline_ms: challenge.deadline.as_millisecond(),
            asked_ms: challenge.asked_at.as_millisecond(),
            now_ms: now.as_millisecond(),
            tries: match challenge.tries_left {
                1 => "This is the last try.".to_owned(),
                tries => format!("{tries} tries left."),
            },
            help: challenge
                .questions
                .iter()
                .find_map(|question| question.help_url.clone())
                .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            code,
        }
    }
}

/// The institution wants a second one although the first was right.
fn one_more(challenge: &Challenge, institution: &str, code: bool) -> String {
    let target = challenge.questions.iter().find_map(|question| question.sent_to.as_deref());
    match target {
        Some(target) if code => {
            format!("That was right. {institution} asks for one more code, sent just now to {target}.")
        }
        _ if code => format!("That was right. {institution} asks for one more code, sent just now."),
        _ => format!("That was right. {institution} asks once more."),
    }
}

/// What became of the answer before: wrong and too late are never confused.
fn problem(challenge: &Challenge, institution: &str, code: bool) -> Option<String> {
    let asked = if code { "code" } else { "answer" };
    if challenge.wrong_before {
        return Some(format!("{institution} did not accept that {asked}. Please try again."));
    }
    if !challenge.expired_before {
        return None;
    }
    let target = challenge.questions.iter().find_map(|question| question.sent_to.as_deref());
    let target = target.map_or(String::new(), |target| format!(" to {target}"));
    Some(if code {
        format!(
            "That code had run out or was used up. {institution} has sent a new one{target}: please enter the newest."
        )
    } else {
        format!("That answer came too late, and {institution} asks again.")
    })
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    seen: String,
}

/// `/connections/{id}/events`: one `step` event whenever the page has to change; the last one has `over`.
pub(crate) async fn events(
    ctx: Ctx,
    Path(id): Path<ConnectionId>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    ctx.must_be_client()?;
    // Out of reach is refused before a stream begins.
    ctx.engine().progress(&ctx.subject, id).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let seen = last.map_or(asked.seen, str::to_owned);
    let stream = changes(ctx, id, seen).take_until(Box::pin(tokio::time::sleep(STREAM_MAX)));
    let keep_alive = KeepAlive::new().interval(std::time::Duration::from_secs(15));
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

/// Wakes when something may have changed, reads the rows and tells what is new.
fn changes(ctx: Ctx, id: ConnectionId, seen: String) -> impl Stream<Item = Result<Event, Infallible>> {
    let wakes = ctx.engine().watch(id);
    let first = stream::once(async {});
    let wakes = Box::pin(first.chain(wakes));
    stream::unfold((ctx, wakes, seen, false), move |(mut ctx, mut wakes, seen, over)| async move {
        if over {
            return None;
        }
        loop {
            wakes.next().await?;
            ctx.now = ctx.portal.app.clock.now();
            // A store that is busy for a moment is asked again at the next wake.
            let Ok(progress) = ctx.engine().progress(&ctx.subject, id).await else { continue };
            let now_seen = fingerprint(&progress, is_slow(&progress, ctx.now));
            if now_seen == seen {
                continue;
            }
            let Ok(live) = Live::load(&ctx, &progress, &[]).await else { continue };
            let over = live.over;
            let Some(events) = told(&live, &now_seen) else { continue };
            return Some((stream::iter(events.into_iter().map(Ok)), (ctx, wakes, now_seen, over)));
        }
    })
    .flatten()
}

/// The part for the eye and the words for the ear; `None` can't happen with templates that compile. A run that is over
/// says so by an event of its own, at which the browser closes the stream: an end without it counts as a fault there.
fn told(live: &Live, seen: &str) -> Option<Vec<Event>> {
    let part = live.as_part().render().ok()?;
    let said = live.as_said().render().ok()?;
    let mut events =
        vec![Event::default().event("said").data(said), Event::default().event("step").id(seen).data(part)];
    if live.over {
        events.push(Event::default().event("over").data("over"));
    }
    Some(events)
}

#[cfg(test)]
mod tests;
