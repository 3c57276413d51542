//! The schema: alike on both databases, made by nodes that die or start together, and asked through its indexes.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use store::{
    At, Error, Fault, Moment, Options, Probe, Store,
    testing::{self, Counted, now},
};

fn options(probe: Option<Probe>) -> Options {
    Options { probe, ..Options::new(Arc::new(Counted::default())) }
}

#[tokio::test]
async fn both_databases_have_one_schema() {
    let [sqlite, postgres] = [testing::sqlite().await, testing::postgres().await];
    let [sqlite, postgres] = [testing::schema(&sqlite.url).await, testing::schema(&postgres.url).await];
    assert_eq!(sqlite, postgres);
    assert!(sqlite.contains(&"account.amount INTEGER".to_owned()), "{sqlite:#?}");
    assert!(sqlite.contains(&"challenge (connection_id) UNIQUE PARTIAL".to_owned()), "{sqlite:#?}");
    assert!(sqlite.contains(&"entry.account_id -> account.id".to_owned()), "{sqlite:#?}");
}

#[tokio::test]
async fn a_migration_that_dies_anywhere_is_finished_by_the_next_start() {
    for (url, _guard) in testing::empty().await {
        let dies = Arc::new(AtomicU32::new(0));
        let number = Arc::clone(&dies);
        let probe: Probe = Arc::new(move |moment: Moment<'_>| match moment.at {
            At::Statement(at) if moment.action == "migrate" && at == number.load(Ordering::Relaxed) => {
                Err(Fault)
            }
            _ => Ok(()),
        });
        let mut deaths = 0;
        for at in 1.. {
            dies.store(at, Ordering::Relaxed);
            let store = Store::open(&url, options(Some(Arc::clone(&probe)))).await.unwrap();
            match store.migrate(now()).await {
                Ok(()) => break,
                Err(Error::Probe) => deaths += 1,
                Err(error) => panic!("{url}: {error}"),
            }
        }
        assert!(deaths > 30, "{url}: one for each statement, {deaths}");
        let fresh =
            if url.starts_with("sqlite") { testing::sqlite().await } else { testing::postgres().await };
        assert_eq!(testing::schema(&url).await, testing::schema(&fresh.url).await);
        assert_eq!(testing::contents(&url).await["schema_step"].len(), deaths);
    }
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    for (url, _guard) in testing::empty().await {
        let starts = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open(&url, options(None)).await?.migrate(now()).await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_newer_or_another_schema_is_refused() {
    for database in testing::databases().await {
        database.store.migrate(now()).await.unwrap();
        let newer = "INSERT INTO schema_step (migration, statement, text, applied_at) VALUES (99, 1, '', 0)";
        testing::execute(&database.url, newer).await;
        let refused = database.store.migrate(now()).await;
        assert!(matches!(refused, Err(Error::Newer { found: 99, known: 2 })), "{refused:?}");
        testing::execute(&database.url, "DELETE FROM schema_step WHERE migration = 99").await;
        testing::execute(
            &database.url,
            "UPDATE schema_step SET text = 'CREATE' WHERE migration = 1 AND statement = 3",
        )
        .await;
        let refused = database.store.migrate(now()).await;
        assert!(matches!(refused, Err(Error::Drifted { migration: 1, statement: 3 })), "{refused:?}");
    }
}

/// Tables that grow with the use of the portal are never read whole. The few texts that read a table whole ask about
/// all of a small one, or keep house.
#[tokio::test]
async fn no_question_reads_a_table_whole() {
    let allowed = [
        "person::FIRMS",
        "person::COUNT",
        "session::FORGET",
        "guard::FORGET",
        "migrate::NEWEST",
        // All households of a firm, for compliance.
        "person::HOUSEHOLDS",
        "invitation::WITHIN_REACH",
        "connection::WITHIN_REACH",
        // Once, at the start.
        "sealed::CANARIES",
        "sealed::MASTER_KEYS",
    ];
    for database in testing::databases().await {
        let mut whole = Vec::new();
        for (file, name, text) in store::texts() {
            let text_name = format!("{file}::{name}");
            let plan = testing::plan(&database.url, text).await;
            let scans = plan.iter().any(|step| step.contains("Seq Scan") || is_scan(step.trim_start()));
            if scans && !allowed.contains(&&*text_name) && plan != ["SCAN CONSTANT ROW"] {
                whole.push(format!("{text_name}: {plan:#?}"));
            }
        }
        assert!(whole.is_empty(), "{database:?}: {}", whole.join("\n"));
    }
}

/// Rows of a parameter are no table.
fn is_scan(step: &str) -> bool {
    step.starts_with("SCAN ") && !step.starts_with("SCAN v VIRTUAL TABLE")
}

#[tokio::test]
async fn nobody_else_can_read_the_file() {
    let database = testing::sqlite().await;
    let main = database.url.strip_prefix("sqlite:").unwrap();
    testing::Sample::new(&database.store, "Oak").await;
    for file in [main.to_owned(), format!("{main}-wal"), format!("{main}-shm")] {
        let mode = Path::new(&file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    for url in
        ["", "mysql://host/db", "/a/path", "sqlite:/no/such/folder/file.db", "postgres://127.0.0.1:1/none"]
    {
        assert!(Store::open(url, options(None)).await.is_err(), "{url}");
    }
}

/// A text that differs between the databases can drift; there are as few as there must be.
#[test]
fn texts_that_differ_are_few() {
    let differing: Vec<String> = store::texts()
        .filter(|(_, _, text)| {
            let [sqlite, postgres] = text.both();
            sqlite != postgres
        })
        .map(|(file, name, _)| format!("{file}::{name}"))
        .collect();
    assert!(differing.len() <= 6, "{differing:?}");
    assert!(store::texts().count() > 70, "the list of texts is empty or cut");
}
