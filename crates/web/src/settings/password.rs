//! Changing the own password.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use secrecy::ExposeSecret;

use super::{Done, done, page};
use crate::{
    auth::{
        invitation::StrengthPart,
        password::{self, Checked},
        sign_in::{self, Tried, begin_session},
    },
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    route::Routes,
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.post("/settings/password", change).post("/settings/password/strength", strength)
}

/// The old password is asked for, so that a browser left open is not a login given away; tries at it count as tries
/// to sign in.
async fn change(ctx: Ctx, headers: HeaderMap, typed: Typed) -> Result<Response, Fail> {
    let mut form = Form::new(typed);
    let old = form.secret("old_password", "your present password");
    let new = form.secret("new_password", "a new password").filter(|new| {
        let weak = password::check(new, &context(&ctx)).err();
        if let Some(weak) = weak {
            form.problem("new_password", weak.to_string());
        }
        weak.is_none()
    });
    let (Some(old), Some(new)) = (old, new) else {
        return refused(&ctx, form).await;
    };
    // Told only to who knows the present one.
    let is_same = old.expose_secret() == new.expose_secret();
    let key = ctx.portal.keyed_hash("sign-in", &ctx.person.email);
    if let Tried::Wait(sentence) = sign_in::count(&ctx.portal, &ctx.operation, &key, ctx.now).await? {
        form.problem("old_password", sentence);
        return refused(&ctx, form).await;
    }
    let old_hash = ctx.reader().password_hash().await?;
    let hasher = &ctx.portal.doors.hasher;
    if hasher.check(old, Some(old_hash.clone())).await? == Checked::Wrong {
        form.problem("old_password", "This is not your present password.");
        return refused(&ctx, form).await;
    }
    if is_same {
        form.problem("new_password", "This is your present password. Choose another one.");
        return refused(&ctx, form).await;
    }
    let new_hash = hasher.hash(new).await?;
    let mut tx = ctx.begin().await?;
    tx.clear_sign_in_tries(&key).await?;
    tx.change_password(ctx.person.id, &old_hash, &new_hash).await?;
    let session = ctx.session()?;
    tx.end_other_sessions(ctx.person.id, session).await?;
    // This browser goes on with a new token, whoever may have the old one.
    tx.end_session(ctx.person.id, session).await?;
    let cookie = begin_session(&ctx.portal, &mut tx, &headers, &ctx.person).await?;
    tx.commit().await?;
    Ok(([(header::SET_COOKIE, cookie)], done(Done::Password)).into_response())
}

async fn refused(ctx: &Ctx, mut form: Form) -> Result<Response, Fail> {
    form.fill("name", &ctx.person.name);
    page(ctx, form, None, StatusCode::UNPROCESSABLE_ENTITY).await
}

fn context(ctx: &Ctx) -> [&str; 3] {
    [&ctx.person.name, &ctx.person.email, &ctx.firm.name]
}

async fn strength(ctx: Ctx, typed: Typed) -> Result<Html<String>, Fail> {
    let password = typed.secret("new_password").unwrap_or_default();
    let strength = password::strength(&password, &context(&ctx));
    Ok(Html(StrengthPart { strength }.render()?))
}
