//! What is the matter with a connection, as programs read it.

use domain::{Reason, account, reason};
use serde::Serialize;
use utoipa::ToSchema;

/// An enum of the domain as the API writes and describes it. The compiler sees to it that none of its values is missing.
macro_rules! written {
    ($($(#[$doc:meta])* $name:ident = $module:ident { $($variant:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),+ }

        impl From<$module::$name> for $name {
            fn from(value: $module::$name) -> Self {
                match value { $($module::$name::$variant => Self::$variant),+ }
            }
        }
    )+};
}

written! {
    /// What a connection needs, in one word.
    State = reason {
        Connecting, Active, NeedsInput, NeedsLogin, NeedsVisit, NoData, InstitutionTrouble, EngineTrouble, Paused, Ended,
    }
    /// Who must act.
    Actor = reason { Nobody, Client, ClientAtInstitution, Institution, Engine, Support }
    /// The one next step. `wait` means that there is none for you.
    Fix = reason {
        Wait, Refresh, FindNew, UpdateLogin, Answer, StartAgain, VisitThenRefresh, VisitThenUpdateLogin, Resume,
        ConfirmThenUpdateLogin, ReviewAccounts, AddAgain,
    }
    /// The group an account is shown in. Values of `debts` are negative.
    Category = account { Cash, Investments, Retirement, Property, Debts }
    /// Whose an account is, within its household.
    Owner = account { Client, CoClient, Joint }
}

/// What is the matter, who must act, and the next step.
#[derive(Serialize, ToSchema)]
pub(super) struct Status {
    /// The stable code of the reason.
    #[schema(example = "credentials_rejected")]
    code: &'static str,
    /// The headline that the portal shows.
    #[schema(example = "The institution rejected your credentials")]
    title: String,
    state: State,
    actor: Actor,
    fix: Fix,
}

impl Status {
    /// The status of a connection at an institution.
    pub(super) fn of(reason: Reason, institution: &str) -> Self {
        Self {
            code: reason.code(),
            title: Reason::fill(reason.title(), institution),
            state: reason.state().into(),
            actor: reason.actor().into(),
            fix: reason.fix().into(),
        }
    }
}
