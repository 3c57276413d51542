//! Servers that die and servers that sleep, on both databases: nothing is lost and nothing happens twice.
//!
//! Each server is a process of its own, this very executable started again, and is ended by SIGKILL: at random
//! moments, or by its own hand at a chosen statement or commit; before and after each kind of commit it happens in every
//! run (see `moments`). Others are stopped for longer than their lease lasts and then go on with what they held. The
//! institutions are the sandbox, the protocol is real, in every process the clients go on with what they were at. At
//! the end the books must be those of a run without any fault.
//!
//! `HELDAWAY_CRASH_KILLS` and `HELDAWAY_CRASH_PAUSES` set how many there are on each database.

#![cfg_attr(
    feature = "unfenced",
    expect(dead_code, reason = "that build has only the test which it must fail")
)]

mod books;
mod chaos;
mod clients;
mod moments;
mod server;

use store::testing;

fn how_many(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// The role of the processes that the tests start; without its variables it has nothing to do.
#[test]
fn server() {
    server::run_if_asked();
}

#[cfg(not(feature = "unfenced"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_servers_lose_nothing_and_double_nothing_on_sqlite() {
    chaos::kills(testing::sqlite().await, how_many("HELDAWAY_CRASH_KILLS", 500)).await;
}

#[cfg(not(feature = "unfenced"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_servers_lose_nothing_and_double_nothing_on_postgres() {
    chaos::kills(testing::postgres().await, how_many("HELDAWAY_CRASH_KILLS", 500)).await;
}

#[cfg(not(feature = "unfenced"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_paused_beyond_their_lease_change_nothing_on_sqlite() {
    let pauses = how_many("HELDAWAY_CRASH_PAUSES", 200);
    assert_eq!(chaos::pauses(testing::sqlite().await, pauses).await, Vec::<String>::new());
}

#[cfg(not(feature = "unfenced"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_paused_beyond_their_lease_change_nothing_on_postgres() {
    let pauses = how_many("HELDAWAY_CRASH_PAUSES", 200);
    assert_eq!(chaos::pauses(testing::postgres().await, pauses).await, Vec::<String>::new());
}

/// The tests' own test, part `planted` of `./test`: the same pauses find a late write of a build in which a worker's
/// lease isn't checked. They end at the first one, after 10 to 30 s as a rule; 200 would be too few once in ten runs.
#[cfg(feature = "unfenced")]
async fn is_caught(database: testing::Database) {
    let kind = database.kind();
    let found = chaos::pauses(database, how_many("HELDAWAY_CRASH_PAUSES", 2_000)).await;
    println!("{kind}: {found:#?}");
    assert!(!found.is_empty(), "{kind}: the harness doesn't bite any more");
}

#[cfg(feature = "unfenced")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_without_the_fence_is_caught_on_sqlite() {
    is_caught(testing::sqlite().await).await;
}

#[cfg(feature = "unfenced")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_without_the_fence_is_caught_on_postgres() {
    is_caught(testing::postgres().await).await;
}
