//! `bench import`: many entries of one account, through the connector and the engine into the database: the first time, all of
//! them again a business day later, and again under other ids. A process of its own, for its peak memory.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use domain::reason::Reason;
use engine::Schedule;
use serde::{Deserialize, Serialize};

use crate::{
    firm::{Client, Firm, Place},
    institution::Institution,
    process::{memory, program},
};

/// From one regular run to the next, weekends and holidays included.
const NEXT_RUN_HOURS: i64 = 5 * 24;

/// What an import came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub(crate) entries: u64,
    pub(crate) first: Duration,
    pub(crate) peak_after_first: u64,
    pub(crate) again: Duration,
    pub(crate) added_again: i64,
    pub(crate) under_new_ids: Duration,
    pub(crate) added_under_new_ids: i64,
    pub(crate) peak: u64,
}

/// Runs an import in a process of its own.
pub(crate) fn in_own_process(folder: &Path, entries: u32) -> anyhow::Result<Imported> {
    let output = Command::new(program("bench")?)
        .args(["import", "--entries", &entries.to_string(), "--folder"])
        .arg(folder)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the import of {entries} entries: {errors}");
    serde_json::from_slice(&output.stdout).context("what the import says")
}

/// The import itself.
pub(crate) async fn run(folder: &Path, entries: u32) -> anyhow::Result<Imported> {
    let institution = Institution::start(entries)?;
    let place = Place { folder, database: "" };
    let firm = Firm::new(&place, vec![institution.offering()], Schedule::BusinessDays).await?;
    let client = firm.client("importing").await?;

    let started = Instant::now();
    let connection = firm.connect(&client, &Institution::LOGIN).await?;
    firm.work().await?;
    let first = started.elapsed();
    let peak_after_first = memory("self", "VmHWM:")?.0;
    let account = firm.found(&client, connection).await?[0];
    let kept = firm.entries(&client, account).await?;
    ensure!(kept == u64::from(entries), "{kept} entries instead of {entries}");
    firm.add_found(&client, connection).await?;

    let rerun = async || -> anyhow::Result<(Duration, i64)> {
        let took = next_run(&firm, &client).await?;
        let reason = firm.reason(&client, connection).await?;
        ensure!(reason == Reason::Ok, "the run ended with: {}", reason.title());
        Ok((took, firm.entries(&client, account).await? as i64 - kept as i64))
    };
    let (again, added_again) = rerun().await?;
    institution.renumber()?;
    let (under_new_ids, added_under_new_ids) = rerun().await?;
    drop(institution);
    let peak = memory("self", "VmHWM:")?.0;
    Ok(Imported {
        entries: kept,
        first,
        peak_after_first,
        again,
        added_again,
        under_new_ids,
        added_under_new_ids,
        peak,
    })
}

/// Moves the clock to the next regular run and works.
async fn next_run(firm: &Firm, client: &Client) -> anyhow::Result<Duration> {
    firm.clock().advance(NEXT_RUN_HOURS);
    let before = last_success(firm, client).await?;
    let started = Instant::now();
    firm.work().await?;
    let took = started.elapsed();
    ensure!(last_success(firm, client).await? > before, "nothing was due");
    Ok(took)
}

async fn last_success(firm: &Firm, client: &Client) -> anyhow::Result<Option<domain::Timestamp>> {
    let connections = firm.store.reader(&client.subject()).all_connections().await?;
    Ok(connections.into_iter().filter_map(|connection| connection.last_success_at).max())
}
