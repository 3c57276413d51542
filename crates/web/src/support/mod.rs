//! The pages of data support: requests for institutions, the firm's view of the directory, searches in vain.
//!
//! Nothing here names a client or a household. Compliance and the administrator see the same pages without their controls;
//! the server refuses what the page doesn't show (`domain::rights::allow_in_firm`).

mod fields;
mod history;
mod institution;
mod institutions;
mod requests;
mod searches;

use axum::response::Redirect;
use domain::{rights::FirmAct, sought::RequestState};

use crate::{ctx::Ctx, fail::Fail, route::Routes};

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/support", home)
        .get("/support/requests", requests::show)
        .get("/support/requests/{request}", requests::one)
        .get("/support/requests/{request}/link", requests::back)
        .post("/support/requests/{request}/link", requests::link)
        .get("/support/requests/{request}/decline", requests::back)
        .post("/support/requests/{request}/decline", requests::decline)
        .get("/support/institutions", institutions::show)
        .get("/support/institutions/new", institution::new)
        .post("/support/institutions/new", institution::add)
        .get("/support/institutions/{offering}", institution::show)
        .post("/support/institutions/{offering}", institution::save)
        .get("/support/institutions/{offering}/listed", institution::back)
        .post("/support/institutions/{offering}/listed", institution::list)
        .get("/support/institutions/{offering}/restore", institution::back)
        .post("/support/institutions/{offering}/restore", institution::restore)
        .post("/support/preview", institution::preview)
        .get("/support/searches", searches::show)
}

/// What waits comes first.
async fn home(ctx: Ctx) -> Result<Redirect, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    let requests = ctx.reader().requests().await?;
    let waits = requests.first().is_some_and(|request| request.state == RequestState::Open);
    Ok(Redirect::to(if waits { "/support/requests" } else { "/support/institutions" }))
}
