//! An institution's own website, as far as its customers need it here: a place that clears what the portal can't.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::index::short;
use super::layout::{self, escape};
use crate::catalog;
use crate::control::Act;
use crate::institution::Institution;
use crate::persona::{Condition, Persona, Proof, State as PersonaState, User};
use crate::random::dice;
use crate::world::World;

/// What the page has just done.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// `GET /site/{institution}`.
pub(crate) async fn page(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Response {
    let Some(institution) = catalog::institution(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut body = String::from("<h1>Online access</h1>");
    if done.done.is_some() {
        body.push_str(
            "<p class=\"note\" role=\"status\">Done. You can go back to the portal and try again.</p>",
        );
    }
    world.lock().each_user(|of, user, state| {
        if of.id == institution.id {
            body.push_str(&customer(institution, user, state));
        }
    });
    let greeting = match institution.kind {
        "credit_union" => "Owned by its members",
        "broker" => "Investing, one decision at a time",
        "retirement" => "Your plan at work",
        "lender" => "Home loans",
        _ => "Personal banking",
    };
    layout::institution_page(short(institution), greeting, dice(0, institution.id), &body).into_response()
}

fn customer(institution: &Institution, user: User, state: &PersonaState) -> String {
    let mut html = format!(
        "<section class=\"card\"><h2>Hello, {}</h2><dl class=\"login\"><div><dt>Login</dt><dd><code>{}</code></dd></div>\
         <div><dt>Password</dt><dd><code>{}</code></dd></div></dl><p>{}</p>",
        escape(&first_name(user)),
        escape(&user.login()),
        escape(&state.password),
        condition(state),
    );
    for (action, label) in actions(institution, user.persona, state) {
        let _ = write!(
            html,
            "<form method=\"post\" action=\"/site/{}/{action}\"><input type=\"hidden\" name=\"login\" value=\"{}\">\
             <button>{label}</button></form>",
            institution.id,
            escape(&user.login())
        );
    }
    if let Some(token) = &state.token {
        let _ = write!(
            html,
            "<p class=\"note\">Your one-time key: <strong class=\"code\">{}</strong></p>",
            escape(&token.value)
        );
    }
    html.push_str("</section>");
    html
}

/// `ruth.lindqvist` is greeted as Ruth.
fn first_name(user: User) -> String {
    let name = user.persona.login.split('.').next().unwrap_or_default();
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn condition(state: &PersonaState) -> &'static str {
    match state.condition {
        Condition::Open => "Your online access works; there is nothing to do here.",
        Condition::Locked => "Your online access is locked.",
        Condition::PasswordExpiring | Condition::PasswordExpired => {
            "Your password has expired. Please set a new one."
        }
        Condition::InUse => "You are signed in on another device.",
        Condition::TermsOpen => "Our terms have changed. Please read and accept them.",
        Condition::Maintenance => "We are working on our systems.",
    }
}

/// The buttons of this moment: address part and label.
fn actions(
    institution: &Institution,
    persona: &Persona,
    state: &PersonaState,
) -> Vec<(&'static str, &'static str)> {
    let mut actions = Vec::new();
    match state.condition {
        Condition::Open => {}
        Condition::Locked => actions.push(("unlock", "Unlock online access")),
        Condition::PasswordExpiring | Condition::PasswordExpired => {
            actions.push(("password", "Set new password"));
        }
        Condition::InUse => actions.push(("sign-out", "Sign out on all devices")),
        Condition::TermsOpen => actions.push(("terms", "Accept terms")),
        Condition::Maintenance => actions.push(("maintenance", "End the maintenance")),
    }
    if institution.demands.client_uid && !state.waiting_clients.is_empty() {
        actions.push(("confirm", "Confirm this program"));
    }
    if matches!(persona.proof, Proof::Token { .. }) {
        actions.push(("token", "Show a one-time key"));
    }
    actions
}

/// The body of a button's request.
#[derive(Debug, Deserialize)]
pub(crate) struct Whose {
    login: String,
}

/// `POST /site/{institution}/{action}`.
pub(crate) async fn act(
    State(world): State<Arc<World>>,
    Path((id, action)): Path<(String, String)>,
    Form(whose): Form<Whose>,
) -> Response {
    let found = catalog::institution(&id)
        .and_then(|institution| Some((institution, institution.user(&whose.login)?)));
    let act = match action.as_str() {
        "unlock" => Act::Unlock,
        "password" => Act::ChangePassword,
        "sign-out" => Act::SignOutElsewhere,
        "terms" => Act::AcceptTerms,
        "maintenance" => Act::EndMaintenance,
        "confirm" => Act::ConfirmPrograms,
        "token" => Act::MakeToken,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some((institution, user)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    act.on(&mut world.lock(), institution, user);
    Redirect::to(&format!("/site/{}?done=1", institution.id)).into_response()
}
