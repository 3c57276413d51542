//! `heldaway check`: whether this installation would start and work, told for people, with an exit code for scripts.

use std::path::Path;

use anyhow::Context as _;
use domain::{Timestamp, world::Clock as _};
use engine::vault::Vault;
use store::Store;

use crate::{
    config::Config,
    directory,
    key::Keys,
    open, portal, staff,
    system::{SystemClock, SystemEntropy},
};

/// When this version was made: a clock that is before it is wrong.
const MADE: &str = "2026-11-01T00:00:00Z";

/// What was found, in the order of looking.
#[derive(Debug, Default)]
struct Report {
    failed: u32,
}

impl Report {
    fn told<T>(&mut self, part: &str, result: anyhow::Result<(T, String)>) -> Option<T> {
        match result {
            Ok((found, words)) => {
                println!("ok      {part}: {words}");
                Some(found)
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED  {part}: {error:#}");
                None
            }
        }
    }
}

/// Looks at everything, also after something has failed. True when all is well.
pub async fn run(file: Option<&Path>) -> bool {
    let mut report = Report::default();
    let Some(config) = report.told("settings", Config::load(file).map(|config| (config, "read".to_owned())))
    else {
        return false;
    };
    report.told(
        "data folder",
        open::data_folder(&config.data).map(|()| ((), config.data.display().to_string())),
    );
    report.told("clock", clock(&config));
    report.told("directory", directory(&config));
    let vault = report.told("key", key(&config));
    let store = report.told("database", database(&config).await);
    if let Some(store) = &store {
        report.told("people", people(store).await);
    }
    if let (Some(store), Some(vault)) = (&store, &vault) {
        report.told("canary", canary(&config, store, vault).await);
    }
    match report.failed {
        0 => println!("All is well."),
        1 => println!("One thing is wrong."),
        failed => println!("{failed} things are wrong."),
    }
    report.failed == 0
}

fn clock(config: &Config) -> anyhow::Result<((), String)> {
    let now = SystemClock.now();
    let made: Timestamp = MADE.parse().context("the time of making")?;
    anyhow::ensure!(now > made, "{now} is before this version was made");
    let zone = jiff::tz::TimeZone::get(&config.zone)?;
    Ok(((), format!("{} in {}", domain::time::time_words(now, &zone), config.zone)))
}

fn directory(config: &Config) -> anyhow::Result<((), String)> {
    let table = directory::table(config, None)?;
    let searched = directory::load(config, Vec::new())?;
    let words = format!("{} institutions, known up to {}", searched.len(), table.as_of());
    Ok(((), words))
}

fn key(config: &Config) -> anyhow::Result<(Vault, String)> {
    let keys = Keys::read(config, &SystemEntropy, false)?;
    let words = format!("{} seals", keys.active());
    Ok((keys.into_vault(), words))
}

async fn database(config: &Config) -> anyhow::Result<(Store, String)> {
    let store = open::store(config, false).await?;
    store.ping().await.context("it doesn't answer")?;
    Ok((store, "it answers and can be written".to_owned()))
}

async fn people(store: &Store) -> anyhow::Result<((), String)> {
    anyhow::ensure!(staff::is_set_up(store).await?, "nobody has a login yet: run `heldaway init`");
    Ok(((), "there are people to sign in".to_owned()))
}

async fn canary(config: &Config, store: &Store, vault: &Vault) -> anyhow::Result<((), String)> {
    portal::engine(config, store, vault.clone(), Vec::new())?.check_key().await?;
    Ok(((), "the key opens what the database holds".to_owned()))
}
