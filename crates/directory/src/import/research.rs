//! The table of the project's research (`data/SOURCES.md`): how the shipped file is made.

use std::collections::HashSet;

use super::{
    Refused, addresses, names,
    official::tier,
    sheet::{At, Line, Sheet},
    work::{Rank, Work, regulator_key},
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
    // A charter is one line's.
    let mut charters: HashSet<String> = HashSet::new();
    let mut lines: Vec<(Line<'_>, String)> = Vec::new();
    for line in sheet.lines() {
        let given = line.get(columns.regulator_id).split(';').map(str::trim).filter(|one| !one.is_empty());
        let first_time = |one: &&str| regulator_key(one).is_none_or(|key| charters.insert(key));
        lines.push((line, given.filter(first_time).collect::<Vec<_>>().join("; ")));
    }
    // Whom the regulator knows first, so that an id goes to nobody else.
    let mut claimed: HashSet<usize> = HashSet::new();
    let mut known: Vec<Option<usize>> = Vec::new();
    for (line, regulator_ids) in &lines {
        let at = recognised(work, line.get(columns.id), regulator_ids);
        known.push(at.filter(|at| claimed.insert(*at)));
    }
    for ((line, regulator_ids), at) in lines.iter().zip(known) {
        let by_id = || work.at_id(line.get(columns.id)).filter(|at| claimed.insert(*at));
        let at = match at.or_else(by_id) {
            Some(at) => Ok(at),
            None => new_row(work, &columns, *line, regulator_ids).map(|row| work.push(row)),
        };
        let written = at.and_then(|at| {
            claimed.insert(at);
            write(work, at, &columns, *line, regulator_ids)
        });
        if let Err(reason) = written {
            work.skip(SOURCE, line.number, line.get(columns.id), reason);
        }
    }
    Ok(())
}

/// The row of one of these regulator ids; of several the one that also has the id, or the first's.
fn recognised(work: &Work, id: &str, regulator_ids: &str) -> Option<usize> {
    let rows: Vec<usize> = regulator_ids.split(';').filter_map(|one| work.at_regulator(one.trim())).collect();
    rows.iter().find(|at| work.row(**at).id == id).or(rows.first()).copied()
}

fn new_row(work: &Work, columns: &Columns, line: Line<'_>, regulator_ids: &str) -> Result<Row, &'static str> {
    let home_url = addresses::cleaned(line.get(columns.home_url)).ok_or("no usable web address")?;
    let mut row = Row::new("", &names::tidy(line.get(columns.name)), &home_url);
    let id = line.get(columns.id);
    if work.at_id(id).is_some() && regulator_ids.split("; ").all(|one| regulator_key(one).is_none()) {
        return Err("its id is another institution's");
    }
    row.set(Column::Id, &work.free_id(id))?;
    Ok(row)
}

fn write(
    work: &mut Work,
    at: usize,
    columns: &Columns,
    line: Line<'_>,
    regulator_ids: &str,
) -> Result<(), &'static str> {
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
    let others = line.get(columns.also_known_as).split(';').map(str::trim);
    let others: Vec<&str> = others.filter(|name| !names::says_nothing(name)).collect();
    for (column, text) in [
        (Column::City, names::tidy(line.get(columns.city))),
        (Column::State, line.get(columns.state).to_owned()),
        (Column::Country, line.get(columns.country).to_owned()),
        (Column::Assets, if assets == "0" { String::new() } else { assets.to_owned() }),
        (Column::RegulatorId, regulator_ids.to_owned()),
        (Column::AlsoKnownAs, others.join("; ")),
    ] {
        work.put(at, column, &text, Rank::Official)?;
    }
    Ok(())
}
