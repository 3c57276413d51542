//! What the page of live steps shows, and when it changes.

use domain::{Reason, connection::Work};

use super::*;
use crate::client::samples;

fn progress(stage: Stage, challenge: Option<Challenge>) -> Progress {
    let reason = if challenge.is_some() { Reason::CodeAsked } else { Reason::Started };
    let mut connection = samples::connection(1, "Meridian Retirement", reason);
    connection.work = Some(Work { kind: AttemptKind::Connect, attended: true });
    Progress {
        connection,
        attempt: Some(samples::attempt(AttemptKind::Connect, stage)),
        challenge,
        found: Vec::new(),
        health: engine::Health::Operational,
    }
}

fn live(progress: &Progress, now: Timestamp, own: bool, empty: &[String]) -> Live {
    let page = samples::page(Nav::Accounts, "Connecting");
    let institution = Institution::of(&samples::offering());
    Live::of(page, institution, progress, own, empty, now, &samples::zone())
}

#[test]
fn steps_are_told_to_eye_and_ear_and_reload_without_a_script() {
    let progress = progress(Stage::ReadingAccounts, None);
    let live = live(&progress, samples::now(), true, &[]);
    let html = live.render().unwrap();
    for text in [
        "Connecting to Meridian Retirement",
        "Signing in",
        "Security check",
        "Reading accounts",
        "Values",
        "aria-current=\"step\"",
        "sse-connect=\"/connections/",
        "http-equiv=\"refresh\" content=\"4\"",
        "role=\"status\"",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert_eq!(live.said, "Reading accounts");
    let part = live.as_part().render().unwrap();
    assert!(part.contains("Reading accounts") && !part.contains("<html"));
    samples::is_clean(&html);
    samples::keep("live", &html);
}

#[test]
fn after_a_minute_the_client_may_leave() {
    let progress = progress(Stage::SigningIn, None);
    let later = samples::now() + std::time::Duration::from_secs(70);
    let live = live(&progress, later, true, &[]);
    let html = live.render().unwrap();
    assert!(html.contains("longer than usual") && html.contains("You may leave"), "{html}");
    assert!(live.said.contains("you may leave"));
    samples::keep("live-slow", &html);
}

#[test]
fn a_question_is_in_the_institutions_words_with_its_deadline() {
    let progress = progress(Stage::SecurityCheck, Some(samples::challenge()));
    let html = live(&progress, samples::now(), true, &[]).render().unwrap();
    for text in [
        "asks for an access code",
        "We sent a 6-digit code by text message",
        "Access code sent to •••42",
        "Enter it by",
        "10:16 AM",
        "3 tries left",
        "autocomplete=\"one-time-code\"",
        "data-deadline=",
        "your turn",
        "https://www.meridianretirement.example/codes",
        "content=\"242\"",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
    samples::is_clean(&html);
    samples::keep("live-code", &html);
    let another = live(&progress, samples::now(), false, &[]).render().unwrap();
    assert!(!another.contains("6-digit code"), "the words are for the person whose login it is");
}

#[test]
fn a_code_that_ran_out_is_not_called_wrong() {
    let mut challenge = samples::challenge();
    challenge.expired_before = true;
    let told = problem(&challenge, "Copperleaf Bank", true).unwrap();
    assert!(
        told.starts_with("That code had run out or was used up. Copperleaf Bank has sent a new one"),
        "{told}"
    );
    challenge.wrong_before = true;
    assert!(problem(&challenge, "Copperleaf Bank", true).unwrap().contains("did not accept that code"));
}

#[test]
fn a_second_code_says_that_the_first_was_right() {
    let mut challenge = samples::challenge();
    challenge.round = 2;
    challenge.right_before = true;
    let html = live(&progress(Stage::SecurityCheck, Some(challenge)), samples::now(), true, &[]);
    let html = html.render().unwrap();
    for text in ["asks for one more access code", "That was right.", "sent just now to •••42"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("run out or was used up"));
    samples::is_clean(&html);
    samples::keep("live-one-more", &html);
}

#[test]
fn a_late_window_is_told_that_another_one_answered() {
    let mut live =
        live(&progress(Stage::SecurityCheck, Some(samples::challenge())), samples::now(), true, &[]);
    live.note = Some(Note::Elsewhere.words(true));
    let html = live.render().unwrap();
    assert!(html.contains("Answered in another window; this is the next question"), "{html}");
    samples::is_clean(&html);
}

#[test]
fn wrong_answers_and_choices_are_told_apart() {
    let mut challenge = samples::challenge();
    challenge.wrong_before = true;
    challenge.tries_left = 1;
    challenge.questions[0].kind = QuestionKind::Text;
    challenge.questions[0].sent_to = None;
    challenge.questions[0].label = "What was the name of your first pet?".to_owned();
    let mut second = challenge.questions[0].clone();
    second.id = "MFA11".to_owned();
    second.kind = QuestionKind::Choice;
    second.options =
        vec![("1".to_owned(), "Phone •••42".to_owned()), ("2".to_owned(), "Phone •••77".to_owned())];
    challenge.questions.push(second);
    let html =
        live(&progress(Stage::SecurityCheck, Some(challenge)), samples::now(), true, &["MFA10".to_owned()]);
    let html = html.render().unwrap();
    for text in [
        "did not accept that answer",
        "This is the last try.",
        "Please answer this.",
        "type=\"radio\"",
        "Phone •••77",
    ] {
        assert!(html.contains(text), "{text}");
    }
    samples::is_clean(&html);
    samples::keep("live-questions", &html);
}

#[test]
fn what_changes_the_page_changes_the_fingerprint() {
    let asked = progress(Stage::SecurityCheck, Some(samples::challenge()));
    let mut wrong = asked.clone();
    wrong.challenge.as_mut().unwrap().tries_left = 2;
    let mut over = asked.clone();
    over.connection.work = None;
    // The question came between two reads of one page.
    let mut between = asked.clone();
    between.connection.reason = Reason::Started;
    let all = [
        fingerprint(&asked, false),
        fingerprint(&between, false),
        fingerprint(&wrong, false),
        fingerprint(&over, false),
        fingerprint(&asked, true),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all[at + 1..].iter().all(|other| other != one));
        assert!(one.bytes().all(|byte| byte.is_ascii_graphic()), "it travels as an event's id");
    }
}

#[test]
fn the_end_leads_on() {
    let mut progress = progress(Stage::Done, None);
    progress.connection.work = None;
    let live = live(&progress, samples::now(), true, &[]);
    assert!(live.as_part().render().unwrap().contains("data-go="));
}
