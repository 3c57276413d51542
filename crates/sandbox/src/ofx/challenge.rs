//! Multi-factor signon (OFX 2.3 §2.5.1.4, §2.5.4): questions, codes, one-time keys, and the access key that spares them.

use jiff::{SignedDuration, Timestamp};

use super::request::{Element, Unreadable};
use super::signon::Standing;
use super::write::Node;
use super::{Body, Desk, Status};
use crate::persona::{Challenge, Persona, Proof, Question, State, User};
use crate::phone::Message;
use crate::random::draw_code;

/// How long a question waits for its answer.
const QUESTION_MINUTES: i64 = 15;
/// Wrong codes after which a new one is needed.
const WRONG_ANSWERS_MAX: u32 = 3;
/// The institution's own phrase id for codes.
const CODE_PHRASE: &str = "OTP-SMS";

/// MFACHALLENGERS. A server that can't give one answers HTTP 400 (OFX 2.3 §2.5.4).
pub(super) fn respond(desk: &Desk<'_>) -> Result<Body, Unreadable> {
    if !desk.form.has_mfa() {
        return Err(Unreadable("this version has no MFACHALLENGERQ"));
    }
    let user = match desk.signed.standing {
        Standing::Unproven(user) => user,
        Standing::User(_) => return Err(Unreadable("there is nothing to ask")),
        _ => return Ok(Err(Status::error(15500, "Signon invalid"))),
    };
    let mut changing = desk.world.lock();
    let state = changing.user(desk.institution, user);
    state.counters.challenges += 1;
    let questions = match user.persona.proof {
        Proof::Questions(rounds) => ask(state, rounds, desk.now),
        Proof::Code { minutes, .. } => {
            let message = send_code(desk, user, state, minutes);
            changing.phone.receive(message);
            let label = "Enter the 6-digit code we sent by text message to •••42";
            vec![Node::new("MFACHALLENGE").leaf("MFAPHRASEID", CODE_PHRASE).leaf("MFAPHRASELABEL", label)]
        }
        Proof::None | Proof::Token { .. } => return Err(Unreadable("there is nothing to ask")),
    };
    Ok(Ok(Some(Node::new("MFACHALLENGERS").children(questions))))
}

fn ask(state: &mut State, rounds: &[&[Question]], now: Timestamp) -> Vec<Node> {
    // A first round that was passed long ago counts no longer.
    let passed = state.rounds_passed.filter(|(_, until)| now < *until).map_or(0, |(rounds, _)| rounds);
    let round = passed.min(rounds.len() - 1);
    let expires_at = now + SignedDuration::from_mins(QUESTION_MINUTES);
    state.challenge = Some(Challenge { round, code: None, expires_at, wrong_answers: 0 });
    rounds[round]
        .iter()
        .map(|question| {
            Node::new("MFACHALLENGE")
                .leaf("MFAPHRASEID", question.id)
                .leaf_if("MFAPHRASELABEL", question.label)
        })
        .collect()
}

fn send_code(desk: &Desk<'_>, user: User, state: &mut State, minutes: i64) -> Message {
    let expires_at = desk.now + SignedDuration::from_mins(minutes);
    let code = draw_code();
    state.challenge = Some(Challenge { round: 0, code: Some(code.clone()), expires_at, wrong_answers: 0 });
    state.counters.codes_sent += 1;
    Message {
        institution: desk.institution.id,
        name: desk.institution.name,
        login: user.login(),
        code,
        sent_at: desk.now,
        expires_at,
    }
}

/// Judges the answers of a SONRQ. `Ok(true)` means: right, and remember this client.
pub(super) fn check_answers(
    persona: &Persona,
    state: &mut State,
    sonrq: &Element,
    now: Timestamp,
) -> Result<bool, Status> {
    const MORE_NEEDED: Status = Status::error(3000, "Further information is required");
    let answers = answers(sonrq);
    let Some(challenge) = state.challenge.as_mut().filter(|_| !answers.is_empty()) else {
        return Err(MORE_NEEDED);
    };
    if now >= challenge.expires_at {
        state.challenge = None;
        state.rounds_passed = None;
        return Err(MORE_NEEDED);
    }
    let round = challenge.round;
    let is_right = if let Proof::Questions(rounds) = persona.proof {
        rounds[round].iter().all(|question| is_answered(question, &answers))
    } else {
        let code = answers.iter().find(|(id, _)| id == CODE_PHRASE).map(|(_, answer)| answer.trim());
        code.is_some() && code == challenge.code.as_deref()
    };
    if !is_right {
        challenge.wrong_answers += 1;
        state.counters.answers_wrong += 1;
        if challenge.wrong_answers >= WRONG_ANSWERS_MAX && challenge.code.is_some() {
            state.challenge = None;
        }
        return Err(Status::error(3001, "That answer isn't right"));
    }
    state.challenge = None;
    let rounds = if let Proof::Questions(rounds) = persona.proof { rounds.len() } else { 1 };
    if round + 1 < rounds {
        state.rounds_passed = Some((round + 1, now + SignedDuration::from_mins(QUESTION_MINUTES)));
        return Err(MORE_NEEDED);
    }
    state.rounds_passed = None;
    Ok(!matches!(persona.proof, Proof::Code { every_time: true, .. }))
}

/// Phrase ids and answers, under all names that texts and clients give them: 2.1.1 calls the aggregate MFACHALLENGEA, its
/// schema and 2.2 MFACHALLENGEANSWER; some clients misspell the id.
fn answers(sonrq: &Element) -> Vec<(String, String)> {
    let aggregates = sonrq
        .children
        .iter()
        .filter(|child| matches!(child.tag.as_str(), "MFACHALLENGEANSWER" | "MFACHALLENGEA"));
    aggregates
        .filter_map(|aggregate| {
            let id = aggregate.text("MFAPHRASEID").or_else(|| aggregate.text("MFAPRHASEID"))?;
            Some((id.to_owned(), aggregate.text("MFAPHRASEA")?.to_owned()))
        })
        .collect()
}

fn is_answered(question: &Question, answers: &[(String, String)]) -> bool {
    answers
        .iter()
        .any(|(id, answer)| id == question.id && answer.trim().eq_ignore_ascii_case(question.answer))
}

/// Judges an AUTHTOKEN (OFX 2.3 §2.5.1.4.3). It works once.
pub(super) fn check_token(state: &mut State, sonrq: &Element, now: Timestamp) -> Result<bool, Status> {
    let Some(given) = sonrq.text("AUTHTOKEN") else {
        return Err(Status::error(15512, "Please fetch a one-time key at our website"));
    };
    let right = state.token.as_ref().is_some_and(|token| token.value == given && now < token.expires_at);
    if !right {
        state.counters.answers_wrong += 1;
        return Err(Status::error(15513, "That key isn't valid"));
    }
    state.token = None;
    Ok(true)
}
