//! The pages of the firm's staff: households, their accounts and freshness, invitations.
//!
//! Nothing here shows or takes a credential, and nothing looks for new accounts: those routes are the client's
//! (`domain::rights`), and a test calls each of them as staff.

mod by_hand;
pub(crate) mod household;
mod households;
mod invitations;

use domain::person::Role;

use crate::{ctx::Ctx, fail::Fail, route::Routes};

pub(crate) fn routes(routes: Routes) -> Routes {
    by_hand::routes(household::routes(households::routes(invitations::routes(routes))))
}

/// Staff who see households: advisors theirs, compliance all of the firm. For everybody else the page isn't there.
fn must_see_households(ctx: &Ctx) -> Result<(), Fail> {
    match ctx.subject.role {
        Role::Advisor | Role::Compliance => Ok(()),
        _ => Err(Fail::Missing),
    }
}
