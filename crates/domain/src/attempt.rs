//! Attempts: one run of work on a connection, made of short steps that can be resumed after a restart.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AttemptId, ConnectionId, Reason};

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// The first run of a connection.
    Connect,
    /// Fetch the values of the accounts that are there.
    Refresh,
    /// Look for accounts that were not there before, and fetch values.
    FindNew,
    /// A new login for an existing connection, then as `FindNew`.
    Repair,
}

impl AttemptKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Refresh => "refresh",
            Self::FindNew => "find_new",
            Self::Repair => "repair",
        }
    }

    /// The kind of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Connect, Self::Refresh, Self::FindNew, Self::Repair]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    /// Whether the client decides about found accounts at its end.
    pub fn reviews(self) -> bool {
        matches!(self, Self::Connect | Self::FindNew)
    }
}

/// Whether somebody is there to answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A client is at the page.
    Attended,
    /// Nobody is: nothing may be done that makes the institution send a code.
    Unattended,
}

/// Where a run is, as the page of live steps shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Queued,
    SigningIn,
    SecurityCheck,
    ReadingAccounts,
    ReadingValues,
    Saving,
    Done,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::SigningIn,
        Self::SecurityCheck,
        Self::ReadingAccounts,
        Self::ReadingValues,
        Self::Saving,
        Self::Done,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::SigningIn => "signing_in",
            Self::SecurityCheck => "security_check",
            Self::ReadingAccounts => "reading_accounts",
            Self::ReadingValues => "reading_values",
            Self::Saving => "saving",
            Self::Done => "done",
        }
    }

    /// The stage of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub connection: ConnectionId,
    pub kind: AttemptKind,
    pub mode: Mode,
    pub stage: Stage,
    pub started_at: Timestamp,
    /// `None` while it runs or waits for a person.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while open.
    pub outcome: Option<Reason>,
    /// How many of the accounts that it found the client added; `None` before a decision.
    pub added: Option<u32>,
    /// A sentence of the institution meant for the client, when it sent one.
    pub say: Option<String>,
    /// For data support: what happened, without secrets or account numbers.
    pub detail: String,
}
