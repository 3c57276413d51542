//! Signing on: what the server thinks of it, its questions, and the answers to them (§2.5).

use domain::{
    Reason,
    attempt::{Mode, Stage},
    challenge::{Answers, Question, QuestionKind},
};
use secrecy::ExposeSecret;

use super::{
    memo::{Answer, Next, Run},
    phrase,
    read::Reply,
    session::{Session, attended_only, failed, read_whole},
    status::{self, Verdict},
    words,
    write::Ask,
};
use crate::{Failure, Step};

/// How often questions are fetched in one run. A server that is never content must not be asked for ever.
const ROUNDS_MAX: u32 = 6;
/// The question under which an AUTHTOKEN is asked for.
pub(super) const TOKEN_QUESTION: &str = "AUTHTOKEN";

impl Session<'_> {
    /// Asks for the questions of a challenge.
    pub(super) async fn challenge(&mut self, run: &mut Run) -> Step {
        if self.turn.mode == Mode::Unattended {
            return attended_only("a challenge would be needed");
        }
        run.rounds += 1;
        if run.rounds > ROUNDS_MAX {
            return failed(Reason::BadResponse, "challenge: the server never stops asking");
        }
        run.answers.clear();
        let url = match run.after_challenge {
            Next::Statements => run.batches.first().and_then(|batch| batch.url.parse().ok()),
            _ => None,
        };
        let url = url.unwrap_or_else(|| self.url_of("SIGNUPMSGSET"));
        let answer = match self.send(&url, run, &Ask::Challenge, false).await {
            Ok(answer) => answer,
            Err(missing) => return Step::Failed(missing.failure("challenge")),
        };
        let document = match read_whole(&answer.body) {
            Ok(document) => document,
            Err(missing) => return Step::Failed(missing.failure("challenge")),
        };
        let reply = Reply::of(&document);
        let phrases =
            reply.challenge.as_ref().map(|challenge| challenge.phrases.as_slice()).unwrap_or_default();
        // Some servers repeat the 3000 over the very questions that they send.
        if phrases.is_empty() {
            let code = reply
                .challenge
                .as_ref()
                .and_then(|challenge| challenge.status.as_ref())
                .map(|status| status.code);
            let detail = format!("challenge: no questions, MFACHALLENGETRNRS {code:?}");
            let refused = Self::refusal(&reply);
            return refused.unwrap_or_else(|| failed(Reason::BadResponse, detail));
        }
        run.next = run.after_challenge;
        run.asking.used_up = run.accepted && run.asking.answered;
        run.accepted = false;
        run.asked.clear();
        for asked in phrases {
            let id = asked.id.trim().to_owned();
            match phrase::answered_by_program(&id, &self.parameters, self.turn.now) {
                Some(answer) => run.answers.push(Answer { id, answer }),
                None => {
                    run.asked.push(phrase::Asked { id, label: asked.label.as_deref().map(str::to_owned) });
                }
            }
        }
        if run.asked.is_empty() { Step::Again(Stage::SigningIn) } else { self.ask(run, false) }
    }

    /// The failure that a reply's sign-on names, if it names one.
    fn refusal(reply: &Reply<'_>) -> Option<Step> {
        let status = &reply.signon.as_ref()?.status;
        match status::signon(status.code, status.severity) {
            Verdict::Failed(reason) => Some(Step::Failed(Failure {
                say: status.message.as_deref().map(words::masked).filter(|say| !say.is_empty()),
                ..Failure::new(reason, format!("SONRS {}", status.code))
            })),
            _ => None,
        }
    }

    /// Takes the sign-on part of a reply; `None` means: signed on, go on reading.
    pub(super) fn signed_on(&mut self, run: &mut Run, reply: &Reply<'_>, request: Next) -> Option<Step> {
        let Some(signon) = &reply.signon else {
            return Some(failed(Reason::BadResponse, "the answer has no SONRS"));
        };
        if let Some(cookie) = &signon.session_cookie {
            self.memory.keys.session_cookie = Some(cookie.clone().into_owned());
        }
        if let Some(key) = &signon.access_key {
            self.memory.keys.access_key = Some(key.clone().into_owned());
            run.asking.spared = true;
        }
        let mut verdict = status::signon(signon.status.code, signon.status.severity);
        // A one-time code that was right a moment ago and is refused now was used up.
        if verdict == Verdict::AnswersWrong && (run.accepted || run.asked.is_empty()) {
            verdict = Verdict::Challenge;
        }
        match verdict {
            Verdict::Welcome => {
                self.memory.signed_on_before = true;
                run.accepted = true;
                run.token = None;
                if signon.access_key.is_some() {
                    run.answers.clear();
                }
                None
            }
            _ if self.turn.mode == Mode::Unattended && !matches!(verdict, Verdict::Failed(_)) => {
                Some(attended_only(format!("SONRS {}", signon.status.code)))
            }
            Verdict::Challenge => {
                run.after_challenge = request;
                run.next = Next::Challenge;
                Some(Step::Again(Stage::SecurityCheck))
            }
            Verdict::AnswersWrong => {
                let asked: Vec<_> = run.asked.iter().map(|asked| asked.id.clone()).collect();
                run.answers.retain(|answer| !asked.contains(&answer.id));
                Some(self.ask(run, true))
            }
            Verdict::TokenNeeded | Verdict::TokenWrong => {
                run.token = None;
                run.asked = vec![phrase::Asked { id: TOKEN_QUESTION.to_owned(), label: None }];
                Some(self.ask(run, verdict == Verdict::TokenWrong))
            }
            Verdict::Failed(_) => Self::refusal(reply),
        }
    }

    /// Puts the open questions to the person.
    pub(super) fn ask(&self, run: &Run, wrong_before: bool) -> Step {
        let questions = run.asked.iter().map(|asked| match asked.id.as_str() {
            TOKEN_QUESTION => self.token_question(),
            _ => phrase::question(asked),
        });
        let right_before = run.asking.used_up && !wrong_before;
        Step::Ask { questions: questions.collect(), deadline: None, wrong_before, right_before }
    }

    /// The one-time token, in the words of the profile (OFX 2.3 §2.5.1.4.3).
    fn token_question(&self) -> Question {
        let profile = self.memory.profile.as_ref();
        let label = profile.and_then(|profile| profile.token_label.as_deref()).map(words::masked);
        let url = profile.and_then(|profile| profile.token_url.clone());
        // Only an address that a browser may open; the page makes a link of it.
        let help_url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        Question {
            id: TOKEN_QUESTION.to_owned(),
            label: label.unwrap_or_else(|| "One-time code from the institution’s web site".to_owned()),
            kind: QuestionKind::Code,
            options: Vec::new(),
            sent_to: None,
            help_url,
        }
    }
}

/// Moves a person's answers into the run; `false` and nothing moved when one is missing.
pub(super) fn take_answers(run: &mut Run, answers: &Answers) -> bool {
    let answer = |asked: &phrase::Asked| {
        let answer = answers.get(&asked.id)?.expose_secret().trim().to_owned();
        (!answer.is_empty()).then(|| Answer { id: asked.id.clone(), answer })
    };
    let Some(given) = run.asked.iter().map(answer).collect::<Option<Vec<_>>>() else { return false };
    run.asking.answered = true;
    for answer in given {
        if answer.id == TOKEN_QUESTION {
            run.token = Some(answer);
        } else {
            run.answers.retain(|known| known.id != answer.id);
            run.answers.push(answer);
        }
    }
    true
}
