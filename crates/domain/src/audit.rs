//! The audit trail: each change writes one row in its own transaction.

use jiff::Timestamp;

use crate::{ConnectionId, FirmId, HouseholdId, PersonId, SessionId, TokenId, person::Role};

/// Who does something. Every write of the store names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    /// Somebody signed in to the portal, or calling the API with a token of their own.
    Person(Subject),
    /// The engine, working on a connection by itself.
    Engine { firm: FirmId, household: HouseholdId, connection: ConnectionId },
    /// Somebody without a session: signing in, opening an invitation.
    Visitor,
    /// The firm's system administrator at the command line.
    Operator,
    /// The portal, forgetting what is no longer needed.
    Housekeeping,
}

/// A signed-in person, as rights and audit need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub person: PersonId,
    pub firm: FirmId,
    pub role: Role,
    /// For clients: their household.
    pub household: Option<HouseholdId>,
    /// How they came in.
    pub through: Through,
}

/// How a person came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// A browser with a session.
    Session(SessionId),
    /// The JSON API with a personal token: reads only.
    Token(TokenId),
}

impl Doer {
    /// The person behind it, if there is one.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(subject) => Some(subject.person),
            _ => None,
        }
    }

    /// A word for the audit row.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Person(Subject { through: Through::Session(_), .. }) => "person",
            Self::Person(Subject { through: Through::Token(_), .. }) => "token",
            Self::Engine { .. } => "engine",
            Self::Visitor => "visitor",
            Self::Operator => "operator",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// One row of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    /// `person`, `token`, `engine`, `visitor`, `operator` or `housekeeping`.
    pub doer: String,
    pub person: Option<PersonId>,
    /// A verb in dotted form: `connection.disconnected`.
    pub action: String,
    /// The kind and id of what was changed: `connection 0192…`.
    pub subject: String,
    /// A few words, without secrets and account numbers.
    pub detail: String,
}
