//! Identifiers: one type a noun, so that an account's id can't be passed for a connection's.
//!
//! All are UUIDs of version 7 (RFC 9562 §5.7): they sort by the time of their making, which keeps the indexes of both
//! databases compact. They are names, never secrets.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::Entropy;

/// A text that is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier")]
pub struct NotAnId;

fn version_7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, sortable by `now`.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(version_7(now, entropy))
            }

            /// The 16 bytes, for hashes and associated data.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )+};
}

ids! {
    /// An advisory firm: the tenant.
    FirmId,
    /// A family served by a firm.
    HouseholdId,
    /// Somebody with a login to the portal, client or staff.
    PersonId,
    /// An offer to register, sent by the firm.
    InvitationId,
    /// One signed-in browser.
    SessionId,
    /// A personal token of the JSON API.
    TokenId,
    /// One household's login at one offering. Outlives every repair.
    ConnectionId,
    /// One run of work on a connection.
    AttemptId,
    /// One question, or set of questions, of an institution.
    ChallengeId,
    /// Something with a value. Outlives every repair.
    AccountId,
    /// One thing that a person is told in the portal.
    MessageId,
    /// One row of the audit trail.
    AuditId,
    /// One change that a firm made of its directory.
    EditId,
    /// A client's wish that an institution be added to the directory.
    RequestId,
}
