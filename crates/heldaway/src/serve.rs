//! `heldaway serve` and `heldaway migrate`.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{config::Config, demo::sandbox, logs, metrics::Metrics, open, portal::Portal, staff, stop::Stop};

/// Runs the portal until it is told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::default());
    logs::start(&config.log, &metrics)?;
    let stop = Stop::on_signals()?;
    let own = match config.connectors.sandbox_directory.as_str() {
        "" => Vec::new(),
        url => sandbox::offerings(url).await?,
    };
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let (listen, origin) = (listener.local_addr()?, config.public_origin.clone());
    let portal = Portal::open(config, own, metrics, stop).await?;
    if !staff::is_set_up(&portal.store).await? {
        tracing::warn!("nobody has a login yet: run `heldaway init`");
    }
    tracing::info!(%listen, origin, version = env!("CARGO_PKG_VERSION"), "serving");
    portal.serve(listener).await
}

/// Brings the schema up to date.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    open::data_folder(&config.data)?;
    open::store(config, true).await?;
    println!("The schema is up to date.");
    Ok(())
}
