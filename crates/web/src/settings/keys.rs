//! Personal access keys for the JSON API: made, shown once, revoked.

use axum::response::Response;
use domain::limits;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use super::{Done, done, page};
use crate::{
    api,
    auth::session,
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    once::Once,
    page::Nav,
    route::{Path, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.post("/settings/keys", make).post("/settings/keys/{key}/revoke", revoke)
}

async fn make(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    ctx.must_be_client()?;
    let mut form = Form::new(typed);
    let Some(name) = form.name("key_name", "a name for it") else {
        form.fill("name", &ctx.person.name);
        return page(&ctx, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let random = session::new_token(&*ctx.portal.app.entropy);
    let key = SecretString::from(format!("{}{}", api::KEY_PREFIX, random.expose_secret()));
    let mut tx = ctx.begin().await?;
    match tx.add_token(ctx.person.id, &name, api::SCOPE_READ, &session::hash(key.expose_secret())).await {
        Err(store::Error::Full { .. }) => {
            let sentence =
                format!("You have {} access keys. Revoke one that you no longer use.", limits::TOKENS_MAX);
            form.problem("key_name", sentence);
            form.fill("name", &ctx.person.name);
            return page(&ctx, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
        made => made?,
    };
    tx.commit().await?;
    Once {
        page: ctx.page(Nav::Settings, "Your new access key").await?,
        sentence: "Copy it now: it is shown only this once. Whoever has it can read your accounts and values until you \
                   revoke it.",
        label: &name,
        secret: key.expose_secret(),
        back: "/settings",
    }
    .answer()
}

async fn revoke(ctx: Ctx, Path(key): Path<String>) -> Result<Response, Fail> {
    ctx.must_be_client()?;
    let key = key.parse().map_err(|_| Fail::Missing)?;
    let mut tx = ctx.begin().await?;
    match tx.revoke_token(ctx.person.id, key).await {
        // Revoked before, or somebody else's: it isn't there.
        Err(store::Error::Conflict) => return Err(Fail::Missing),
        revoked => revoked?,
    }
    tx.commit().await?;
    Ok(done(Done::Key))
}
