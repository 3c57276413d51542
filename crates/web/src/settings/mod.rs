//! A person's own settings: name, password, colours, sessions, access keys, what the advisor may do.

mod keys;
mod password;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Query;
use domain::{Timestamp, rights::Act, time};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page, Theme},
    route::{Path, Routes},
};

pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .get("/settings", show)
        .post("/settings/name", rename)
        .post("/settings/theme", choose_theme)
        .post("/settings/sharing", share)
        .post("/settings/sessions/{session}/end", end_session);
    keys::routes(password::routes(routes))
}

/// What was done a moment ago, as the address of the page says it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Done {
    Name,
    Password,
    Theme,
    Sharing,
    Session,
    Key,
}

impl Done {
    fn sentence(self) -> &'static str {
        match self {
            Self::Name => "Your name is saved.",
            Self::Password => "Your password is changed. All other browsers are signed out.",
            Self::Theme => "The colors are set for this browser.",
            Self::Sharing => "What your advisor may do is saved.",
            Self::Session => "That browser is signed out.",
            Self::Key => "The access key no longer works.",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Password => "password",
            Self::Theme => "theme",
            Self::Sharing => "sharing",
            Self::Session => "session",
            Self::Key => "key",
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    done: Option<Done>,
}

struct SessionRow {
    id: String,
    agent: String,
    since: String,
    last_used: String,
    this: bool,
}

struct KeyRow {
    id: String,
    name: String,
    since: String,
    last_used: String,
}

#[derive(Template)]
#[template(path = "settings/settings.html")]
struct SettingsPage {
    page: Page,
    form: Form,
    done: Option<&'static str>,
    email: String,
    themes: &'static [Theme],
    sessions: Vec<SessionRow>,
    keys: Vec<KeyRow>,
    /// Whether the advisor may look for new accounts; `None` for staff.
    shared: Option<bool>,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    let form = Form::filled(&[("name", &ctx.person.name)]);
    page(&ctx, form, asked.done, StatusCode::OK).await
}

/// The page with a form that could not be taken, or fresh.
async fn page(ctx: &Ctx, form: Form, done: Option<Done>, status: StatusCode) -> Result<Response, Fail> {
    let reader = ctx.reader();
    let this = ctx.session()?;
    let sessions = reader.sessions(ctx.now).await?;
    let sessions = sessions.into_iter().map(|session| SessionRow {
        id: session.id.to_string(),
        agent: session.agent,
        since: told(ctx, session.created_at),
        last_used: time::ago_words(session.last_seen_at, ctx.now, &ctx.zone),
        this: session.id == this,
    });
    let keys = reader.tokens().await?;
    let keys = keys.into_iter().map(|key| KeyRow {
        id: key.id.to_string(),
        name: key.name,
        since: told(ctx, key.created_at),
        last_used: key.last_used_at.map_or_else(|| "never".to_owned(), |at| told(ctx, at)),
    });
    let shared = match ctx.subject.household {
        Some(household) => Some(reader.household(household).await?.advisor_may_find_new),
        None => None,
    };
    let html = SettingsPage {
        page: ctx.page(Nav::Settings, "Settings").await?,
        form,
        done: done.map(Done::sentence),
        email: ctx.person.email.clone(),
        themes: &Theme::ALL,
        sessions: sessions.collect(),
        keys: keys.collect(),
        shared,
    }
    .render()?;
    Ok((status, Html(html)).into_response())
}

fn told(ctx: &Ctx, at: Timestamp) -> String {
    time::time_words(at, &ctx.zone)
}

fn done(what: Done) -> Response {
    Redirect::to(&format!("/settings?done={}", what.code())).into_response()
}

async fn rename(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    let mut form = Form::new(typed);
    let Some(name) = form.name("name", "your name") else {
        return page(&ctx, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let mut tx = ctx.begin().await?;
    tx.rename_person(ctx.person.id, &name).await?;
    tx.commit().await?;
    Ok(done(Done::Name))
}

async fn choose_theme(_: Ctx, typed: Typed) -> Result<Response, Fail> {
    let theme = Theme::from_code(Form::new(typed).text("theme"));
    // Not a secret and not an authority, so neither `__Host-` nor `Secure`; a year.
    let cookie = format!("theme={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000", theme.code());
    let cookie = HeaderValue::from_str(&cookie).map_err(Fail::internal)?;
    Ok(([(header::SET_COOKIE, cookie)], done(Done::Theme)).into_response())
}

/// The client allows the advisor to look for new accounts, or no longer does.
async fn share(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::Share, &ctx.reader().resource(household, None).await?)?;
    let allowed = Form::new(typed).checked("advisor_may_find_new");
    let mut tx = ctx.begin().await?;
    tx.share_find_new(household, allowed).await?;
    tx.commit().await?;
    Ok(done(Done::Sharing))
}

async fn end_session(ctx: Ctx, Path(session): Path<String>) -> Result<Response, Fail> {
    let session = session.parse().map_err(|_| Fail::Missing)?;
    let mut tx = ctx.begin().await?;
    tx.end_session(ctx.person.id, session).await?;
    tx.commit().await?;
    Ok(done(Done::Session))
}
