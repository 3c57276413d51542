//! `serve`: its addresses, its figures, its end.

use std::{fs, path::Path, process::Command};

use rustix::process::Signal;

use crate::{
    child::{Running, get, heldaway, output},
    way::Way,
};

/// `serve` on free ports, logging JSON.
fn serve(folder: &Path) -> Command {
    let mut command = heldaway(folder, &["serve"]);
    command
        .env("HELDAWAY_SERVER_LISTEN", "127.0.0.1:0")
        .env("HELDAWAY_SERVER_METRICS_LISTEN", "")
        .env("HELDAWAY_LOG_FORMAT", "json");
    command
}

/// Where it listens, from its own log.
fn address(running: &mut Running) -> String {
    let line: serde_json::Value = serde_json::from_str(&running.logged("\"serving\"")).expect("a JSON line");
    line["listen"].as_str().expect("an address").to_owned()
}

#[test]
fn it_is_alive_ready_and_goes_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(serve(folder.path()));
    let address = address(&mut running);
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200 "));
    let ready = get(&address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 ") && ready.contains(r#""ready":true"#), "{ready}");
    let nowhere = get(&address, "/nowhere");
    assert!(nowhere.starts_with("HTTP/1.1 404 ") && nowhere.contains("content-security-policy"), "{nowhere}");
    let (status, log) = running.end(Signal::TERM);
    assert!(status.success(), "{log}");
    assert!(log.contains("\"stopped\""), "{log}");
}

/// The first answer of `/readyz` with this status.
fn ready(address: &str, status: &str) -> String {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let answer = get(address, "/readyz");
        if answer.starts_with(&format!("HTTP/1.1 {status} ")) {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "never {status}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_a_lost_database_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _guard) =
        store::testing::empty().await.into_iter().find(|(url, _)| url.starts_with("postgres")).unwrap();
    let way = Way::to(&url);
    let mut command = serve(folder.path());
    command.env("HELDAWAY_DATABASE_URL", way.address(&url));
    let mut running = Running::start(command);
    let address = address(&mut running);
    ready(&address, "200");
    way.block();
    let lost = ready(&address, "503");
    assert!(lost.contains(r#""database":false"#), "{lost}");
    way.open();
    ready(&address, "200");
    let (status, log) = running.end(Signal::TERM);
    assert!(status.success(), "{log}");
}

#[test]
fn figures_have_an_address_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = serve(folder.path());
    command.env("HELDAWAY_SERVER_METRICS_LISTEN", port.to_string());
    let mut running = Running::start(command);
    let address = address(&mut running);
    get(&address, "/sign-in");
    get(&address, "/readyz");
    assert!(get(&address, "/metrics").starts_with("HTTP/1.1 404 "), "strangers see no figures");
    let figures = get(&port.to_string(), "/metrics");
    for wanted in [
        r#"heldaway_http_requests_total{method="GET",route="/sign-in",status="200"} 1"#,
        "heldaway_ready 1",
        "heldaway_due_backlog 0",
        "heldaway_connections_open ",
        "# EOF",
    ] {
        assert!(figures.contains(wanted), "{wanted} is missing in {figures}");
    }
    for call in store::CALLS {
        let counted = format!(r#"heldaway_store_call_seconds_count{{call="{call}"}} "#);
        let line = figures.lines().find_map(|line| line.strip_prefix(&counted));
        let many: Option<u64> = line.and_then(|many| many.parse().ok());
        // Outside of transactions a start writes nothing.
        assert!(many.is_some_and(|many| many > 0 || call == "write"), "{call} is missing in {figures}");
        assert!(
            figures.contains(&format!(r#"heldaway_store_call_errors_total{{call="{call}"}} 0"#)),
            "{call}"
        );
    }
}

#[test]
fn a_key_that_does_not_fit_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(serve(folder.path()));
    address(&mut running);
    assert!(running.end(Signal::TERM).0.success());
    fs::remove_file(folder.path().join("data/master.key")).unwrap();
    let (fine, said) = output(serve(folder.path()));
    assert!(!fine && said.contains("master key"), "{said}");
}

#[test]
fn a_kill_leaves_nothing_that_stops_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut running = Running::start(serve(folder.path()));
        let address = address(&mut running);
        assert!(get(&address, "/readyz").starts_with("HTTP/1.1 200 "));
        running.end(Signal::KILL);
    }
}

#[test]
fn the_process_leaves_no_core_and_no_open_files_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(serve(folder.path()));
    address(&mut running);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    for file in ["data/heldaway.db", "data/master.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
