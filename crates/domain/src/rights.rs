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

/// What concerns a firm as a whole and no household.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirmAct {
    /// See how the directory of institutions is kept: what was changed, what people look for and ask for. Never who.
    SeeDirectory,
    /// Change it, and answer requests.
    EditDirectory,
}

impl FirmAct {
    /// All of them, for the matrix.
    pub const ALL: [Self; 2] = [Self::SeeDirectory, Self::EditDirectory];
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

/// Decides whether `subject` may do `act` in `firm`. An act of its own kind, so that no household is needed for it and
/// none is opened by it.
///
/// Clients and advisors look for institutions; how the directory is kept is not their business.
pub fn allow_in_firm(subject: &Subject, act: FirmAct, firm: FirmId) -> Verdict {
    if subject.firm != firm {
        return Verdict::Invisible;
    }
    if matches!(subject.through, Through::Token(_)) {
        return Verdict::Forbidden;
    }
    match (subject.role, act) {
        (Role::DataSupport, FirmAct::SeeDirectory | FirmAct::EditDirectory)
        | (Role::Compliance | Role::Administrator, FirmAct::SeeDirectory) => Verdict::Yes,
        (Role::Compliance | Role::Administrator, FirmAct::EditDirectory) => Verdict::Forbidden,
        (Role::Client | Role::CoClient | Role::Advisor | Role::Assistant, _) => Verdict::Invisible,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SessionId, TokenId};

    fn id<T: std::str::FromStr>(number: u32) -> T
    where
        T::Err: std::fmt::Debug,
    {
        format!("0192b7f0-0000-7000-8000-{number:012}").parse().unwrap()
    }

    #[test]
    fn the_directory_is_kept_by_data_support_and_looked_at_by_few() {
        let firm = id::<FirmId>(1);
        let subject = |role: Role, firm, through| Subject {
            person: id(2),
            firm,
            role,
            household: role.is_client().then(|| id(3)),
            through,
        };
        let session = Through::Session(id::<SessionId>(4));
        let table: Vec<String> = Role::ALL
            .into_iter()
            .map(|role| {
                let verdicts =
                    FirmAct::ALL.map(|act| allow_in_firm(&subject(role, firm, session), act, firm));
                format!("{} {verdicts:?}", role.code())
            })
            .collect();
        assert_eq!(
            table,
            [
                "client [Invisible, Invisible]",
                "co_client [Invisible, Invisible]",
                "advisor [Invisible, Invisible]",
                "assistant [Invisible, Invisible]",
                "data_support [Yes, Yes]",
                "compliance [Yes, Forbidden]",
                "administrator [Yes, Forbidden]",
            ]
        );
        for role in Role::ALL {
            for act in FirmAct::ALL {
                let stranger = allow_in_firm(&subject(role, id(9), session), act, firm);
                assert_eq!(stranger, Verdict::Invisible, "{role:?} {act:?}");
                let program = subject(role, firm, Through::Token(id::<TokenId>(5)));
                assert!(!allow_in_firm(&program, act, firm).is_yes(), "{role:?} {act:?}");
            }
        }
    }
}
