//! The guarded network over real sockets on loopback.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use connectors::net::{Later, Limits, Net, NetError, Policy, Post, check_url};
use domain::Reason;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;
use zeroize::Zeroizing;

/// A server that hands each connection, its request read, to a script.
struct Server {
    url: Url,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start<F>(script: impl Fn(TcpStream, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url =
            format!("http://{}/ofx", listener.local_addr().expect("bound")).parse().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let request = read_request(&mut socket).await;
                tokio::spawn(script(socket, request));
            }
        });
        Self { url, connections }
    }

    /// A server that always answers the same bytes.
    async fn saying(answer: Vec<u8>) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |mut socket, _| {
            let answer = Arc::clone(&answer);
            async move {
                socket.write_all(&answer).await.ok();
                socket.shutdown().await.ok();
            }
        })
        .await
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split("content-length:")
                .nth(1)
                .and_then(|rest| rest.lines().next().and_then(|line| line.trim().parse::<usize>().ok()));
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => return text,
            Ok(bytes) => request.extend_from_slice(&part[..bytes]),
        }
    }
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn quick() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        header: Duration::from_millis(500),
        idle: Duration::from_millis(400),
        total: Duration::from_millis(1200),
        body_bytes: 64 * 1024,
    }
}

fn net(limits: Limits) -> Net {
    Net::with_limits(Policy::WITH_SANDBOX, limits).expect("TLS can be set up")
}

fn body(text: &str) -> Post {
    Post { headers: Vec::new(), body: Zeroizing::new(text.as_bytes().to_vec()) }
}

async fn post(server: &Server) -> Result<connectors::net::Answer, NetError> {
    net(quick()).post(&server.url, body("secret")).await
}

#[tokio::test]
async fn an_answer_comes_with_its_cookies() {
    let head =
        "200 OK\r\nset-cookie: a=1; Path=/\r\nset-cookie: b=2\r\ncontent-type: Application/X-OFX; charset=x";
    let server = Server::saying(answer(head, b"<OFX></OFX>")).await;
    let answer = post(&server).await.expect("an answer");
    assert_eq!((answer.content_type.as_str(), &answer.body[..]), ("application/x-ofx", &b"<OFX></OFX>"[..]));
    assert_eq!(answer.cookies, ["a=1", "b=2"]);
    assert_eq!(format!("{answer:?}"), "Answer(application/x-ofx, 11 bytes)");
}

#[tokio::test]
async fn a_slow_answer_ends_in_time() {
    let silent = Server::start(|socket, _| async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        drop(socket);
    })
    .await;
    let drip = Server::start(|mut socket, _| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await.ok();
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let stalled = Server::start(|mut socket, _| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<OFX>").await.ok();
        tokio::time::sleep(Duration::from_secs(20)).await;
    })
    .await;
    for (server, error) in [(silent, NetError::NoAnswer), (drip, NetError::Slow), (stalled, NetError::Slow)] {
        let started = Instant::now();
        let outcome = post(&server).await.expect_err("no answer");
        assert_eq!((outcome, outcome.reason()), (error, Reason::NotResponding));
        assert!(started.elapsed() < Duration::from_secs(3), "{error}: {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    let endless = Server::start(|mut socket, _| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok();
        let part = vec![b'x'; 64 * 1024];
        while socket.write_all(&part).await.is_ok() {}
    })
    .await;
    assert_eq!(post(&endless).await.expect_err("too large"), NetError::TooLarge);
    let announced = Server::saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nx".to_vec()).await;
    assert_eq!(post(&announced).await.expect_err("too large"), NetError::TooLarge);
}

/// The limit itself: a body of exactly so many bytes is read, one more is not.
#[tokio::test]
async fn the_limit_is_exact() {
    let max = quick().body_bytes;
    let fits = Server::saying(answer("200 OK", &vec![b'x'; max])).await;
    assert_eq!(post(&fits).await.expect("it fits").body.len(), max);
    let over = Server::saying(answer("200 OK", &vec![b'x'; max + 1])).await;
    assert_eq!(post(&over).await.expect_err("one over"), NetError::TooLarge);
    assert_eq!(Limits::default().body_bytes, domain::limits::RESPONSE_BYTES_MAX);
    assert!(Limits::default().total < domain::limits::STEP_TIMEOUT);
}

/// One member of gzip: stored blocks would not be small, so this is real deflate of zeros, made by hand.
fn gzip_of_zeros() -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let part = vec![0; 1024 * 1024];
    for _ in 0..32 {
        encoder.write_all(&part).expect("into memory");
    }
    encoder.finish().expect("into memory")
}

#[tokio::test]
async fn packed_answers_are_unpacked_up_to_the_limit() {
    let bomb = gzip_of_zeros();
    assert!(bomb.len() < quick().body_bytes);
    let server = Server::saying(answer("200 OK\r\ncontent-encoding: gzip", &bomb)).await;
    assert_eq!(post(&server).await.expect_err("a bomb"), NetError::TooLarge);
    let mut small = Vec::new();
    {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(&mut small, flate2::Compression::fast());
        encoder.write_all(b"<OFX></OFX>").expect("into memory");
    }
    let server = Server::saying(answer("200 OK\r\ncontent-encoding: GZIP", &small)).await;
    assert_eq!(&post(&server).await.expect("unpacked").body[..], b"<OFX></OFX>");
    let server = Server::saying(answer("200 OK\r\ncontent-encoding: gzip", &small[..small.len() / 2])).await;
    assert_eq!(post(&server).await.expect_err("cut"), NetError::Cut);
    let server = Server::saying(answer("200 OK\r\ncontent-encoding: br", b"xx")).await;
    assert_eq!(post(&server).await.expect_err("unknown"), NetError::Encoding);
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<OFX>".to_vec();
    for (bytes, error, reason) in [
        (cut, NetError::Cut, Reason::BadResponse),
        (Vec::new(), NetError::Connect, Reason::Down),
        (b"this is not HTTP\r\n\r\n".to_vec(), NetError::Protocol, Reason::BadResponse),
        (answer("503 Busy", b""), NetError::Status(503), Reason::Down),
        (answer("500 Oops", b""), NetError::Status(500), Reason::Down),
        (answer("429 Wait", b""), NetError::Status(429), Reason::NotResponding),
        (
            answer("429 Wait\r\nretry-after: 90", b""),
            NetError::Busy { status: 429, later: Later::In(Duration::from_secs(90)) },
            Reason::NotResponding,
        ),
        (
            answer("503 Busy\r\nretry-after: Mon, 23 Nov 2026 14:10:00 GMT", b""),
            NetError::Busy { status: 503, later: Later::At("2026-11-23T14:10:00Z".parse().expect("a time")) },
            Reason::Down,
        ),
        (answer("503 Busy\r\nretry-after: soon", b""), NetError::Status(503), Reason::Down),
        (answer("500 Oops\r\nretry-after: 90", b""), NetError::Status(500), Reason::Down),
        (answer("400 Bad", b""), NetError::Status(400), Reason::BadResponse),
        (answer("401 No", b""), NetError::Status(401), Reason::BadResponse),
        (answer("302 Found", b""), NetError::Status(302), Reason::BadResponse),
    ] {
        let server = Server::saying(bytes).await;
        let outcome = post(&server).await.expect_err("no answer");
        assert_eq!((outcome, outcome.reason()), (error, reason));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound")).parse().expect("an address");
    drop(listener);
    let refused = net(quick()).post(&url, body("secret")).await.expect_err("nobody listens");
    assert_eq!((refused, refused.reason()), (NetError::Connect, Reason::Down));
}

/// A server that speaks no TLS never sees the body.
#[tokio::test]
async fn broken_tls_is_the_institution_s_matter() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("bound")).parse().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut greeting = [0; 1024];
            let _ = socket.read(&mut greeting).await.unwrap_or_default();
            socket.write_all(&answer("200 OK", b"<OFX></OFX>")).await.ok();
        }
    });
    let outcome = net(quick()).post(&url, body("secret")).await.expect_err("no TLS there");
    assert_eq!((outcome, outcome.reason()), (NetError::Tls, Reason::Down));
}

#[tokio::test]
async fn redirects_stay_at_the_origin_and_end() {
    let loops = Server::saying(answer("307 Again\r\nlocation: /ofx", b"")).await;
    assert_eq!(post(&loops).await.expect_err("endless"), NetError::TooManyRedirects);
    assert_eq!(loops.count(), 4, "the request and three redirects");
    let moved = Server::start(|mut socket, request| async move {
        let bytes = if request.starts_with("POST /new ") && request.ends_with("secret") {
            answer("200 OK", b"<OFX></OFX>")
        } else {
            answer("302 Found\r\nlocation: /new", b"")
        };
        socket.write_all(&bytes).await.ok();
    })
    .await;
    assert_eq!(&post(&moved).await.expect("followed").body[..], b"<OFX></OFX>");
}

/// A password goes nowhere but where the directory sent it: not to another port, host or scheme, and never as a GET.
#[tokio::test]
async fn a_body_is_never_posted_to_another_origin() {
    let canary = Server::saying(answer("200 OK", b"<OFX></OFX>")).await;
    let other = canary.url.to_string();
    let scheme = other.replace("http:", "https:");
    for (status, location) in [
        ("301 x", other.as_str()),
        ("302 x", other.as_str()),
        ("303 x", "/ofx"),
        ("307 x", other.as_str()),
        ("308 x", scheme.as_str()),
        ("307 x", "http://169.254.169.254/latest/"),
        ("307 x", "file:///etc/passwd"),
        ("307 x", "https://example.com/"),
    ] {
        let server = Server::saying(answer(&format!("{status}\r\nlocation: {location}"), b"")).await;
        let outcome = post(&server).await.expect_err("refused");
        assert_eq!(outcome, NetError::RedirectedAway, "{status} {location}");
    }
    assert_eq!(canary.count(), 0);
}

/// Spellings of addresses that must never be contacted by a portal without a sandbox.
const FORBIDDEN: [&str; 66] = [
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0x7F.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0177.0x0.0.1/",
    "https://127.0.0.1./",
    "https://127%2e0%2e0%2e1/",
    "https://１２７.０.０.１/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[0000::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:7f00:0001]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::1]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[100::1]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://0.1.2.3/",
    "https://10.0.0.1/",
    "https://10.1/",
    "https://167772161/",
    "https://0xa000001/",
    "https://012.0.0.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
];

/// Names that resolve to this machine: refused after the lookup.
const NAMES: [&str; 4] =
    ["https://localhost/", "https://LOCALHOST:8443/", "https://localhost./", "https://localhost:1/"];

#[tokio::test]
async fn no_spelling_of_a_private_address_is_contacted() {
    let net = Net::with_limits(Policy::PUBLIC, quick()).expect("TLS can be set up");
    for address in FORBIDDEN {
        let Ok(url) = address.parse::<Url>() else { continue };
        assert!(check_url(&url, Policy::PUBLIC).is_err(), "{address}");
        let outcome = net.post(&url, body("secret")).await.expect_err(address);
        assert!(matches!(outcome, NetError::Refused(_)), "{address}: {outcome}");
        assert_eq!(outcome.reason(), Reason::ConnectorConfig);
    }
    for address in NAMES {
        let outcome =
            net.post(&address.parse().expect("an address"), body("secret")).await.expect_err(address);
        assert!(matches!(outcome, NetError::Refused(_) | NetError::Name), "{address}: {outcome}");
    }
    for address in ["https://example.com/", "https://93.184.216.34/ofx", "https://[2606:2800:220:1::1]:8443/"]
    {
        assert_eq!(check_url(&address.parse().expect("an address"), Policy::PUBLIC), Ok(()), "{address}");
    }
}

/// A canary that listens on loopback hears nothing, and the sandbox's permission reaches loopback only.
#[tokio::test]
async fn loopback_needs_its_permission() {
    let canary = Server::saying(answer("200 OK", b"x")).await;
    let port = canary.url.port().expect("a port");
    let public = Net::with_limits(Policy::PUBLIC, quick()).expect("TLS can be set up");
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/").parse().expect("an address");
            assert!(public.post(&url, body("secret")).await.is_err(), "{url}");
        }
    }
    assert_eq!(canary.count(), 0);
    let sandbox = net(quick());
    for address in
        ["http://10.0.0.1/", "http://example.com/", "https://192.168.1.1/", "http://169.254.169.254/"]
    {
        let outcome = sandbox.post(&address.parse().expect("an address"), body("secret")).await;
        assert!(matches!(outcome, Err(NetError::Refused(_))), "{address}");
    }
    assert!(sandbox.post(&canary.url, body("secret")).await.is_ok());
}
