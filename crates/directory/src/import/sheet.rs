//! Files of rows under a header, in the order the file has them.

use std::borrow::Cow;

use super::Refused;

/// A file's rows. Columns are found by name, letter case aside; unknown ones are ignored.
pub(crate) struct Sheet {
    source: &'static str,
    header: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// Where a column stands.
#[derive(Clone, Copy)]
pub(crate) struct At(usize);

/// One row with its line.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) number: u64,
    record: &'a csv::StringRecord,
}

impl Sheet {
    /// A quoted CSV file.
    pub(crate) fn comma(source: &'static str, bytes: &[u8]) -> Result<Self, Refused> {
        let text = decoded(bytes);
        let mut reader = csv::ReaderBuilder::new();
        Self::read(source, reader.flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes()))
    }

    /// A tab-separated file without quoting. Lines that begin with `#` are comments.
    pub(crate) fn tabs(source: &'static str, bytes: &[u8]) -> Result<Self, Refused> {
        let text = decoded(bytes);
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(b'\t').quoting(false).comment(Some(b'#')).flexible(true).trim(csv::Trim::All);
        Self::read(source, reader.from_reader(text.as_bytes()))
    }

    fn read(source: &'static str, mut reader: csv::Reader<&[u8]>) -> Result<Self, Refused> {
        let unreadable =
            |error: &csv::Error| Refused::Unreadable { file: source, problem: error.to_string() };
        let header = reader.headers().map_err(|error| unreadable(&error))?;
        let header = header.iter().map(str::to_lowercase).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| unreadable(&error))?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { source, header, rows })
    }

    /// A column that must be there, under one of these names.
    pub(crate) fn need(&self, names: &[&'static str]) -> Result<At, Refused> {
        let found = names.iter().find_map(|name| self.has(name));
        found.ok_or_else(|| Refused::Column { file: self.source, column: names[0] })
    }

    /// A column that may be there.
    pub(crate) fn has(&self, name: &str) -> Option<At> {
        self.header.iter().position(|column| column.eq_ignore_ascii_case(name)).map(At)
    }

    /// The names of the columns, small.
    pub(crate) fn header(&self) -> impl Iterator<Item = (&str, At)> {
        self.header.iter().enumerate().map(|(at, name)| (name.as_str(), At(at)))
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|(number, record)| Line { number: *number, record })
    }
}

impl<'a> Line<'a> {
    pub(crate) fn get(self, at: At) -> &'a str {
        self.record.get(at.0).unwrap_or_default()
    }

    pub(crate) fn maybe(self, at: Option<At>) -> &'a str {
        at.map_or("", |at| self.get(at))
    }
}

/// UTF-8, or the Western code page that older official files are in.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| if *byte == 0x92 { '’' } else { char::from(*byte) }).collect(),
    }
}
