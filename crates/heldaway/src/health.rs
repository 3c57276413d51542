//! `/healthz` (the process lives) and `/readyz` (requests are welcome here).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use domain::world::Clock;
use http::{StatusCode, header::CACHE_CONTROL};
use serde::Serialize;
use store::Store;

use crate::{metrics::Metrics, stop::Stop};

/// A loop that has not come round for so long is stuck: longer than its longest sleep and its longest step.
const HEARTBEAT_MAX: Duration = Duration::from_mins(1);
const HEARTBEAT_PAUSE: Duration = Duration::from_secs(1);

/// What readiness depends on.
pub struct Health {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub stop: Stop,
    pub metrics: Arc<Metrics>,
    pub heartbeat: Heartbeat,
}

/// When the engine's loop was last seen alive, in milliseconds since 1970.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat(Arc<AtomicI64>);

impl Heartbeat {
    /// The loop came round.
    pub fn beat(&self, clock: &dyn Clock) {
        self.0.store(clock.now().as_millisecond(), Ordering::Relaxed);
    }

    /// Beats until dropped, for a loop that can't by itself.
    pub async fn keep(&self, clock: Arc<dyn Clock>) {
        loop {
            self.beat(&*clock);
            tokio::time::sleep(HEARTBEAT_PAUSE).await;
        }
    }

    fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let age = clock.now().as_millisecond() - self.0.load(Ordering::Relaxed);
        u128::from(age.unsigned_abs()) <= HEARTBEAT_MAX.as_millis()
    }
}

/// The answer of `/readyz`: each part by name.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the answer")]
struct Ready {
    ready: bool,
    accepting: bool,
    database: bool,
    key: bool,
    engine: bool,
}

impl Health {
    async fn ready(&self) -> Ready {
        let accepting = !self.stop.is_ordered();
        let database = self.store.ping().await.is_ok();
        let engine = self.heartbeat.is_fresh(&*self.clock);
        let ready = accepting && database && engine;
        self.metrics.ready.set(i64::from(ready));
        // Without the right key there is no start: the canary is opened before.
        Ready { ready, accepting, database, key: true, engine }
    }
}

/// Both addresses. They say nothing that a stranger could use.
pub fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(async || ([(CACHE_CONTROL, "no-store")], "ok\n")))
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let ready = health.ready().await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CACHE_CONTROL, "no-store")], Json(ready))
}
