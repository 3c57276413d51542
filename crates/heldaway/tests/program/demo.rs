//! `demo`: what it announces, and that a second start goes on where the first one ended.

use std::path::Path;

use rustix::process::Signal;
use sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::child::{Running, get, heldaway};

/// The demo with institutions in this process, which outlive it.
fn demo(folder: &Path, institutions: &str) -> (Running, Value) {
    let command =
        heldaway(folder, &["demo", "--json", "--port", "0", "--data", "here", "--sandbox", institutions]);
    let mut running = Running::start(command);
    let announced = serde_json::from_str(&running.line()).expect("one line of JSON");
    (running, announced)
}

fn text<'a>(announced: &'a Value, key: &str) -> &'a str {
    announced[key].as_str().unwrap_or_else(|| panic!("{key} in {announced}"))
}

/// The path of an address.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").expect("an address").1;
    &rest[rest.find('/').expect("a path")..]
}

#[tokio::test(flavor = "multi_thread")]
async fn it_announces_itself_and_a_second_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let institutions = Sandbox::start(Options::default()).await.unwrap();
    let (running, first) = demo(folder.path(), &institutions.address());
    for who in ["client", "advisor"] {
        assert!(first[who]["email"].is_string() && first[who]["password"].is_string(), "{first}");
    }
    let portal = text(&first, "portal").trim_start_matches("http://").to_owned();
    let invitation = path(text(&first, "invitation")).to_owned();
    let page = get(&portal, &invitation);
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Fernhill Wealth"), "{page}");
    let (status, log) = running.end(Signal::INT);
    assert!(status.success(), "{log}");

    let (running, second) = demo(folder.path(), &institutions.address());
    let portal = text(&second, "portal").trim_start_matches("http://").to_owned();
    assert!(get(&portal, &invitation).starts_with("HTTP/1.1 404 "), "the old link has ended");
    assert!(get(&portal, path(text(&second, "invitation"))).starts_with("HTTP/1.1 200 "));
    let (status, log) = running.end(Signal::TERM);
    assert!(status.success(), "{log}");
}

/// A kill in the middle of seeding loses nothing and doubles nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_it_connects_is_made_good_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let institutions = Sandbox::start(Options::default()).await.unwrap();
    let address = institutions.address();
    let command =
        heldaway(folder.path(), &["demo", "--json", "--port", "0", "--data", "here", "--sandbox", &address]);
    let mut command = command;
    command.env("HELDAWAY_LOG_LEVEL", "info,engine=debug,connectors=debug");
    let mut running = Running::start(command);
    running.logged("answered");
    running.end(Signal::KILL);
    let (running, _) = demo(folder.path(), &address);
    let (status, log) = running.end(Signal::TERM);
    assert!(status.success(), "{log}");
}
