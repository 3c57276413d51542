//! What calls of the database cost, told to whoever counts: events of the target `heldaway::store`.

use std::time::Instant;

use tracing::level_filters::LevelFilter;

use crate::Error;

/// The calls that are told apart in the events' field `call`: few, since each is a series of figures.
pub const CALLS: [&str; 5] = [BEGIN, COMMIT, READ, STATEMENT, WRITE];
/// Waiting for a connection, and for SQLite's one writer.
pub(crate) const BEGIN: &str = "begin";
pub(crate) const COMMIT: &str = "commit";
/// Outside of a transaction, waiting for a connection included; so is `WRITE`.
pub(crate) const READ: &str = "read";
/// Within a transaction.
pub(crate) const STATEMENT: &str = "statement";
pub(crate) const WRITE: &str = "write";

/// Awaits a call of the database and tells how long it took and whether it failed.
pub(crate) async fn told<T>(
    call: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Not `enabled!`: a look that no event follows leaves a mark at filters of single layers, which then lose another.
    let begun = (LevelFilter::current() >= LevelFilter::TRACE).then(Instant::now);
    let outcome = work.await;
    if let Some(begun) = begun {
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let failed = matches!(&outcome, Err(error) if error.is_fault());
        tracing::trace!(target: "heldaway::store", call, micros, failed);
    }
    outcome
}
