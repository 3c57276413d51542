//! The log: a line for people or a JSON object a line for machines, on standard error.

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    config::{Log, LogFormat},
    metrics::{self, Metrics},
};

/// Starts the log, and the counting of what the other crates tell through it.
pub fn start(log: &Log, metrics: &std::sync::Arc<Metrics>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level: {}", log.level))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let counting = metrics::Counting::new(metrics.clone()).with_filter(metrics::Counting::filter());
    tracing_subscriber::registry().with(lines).with(counting).try_init().context("the log runs already")
}
