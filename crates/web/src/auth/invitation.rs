//! Opening an invitation: registering, or what to do when that is no longer possible.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    Timestamp,
    audit::Doer,
    invitation::{Invitation, Opening},
    person::Firm,
    time,
};
use http::{HeaderMap, StatusCode, header};
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::{
    landing,
    password::{self, Strength},
    session,
    sign_in::{Entry, begin_session, enter},
};
use crate::{
    Portal,
    ctx::{self, Ctx, Operation},
    fail::Fail,
    form::{Form, Typed},
    page::{Page, Theme},
    route::{Path, Routes},
    security::Uncompressed,
    site::Peer,
};

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/invitation/{token}", show)
        .post("/invitation/{token}", register)
        .post("/invitation/{token}/again", ask_again)
        .post("/invitation/{token}/strength", strength)
}

/// Why an invitation can't be used, as its page says it.
enum Closed {
    Used,
    /// Used, and this person is signed in already.
    SignedIn {
        name: String,
        home: &'static str,
    },
    Expired,
    /// Expired, and a new one was asked for.
    Asked,
}

#[derive(Template)]
#[template(path = "auth/register.html")]
struct Register<'a> {
    page: Page,
    form: Form,
    firm: &'a str,
    advisor: &'a str,
    /// Where the form is sent: the link itself.
    path: &'a str,
    /// Where the strength of a password is asked.
    judge: String,
    until: String,
}

#[derive(Template)]
#[template(path = "auth/invitation_closed.html")]
struct ClosedPage<'a> {
    page: Page,
    state: Closed,
    advisor: &'a str,
    path: &'a str,
}

#[derive(Template)]
#[template(path = "part/strength.html")]
pub(crate) struct StrengthPart {
    pub(crate) strength: Strength,
}

/// An opened link with all that its pages need.
struct Opened {
    portal: Arc<Portal>,
    operation: Operation,
    theme: Theme,
    now: Timestamp,
    path: String,
    token_hash: [u8; 32],
    invitation: Invitation,
    firm: Firm,
    advisor: String,
}

impl Opened {
    async fn find(
        portal: Arc<Portal>,
        operation: Operation,
        headers: &HeaderMap,
        token: &str,
    ) -> Result<Self, Fail> {
        let now = portal.app.clock.now();
        let visitor = portal.app.store.visitor();
        let token_hash = session::hash(token);
        let invitation = visitor.invitation(&token_hash).await?.ok_or(Fail::Missing)?;
        let firm = visitor.firm(invitation.firm).await?;
        let advisor = visitor.inviter(&invitation).await?;
        Ok(Self {
            operation,
            theme: ctx::theme(headers),
            now,
            path: format!("/invitation/{}", ctx::encoded(token)),
            token_hash,
            invitation,
            firm,
            advisor,
            portal,
        })
    }

    fn page(&self, title: &str) -> Page {
        let mut page = Page::visitor(&self.portal.app.settings, title, self.theme, &self.operation.0);
        page.firm.clone_from(&self.firm.name);
        page
    }

    fn form_page(&self, form: Form, status: StatusCode) -> Result<Response, Fail> {
        let zone = TimeZone::get(&self.firm.zone).map_err(Fail::internal)?;
        let html = Register {
            page: self.page("Create your login"),
            form,
            firm: &self.firm.name,
            advisor: &self.advisor,
            path: &self.path,
            judge: format!("{}/strength", self.path),
            until: time::time_words(self.invitation.expires_at, &zone),
        }
        .render()?;
        let mut response = (status, Html(html)).into_response();
        // The page holds the link's token beside what the visitor typed.
        response.extensions_mut().insert(Uncompressed);
        Ok(response)
    }

    fn closed_page(&self, state: Closed) -> Result<Response, Fail> {
        let page = self.page("Invitation");
        let html = ClosedPage { page, state, advisor: &self.advisor, path: &self.path }.render()?;
        let mut response = (StatusCode::OK, Html(html)).into_response();
        response.extensions_mut().insert(Uncompressed);
        Ok(response)
    }

    /// The page of an invitation that can't be used; `None` when it can.
    fn closed(&self) -> Option<Closed> {
        match self.invitation.opening(self.now) {
            Opening::Open => None,
            Opening::Used => Some(Closed::Used),
            Opening::Expired if self.invitation.requested_again_at.is_some() => Some(Closed::Asked),
            Opening::Expired => Some(Closed::Expired),
        }
    }
}

async fn show(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    Path(token): Path<String>,
    headers: HeaderMap,
    signed_in: Option<Ctx>,
) -> Result<Response, Fail> {
    let opened = Opened::find(portal, operation, &headers, &token).await?;
    if let Some(closed) = opened.closed() {
        let signed_in = signed_in.filter(|_| matches!(closed, Closed::Used));
        return opened.closed_page(signed_in.map_or(closed, |ctx| Closed::SignedIn {
            name: ctx.person.name.clone(),
            home: landing(ctx.person.role),
        }));
    }
    let form = Form::filled(&[("name", &opened.invitation.name), ("email", &opened.invitation.email)]);
    opened.form_page(form, StatusCode::OK)
}

async fn register(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    Path(token): Path<String>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Fail> {
    portal.doors.knock(portal.app.settings.caller(peer.map(|Extension(peer)| peer), &headers))?;
    let opened = Opened::find(portal, operation, &headers, &token).await?;
    let mut form = Form::new(typed);
    let name = form.name("name", "your name");
    let email = form.email("email");
    let password = form.secret("password", "a password");
    if opened.invitation.opening(opened.now) == Opening::Used {
        return registered_already(&opened, &headers, email, password).await;
    }
    if let Some(closed) = opened.closed() {
        return opened.closed_page(closed);
    }
    let password = password.filter(|password| strong_enough(&opened, &mut form, password));
    let (Some(name), Some(email), Some(password)) = (name, email, password) else {
        return opened.form_page(form, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let hash = opened.portal.doors.hasher.hash(password.clone()).await?;
    match add_login(&opened, &headers, &name, &email, &hash).await {
        Ok(response) => Ok(response),
        // The other one of two clicks was faster.
        Err(store::Error::Conflict) => {
            registered_already(&opened, &headers, Some(email), Some(password)).await
        }
        Err(store::Error::Taken { .. }) => {
            form.problem(
                "email",
                "There is a login with this e-mail already. Sign in with it, or use another one.",
            );
            opened.form_page(form, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => Err(error.into()),
    }
}

fn strong_enough(opened: &Opened, form: &mut Form, password: &SecretString) -> bool {
    let context = [form.text("name"), form.text("email"), &opened.firm.name];
    match password::check(password, &context) {
        Ok(()) => true,
        Err(weak) => {
            form.problem("password", weak.to_string());
            false
        }
    }
}

/// Login, use of the invitation and session in one transaction: all or nothing, and only once.
async fn add_login(
    opened: &Opened,
    headers: &HeaderMap,
    name: &str,
    email: &str,
    password_hash: &str,
) -> Result<Response, store::Error> {
    let mut tx = opened.portal.app.store.begin(&Doer::Visitor, &opened.operation.0, opened.now).await?;
    let person = tx.register(&opened.token_hash, name, email, password_hash).await?;
    let cookie = begin_session(&opened.portal, &mut tx, headers, &person).await?;
    tx.commit().await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

/// A second click, or the form sent again: who typed the login that was made is let in, anybody else is told.
async fn registered_already(
    opened: &Opened,
    headers: &HeaderMap,
    email: Option<String>,
    password: Option<SecretString>,
) -> Result<Response, Fail> {
    let (Some(email), Some(password)) = (email, password) else {
        return opened.closed_page(Closed::Used);
    };
    match enter(&opened.portal, &opened.operation, headers, &email, password).await? {
        Entry::Open(_, cookie) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()),
        Entry::Closed(..) => opened.closed_page(Closed::Used),
    }
}

async fn ask_again(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    let opened = Opened::find(portal, operation, &headers, &token).await?;
    match opened.closed() {
        None => Ok(Redirect::to(&opened.path).into_response()),
        Some(Closed::Expired) => {
            let store = &opened.portal.app.store;
            let mut tx = store.begin(&Doer::Visitor, &opened.operation.0, opened.now).await?;
            tx.ask_for_new_invitation(&opened.invitation).await?;
            tx.commit().await?;
            Ok(Redirect::to(&opened.path).into_response())
        }
        Some(closed) => opened.closed_page(closed),
    }
}

/// Judges the password while it is typed. Only for whoever holds an open link, since it costs computing time.
async fn strength(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    Path(token): Path<String>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Html<String>, Fail> {
    let opened = Opened::find(portal, operation, &headers, &token).await?;
    if opened.closed().is_some() {
        return Err(Fail::Missing);
    }
    let form = Form::new(typed);
    let password = form.typed().secret("password").unwrap_or_default();
    let strength = password::strength(&password, &[form.text("name"), form.text("email"), &opened.firm.name]);
    Ok(Html(StrengthPart { strength }.render()?))
}
