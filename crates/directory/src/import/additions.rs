//! Tables by hand: a firm's own additions, and the project's brands, other names and corrections. One format: the columns
//! of the directory's file that they care about, an empty cell for what they leave as it is.

use super::{
    Refused, addresses, names,
    sheet::{At, Line, Sheet},
    work::{Rank, Work},
};
use crate::table::{Column, Row};

/// Whose hand it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// Says something about rows that are there; what is not there isn't ours to add to somebody's table.
    Project,
    /// Also adds rows.
    Firm,
}

pub(crate) fn import(
    work: &mut Work,
    source: &'static str,
    bytes: &[u8],
    author: Author,
) -> Result<(), Refused> {
    let sheet = Sheet::tabs(source, bytes)?;
    let id = sheet.need(&["id"])?;
    let mut columns: Vec<(Column, At)> = Vec::new();
    for (name, at) in sheet.header() {
        match Column::named(name) {
            Some(Column::Id) => {}
            Some(Column::Authored | Column::Own) | None => {
                return Err(Refused::Unknown { file: source, column: name.to_owned() });
            }
            Some(column) => columns.push((column, at)),
        }
    }
    for line in sheet.lines() {
        if let Err(reason) = import_line(work, line, line.get(id), &columns, author) {
            work.skip(source, line.number, line.get(id), reason);
        }
    }
    Ok(())
}

fn import_line(
    work: &mut Work,
    line: Line<'_>,
    id: &str,
    columns: &[(Column, At)],
    author: Author,
) -> Result<(), &'static str> {
    let cell = |wanted: Column| {
        let at = columns.iter().find(|(column, _)| *column == wanted).map(|(_, at)| *at);
        line.maybe(at)
    };
    let regulator_ids = cell(Column::RegulatorId);
    let by_regulator = regulator_ids.split(';').find_map(|one| work.at_regulator(one.trim()));
    let at = match (by_regulator.or_else(|| work.at_id(id)), author) {
        (Some(at), _) => at,
        (None, Author::Project) => return Ok(()),
        (None, Author::Firm) => {
            let name = names::tidy(cell(Column::Name));
            let home_url = addresses::cleaned(cell(Column::HomeUrl));
            let (false, Some(home_url)) = (name.is_empty(), home_url) else {
                return Err("a new institution needs id, name and home_url");
            };
            let mut row = Row::new("", &name, &home_url);
            row.set(Column::Id, id)?;
            // On trial first, so that a line with a mistake adds no half of a row.
            for (column, at) in columns {
                if let Some(text) = value(*column, line.get(*at))? {
                    row.set(*column, &text)?;
                }
            }
            work.push(Row::new(id, &name, &home_url))
        }
    };
    let rank = if author == Author::Firm { Rank::Firm } else { Rank::Project };
    let mut trial = work.row(at).clone();
    let mut values = Vec::new();
    for (column, cell) in columns {
        if let Some(text) = value(*column, line.get(*cell))? {
            trial.set(*column, &text)?;
            values.push((*column, text));
        }
    }
    for (column, text) in values {
        work.put(at, column, &text, rank)?;
    }
    Ok(())
}

/// A cell as the table takes it; `None` for an empty one.
fn value(column: Column, text: &str) -> Result<Option<String>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    match column {
        Column::HomeUrl | Column::LoginUrl => {
            addresses::cleaned(text).map(Some).ok_or("not a usable address")
        }
        Column::Name | Column::Brand | Column::Purpose | Column::City => Ok(Some(names::tidy(text))),
        _ => Ok(Some(text.to_owned())),
    }
}
