//! Rights: who may do what. One function decides; the server enforces; the pages only reflect.

use crate::{
    FirmId, HouseholdId, PersonId,
    audit::{Subject, Through},
    person::Role,
};

/// Everything somebody may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// See that the household is there, its people and the state of its connections.
    SeeHousehold,
    /// See accounts, values and holdings.
    SeeValues,
    /// See single transactions.
    SeeTransactions,
    /// Add a connection: choose, read notices, type a login.
    AddConnection,
    /// Type a credential or an answer for a connection that is there.
    UseLogin,
    /// Refresh without a secret of a person.
    Refresh,
    /// Look for accounts that were not there before.
    FindNew,
    /// Let a connection rest and destroy its secrets.
    Disconnect,
    /// Decide about found accounts: add, link, leave out, owner, counted; and say that one was closed.
    ReviewAccounts,
    /// Keep accounts by hand: add, value, rename, delete.
    KeepByHand,
    /// Invite a client, send a new invitation.
    Invite,
    /// Own password, own tokens, own sessions.
    OwnLogin,
    /// Allow the advisor more than the default.
    Share,
    /// See the institution's own words while it asks something.
    SeeChallenge,
}

impl Act {
    /// All acts, for the matrix.
    pub const ALL: [Self; 14] = [
        Self::SeeHousehold,
        Self::SeeValues,
        Self::SeeTransactions,
        Self::AddConnection,
        Self::UseLogin,
        Self::Refresh,
        Self::FindNew,
        Self::Disconnect,
        Self::ReviewAccounts,
        Self::KeepByHand,
        Self::Invite,
        Self::OwnLogin,
        Self::Share,
        Self::SeeChallenge,
    ];
}

/// What somebody wants to do it to, as far as rights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    pub firm: FirmId,
    pub household: HouseholdId,
    /// The advisor who serves the household.
    pub advisor: PersonId,
    /// The person whose login a connection is; `None` for anything that isn't one.
    pub login_owner: Option<PersonId>,
    /// The client granted the advisor to look for new accounts.
    pub advisor_may_find_new: bool,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    /// It exists and may be known, but not this.
    Forbidden,
    /// For this person it doesn't exist: answered as if it were not there.
    Invisible,
}

impl Verdict {
    /// Whether it is permitted.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

/// Decides whether `subject` may do `act` to `on`.
///
/// A credential is the client's alone: no member of the firm may type, use or replace one, since an advisor who can
/// use a client's login has custody of the client's assets (rule 206(4)-2 of the Investment Advisers Act).
pub fn allow(subject: &Subject, act: Act, on: &Resource) -> Verdict {
    if subject.firm != on.firm {
        return Verdict::Invisible;
    }
    // A token of the API only reads what its owner may read.
    let reads = matches!(act, Act::SeeHousehold | Act::SeeValues | Act::SeeTransactions);
    if matches!(subject.through, Through::Token(_)) && !reads {
        return Verdict::Forbidden;
    }
    match subject.role {
        Role::Client | Role::CoClient if subject.household != Some(on.household) => Verdict::Invisible,
        Role::Client | Role::CoClient => client(subject, act, on),
        Role::Advisor if subject.person != on.advisor => Verdict::Invisible,
        Role::Advisor => advisor(act, on),
        Role::Compliance => compliance(act),
        // Assistants come by delegation, data support by an open ticket; neither exists yet, so neither sees a household.
        Role::Assistant | Role::DataSupport | Role::Administrator => match act {
            Act::OwnLogin => Verdict::Yes,
            _ => Verdict::Invisible,
        },
    }
}

fn client(subject: &Subject, act: Act, on: &Resource) -> Verdict {
    let own_login = on.login_owner.is_none_or(|owner| owner == subject.person);
    match act {
        Act::UseLogin | Act::FindNew | Act::Disconnect | Act::SeeChallenge if !own_login => {
            Verdict::Forbidden
        }
        Act::Invite => Verdict::Forbidden,
        _ => Verdict::Yes,
    }
}

fn advisor(act: Act, on: &Resource) -> Verdict {
    match act {
        Act::SeeHousehold | Act::SeeValues | Act::Refresh | Act::KeepByHand | Act::Invite | Act::OwnLogin => {
            Verdict::Yes
        }
        Act::FindNew if on.advisor_may_find_new => Verdict::Yes,
        // Transactions are the client's to share; until sharing can be set, the default is None (product.md).
        Act::SeeTransactions
        | Act::FindNew
        | Act::AddConnection
        | Act::UseLogin
        | Act::Disconnect
        | Act::ReviewAccounts
        | Act::Share
        | Act::SeeChallenge => Verdict::Forbidden,
    }
}

fn compliance(act: Act) -> Verdict {
    match act {
        Act::SeeHousehold | Act::SeeValues | Act::OwnLogin => Verdict::Yes,
        _ => Verdict::Forbidden,
    }
}
