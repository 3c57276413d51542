//! What a client says about a single account of a connection: it was closed, it was not, it is wanted after all.

use axum::response::Redirect;
use domain::{AccountId, ConnectionId, Reason};

use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    route::Path,
};

fn account(typed: Typed) -> Result<AccountId, Fail> {
    Form::new(typed).parsed("account").ok_or(Fail::Unreadable)
}

/// `POST /connections/{id}/offer-again`: one that was left out, to the review.
pub(crate) async fn offer_again(
    ctx: Ctx,
    Path(id): Path<ConnectionId>,
    typed: Typed,
) -> Result<Redirect, Fail> {
    ctx.engine().offer_again(&ctx.subject, &ctx.operation, id, account(typed)?).await?;
    Ok(Redirect::to(&format!("/connections/{id}/review")))
}

/// `POST /connections/{id}/close-account`: `It was closed`. The next one that is missing, if there is one.
pub(crate) async fn close(ctx: Ctx, Path(id): Path<ConnectionId>, typed: Typed) -> Result<Redirect, Fail> {
    ctx.engine().close_account(&ctx.subject, &ctx.operation, id, account(typed)?).await?;
    let more = ctx.reader().connection(id).await?.reason == Reason::AccountMissing;
    let query = if more { "" } else { "?status&closed" };
    Ok(Redirect::to(&format!("/connections/{id}{query}")))
}

/// `POST /connections/{id}/reopen-account`: it was not closed after all.
pub(crate) async fn reopen(ctx: Ctx, Path(id): Path<ConnectionId>, typed: Typed) -> Result<Redirect, Fail> {
    ctx.engine().reopen_account(&ctx.subject, &ctx.operation, id, account(typed)?).await?;
    Ok(Redirect::to(&format!("/connections/{id}?status")))
}
