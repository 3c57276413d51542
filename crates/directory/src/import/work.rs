//! The table while it is being changed.

use std::collections::HashMap;

use super::{Skipped, names};
use crate::table::{Column, Row, Table, Wrong};

/// Who writes; a cell is only changed by its last writer's equal or better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Official,
    Project,
    Firm,
}

pub(crate) struct Work {
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
                self.take_charters(at);
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

    /// A charter is one row's: what was another's is taken from it.
    fn take_charters(&mut self, at: usize) {
        let keys: Vec<String> =
            self.rows[at].regulator_ids.iter().filter_map(|id| regulator_key(id)).collect();
        for key in keys {
            let holder = self.by_regulator.insert(key.clone(), at).filter(|holder| *holder != at);
            if let Some(holder) = holder {
                self.rows[holder].regulator_ids.retain(|id| regulator_key(id).as_ref() != Some(&key));
                self.notes.push(format!("{key} went from {} to {}", self.rows[holder].id, self.rows[at].id));
            }
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

    /// The new table, what was skipped, and what a person should look at.
    pub(crate) fn finish(self, as_of: &str) -> (Table, Vec<Skipped>, Vec<String>) {
        (Table::new(as_of, self.rows), self.skipped, self.notes)
    }
}
