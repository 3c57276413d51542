//! The program itself: its first line, its refusals, and that it leaves with its parent.

use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::process::{Command, Stdio};

use sandbox::{Options, Sandbox};

const PROGRAM: &str = env!("CARGO_BIN_EXE_heldaway-sandbox");

#[test]
fn it_says_where_it_listens_and_leaves_with_its_parent() {
    let mut child = Command::new(PROGRAM)
        .args(["--port", "0", "--json", "--exit-with-parent", "--clock", "2026-11-20T15:00:00Z"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = said["sandbox"].as_str().unwrap();
    assert!(address.starts_with("http://127.0.0.1:") && !address.ends_with(":0"), "{address}");
    assert!(std::net::TcpStream::connect(address.trim_start_matches("http://")).is_ok());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_refuses_addresses_that_others_could_reach() {
    let output = Command::new(PROGRAM).args(["--bind", "0.0.0.0"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}

#[tokio::test]
async fn a_test_can_start_it_in_its_own_process() {
    let elsewhere = Options { bind: IpAddr::from([192, 0, 2, 1]), ..Options::default() };
    assert!(Sandbox::start(elsewhere).await.is_err());
    let (one, two) = (
        Sandbox::start(Options::default()).await.unwrap(),
        Sandbox::start(Options::default()).await.unwrap(),
    );
    assert_ne!(one.address(), two.address());
}
