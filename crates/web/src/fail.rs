//! The one edge error: what went wrong as a person may know it, dressed as page, part or JSON by what was asked for.
//!
//! A handler returns a [`Fail`] and knows nothing of the request. [`dress`] stands around all routes and turns each
//! undressed error, also those of the layers (body too large, forged request, unknown path), into its answer. Nothing
//! of SQL, paths or stacks gets out: only the operation id, under which the log has the cause.

use std::{error::Error, sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::connection::IllegalMove;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::{
    Portal,
    auth::session,
    ctx::{self, Ctx, Operation},
    page::{Nav, Page},
};

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fail {
    /// Nobody is signed in: leads to the sign-in page and back.
    #[error("nobody is signed in")]
    SignIn,
    /// It isn't there, or it is somebody else's: the answer is the same.
    #[error("not there")]
    Missing,
    /// It may be known, but this person may not do it.
    #[error("not permitted")]
    Forbidden,
    /// The state doesn't permit it (any more); the sentence says so to the person.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Too often; the next try is welcome after `wait`.
    #[error("too many requests")]
    TooMany { wait: Duration },
    /// The request can't be read.
    #[error("unreadable request")]
    Unreadable,
    /// A fault of ours; the cause goes to the log.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
    /// Any other refusal, such as those of the layers.
    #[error("refused with status {0}")]
    Status(StatusCode),
}

impl Fail {
    /// A fault of ours.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Status(status) => *status,
        }
    }

    /// The headline and the sentence for a person.
    fn words(&self) -> (&'static str, String) {
        match self.status() {
            StatusCode::UNAUTHORIZED => ("Please sign in", "Your session has ended.".to_owned()),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => (
                "This page isn't here",
                "The address may be mistyped, or what it showed is gone.".to_owned(),
            ),
            StatusCode::FORBIDDEN => (
                "You can't do this",
                "Your login doesn't permit this, or the request came from another site. Nothing was changed.".to_owned(),
            ),
            StatusCode::CONFLICT => match self {
                Self::Conflict(sentence) => ("Something changed in the meantime", sentence.clone()),
                _ => ("Something changed in the meantime", "Please look again and repeat it if needed.".to_owned()),
            },
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = match self {
                    Self::TooMany { wait } => wait_words(*wait),
                    _ => "in a minute".to_owned(),
                };
                ("Too many tries", format!("Please try again {wait}."))
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("That is too much at once", "The form holds more than we can take. Nothing was changed.".to_owned())
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => (
                "This takes too long",
                "The portal is busy at the moment. Please try again in a minute.".to_owned(),
            ),
            status if status.is_client_error() => {
                ("We could not read that", "Please go back and try again. Nothing was changed.".to_owned())
            }
            _ => (
                "Something went wrong on our side",
                "It has been written down. Please try again; if it happens again, tell your advisor the number below."
                    .to_owned(),
            ),
        }
    }
}

/// `in 4 minutes`, rounded up.
pub(crate) fn wait_words(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..=50 => format!("in {} seconds", seconds.max(1).next_multiple_of(5)),
        51..=60 => "in a minute".to_owned(),
        seconds @ 61..=3600 => format!("in {} minutes", seconds.div_ceil(60)),
        seconds => format!("in {} hours", seconds.div_ceil(3600)),
    }
}

/// Marks an answer that [`dress`] has still to make.
#[derive(Clone)]
struct Undressed(Arc<Fail>);

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Undressed(Arc::new(self)));
        response
    }
}

impl From<store::Error> for Fail {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::Missing,
            store::Error::Conflict | store::Error::Taken { .. } => {
                Self::Conflict("Somebody changed this a moment ago. Please look again.".to_owned())
            }
            error if error.is_passing() => {
                tracing::warn!(%error, "the store is busy");
                Self::Status(StatusCode::SERVICE_UNAVAILABLE)
            }
            error => Self::internal(error),
        }
    }
}

impl From<engine::Error> for Fail {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::NotFound | engine::Error::UnknownOffering => Self::Missing,
            engine::Error::Forbidden => Self::Forbidden,
            engine::Error::Illegal(illegal) => Self::Conflict(illegal_words(illegal)),
            engine::Error::NotConnectable => Self::Conflict(
                "This institution can't be connected yet. You can keep its accounts by hand.".to_owned(),
            ),
            engine::Error::Decision => Self::Conflict(
                "One of these accounts was decided about already. Please look again.".to_owned(),
            ),
            engine::Error::Answer { .. } => Self::Unreadable,
            engine::Error::Store(error) => error.into(),
            error @ (engine::Error::Vault(_) | engine::Error::Directory(_)) => Self::internal(error),
        }
    }
}

/// Why a connection can't do this now, for a person: another tab, a double click, too soon.
fn illegal_words(illegal: IllegalMove) -> String {
    match illegal {
        IllegalMove::Busy => "This connection is being worked on at the moment.",
        IllegalMove::NothingAsked => "This question was answered or has run out.",
        IllegalMove::TooSoon { .. } => {
            "This was refreshed a short while ago. Its page says when the next time is."
        }
        IllegalMove::NotNow => "This is not possible at the moment. The page of the connection says what is.",
        IllegalMove::Unconfirmed => "Please confirm first that your login works at the institution.",
    }
    .to_owned()
}

impl From<askama::Error> for Fail {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    headline: &'static str,
    sentence: String,
}

#[derive(Template)]
#[template(path = "part/alert.html")]
struct Alert {
    headline: &'static str,
    sentence: String,
    operation: String,
}

/// How the caller wants to be told.
enum Form {
    Page,
    /// A part of a page, asked for by htmx.
    Part,
    Json,
}

/// What is needed of a request once it has been passed on.
struct Asked {
    form: Form,
    /// Where to go on after signing in.
    back: Option<String>,
    operation: String,
    theme: crate::page::Theme,
    /// The hash of the session's token, for the frame of an error page.
    session: Option<[u8; 32]>,
}

impl Asked {
    fn of(portal: &Portal, request: &Request) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let htmx = headers.contains_key("hx-request");
        let form = match () {
            () if uri.path().starts_with("/api/") => Form::Json,
            () if htmx => Form::Part,
            () => Form::Page,
        };
        let session = match form {
            Form::Page => session::token(&portal.app.settings, headers),
            Form::Part | Form::Json => None,
        };
        Self {
            form,
            session,
            back: back(request.method(), uri, headers, htmx),
            operation: request.extensions().get::<Operation>().cloned().unwrap_or_default().0,
            theme: ctx::theme(headers),
        }
    }
}

/// The page to come back to: the one that was asked for, or the one around a part.
fn back(method: &Method, uri: &Uri, headers: &HeaderMap, htmx: bool) -> Option<String> {
    if htmx {
        let current: Uri = headers.get("hx-current-url")?.to_str().ok()?.parse().ok()?;
        return Some(current.path_and_query()?.as_str().to_owned());
    }
    (method == Method::GET).then(|| uri.path_and_query().map(|path| path.as_str().to_owned()))?
}

/// Turns errors into pages, parts and JSON. Stands around all routes and the layers that refuse.
pub(crate) async fn dress(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&portal, &request);
    let mut response = next.run(request).await;
    let fail = match response.extensions_mut().remove::<Undressed>() {
        Some(undressed) => undressed.0,
        None if is_bare(&response) => Arc::new(Fail::Status(response.status())),
        None => return response,
    };
    if let Fail::Internal(cause) = &*fail {
        tracing::error!(error = %chain(cause.as_ref()), "request failed");
    }
    let allowed = response.headers_mut().remove(header::ALLOW);
    let mut answer = dressed(&portal, &fail, &asked).await;
    if let Some(allowed) = allowed {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}

/// An error that no handler has written a page for.
fn is_bare(response: &Response) -> bool {
    let status = response.status();
    let written = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/")
    });
    (status.is_client_error() || status.is_server_error()) && !written
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

async fn dressed(portal: &Arc<Portal>, fail: &Fail, asked: &Asked) -> Response {
    let mut response = match (&asked.form, fail) {
        (Form::Page, Fail::SignIn) => Redirect::to(&sign_in(asked)).into_response(),
        (Form::Part, Fail::SignIn) => {
            let mut response = StatusCode::UNAUTHORIZED.into_response();
            if let Ok(address) = HeaderValue::from_str(&sign_in(asked)) {
                response.headers_mut().insert("hx-redirect", address);
            }
            response
        }
        (Form::Page, fail) => page(portal, fail, asked).await,
        (Form::Part, fail) => part(fail, asked),
        (Form::Json, fail) => problem(fail, asked),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Fail::TooMany { wait } = fail {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

fn sign_in(asked: &Asked) -> String {
    match asked.back.as_deref().filter(|back| *back != "/" && ctx::is_local(back)) {
        Some(back) => format!("/sign-in?next={}", ctx::encoded(back)),
        None => "/sign-in".to_owned(),
    }
}

async fn page(portal: &Arc<Portal>, fail: &Fail, asked: &Asked) -> Response {
    let (headline, sentence) = fail.words();
    let page = match own_frame(portal, fail, asked, headline).await {
        Some(page) => page,
        None => Page::visitor(&portal.app.settings, headline, asked.theme, &asked.operation),
    };
    match (ErrorPage { page, headline, sentence }).render() {
        Ok(html) => (fail.status(), Html(html)).into_response(),
        Err(_) => (fail.status(), headline).into_response(),
    }
}

/// The frame of the person who is signed in, so that an error is not a way out of the portal. `None` for visitors, and
/// while the portal is busy: asking the store once more would only make everybody wait longer.
async fn own_frame(portal: &Arc<Portal>, fail: &Fail, asked: &Asked, headline: &str) -> Option<Page> {
    let busy = matches!(fail.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    let token = asked.session.filter(|_| !busy)?;
    let operation = Operation(asked.operation.clone());
    let ctx = Ctx::of_session(portal, &token, operation, asked.theme).await.ok()?;
    ctx.page(Nav::Nowhere, headline).await.ok()
}

/// A part goes where the frame keeps its alerts, whatever it was asked for.
fn part(fail: &Fail, asked: &Asked) -> Response {
    let (headline, sentence) = fail.words();
    let alert = Alert { headline, sentence, operation: asked.operation.clone() };
    let html = alert.render().unwrap_or_else(|_| headline.to_owned());
    let mut response = (fail.status(), Html(html)).into_response();
    response.headers_mut().insert("hx-retarget", HeaderValue::from_static("#alerts"));
    response.headers_mut().insert("hx-reswap", HeaderValue::from_static("innerHTML"));
    response
}

/// RFC 9457.
fn problem(fail: &Fail, asked: &Asked) -> Response {
    let status = fail.status();
    let title = match fail {
        Fail::SignIn => "A valid token is needed: Authorization: Bearer …",
        _ => status.canonical_reason().unwrap_or("error"),
    };
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "operation": asked.operation,
    });
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
