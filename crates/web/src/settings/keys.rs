//! Personal access keys for the JSON API: made, shown once, revoked.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
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
    page::{Nav, Page},
    route::{Path, Routes},
    security::Uncompressed,
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.post("/settings/keys", make).post("/settings/keys/{key}/revoke", revoke)
}

#[derive(Template)]
#[template(path = "settings/key_made.html")]
struct KeyMade<'a> {
    page: Page,
    name: &'a str,
    key: &'a str,
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
    let page = ctx.page(Nav::Settings, "Your new access key").await?;
    let html = KeyMade { page, name: &name, key: key.expose_secret() }.render()?;
    let mut response = Html(html).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
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
