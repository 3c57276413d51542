//! The schema: one text for both databases, applied statement by statement.
//!
//! Each statement and the note that it was applied are one transaction, so a node may be killed anywhere and several
//! may start at once: the next one goes on where the last one stopped.

use std::time::Duration;

use domain::Timestamp;

use crate::{
    Error, Store,
    column::{Bind, Value, only},
    query::{self, Link, Text, Want, texts},
};

/// The migrations in their order; their number is their place, from 1.
const MIGRATIONS: &[&str] =
    &[include_str!("../migrations/0001_first.sql"), include_str!("../migrations/0002_directory.sql")];
/// Rebuilding a large table takes its time.
const STATEMENT_TIMEOUT: Duration = Duration::from_mins(10);
/// Any number that no other program on the same PostgreSQL server uses.
const LOCK: i64 = 0x4845_4C44_4157_4159;

const STEPS: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    migration {int} NOT NULL,
    statement {int} NOT NULL,
    text TEXT NOT NULL,
    applied_at {int} NOT NULL,
    PRIMARY KEY (migration, statement)
) {strict}";

texts! {
    APPLIED = Text::one("SELECT text FROM schema_step WHERE migration = $1 AND statement = $2");
    NEWEST = Text::one("SELECT COALESCE(MAX(migration), 0) FROM schema_step");
    NOTE = Text::one("INSERT INTO schema_step (migration, statement, text, applied_at) VALUES ($1, $2, $3, $4)");
}

/// Brings the schema up to date.
pub(crate) async fn run(store: &Store, now: Timestamp) -> Result<(), Error> {
    let mut link = begin(store).await?;
    link.raw(&expand(STEPS, store.is_postgres()), STATEMENT_TIMEOUT).await?;
    let found = number(&mut link, NEWEST).await?;
    finish(link).await?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(Error::Newer { found, known });
    }
    let mut nth = 0;
    for (migration, text) in (1..).zip(MIGRATIONS) {
        for (statement, text) in (1..).zip(statements(text)) {
            nth += 1;
            step(store, (migration, statement), nth, &text, now).await?;
        }
    }
    Ok(())
}

/// Applies one statement, the `nth` of all migrations, unless it was.
async fn step(store: &Store, place: (i64, i64), nth: u32, text: &str, now: Timestamp) -> Result<(), Error> {
    let (migration, statement) = place;
    let mut link = begin(store).await?;
    match applied(&mut link, place).await? {
        Some(applied) if applied == text => return finish(link).await,
        Some(_) => return Err(Error::Drifted { migration, statement }),
        None => {}
    }
    link.raw(&expand(text, store.is_postgres()), STATEMENT_TIMEOUT).await?;
    let values = [migration.value(), statement.value(), text.value(), now.value()];
    query::ask(&mut link, NOTE, &values, Want::Affected).await?;
    if let Some(probe) = store.probe() {
        let at = crate::At::Statement(nth);
        probe(crate::Moment { at, first: "migrate", action: "migrate" })
            .map_err(|crate::Fault| Error::Probe)?;
    }
    finish(link).await
}

/// One node at a time: SQLite's write lock, or a lock of PostgreSQL that ends with the transaction.
async fn begin(store: &Store) -> Result<Link, Error> {
    let mut link = store.writer().await?;
    link.raw(store.begin_text(), STATEMENT_TIMEOUT).await?;
    if store.is_postgres() {
        link.raw("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0", STATEMENT_TIMEOUT).await?;
        link.raw(&format!("SELECT pg_advisory_xact_lock({LOCK})"), STATEMENT_TIMEOUT).await?;
    }
    Ok(link)
}

async fn finish(mut link: Link) -> Result<(), Error> {
    link.raw("COMMIT", STATEMENT_TIMEOUT).await?;
    link.give_back();
    Ok(())
}

async fn applied(link: &mut Link, (migration, statement): (i64, i64)) -> Result<Option<String>, Error> {
    let values = [migration.value(), statement.value()];
    query::ask(link, APPLIED, &values, Want::All).await?.first(only)
}

async fn number(link: &mut Link, text: Text) -> Result<i64, Error> {
    let none: [Value; 0] = [];
    let found = query::ask(link, text, &none, Want::All).await?.first(only)?;
    Ok(found.unwrap_or(0))
}

/// The statements of a migration, without its comments.
fn statements(migration: &str) -> Vec<String> {
    let text: String = migration.lines().filter(|line| !line.trim_start().starts_with("--")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    );
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

/// The statement in the words of one database. Texts compare by bytes on both, whatever the server's locale.
fn expand(statement: &str, postgres: bool) -> String {
    let words: [(&str, &str); 5] = if postgres {
        [
            ("{int}", "BIGINT"),
            ("{bool}", "BOOLEAN"),
            ("{bytes}", "BYTEA"),
            ("{strict}", ""),
            (" TEXT", " TEXT COLLATE \"C\""),
        ]
    } else {
        [
            ("{int}", "INTEGER"),
            ("{bool}", "INTEGER"),
            ("{bytes}", "BLOB"),
            ("{strict}", "STRICT"),
            (" TEXT", " TEXT"),
        ]
    };
    words.into_iter().fold(statement.to_owned(), |text, (token, word)| text.replace(token, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_the_types_of_each_database() {
        let text = "CREATE TABLE t (a {int} NOT NULL, b {bool}, c {bytes}, d TEXT) {strict}";
        assert_eq!(
            expand(text, false),
            "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER, c BLOB, d TEXT) STRICT"
        );
        assert_eq!(
            expand(text, true),
            "CREATE TABLE t (a BIGINT NOT NULL, b BOOLEAN, c BYTEA, d TEXT COLLATE \"C\") "
        );
    }

    #[test]
    fn a_migration_falls_into_its_statements() {
        let text = "-- why; because\nCREATE TABLE a (x {int});\n\nCREATE TABLE b (\n    -- of; it\n    y {int}\n);\n";
        assert_eq!(statements(text), ["CREATE TABLE a (x {int})", "CREATE TABLE b (\n    y {int}\n)"]);
        for migration in MIGRATIONS {
            for statement in statements(migration) {
                assert!(!expand(&statement, true).contains('{'), "{statement}");
            }
        }
    }
}
