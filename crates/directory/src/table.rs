//! The directory's table: one row an offering (`data/README.md` has the columns).

mod row;

use std::{
    collections::HashSet,
    io::{Read as _, Write as _},
};

use domain::institution::Offering;
use flate2::{Compression, GzBuilder, read::GzDecoder};

pub use row::{Column, Columns, Row, Standing, Wrong};

static INSTITUTIONS: &[u8] = include_bytes!("../data/institutions.tsv.gz");

/// Rises when a column comes or goes.
pub const SCHEMA: u32 = 2;
const TITLE: &str = "# heldaway-directory";
/// No directory is larger unpacked: ours has 2 MB.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A directory can't be read. For the embedded one it is a fault of the build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Not packed as it should be, not UTF-8, or far too large.
    #[error("the directory can't be unpacked: {0}")]
    Packed(String),
    #[error("line 1 of the directory should be `{TITLE} {SCHEMA} YYYY-MM-DD`, not `{found}`")]
    Edition { found: String },
    #[error("line 2 of the directory should name the columns of schema {SCHEMA}, not `{found}`")]
    Header { found: String },
    #[error("line {line} of the directory has {found} columns instead of {expected}")]
    Width { line: usize, found: usize, expected: usize },
    #[error("line {line} of the directory, {column}: {wrong}")]
    Value { line: usize, column: &'static str, wrong: Wrong },
}

/// All rows, and the day up to which their facts are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    as_of: String,
    rows: Vec<Row>,
}

impl Table {
    /// A table of these rows, the best known first. `as_of` is a day such as `2026-11-22`.
    pub fn new(as_of: &str, mut rows: Vec<Row>) -> Self {
        rows.sort_by(|a, b| {
            let known = a.popularity.cmp(&b.popularity);
            known.then(b.assets_usd_thousands.cmp(&a.assets_usd_thousands)).then(a.id.cmp(&b.id))
        });
        Self { as_of: as_of.to_owned(), rows }
    }

    /// A table of nothing, older than all facts.
    pub fn empty() -> Self {
        Self::new("1970-01-01", Vec::new())
    }

    /// The table in the binary.
    pub fn embedded() -> Result<Self, Damaged> {
        Self::read(INSTITUTIONS)
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// This table with the rows of another one whose ids it lacks, such as those of a later release.
    #[must_use]
    pub fn completed_by(self, other: &Self) -> Self {
        let known: HashSet<&str> = self.rows.iter().map(|row| row.id.as_str()).collect();
        let new: Vec<Row> =
            other.rows.iter().filter(|row| !known.contains(row.id.as_str())).cloned().collect();
        Self::new(&self.as_of, [self.rows, new].concat())
    }

    /// The day of its facts.
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// Reads a file of a directory, packed with gzip or plain. Strict: what isn't understood is an error.
    pub fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let text = unpacked(bytes)?;
        let mut lines = text.lines();
        let as_of = edition_of(lines.next().unwrap_or_default())?;
        let header = lines.next().unwrap_or_default();
        if header != header_line() {
            return Err(Damaged::Header { found: header.chars().take(200).collect() });
        }
        let mut rows = Vec::new();
        let mut ids = HashSet::new();
        for (at, text) in lines.enumerate() {
            let line = at + 3;
            let row = read_row(line, text)?;
            if !ids.insert(row.id.clone()) {
                return Err(Damaged::Value { line, column: "id", wrong: "another row has it" });
            }
            rows.push(row);
        }
        Ok(Self::new(&as_of, rows))
    }

    /// The file, packed. The same facts give the same bytes.
    pub fn write(&self) -> Vec<u8> {
        // mtime 0, and no name: the bytes know neither when nor where.
        let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        let bytes = packed.write_all(self.text().as_bytes()).and_then(|()| packed.finish());
        bytes.expect("writing to memory doesn't fail")
    }

    /// The file, not packed.
    pub fn text(&self) -> String {
        let mut text = format!("{TITLE} {SCHEMA} {}\n{}\n", self.as_of, header_line());
        for row in &self.rows {
            for (at, column) in Column::ALL.into_iter().enumerate() {
                if at > 0 {
                    text.push('\t');
                }
                text.push_str(&row.get(column));
            }
            text.push('\n');
        }
        text
    }
}

/// The offerings of a directory's file, packed with gzip or plain: a firm's own file in place of the embedded one.
pub fn read(bytes: &[u8]) -> Result<Vec<Offering>, Damaged> {
    Ok(Table::read(bytes)?.rows.into_iter().map(Row::into_offering).collect())
}

/// The offerings that are in the binary.
pub(crate) fn embedded() -> Result<Vec<Offering>, Damaged> {
    read(INSTITUTIONS)
}

/// The day of the embedded directory's facts: `2026-11-22`.
pub fn embedded_as_of() -> Result<String, Damaged> {
    let mut start = Vec::new();
    let read = GzDecoder::new(INSTITUTIONS).take(80).read_to_end(&mut start);
    read.map_err(|error| Damaged::Packed(error.to_string()))?;
    edition_of(String::from_utf8_lossy(&start).lines().next().unwrap_or_default())
}

/// Whether a text is a day of the calendar, roughly.
pub(crate) fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, digits| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u16>().ok())?
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

fn edition_of(line: &str) -> Result<String, Damaged> {
    let rest = line.strip_prefix(TITLE).and_then(|rest| rest.strip_prefix(&format!(" {SCHEMA} ")));
    let day = rest.filter(|day| is_day(day)).map(str::to_owned);
    day.ok_or_else(|| Damaged::Edition { found: line.chars().take(80).collect() })
}

fn header_line() -> String {
    Column::ALL.map(Column::name).join("\t")
}

fn unpacked(bytes: &[u8]) -> Result<String, Damaged> {
    let mut text = String::new();
    let read = if bytes.starts_with(&GZIP_MAGIC) {
        GzDecoder::new(bytes).take(UNPACKED_BYTES_MAX).read_to_string(&mut text)
    } else {
        bytes.take(UNPACKED_BYTES_MAX).read_to_string(&mut text)
    };
    match read {
        Ok(read) if (read as u64) < UNPACKED_BYTES_MAX => Ok(text),
        Ok(_) => Err(Damaged::Packed(format!("more than {UNPACKED_BYTES_MAX} bytes"))),
        Err(error) => Err(Damaged::Packed(error.to_string())),
    }
}

fn read_row(line: usize, text: &str) -> Result<Row, Damaged> {
    let expected = Column::ALL.len();
    let found = text.split('\t').count();
    if found != expected {
        return Err(Damaged::Width { line, found, expected });
    }
    let mut row = Row::new("", "", "");
    for (column, text) in Column::ALL.into_iter().zip(text.split('\t')) {
        row.set(column, text).map_err(|wrong| Damaged::Value { line, column: column.name(), wrong })?;
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
