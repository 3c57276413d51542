//! The canary: a known text sealed under each master key, so that a wrong key is found at the start and not by a client.

use anyhow::{Context as _, ensure};
use domain::{Timestamp, audit::Doer, world::Entropy};
use engine::vault::Vault;
use store::{Store, sealed::Canary};

/// Makes sure that the keys given are the ones that sealed what the database holds.
pub async fn check(store: &Store, vault: &Vault) -> anyhow::Result<()> {
    let reads = store.engine();
    for canary in reads.canaries().await? {
        if vault.ids().any(|id| id == canary.master_key) {
            let opened = vault.check_canary(&canary.master_key, &canary.bytes);
            opened.with_context(|| format!("the canary of the master key {}", canary.master_key))?;
        }
    }
    for needed in reads.master_keys().await? {
        let given = vault.ids().any(|id| id == needed);
        ensure!(given, "logins are sealed under the master key {needed}, which was not given (key.previous)");
    }
    Ok(())
}

/// Checks, and leaves a canary under the sealing key if there is none yet.
pub async fn keep(store: &Store, vault: &Vault, entropy: &dyn Entropy, now: Timestamp) -> anyhow::Result<()> {
    check(store, vault).await?;
    let known = store.engine().canaries().await?;
    if known.iter().any(|canary| canary.master_key == vault.active()) {
        return Ok(());
    }
    let canary = Canary { master_key: vault.active().to_owned(), bytes: vault.canary(entropy) };
    let mut tx = store.begin(&Doer::Operator, "start", now).await?;
    tx.add_canary(&canary).await?;
    Ok(tx.commit().await?)
}
