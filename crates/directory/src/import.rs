//! Brings the directory's table up to date: official files, the project's own research, a firm's own additions.
//!
//! Pure: texts and the present table come in, the new table and a report go out. Nothing is ever taken out of the table:
//! an institution that is gone from a complete official list is closed and keeps its row and its id.
//!
//! Who may write a cell: official facts, over them the project's own hand (`data/*.tsv`), over both the firm.

mod additions;
mod addresses;
mod fdic;
mod names;
mod ncua;
mod official;
mod report;
mod research;
mod settle;
mod sheet;
mod work;

pub use report::{Change, Report, Skipped, Updated};

pub(crate) use addresses::{host, place, wrong_shape};
pub(crate) use names::letters;

use crate::table::{self, Table};
use work::Work;

/// The files to read, as bytes; each may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The day of these facts, such as `2026-11-22`; empty keeps the table's.
    pub as_of: &'a str,
    /// A table in the format of the project's research (`data/SOURCES.md`).
    pub table: Option<&'a [u8]>,
    /// FDIC BankFind's institutions as CSV.
    pub fdic: Option<&'a [u8]>,
    /// NCUA call report, `FOICU.txt`: the credit unions. The other files of the report need it.
    pub foicu: Option<&'a [u8]>,
    /// NCUA call report, `FS220.txt`: total assets.
    pub fs220: Option<&'a [u8]>,
    /// NCUA call report, `FS220D.txt`: web addresses.
    pub fs220d: Option<&'a [u8]>,
    /// NCUA call report, `TradeNames.txt`.
    pub trade_names: Option<&'a [u8]>,
    /// NCUA call report, `Credit Union Branch Information.txt`: the city of the main office.
    pub branches: Option<&'a [u8]>,
    /// A firm's own additions (`data/README.md`).
    pub additions: Option<&'a [u8]>,
}

/// A file can't be used; nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{file}: not readable as a table: {problem}")]
    Unreadable { file: &'static str, problem: String },
    #[error("{file}: the column {column} is missing")]
    Column { file: &'static str, column: &'static str },
    #[error("{file}: nobody knows the column {column}")]
    Unknown { file: &'static str, column: String },
    #[error("{file} says something about credit unions that FOICU.txt lists, and FOICU.txt is missing")]
    Alone { file: &'static str },
    #[error("{day} is not a day such as 2026-11-22")]
    Day { day: String },
}

/// Reads all sources into the table. The same sources once more change nothing.
pub fn run(present: &Table, sources: &Sources<'_>) -> Result<(Table, Report), Refused> {
    let as_of = if sources.as_of.is_empty() { present.as_of() } else { sources.as_of };
    if !table::is_day(as_of) {
        return Err(Refused::Day { day: as_of.to_owned() });
    }
    let mut work = Work::new(present);
    if let Some(bytes) = sources.table {
        research::import(&mut work, bytes)?;
    }
    if let Some(bytes) = sources.fdic {
        official::import(&mut work, &fdic::read(bytes)?);
    }
    if let Some(list) = ncua::read(sources)? {
        official::import(&mut work, &list);
    }
    settle::project(&mut work)?;
    if let Some(bytes) = sources.additions {
        additions::import(&mut work, "additions", bytes, additions::Author::Firm)?;
    }
    settle::brands(&mut work);
    Ok(work.finish(as_of))
}

#[cfg(test)]
mod tests;
