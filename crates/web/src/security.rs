//! What stands around every route: operation id, log line, security headers, forged requests, limits, panics.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    csrf::CsrfLayer,
    limit::RequestBodyLimitLayer,
    timeout::TimeoutLayer,
};
use tracing::Instrument;

use crate::{
    Portal,
    ctx::Operation,
    fail::{self, Fail},
};

/// The largest form: a review of 200 found accounts with long names stays below.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// The longest that an answer's head may take; the slowest handler hashes a password behind others.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Stands in routes where the address holds a secret: the token of an invitation.
const SECRET_SEGMENT: &str = "{token}";
/// What the layers inside see in place of such an address.
const REDACTED: &str = "/redacted";

/// Nothing inline, nothing from elsewhere, no frames.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: browsers then send `Origin: null` with our own forms (Fetch Standard, §3.2).
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
];

/// Puts the layers around the routes; the last one named is the outermost.
pub(crate) fn around(router: Router<Arc<Portal>>, portal: &Arc<Portal>) -> Router<Arc<Portal>> {
    let with = |portal: &Arc<Portal>| Arc::clone(portal);
    let mut forged = CsrfLayer::new();
    if let Some(origin) = &portal.app.settings.public_origin {
        forged = forged.add_trusted_origin(origin.as_str()).expect("settings hold a checked origin");
    }
    router
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(forged)
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIMEOUT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(with(portal), fail::dress))
        .layer(compression())
        .layer(middleware::from_fn_with_state(with(portal), headers))
        .layer(middleware::from_fn_with_state(with(portal), operation))
}

/// Marks an answer that shows a secret once: never compressed beside text that the caller can choose (BREACH).
#[derive(Clone)]
pub(crate) struct Uncompressed;

fn compression() -> CompressionLayer<impl Predicate> {
    let unmarked = |_: StatusCode, _: http::Version, _: &http::HeaderMap, extensions: &http::Extensions| {
        extensions.get::<Uncompressed>().is_none()
    };
    let predicate = DefaultPredicate::new().and(NotForContentType::SSE).and(unmarked);
    CompressionLayer::new().gzip(true).compress_when(predicate)
}

/// The message of a panic may hold anything, so nothing of it goes into the answer; the panic hook logs the place.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Fail::internal("a handler panicked").into_response()
}

async fn headers(State(portal): State<Arc<Portal>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if portal.app.settings.is_https() {
        // Two years, as browsers' preload lists ask (RFC 6797 §6.1).
        let strict = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, strict);
    }
    response
}

/// Names the operation, and writes one line about it. The line has the route and never the address: an invitation's
/// address holds its token.
async fn operation(State(portal): State<Arc<Portal>>, mut request: Request, next: Next) -> Response {
    let operation = Operation::new(&*portal.app.entropy);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "-".to_owned());
    let span = tracing::info_span!("request", operation = %operation.0, method = %request.method(), route);
    if route.contains(SECRET_SEGMENT) {
        // The route is chosen and its parameters are read; the layers inside log addresses when asked for much.
        *request.uri_mut() = Uri::from_static(REDACTED);
    }
    let id = HeaderValue::from_str(&operation.0).ok();
    request.extensions_mut().insert(operation);
    async move {
        let began = tokio::time::Instant::now();
        let mut response = next.run(request).await;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), micros, "answered");
        if let Some(id) = id {
            response.headers_mut().insert("x-operation-id", id);
        }
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http_body_util::BodyExt;
    use store::testing::sqlite;
    use tower::ServiceExt;

    use super::*;
    use crate::testing;

    async fn answer(router: Router<Arc<Portal>>, path: &str) -> (StatusCode, http::HeaderMap, String) {
        let database = sqlite().await;
        let portal = testing::portal(&database);
        let service = around(router, &portal).with_state(portal);
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// ASVS 5.0 §16.5.4: the last resort.
    #[tokio::test]
    async fn a_panic_is_a_page_with_the_operation_and_nothing_of_the_panic() {
        async fn panics() -> StatusCode {
            panic!("canary-of-a-panic")
        }
        let (status, headers, body) = answer(Router::new().route("/panics", get(panics)), "/panics").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        let operation = headers["x-operation-id"].to_str().unwrap();
        assert!(body.contains(operation) && body.contains("Something went wrong on our side"), "{body}");
        assert!(!body.contains("canary"));
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], CONTENT_SECURITY_POLICY);
    }

    #[tokio::test]
    async fn the_cause_of_a_fault_stays_in_the_log() {
        let fails = get(|| async { Err::<(), _>(Fail::internal("canary in SELECT x FROM /path")) });
        let (status, _, body) = answer(Router::new().route("/api/fails", fails), "/api/fails").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            body.contains("\"operation\"") && !body.contains("canary") && !body.contains("SELECT"),
            "{body}"
        );
    }
}
