//! Invitations: how a client gets a login to the portal.

use jiff::Timestamp;

use crate::{FirmId, HouseholdId, InvitationId, PersonId};

/// An offer to register, open once for seven days ([`crate::limits::INVITATION_LIFETIME`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub firm: FirmId,
    pub household: HouseholdId,
    pub name: String,
    pub email: String,
    /// The advisor who invited.
    pub invited_by: PersonId,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    /// The client opened an expired link and asked for a new one.
    pub requested_again_at: Option<Timestamp>,
}

/// What opening a link comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Register here.
    Open,
    /// Registered already: sign in.
    Used,
    /// Too old: ask for a new one.
    Expired,
}

impl Invitation {
    /// What opening it at `now` comes to.
    pub fn opening(&self, now: Timestamp) -> Opening {
        if self.used_at.is_some() {
            Opening::Used
        } else if now >= self.expires_at {
            Opening::Expired
        } else {
            Opening::Open
        }
    }
}
