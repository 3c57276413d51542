//! The accept loop.
//!
//! `axum::serve` never closes a slow client: hyper's header timeout does nothing until a timer is installed, and
//! hyper-util's `auto` builder leaves silent sockets open for ever. So: hyper's own http1 with a timer, a header
//! timeout that also ends silent and idle connections, and a cap (decision 0005).

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use futures_util::StreamExt as _;
use http::header::CONTENT_TYPE;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt as _;

use crate::{metrics::Metrics, stop::Stop};

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; one more is answered with 503 and closed.
    pub connections_max: usize,
    /// From the first moment of a connection, and from the end of each answer, to a whole request head.
    pub header_timeout: Duration,
    /// How long open requests may go on after the order to stop.
    pub drain: Duration,
}

/// The longest a refused connection is waited for, so that refusing costs nothing.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// When the machine is out of file descriptors, accepting again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `app` until `stop`, then lets open requests finish for at most `limits.drain`.
///
/// Returns the number of connections that had to be cut off.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    stop: Stop,
) -> usize {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.ordered() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            metrics.connections_refused.inc();
            connections.spawn(refuse(stream));
            continue;
        };
        let held = Held::new(place, metrics.clone());
        let open = Open { stream, peer, app: app.clone(), watcher: graceful.watcher(), stop: stop.clone() };
        connections.spawn(open.run(limits, held));
    }
    drop(listener);
    let finished = tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_ok();
    let cut_off = if finished { 0 } else { connections.len() };
    connections.shutdown().await;
    cut_off
}

async fn refuse(mut stream: TcpStream) {
    let answer = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        // Closing with the request unread would reset the connection, and the answer might never be seen.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    if let Ok(Err(error)) = tokio::time::timeout(REFUSAL_TIMEOUT, answer).await {
        tracing::debug!(%error, "a refused connection was gone already");
    }
}

/// A place among the connections, given back and uncounted when dropped.
struct Held {
    #[expect(dead_code, reason = "held for its drop")]
    place: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Held {
    fn new(place: OwnedSemaphorePermit, metrics: Arc<Metrics>) -> Self {
        metrics.connections_open.inc();
        Self { place, metrics }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.connections_open.dec();
    }
}

/// An accepted connection.
struct Open {
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    watcher: Watcher,
    stop: Stop,
}

impl Open {
    async fn run(self, limits: Limits, _held: Held) {
        let Self { stream, peer, app, watcher, stop } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            answer(app.clone(), request.map(Body::new), peer, stop.clone())
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, %peer, "a connection ended early");
        }
    }
}

async fn answer(
    app: Router,
    mut request: Request,
    peer: SocketAddr,
    stop: Stop,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    Ok(ending_at(stop, app.oneshot(request).await?))
}

/// A stream of events has no end of its own: it ends at the order to stop, so that draining doesn't wait for it. The
/// browser connects again by itself, to whoever serves then.
fn ending_at(stop: Stop, response: Response) -> Response {
    let events = |value: &http::HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
    if !response.headers().get(CONTENT_TYPE).is_some_and(events) {
        return response;
    }
    let ordered = Box::pin(async move { stop.ordered().await });
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(ordered)))
}
