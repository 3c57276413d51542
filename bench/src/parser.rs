//! The OFX reader alone: megabytes a second of a generated statement.

use std::time::{Duration, Instant};

use anyhow::ensure;
use connectors::ofx::{Reply, read};

use crate::statement::{Shape, answer};

const RUNS: usize = 9;

/// How fast a statement is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    pub(crate) xml: bool,
    pub(crate) bytes: usize,
    /// The median: from bytes to typed statements.
    pub(crate) took: Duration,
}

impl Read {
    /// Millions of bytes a second.
    pub(crate) fn megabytes_per_second(self) -> f64 {
        self.bytes as f64 / 1e6 / self.took.as_secs_f64()
    }
}

/// Reads the statement of a shape several times.
pub(crate) fn run(shape: Shape) -> anyhow::Result<Read> {
    let text = answer(shape, None, Some("1"));
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let started = Instant::now();
        let document = read(text.as_bytes())?;
        let entries: usize = Reply::of(&document).statements.iter().map(|one| one.entries.len()).sum();
        times.push(started.elapsed());
        ensure!(entries == shape.entries as usize, "{entries} entries read of {}", shape.entries);
    }
    times.sort_unstable();
    Ok(Read { xml: shape.xml, bytes: text.len(), took: times[RUNS / 2] })
}
