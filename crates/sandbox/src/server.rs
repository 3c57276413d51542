//! The listening socket, the routes, and the connection loop that lets faults take a socket over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::options::Options;
use crate::wire::Hijack;
use crate::world::World;
use crate::{control, directory, ofx, pages};

/// A client must have sent its request's head by then.
const HEAD_SECONDS_MAX: u64 = 30;
const BODY_BYTES_MAX: usize = 2 << 20;

/// A running sandbox. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Sandbox {
    /// Binds and starts answering.
    ///
    /// # Errors
    /// When the address isn't loopback, or can't be bound.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        anyhow::ensure!(
            options.bind.is_loopback(),
            "the sandbox binds to loopback addresses only, not to {}",
            options.bind
        );
        let listener = TcpListener::bind((options.bind, options.port)).await?;
        let address = listener.local_addr()?;
        let clock = Clock::new(options.clock, options.clock_stopped);
        let world = Arc::new(World::new(format!("http://{address}"), options.seed, clock));
        let accepting = tokio::spawn(accept(listener, routes(world)));
        Ok(Self { address, accepting })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns when the sandbox has stopped, which it does only by a fault of its own.
    pub async fn wait(&mut self) {
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn routes(world: Arc<World>) -> Router {
    let pages = Router::new()
        .route("/", get(pages::index::page))
        .route("/phone", get(pages::phone::all))
        .route("/phone.json", get(pages::phone::json))
        .route("/phone/{institution}", get(pages::phone::one))
        .route("/site/{institution}", get(pages::site::page))
        .route("/site/{institution}/{action}", post(pages::site::act))
        .route("/control", get(pages::control::page))
        .route("/control/fault", post(pages::control::fault))
        .route("/control/clock", post(pages::control::clock))
        .route("/control/reset", post(pages::control::reset))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/sandbox.css", get(pages::layout::css))
        .layer(middleware::map_response(secure));
    let api = Router::new()
        .route("/directory.json", get(directory::list))
        .route("/api/faults", get(control::faults).post(control::set_fault).delete(control::clear_faults))
        .route("/api/clock", get(control::clock).post(control::set_clock))
        .route("/api/reset", post(control::reset))
        .route("/api/log", get(control::log))
        .route("/api/counters", get(control::counters))
        .route("/api/personas", get(control::personas))
        .route("/api/personas/{institution}/{login}", get(control::persona).post(control::move_persona));
    let ofx = Router::new()
        .route("/ofx/{institution}", post(ofx::post))
        .route("/ofx/{institution}/{door}", post(ofx::post_door));
    pages.merge(api).merge(ofx).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(world)
}

/// Pages run no script and load nothing from elsewhere.
async fn secure(mut response: axum::response::Response) -> axum::response::Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert("content-security-policy", HeaderValue::from_static(POLICY));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Connections belong to this task: when it is aborted, they end.
async fn accept(listener: TcpListener, routes: Router) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((socket, _)) => {
                connections.spawn(serve(socket, routes.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(socket: TcpStream, routes: Router) {
    let _ = socket.set_nodelay(true);
    let (hijack, taken) = Hijack::pair();
    let service = TowerToHyperService::new(routes.layer(Extension(hijack)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX))
        .serve_connection(TokioIo::new(socket), service);
    let script = tokio::select! {
        _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)) => return,
        Ok(script) = taken => script,
    };
    let socket = connection.into_parts().io.into_inner();
    if let Err(error) = script.run(socket).await {
        tracing::debug!(%error, "the client left while a fault was played");
    }
}
