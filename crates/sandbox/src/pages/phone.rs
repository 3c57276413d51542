//! The phone: codes and keys that the institutions have sent, newest first.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use serde::Deserialize;

use super::layout::{self, escape, instant};
use crate::catalog;
use crate::phone::Message;
use crate::world::World;

/// A page that reloads itself takes the reader's place away, so it does that only when asked to.
#[derive(Debug, Deserialize)]
pub(crate) struct Watch {
    watch: Option<String>,
}

/// `GET /phone`.
pub(crate) async fn all(State(world): State<Arc<World>>, Query(watch): Query<Watch>) -> Html<String> {
    show(&world, None, "Phone", &watch)
}

/// `GET /phone/{institution}`.
pub(crate) async fn one(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    Query(watch): Query<Watch>,
) -> Response {
    match catalog::institution(&id) {
        Some(institution) => {
            show(&world, Some(&id), &format!("Phone: {}", institution.name), &watch).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /phone.json`: `[{"institution", "name", "login", "code", "sent_at", "expires_at"}]`, newest first.
pub(crate) async fn json(State(world): State<Arc<World>>) -> Json<Vec<Message>> {
    Json(world.lock().phone.messages(None))
}

fn show(world: &World, institution: Option<&str>, title: &str, watch: &Watch) -> Html<String> {
    let (messages, now) = {
        let state = world.lock();
        (state.phone.messages(institution), state.clock.now())
    };
    let (head, other, label) = match watch.watch {
        Some(_) => ("<meta http-equiv=\"refresh\" content=\"5\">", "", "Stop reloading"),
        None => ("", "?watch=1", "Reload every 5 seconds"),
    };
    let path = institution.map_or_else(|| "/phone".to_owned(), |id| format!("/phone/{id}"));
    let mut body = format!(
        "<h1>{}</h1><p class=\"muted\">Text messages from the sandbox institutions, newest first.</p>\
         <p class=\"row\"><a class=\"button\" href=\"\">Show new messages</a> \
         <a class=\"button quiet\" href=\"{path}{other}\">{label}</a></p>",
        escape(title)
    );
    if messages.is_empty() {
        body.push_str("<p class=\"note\">No messages yet. Connect Copperleaf Bank in the portal, and its code arrives here.</p>");
    }
    body.push_str("<ol class=\"messages\">");
    for message in messages {
        let valid = now < message.expires_at;
        let class = if valid { "message" } else { "message old" };
        let state =
            if valid { format!("valid until {}", instant(message.expires_at)) } else { "expired".to_owned() };
        let _ = write!(
            body,
            "<li class=\"{class}\"><p class=\"muted\">{} · {}</p><p>Your {} code is <strong class=\"code\">{}</strong></p>\
             <p class=\"muted\">{state} · for {}</p></li>",
            escape(message.name),
            instant(message.sent_at),
            escape(message.name.trim_end_matches(" (sandbox)")),
            escape(&message.code),
            escape(&message.login),
        );
    }
    body.push_str("</ol>");
    layout::page(title, head, &body)
}
