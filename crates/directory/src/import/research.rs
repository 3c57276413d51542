//! The table of the project's research (`data/SOURCES.md`): how the shipped file is made.

use std::collections::HashMap;

use super::{
    Refused, addresses, names,
    official::tier,
    sheet::{At, Line, Sheet},
    work::{Rank, Work},
};
use crate::table::{Column, Row};

const SOURCE: &str = "table";

/// Its kinds, ours, and what such an offering is for where nobody says it better.
const KINDS: [(&str, &str, &str); 12] = [
    ("bank", "bank", ""),
    ("credit_union", "credit_union", ""),
    ("brokerage", "broker", "brokerage and IRA accounts"),
    ("wealth", "broker", "accounts with an advisor"),
    ("card", "card", "credit cards"),
    ("crypto", "crypto", "crypto accounts"),
    ("hsa", "hsa", "health savings accounts"),
    ("insurance", "insurer", "insurance and annuities"),
    ("loan", "lender", "loans"),
    ("mortgage", "lender", "mortgages"),
    ("payroll", "payroll", "payroll"),
    ("retirement_plan", "retirement", "workplace retirement plans"),
];

struct Columns {
    id: At,
    name: At,
    also_known_as: At,
    kind: At,
    home_url: At,
    login_url: At,
    city: At,
    state: At,
    country: At,
    assets: At,
    regulator_id: At,
    source: At,
    popularity: At,
}

pub(crate) fn import(work: &mut Work, bytes: &[u8]) -> Result<(), Refused> {
    let sheet = Sheet::tabs(SOURCE, bytes)?;
    let columns = Columns {
        id: sheet.need(&["id"])?,
        name: sheet.need(&["name"])?,
        also_known_as: sheet.need(&["also_known_as"])?,
        kind: sheet.need(&["kind"])?,
        home_url: sheet.need(&["home_url"])?,
        login_url: sheet.need(&["login_url"])?,
        city: sheet.need(&["city"])?,
        state: sheet.need(&["state"])?,
        country: sheet.need(&["country"])?,
        assets: sheet.need(&["assets_usd_thousands"])?,
        regulator_id: sheet.need(&["regulator_id"])?,
        source: sheet.need(&["source"])?,
        popularity: sheet.need(&["popularity_tier"])?,
    };
    let lines: Vec<Line<'_>> = sheet.lines().collect();
    // Whom the regulator knows first, so that an id goes to nobody else.
    let mut claimed: HashMap<usize, u64> = HashMap::new();
    let mut known: Vec<Option<usize>> = Vec::new();
    for line in &lines {
        let at = recognised(work, line.get(columns.id), line.get(columns.regulator_id));
        let free = at.filter(|at| !claimed.contains_key(at));
        claimed.extend(free.map(|at| (at, line.number)));
        known.push(free);
    }
    for (line, at) in lines.iter().zip(known) {
        let at = at.or_else(|| {
            let at = work.at_id(line.get(columns.id)).filter(|at| !claimed.contains_key(at))?;
            claimed.insert(at, line.number);
            Some(at)
        });
        let at = match at {
            Some(at) => at,
            None => match new_row(work, &columns, *line) {
                Ok(row) => work.push(row),
                Err(reason) => {
                    work.skip(SOURCE, line.number, line.get(columns.id), reason);
                    continue;
                }
            },
        };
        claimed.insert(at, line.number);
        if let Err(wrong) = write(work, at, &columns, *line) {
            work.skip(SOURCE, line.number, line.get(columns.id), wrong);
        }
    }
    Ok(())
}

/// The row of one of these regulator ids; of several the one that also has the id, or the first's.
fn recognised(work: &Work, id: &str, regulator_ids: &str) -> Option<usize> {
    let rows: Vec<usize> = regulator_ids.split(';').filter_map(|one| work.at_regulator(one.trim())).collect();
    rows.iter().find(|at| work.row(**at).id == id).or(rows.first()).copied()
}

fn new_row(work: &Work, columns: &Columns, line: Line<'_>) -> Result<Row, &'static str> {
    let home_url = addresses::cleaned(line.get(columns.home_url)).ok_or("no usable web address")?;
    let mut row = Row::new("", &names::tidy(line.get(columns.name)), &home_url);
    let id = line.get(columns.id);
    if work.at_id(id).is_some() && line.get(columns.regulator_id).is_empty() {
        return Err("its id is another institution's");
    }
    row.set(Column::Id, &work.free_id(id))?;
    Ok(row)
}

fn write(work: &mut Work, at: usize, columns: &Columns, line: Line<'_>) -> Result<(), &'static str> {
    let kind = line.get(columns.kind);
    let (_, kind, purpose) =
        KINDS.iter().find(|(known, ..)| *known == kind).ok_or("not a kind that is known")?;
    let assets = line.get(columns.assets);
    let (popularity, name) = (line.get(columns.popularity), names::tidy(line.get(columns.name)));
    // Rows by hand are marked; patches of official rows show in a rank that their size doesn't give, or a name with more
    // than the official one.
    let by_hand = line.get(columns.source).contains("curated")
        || tier(assets.parse().unwrap_or_default()).to_string() != popularity
        || name.ends_with(')');
    let rank = if by_hand { Rank::Project } else { Rank::Official };
    let home_url = addresses::cleaned(line.get(columns.home_url)).ok_or("no usable web address")?;
    let login_url = addresses::cleaned(line.get(columns.login_url)).filter(|login| *login != home_url);
    work.put(at, Column::Name, &name, rank)?;
    work.put(at, Column::Kind, kind, rank)?;
    work.put(at, Column::HomeUrl, &home_url, rank)?;
    if let Some(login_url) = login_url {
        work.put(at, Column::LoginUrl, &login_url, rank)?;
    }
    work.put(at, Column::Popularity, popularity, rank)?;
    work.put(at, Column::Purpose, purpose, Rank::Official)?;
    for (column, text) in [
        (Column::City, names::tidy(line.get(columns.city))),
        (Column::State, line.get(columns.state).to_owned()),
        (Column::Country, line.get(columns.country).to_owned()),
        (Column::Assets, if assets == "0" { String::new() } else { assets.to_owned() }),
        (Column::RegulatorId, line.get(columns.regulator_id).to_owned()),
        (Column::AlsoKnownAs, line.get(columns.also_known_as).to_owned()),
    ] {
        work.put(at, column, &text, Rank::Official)?;
    }
    Ok(())
}
