//! What a regulator's list says, into the table.

use std::collections::{HashMap, HashSet};

use domain::institution::InstitutionKind;

use super::{
    addresses, names,
    work::{Rank, Work, regulator_key},
};
use crate::table::{Column, Row, Standing};

/// A list that leaves out more than this share of the institutions we know is taken for a part of one: nobody is closed.
const MISSING_SHARE_MAX: usize = 10;
/// So few may always be missing.
const MISSING_FEW: usize = 20;

/// A regulator's list.
pub(crate) struct List {
    pub(crate) source: &'static str,
    /// How keys of its institutions begin: `FDIC:`.
    pub(crate) family: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// Keys of institutions that the list itself says are gone.
    pub(crate) gone: HashSet<String>,
    /// Lines without an institution: line, what, why.
    pub(crate) skipped: Vec<(u64, String, &'static str)>,
}

/// One institution of it.
pub(crate) struct Entry {
    pub(crate) line: u64,
    pub(crate) regulator_id: String,
    /// The end of a new id: the number that makes it unlike all others.
    pub(crate) id_ending: String,
    pub(crate) kind: InstitutionKind,
    /// As people say it.
    pub(crate) name: String,
    /// The official name was cut at this many characters, so a longer one that begins so is the same.
    pub(crate) cut: bool,
    /// Other names, the legal one among them.
    pub(crate) other_names: Vec<String>,
    pub(crate) home_url: Option<String>,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) assets_usd_thousands: Option<u64>,
}

/// How well known an institution of this size is.
pub(crate) fn tier(assets_usd_thousands: u64) -> u8 {
    match assets_usd_thousands {
        60_000_000.. => 2,
        10_000_000.. => 3,
        1_000_000.. => 4,
        100_000.. => 5,
        _ => 6,
    }
}

pub(crate) fn import(work: &mut Work, list: &List) {
    for (line, what, reason) in &list.skipped {
        work.skip(list.source, *line, what, reason);
    }
    let listed: HashSet<String> =
        list.entries.iter().filter_map(|entry| regulator_key(&entry.regulator_id)).collect();
    let mut by_host: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in work.rows().iter().enumerate() {
        by_host.entry(addresses::host(&row.home_url).to_owned()).or_default().push(at);
    }
    for entry in &list.entries {
        let known = match work.at_regulator(&entry.regulator_id) {
            Some(at) => Some(at),
            None => match same_institution(work, entry, &by_host) {
                Some(at) if has_charter(work.row(at)) => Some(one_charter_more(work, at, entry)),
                Some(_) => {
                    work.skip(
                        list.source,
                        entry.line,
                        &entry.name,
                        "there already, as a row without a charter",
                    );
                    continue;
                }
                None => None,
            },
        };
        match (known, &entry.home_url) {
            (Some(at), _) if speaks_for(work.row(at), &entry.regulator_id, &listed) => {
                update(work, at, entry)
            }
            (Some(_), _) => {}
            (None, Some(home_url)) => add(work, entry, home_url),
            (None, None) => work.skip(list.source, entry.line, &entry.name, "no usable web address"),
        }
    }
    close(work, list, &listed);
}

/// An institution that is at the site and under a name of exactly one row is that one.
fn same_institution(work: &Work, entry: &Entry, by_host: &HashMap<String, Vec<usize>>) -> Option<usize> {
    let at_host = by_host.get(addresses::host(entry.home_url.as_deref()?))?;
    let called = |at: &&usize| {
        let row = work.row(**at);
        row.is_called(&entry.name) || entry.other_names.iter().any(|name| row.is_called(name))
    };
    let mut rows = at_host.iter().filter(called);
    match (rows.next(), rows.next()) {
        (Some(at), None) => Some(*at),
        _ => None,
    }
}

fn has_charter(row: &Row) -> bool {
    row.regulator_ids.iter().any(|id| regulator_key(id).is_some())
}

/// An institution may have several charters.
fn one_charter_more(work: &mut Work, at: usize, entry: &Entry) -> usize {
    let mut ids = work.row(at).regulator_ids.clone();
    ids.push(entry.regulator_id.clone());
    work.put_official(at, Column::RegulatorId, &ids.join("; "));
    at
}

/// The first of a row's charters that is in the list tells its name, city and size.
fn speaks_for(row: &Row, regulator_id: &str, listed: &HashSet<String>) -> bool {
    let mut keys = row.regulator_ids.iter().filter_map(|id| regulator_key(id));
    keys.find(|key| listed.contains(key)) == regulator_key(regulator_id)
}

fn add(work: &mut Work, entry: &Entry, home_url: &str) {
    let wanted = format!("{}-{}", names::slug(&entry.name), entry.id_ending);
    let mut row = Row::new(&work.free_id(&wanted), &entry.name, home_url);
    row.kind = entry.kind;
    row.regulator_ids = vec![entry.regulator_id.clone()];
    let at = work.push(row);
    update(work, at, entry);
}

fn update(work: &mut Work, at: usize, entry: &Entry) {
    let mut put = |column, text: &str| work.put_official(at, column, text);
    put(Column::Standing, "listed");
    if let Some(assets) = entry.assets_usd_thousands {
        put(Column::Assets, &assets.to_string());
        put(Column::Popularity, &tier(assets).to_string());
    }
    let row = work.row(at);
    let (was, is) = (names::letters(&row.name), names::letters(&entry.name));
    let cut_letters =
        names::letters(entry.name.trim_end_matches(" Credit Union").trim_end_matches(" Federal"));
    let same_name = was == is || (entry.cut && was.starts_with(&cut_letters));
    let same_city = names::letters(&row.city).starts_with(&names::letters(&entry.city));
    let same_site =
        entry.home_url.as_deref().is_none_or(|url| addresses::host(url) == addresses::host(&row.home_url));
    let mut ids = row.regulator_ids.clone();
    let stale = ids
        .iter()
        .position(|id| *id != entry.regulator_id && regulator_key(id) == regulator_key(&entry.regulator_id));
    let mut put = |column, text: &str| work.put_official(at, column, text);
    if let Some(stale) = stale {
        ids[stale].clone_from(&entry.regulator_id);
        put(Column::RegulatorId, &ids.join("; "));
    }
    if !same_name {
        put(Column::Name, &entry.name);
    }
    if !same_city {
        put(Column::City, &entry.city);
    }
    if !entry.state.is_empty() {
        put(Column::State, &entry.state);
    }
    if let Some(url) = entry.home_url.as_deref().filter(|_| !same_site) {
        put(Column::HomeUrl, url);
    }
    for name in &entry.other_names {
        put(Column::AlsoKnownAs, name);
    }
}

/// Rows of this regulator that the list doesn't have any more.
fn close(work: &mut Work, list: &List, listed: &HashSet<String>) {
    let mut known = 0;
    let mut missing = Vec::new();
    for (at, row) in work.rows().iter().enumerate() {
        let keys: Vec<String> = row.regulator_ids.iter().filter_map(|id| regulator_key(id)).collect();
        let ours = !keys.is_empty() && keys.iter().all(|key| key.starts_with(list.family));
        if !ours || row.standing == Standing::Closed {
            continue;
        }
        known += 1;
        if !keys.iter().any(|key| listed.contains(key)) {
            missing.push((at, keys.iter().any(|key| list.gone.contains(key))));
        }
    }
    let partial = missing.len() > MISSING_FEW && missing.len() * MISSING_SHARE_MAX > known;
    if partial {
        work.note(format!(
            "{} leaves out {} of {known} institutions: taken for a part of the list, so none was closed for that",
            list.source,
            missing.len()
        ));
    }
    for (at, said_so) in missing {
        if partial && !said_so {
            continue;
        }
        if work.may(at, Column::Name, Rank::Official) {
            work.put_official(at, Column::Standing, "closed");
        } else {
            let row = work.row(at);
            work.note(format!(
                "{} ({}) is not in {} any more; its name was written by hand, so it stays listed",
                row.id,
                row.regulator_ids.join("; "),
                list.source
            ));
        }
    }
}
