//! What an institution asks of a person while an attempt runs.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{AttemptId, ChallengeId, ConnectionId};

/// The kind of answer that is wanted; it decides how the field is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// A one-time access code, sent to the person or shown by a device.
    Code,
    /// A security question with a free answer.
    Text,
    /// One of [`Question::options`].
    Choice,
}

/// One question, in the institution's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The name under which the connector takes the answer, such as `MFA16`.
    pub id: String,
    /// The institution's words.
    pub label: String,
    /// What kind of answer.
    pub kind: QuestionKind,
    /// For [`QuestionKind::Choice`]: value and label of each option.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
    /// Where a code went, masked as the institution shows it: `•••-•••-0142`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// A page of the institution where the answer is found (OFX: AUTHTOKENINFOURL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_url: Option<String>,
}

/// A set of questions that wait for a person until a deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub id: ChallengeId,
    pub connection: ConnectionId,
    pub attempt: AttemptId,
    /// Which round of questions of this attempt, from 1.
    pub round: u32,
    pub questions: Vec<Question>,
    pub asked_at: Timestamp,
    /// After this the institution no longer takes the answer.
    pub deadline: Timestamp,
    /// How many more answers are permitted before the attempt ends.
    pub tries_left: u32,
    /// True when the answer before this one was not accepted.
    pub wrong_before: bool,
    /// True when the answer before this one came too late and the institution asks the same anew.
    pub expired_before: bool,
    /// True when the answer before this one was right and was used up: the institution wants one more.
    pub right_before: bool,
}

/// A person's answers, by question id. `Debug` shows ids only.
#[derive(Debug, Clone, Default)]
pub struct Answers(pub Vec<(String, SecretString)>);

impl Answers {
    /// The answer to a question.
    pub fn get(&self, question: &str) -> Option<&SecretString> {
        self.0.iter().find(|(id, _)| id == question).map(|(_, answer)| answer)
    }
}
