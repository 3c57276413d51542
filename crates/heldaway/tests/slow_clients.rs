//! Clients that are slow, silent, many, or in the middle of something when the server stops.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::ConnectInfo,
    response::sse::{Event, Sse},
    routing::get,
};
use heldaway::{
    accept::{self, Limits},
    metrics::Metrics,
    stop::Stop,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// Far beyond what any of these tests waits for: it only turns a hang into a failure.
const HANG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

struct Server {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: Stop,
    running: JoinHandle<usize>,
}

impl Server {
    async fn start(app: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, metrics, stop) =
            (listener.local_addr().unwrap(), Arc::new(Metrics::default()), Stop::default());
        let running = tokio::spawn(accept::serve(listener, app, limits, metrics.clone(), stop.clone()));
        Self { address, metrics, stop, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request(path).as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    async fn stopped(self) -> usize {
        self.stop.order();
        tokio::time::timeout(HANG, self.running).await.expect("stops").unwrap()
    }
}

fn limits() -> Limits {
    Limits { connections_max: 100, header_timeout: SHORT, drain: HANG }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n")
}

fn app() -> Router {
    Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()))
}

/// All that comes until the other side hangs up; a reset counts as hanging up.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = tokio::time::timeout(HANG, stream.read_to_end(&mut text)).await.expect("the server hangs up");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn silent_slow_and_idle_clients_are_hung_up_on_while_others_are_served() {
    let server = Server::start(app(), limits()).await;
    let mut waiting = tokio::task::JoinSet::new();
    for sent in ["", "GET / HTTP/1.1\r\nHost: x\r\nX-a: ", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        for _ in 0..5 {
            let mut stream = server.connect().await;
            stream.write_all(sent.as_bytes()).await.unwrap();
            waiting.spawn(async move { read_to_end(&mut stream).await });
        }
    }
    assert!(server.get("/").await.ends_with("127.0.0.1"));
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap();
    }
    assert_eq!(server.metrics.connections_open.get(), 0);
    server.stopped().await;
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for_longer() {
    let server = Server::start(app(), limits()).await;
    let (mut read, mut write) = server.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        write.write_all(b"GET / HTTP/1.1\r\nX-a: ").await.unwrap();
        while write.write_all(b"b").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut sink = Vec::new();
    let _ = tokio::time::timeout(HANG, read.read_to_end(&mut sink)).await.expect("the server hangs up");
    dripping.await.unwrap();
    server.stopped().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_leaving_makes_room() {
    let two = Limits { connections_max: 2, header_timeout: HANG, ..limits() };
    let server = Server::start(app(), two).await;
    let held = [server.connect().await, server.connect().await];
    while server.metrics.connections_open.get() < 2 {
        tokio::task::yield_now().await;
    }
    let refused = server.get("/").await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("Retry-After: 5"), "{refused:?}");
    assert_eq!(server.metrics.connections_refused.get(), 1);
    drop(held);
    while server.metrics.connections_open.get() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(server.get("/").await.starts_with("HTTP/1.1 200 "));
    server.stopped().await;
}

/// A page that waits until it is let go, and a note when it has been entered.
fn held_page(entered: &Arc<Notify>, go: &Arc<Notify>) -> Router {
    let (entered, go) = (entered.clone(), go.clone());
    Router::new().route(
        "/held",
        get(async move || {
            entered.notify_one();
            go.notified().await;
            "finished"
        }),
    )
}

#[tokio::test]
async fn an_open_request_is_finished_after_the_order_to_stop() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::start(held_page(&entered, &go), limits()).await;
    let (address, stop) = (server.address, server.stop.clone());
    let client = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request("/held").as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    });
    entered.notified().await;
    stop.order();
    // New ones are turned away while the old one goes on.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert!(client.await.unwrap().ends_with("finished"));
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off_after_the_drain() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::start(held_page(&entered, &go), Limits { drain: SHORT, ..limits() }).await;
    let mut stream = server.connect().await;
    stream.write_all(request("/held").as_bytes()).await.unwrap();
    entered.notified().await;
    assert_eq!(server.stopped().await, 1);
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_stream_of_events_ends_at_the_order_to_stop() {
    let stream = async || {
        let first =
            futures_util::stream::iter([Ok::<_, std::convert::Infallible>(Event::default().data("first"))]);
        Sse::new(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
    };
    let server = Server::start(Router::new().route("/events", get(stream)), limits()).await;
    let mut client = server.connect().await;
    client.write_all(request("/events").as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("data: first") {
        tokio::time::timeout(HANG, client.read_buf(&mut seen)).await.expect("an event comes").unwrap();
    }
    assert_eq!(server.stopped().await, 0, "nothing had to be cut off");
    read_to_end(&mut client).await;
}
