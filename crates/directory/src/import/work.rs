//! The table while it is being changed.

use std::collections::HashMap;

use super::{Change, Report, Skipped, Updated, names};
use crate::table::{Column, Row, Standing, Table, Wrong};

/// Who writes; a cell is only changed by its last writer's equal or better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Official,
    Project,
    Firm,
}

pub(crate) struct Work {
    before: Vec<Row>,
    rows: Vec<Row>,
    by_id: HashMap<String, usize>,
    by_regulator: HashMap<String, usize>,
    skipped: Vec<Skipped>,
    notes: Vec<String>,
}

/// What identifies an institution for its regulator. A credit union's charter is the same number whoever insures it;
/// a CRD number is a firm's, whose offerings share it, so it identifies none.
pub(crate) fn regulator_key(regulator_id: &str) -> Option<String> {
    let (family, number) = regulator_id.split_once(':')?;
    let family = match family.to_ascii_uppercase().as_str() {
        "FDIC" => "FDIC",
        "NCUA" | "ASI" => "CU",
        _ => return None,
    };
    let number = number.trim().trim_start_matches('0');
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{family}:{number}"))
}

impl Work {
    pub(crate) fn new(present: &Table) -> Self {
        let mut work = Self {
            before: present.rows().to_vec(),
            rows: Vec::new(),
            by_id: HashMap::new(),
            by_regulator: HashMap::new(),
            skipped: Vec::new(),
            notes: Vec::new(),
        };
        for row in present.rows() {
            work.push(row.clone());
        }
        work
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(crate) fn row(&self, at: usize) -> &Row {
        &self.rows[at]
    }

    pub(crate) fn at_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn at_regulator(&self, regulator_id: &str) -> Option<usize> {
        self.by_regulator.get(&regulator_key(regulator_id)?).copied()
    }

    pub(crate) fn push(&mut self, row: Row) -> usize {
        let at = self.rows.len();
        self.by_id.insert(row.id.clone(), at);
        for key in row.regulator_ids.iter().filter_map(|id| regulator_key(id)) {
            self.by_regulator.entry(key).or_insert(at);
        }
        self.rows.push(row);
        at
    }

    /// An id like the wanted one that nobody has.
    pub(crate) fn free_id(&self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        candidates.find(|id| !self.by_id.contains_key(id)).unwrap_or_default()
    }

    /// Whether a writer of this rank may change a column of a row.
    pub(crate) fn may(&self, at: usize, column: Column, rank: Rank) -> bool {
        let row = &self.rows[at];
        let held = if row.own.has(column) {
            Rank::Firm
        } else if row.authored.has(column) {
            Rank::Project
        } else {
            Rank::Official
        };
        rank >= held
    }

    /// Writes a column if this rank may, and remembers who wrote it. Other names are added, never replaced; one that
    /// begins with `-` is taken away. The name before becomes another name.
    pub(crate) fn put(&mut self, at: usize, column: Column, text: &str, rank: Rank) -> Result<(), Wrong> {
        if column == Column::AlsoKnownAs {
            text.split(';').for_each(|name| self.also_known_as(at, name));
            return Ok(());
        }
        if !self.may(at, column, rank) {
            return Ok(());
        }
        let row = &mut self.rows[at];
        match column {
            Column::Name => {
                let same = names::letters(text) == names::letters(&row.name);
                // An official list spells in capitals, or cuts.
                if !(same && rank == Rank::Official) {
                    let was = row.name.clone();
                    row.set(column, text)?;
                    if !same {
                        row.also_known_as.push(was);
                    }
                    let name = row.name.to_lowercase();
                    row.also_known_as.retain(|other| other.to_lowercase() != name);
                }
            }
            Column::RegulatorId => {
                row.set(column, text)?;
                for key in row.regulator_ids.iter().filter_map(|id| regulator_key(id)) {
                    self.by_regulator.insert(key, at);
                }
            }
            _ => row.set(column, text)?,
        }
        let row = &mut self.rows[at];
        match rank {
            Rank::Official => {}
            Rank::Project => row.authored.add(column),
            Rank::Firm => row.own.add(column),
        }
        Ok(())
    }

    /// Writes an official fact. They are cleaned before they come here; one that can't stand in its column is told.
    pub(crate) fn put_official(&mut self, at: usize, column: Column, text: &str) {
        if let Err(wrong) = self.put(at, column, text, Rank::Official) {
            let id = &self.rows[at].id;
            self.notes.push(format!("{id}: {} can't be `{text}`: {wrong}", column.name()));
        }
    }

    fn also_known_as(&mut self, at: usize, name: &str) {
        let row = &mut self.rows[at];
        let name = names::tidy(name);
        if let Some(gone) = name.strip_prefix('-') {
            let gone = gone.trim().to_lowercase();
            row.also_known_as.retain(|other| other.to_lowercase() != gone);
        } else if !name.is_empty() && !row.is_called(&name) {
            row.also_known_as.push(name);
        }
    }

    pub(crate) fn skip(&mut self, source: &'static str, line: u64, what: &str, reason: &'static str) {
        self.skipped.push(Skipped { source, line, what: what.to_owned(), reason });
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The new table, and how it differs from the one before.
    pub(crate) fn finish(self, as_of: &str) -> (Table, Report) {
        let mut report = Report { skipped: self.skipped, notes: self.notes, ..Report::default() };
        let before: HashMap<&str, &Row> = self.before.iter().map(|row| (row.id.as_str(), row)).collect();
        let table = Table::new(as_of, self.rows);
        for row in table.rows() {
            let Some(was) = before.get(row.id.as_str()) else {
                report.added.push(row.id.clone());
                continue;
            };
            match (was.standing, row.standing) {
                (Standing::Listed, Standing::Closed) => report.closed.push(row.id.clone()),
                (Standing::Closed, Standing::Listed) => report.reopened.push(row.id.clone()),
                _ => {}
            }
            let columns = Column::ALL.into_iter().filter(|column| *column != Column::Standing);
            let changes: Vec<Change> = columns
                .filter(|column| was.get(*column) != row.get(*column))
                .map(|column| Change {
                    column: column.name(),
                    was: was.get(column).into_owned(),
                    is: row.get(column).into_owned(),
                })
                .collect();
            if !changes.is_empty() {
                report.updated.push(Updated { id: row.id.clone(), changes });
            } else if was.standing == row.standing {
                report.kept += 1;
            }
        }
        (table, report)
    }
}
