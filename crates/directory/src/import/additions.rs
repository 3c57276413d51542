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

pub(crate) fn import(work: &mut Work, sheet: &Sheet, author: Author) -> Result<(), Refused> {
    let source = sheet.source();
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
        if let Err(reason) = import_line(work, source, line, line.get(id), &columns, author) {
            work.skip(source, line.number, line.get(id), reason);
        }
    }
    Ok(())
}

fn import_line(
    work: &mut Work,
    source: &'static str,
    line: Line<'_>,
    id: &str,
    columns: &[(Column, At)],
    author: Author,
) -> Result<(), &'static str> {
    if author == Author::Project && work.at_id(id).is_none() {
        return Ok(());
    }
    let mut values: Vec<(Column, String)> = Vec::new();
    for (column, at) in columns {
        values.extend(value(*column, line.get(*at))?.map(|text| (*column, text)));
    }
    let given =
        |wanted: Column| values.iter().find(|(column, _)| *column == wanted).map(|(_, text)| text.as_str());
    let mut regulators = given(Column::RegulatorId).unwrap_or_default().split(';').map(str::trim);
    let by_regulator = regulators.find_map(|one| work.at_regulator(one));
    let known = match (by_regulator, work.at_id(id)) {
        (Some(one), Some(other)) if one != other => return Err("its regulator id is another institution's"),
        (one, other) => one.or(other),
    };
    let mut row = if let Some(at) = known {
        work.row(at).clone()
    } else {
        let (Some(name), Some(home_url)) = (given(Column::Name), given(Column::HomeUrl)) else {
            return Err("a new institution needs id, name and home_url");
        };
        let mut row = Row::new("", name, home_url);
        row.set(Column::Id, id)?;
        row
    };
    let new = row.clone();
    // On trial first, so that a line with a mistake changes nothing.
    for (column, text) in &values {
        row.set(*column, text)?;
    }
    let at = known.unwrap_or_else(|| work.push(new));
    if work.row(at).id != id {
        work.note(format!("{source}: {id} is in the table as {}", work.row(at).id));
    }
    let rank = if author == Author::Firm { Rank::Firm } else { Rank::Project };
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
