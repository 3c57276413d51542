//! The figures of `/metrics`, in Prometheus' text format.
//!
//! The other crates know nothing of Prometheus: they tell what happened as tracing events, and [`Counting`] counts.

use std::{
    fmt::Debug,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::header::CONTENT_TYPE,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::Targets, layer::Context};

/// The target of events about ended attempts: `kind`, `outcome`, `duration_ms`.
const ATTEMPT: &str = "heldaway::attempt";
/// The target of events about ended calls of the store: `call` (of [`store::CALLS`]), `micros`, `failed`.
const STORE: &str = "heldaway::store";

/// A request, by the route's pattern (never the address itself, which may hold a token).
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteOnly {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    kind: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    call: &'static str,
}

/// All figures.
pub struct Metrics {
    registry: Registry,
    requests: Family<Route, Counter>,
    request_seconds: Family<RouteOnly, Histogram>,
    pub connections_open: Gauge,
    pub connections_refused: Counter,
    attempts: Family<Attempt, Counter>,
    attempt_seconds: Family<Kind, Histogram>,
    store_seconds: Family<Call, Histogram>,
    store_errors: Family<Call, Counter>,
    /// Connections whose work is due and not yet claimed.
    pub due_backlog: Gauge,
    /// How long the oldest of them has been due.
    pub due_oldest_seconds: Gauge<f64, AtomicU64>,
    pub ready: Gauge,
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn request_histogram() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
}

fn attempt_histogram() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0])
}

fn store_histogram() -> Histogram {
    Histogram::new([0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 3.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("heldaway"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(request_histogram),
            connections_open: Gauge::default(),
            connections_refused: Counter::default(),
            attempts: Family::default(),
            attempt_seconds: Family::new_with_constructor(attempt_histogram),
            store_seconds: Family::new_with_constructor(store_histogram),
            store_errors: Family::default(),
            due_backlog: Gauge::default(),
            due_oldest_seconds: Gauge::default(),
            ready: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("http_requests", "Requests by route, method and status", self.requests.clone());
        let (help, seconds) = ("Time to the head of the answer", Unit::Seconds);
        registry.register_with_unit("http_request", help, seconds, self.request_seconds.clone());
        registry.register("connections_open", "Open connections", self.connections_open.clone());
        let help = "Connections refused because there were too many";
        registry.register("connections_refused", help, self.connections_refused.clone());
        registry.register("attempts", "Ended attempts by kind and outcome", self.attempts.clone());
        let (help, seconds) = ("Duration of attempts, waiting for people included", Unit::Seconds);
        registry.register_with_unit("attempt", help, seconds, self.attempt_seconds.clone());
        let (help, seconds) = ("Duration of database calls", Unit::Seconds);
        registry.register_with_unit("store_call", help, seconds, self.store_seconds.clone());
        registry.register("store_call_errors", "Failed database calls", self.store_errors.clone());
        registry.register("due_backlog", "Connections whose work is due", self.due_backlog.clone());
        let (help, seconds) = ("Since when the oldest work is due", Unit::Seconds);
        registry.register_with_unit("due_oldest", help, seconds, self.due_oldest_seconds.clone());
        registry.register("ready", "1 when requests are welcome", self.ready.clone());
    }

    /// All figures as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string succeeds");
        text
    }

    /// `app`, with its requests counted. Outermost of all layers.
    pub fn counting(self: &Arc<Self>, app: Router) -> Router {
        app.layer(middleware::from_fn_with_state(self.clone(), count))
    }
}

async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    // One label for all that leads nowhere, or a scanner could make as many series as it likes.
    let route = matched.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = method_label(request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    metrics
        .request_seconds
        .get_or_create(&RouteOnly { route: route.clone() })
        .observe(started.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&Route { method, route, status }).inc();
    response
}

fn method_label(method: &http::Method) -> String {
    let known =
        [http::Method::GET, http::Method::POST, http::Method::HEAD, http::Method::PUT, http::Method::DELETE];
    if known.contains(method) { method.to_string() } else { "other".to_owned() }
}

/// `GET /metrics`, for a listener of its own. `before` brings figures up to date that nobody tells by itself.
pub fn router<F>(metrics: Arc<Metrics>, before: impl Fn() -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = ()> + Send,
{
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let handler = move || {
        let (metrics, before) = (metrics.clone(), before.clone());
        async move {
            before().await;
            ([(CONTENT_TYPE, TEXT)], metrics.text()).into_response()
        }
    };
    Router::new().route("/metrics", get(handler))
}

/// Counts events of the other crates.
#[derive(Debug)]
pub struct Counting {
    metrics: Arc<Metrics>,
    /// The series of the calls of the store, found once: several of them belong to each request.
    calls: [(Histogram, Counter); store::CALLS.len()],
}

impl Counting {
    /// A layer that counts into `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let calls = store::CALLS.map(|call| {
            let call = Call { call };
            let seconds = metrics.store_seconds.get_or_create(&call).clone();
            (seconds, metrics.store_errors.get_or_create(&call).clone())
        });
        Self { metrics, calls }
    }

    /// Which events it wants to see, whatever the log's level.
    pub fn filter() -> Targets {
        Targets::new().with_target(ATTEMPT, tracing::Level::TRACE).with_target(STORE, tracing::Level::TRACE)
    }
}

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match event.metadata().target() {
            ATTEMPT => {
                let mut ended = Ended::default();
                event.record(&mut ended);
                self.attempt(ended);
            }
            STORE => {
                let mut called = Called::default();
                event.record(&mut called);
                self.store_call(&called);
            }
            _ => {}
        }
    }
}

impl Counting {
    fn attempt(&self, Ended { kind, outcome, millis }: Ended) {
        let seconds = Duration::from_millis(millis).as_secs_f64();
        self.metrics.attempt_seconds.get_or_create(&Kind { kind: kind.clone() }).observe(seconds);
        self.metrics.attempts.get_or_create(&Attempt { kind, outcome }).inc();
    }

    fn store_call(&self, called: &Called) {
        let Some((seconds, errors)) = called.call.map(|call| &self.calls[call]) else { return };
        seconds.observe(Duration::from_micros(called.micros).as_secs_f64());
        if called.failed {
            errors.inc();
        }
    }
}

/// The fields of an event about an ended attempt.
#[derive(Debug, Default)]
struct Ended {
    kind: String,
    outcome: String,
    millis: u64,
}

impl Visit for Ended {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "kind" => value.clone_into(&mut self.kind),
            "outcome" => value.clone_into(&mut self.outcome),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "duration_ms" {
            self.millis = value;
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, u64::try_from(value).unwrap_or(0));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // `%value` and `?value` arrive here.
        self.record_str(field, &format!("{value:?}"));
    }
}

/// The fields of an event about an ended call of the store. Read without allocating.
#[derive(Debug, Default)]
struct Called {
    /// Which of [`store::CALLS`].
    call: Option<usize>,
    micros: u64,
    failed: bool,
}

impl Visit for Called {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "call" {
            self.call = store::CALLS.iter().position(|call| *call == value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "micros" {
            self.micros = value;
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "failed" {
            self.failed = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn what_the_other_crates_tell_is_counted() {
        let metrics = Arc::new(Metrics::default());
        let counting = Counting::new(metrics.clone()).with_filter(Counting::filter());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(counting), || {
            tracing::info!(target: "heldaway::attempt", kind = "refresh", outcome = %"ok", duration_ms = 1500_u64);
            tracing::debug!(target: "heldaway::store", call = "commit", micros = 700_u64, failed = true);
            tracing::debug!(target: "heldaway::store", call = "hoard", micros = 700_u64, failed = true);
            tracing::debug!(target: "elsewhere", call = "secret", micros = 700_u64, failed = true);
        });
        let text = metrics.text();
        assert!(text.contains(r#"heldaway_attempts_total{kind="refresh",outcome="ok"} 1"#), "{text}");
        assert!(text.contains(r#"heldaway_attempt_seconds_sum{kind="refresh"} 1.5"#), "{text}");
        assert!(text.contains(r#"heldaway_store_call_errors_total{call="commit"} 1"#), "{text}");
        assert!(text.contains(r#"heldaway_store_call_errors_total{call="read"} 0"#), "{text}");
        assert!(text.contains(r#"heldaway_store_call_seconds_sum{call="commit"} 0.0007"#), "{text}");
        assert!(!text.contains("secret") && !text.contains("hoard"));
    }

    #[tokio::test]
    async fn requests_are_counted_by_pattern_and_never_by_address() {
        let metrics = Arc::new(Metrics::default());
        let app = metrics.counting(Router::new().route("/invitation/{token}", get(async || "ok")));
        for (method, address) in
            [("GET", "/invitation/s3cret"), ("GET", "/wp-admin"), ("BREW", "/invitation/x")]
        {
            let request =
                Request::builder().method(method).uri(address).body(axum::body::Body::empty()).unwrap();
            let _ = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
        }
        let text = metrics.text();
        let get = r#"heldaway_http_requests_total{method="GET",route="/invitation/{token}",status="200"} 1"#;
        assert!(text.contains(get), "{text}");
        assert!(text.contains(r#"{method="GET",route="none",status="404"} 1"#), "{text}");
        assert!(text.contains(r#"{method="other",route="/invitation/{token}",status="405"} 1"#), "{text}");
        assert!(!text.contains("s3cret") && !text.contains("wp-admin") && !text.contains("BREW"));
    }
}
