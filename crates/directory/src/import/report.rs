//! What an import did.

use std::fmt;

/// What an import did, row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Ids of new rows.
    pub added: Vec<String>,
    pub updated: Vec<Updated>,
    /// Ids of rows that left the official lists.
    pub closed: Vec<String>,
    /// Ids of rows that came back to them.
    pub reopened: Vec<String>,
    /// How many rows are as they were.
    pub kept: usize,
    pub skipped: Vec<Skipped>,
    /// What a person should look at.
    pub notes: Vec<String>,
}

/// A row that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    pub id: String,
    pub changes: Vec<Change>,
}

/// A column that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub column: &'static str,
    pub was: String,
    pub is: String,
}

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file, such as `FOICU.txt`.
    pub source: &'static str,
    pub line: u64,
    pub what: String,
    pub reason: &'static str,
}

impl Report {
    /// Whether the table is as it was.
    pub fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.updated.is_empty() && self.closed.is_empty() && self.reopened.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} added, {} updated, {} closed, {} reopened, {} kept, {} lines skipped",
            self.added.len(),
            self.updated.len(),
            self.closed.len(),
            self.reopened.len(),
            self.kept,
            self.skipped.len()
        )?;
        for id in &self.added {
            writeln!(f, "added    {id}")?;
        }
        for row in &self.updated {
            for change in &row.changes {
                writeln!(
                    f,
                    "updated  {}: {} was `{}`, is `{}`",
                    row.id, change.column, change.was, change.is
                )?;
            }
        }
        for id in &self.closed {
            writeln!(f, "closed   {id}")?;
        }
        for id in &self.reopened {
            writeln!(f, "reopened {id}")?;
        }
        for line in &self.skipped {
            writeln!(f, "skipped  {} line {}, {}: {}", line.source, line.line, line.what, line.reason)?;
        }
        for note in &self.notes {
            writeln!(f, "look at  {note}")?;
        }
        Ok(())
    }
}
