//! Opening what every role needs: the data folder and the database.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use domain::world::{Clock as _, Entropy};
use store::Store;

use crate::{
    config::Config,
    system::{SystemClock, SystemEntropy},
};

/// Makes the data folder, for its owner's eyes only, and refuses one that others may write to.
pub fn data_folder(path: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot create the data folder {}", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    ensure!(
        mode & 0o022 == 0,
        "others may write to the data folder {} (mode {mode:o}): chmod 700 it",
        path.display()
    );
    Ok(())
}

/// The machine's randomness, shared.
pub fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

/// Opens the database; with `migrate` its schema is brought up to date.
pub async fn store(config: &Config, migrate: bool) -> anyhow::Result<Store> {
    let url = config.database_url();
    let connections = config.database.connections_max as usize;
    let options = store::Options { readers: connections, connections, ..store::Options::new(entropy()) };
    let place = if config.database.url.is_empty() { url.clone() } else { config.database.shown() };
    let store =
        Store::open(&url, options).await.with_context(|| format!("cannot open the database {place}"))?;
    if migrate {
        let migrated = store.migrate(SystemClock.now()).await;
        migrated.with_context(|| format!("cannot bring the schema of {place} up to date"))?;
    }
    Ok(store)
}
