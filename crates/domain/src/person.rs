//! People with a login to the portal, and the households they belong to or serve.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{FirmId, HouseholdId, PersonId};

/// What a person is to the firm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Client,
    CoClient,
    Advisor,
    Assistant,
    DataSupport,
    Compliance,
    Administrator,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] = [
        Self::Client,
        Self::CoClient,
        Self::Advisor,
        Self::Assistant,
        Self::DataSupport,
        Self::Compliance,
        Self::Administrator,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::CoClient => "co_client",
            Self::Advisor => "advisor",
            Self::Assistant => "assistant",
            Self::DataSupport => "data_support",
            Self::Compliance => "compliance",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// Whether the person belongs to a household.
    pub fn is_client(self) -> bool {
        matches!(self, Self::Client | Self::CoClient)
    }
}

/// An advisory firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firm {
    pub id: FirmId,
    pub name: String,
    /// IANA name of the zone in which the firm tells times.
    pub zone: String,
}

/// A family served by a firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    pub id: HouseholdId,
    pub firm: FirmId,
    pub name: String,
    /// The advisor who serves it.
    pub advisor: PersonId,
    /// The client granted "my advisor may look for new accounts". No by default.
    pub advisor_may_find_new: bool,
    pub created_at: Timestamp,
}

/// Somebody with a login to the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub firm: FirmId,
    pub role: Role,
    /// For clients.
    pub household: Option<HouseholdId>,
    pub name: String,
    /// Lower-cased; the login.
    pub email: String,
    pub created_at: Timestamp,
}

/// An e-mail address typed as a login, lower-cased and trimmed.
///
/// Only its shape is checked (one `@`, a dot behind it, no spaces): whether mail arrives is proved by the invitation.
pub fn email(typed: &str) -> Option<String> {
    let text = typed.trim().to_lowercase();
    let (local, host) = text.split_once('@')?;
    let dotted = host.split('.').count() >= 2 && host.split('.').all(|part| !part.is_empty());
    let clean = !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    (!local.is_empty() && dotted && clean && !host.contains('@') && text.len() <= 254).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::email;

    #[test]
    fn addresses_are_lower_cased_and_checked_for_shape() {
        assert_eq!(email(" Ruth@Example.COM ").as_deref(), Some("ruth@example.com"));
        for typed in [
            "",
            "ruth",
            "ruth@",
            "@example.com",
            "ruth@host",
            "a@b@c.de",
            "a b@c.de",
            "a@c..de",
            "a@c.de\nBcc: x@y.z",
        ] {
            assert_eq!(email(typed), None, "{typed}");
        }
    }
}
