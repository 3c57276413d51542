//! How good the search is: queries with known answers, run against a directory.
//!
//! A table of queries has one header line and, by name, the columns `query`, `top1_ids` and `category`, tab-separated, and
//! may have `top3_ids` (else the same as `top1_ids`) and `family_ids_top8`; ids have `;` between them. What is measured is the order of `Results::by_score`.

use std::{collections::HashSet, fmt, time::Duration};

use super::Directory;

/// A query of this category wants an empty answer.
const NO_MATCH: &str = "no_match";
/// Each query is timed this many times; the least counts, as noise only ever adds.
const RUNS: usize = 3;

/// A table of queries that can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadQueries {
    #[error("no column {0} in the header line")]
    NoColumn(&'static str),
    #[error("line {line}: no institution has the id {id}")]
    UnknownId { line: usize, id: String },
    #[error("line {0}: fewer columns than the header line")]
    TooShort(usize),
    #[error("line {0}: neither ids that are right nor the category no_match")]
    NothingWanted(usize),
}

/// What one query wants.
struct Case<'a> {
    query: &'a str,
    category: &'a str,
    top1: HashSet<&'a str>,
    top3: HashSet<&'a str>,
    family: HashSet<&'a str>,
}

/// Shares from 0.0 to 1.0 over some queries; `no_match` queries aren't among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// The category, or `all`.
    pub name: String,
    pub queries: usize,
    /// The first hit is one of `top1_ids`.
    pub top1: f64,
    /// One of `top3_ids` is among the first three hits.
    pub top3: f64,
    /// Mean reciprocal rank, within ten, of the first hit that is one of `top1_ids`.
    pub mrr: f64,
}

/// A query that wasn't answered as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    pub query: String,
    pub category: String,
    pub wanted: Vec<String>,
    /// Ids of the first three hits.
    pub got: Vec<String>,
}

/// How good the search is, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub all: Quality,
    /// In the order in which the table first names them.
    pub categories: Vec<Quality>,
    /// Share of the queries with family ids that have all of these within the first eight hits.
    pub family8: f64,
    /// Share of the `no_match` queries that are answered with nothing.
    pub no_match: f64,
    /// Per query, building the results included.
    pub p50: Duration,
    pub p99: Duration,
    pub misses: Vec<Miss>,
}

/// What came of one query.
struct Outcome {
    /// Within ten, from 0 on, the first of `top1_ids`.
    rank: Option<usize>,
    top3: bool,
    family: bool,
    took: Duration,
    /// Ids of the first three hits.
    got: Vec<String>,
}

/// Runs every query of the table. `clock` tells the time since any fixed moment.
pub fn evaluate(
    directory: &Directory,
    queries: &str,
    clock: &dyn Fn() -> Duration,
) -> Result<Report, BadQueries> {
    let cases = read(directory, queries)?;
    let outcomes: Vec<Outcome> = cases.iter().map(|case| run(directory, case, clock)).collect();
    let both: Vec<(&Case<'_>, &Outcome)> = cases.iter().zip(&outcomes).collect();
    let mut names: Vec<&str> = Vec::new();
    for case in cases.iter().filter(|case| case.category != NO_MATCH) {
        if !names.contains(&case.category) {
            names.push(case.category);
        }
    }
    let categories = names.iter().map(|name| quality(name, &both, |case| case.category == *name));
    let mut times: Vec<Duration> = outcomes.iter().map(|outcome| outcome.took).collect();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Report {
        all: quality("all", &both, |case| case.category != NO_MATCH),
        categories: categories.collect(),
        family8: share(
            both.iter().filter(|(case, _)| !case.family.is_empty()).map(|(_, outcome)| outcome.family),
        ),
        no_match: share(
            both.iter()
                .filter(|(case, _)| case.category == NO_MATCH)
                .map(|(_, outcome)| outcome.got.is_empty()),
        ),
        p50: at(0.5),
        p99: at(0.99),
        misses: both.iter().filter_map(|(case, outcome)| miss(case, outcome)).collect(),
    })
}

fn read<'a>(directory: &Directory, queries: &'a str) -> Result<Vec<Case<'a>>, BadQueries> {
    let mut lines = queries.lines().zip(1..);
    let header: Vec<&str> = lines.next().map_or(Vec::new(), |(line, _)| line.split('\t').collect());
    let optional = |name: &str| header.iter().position(|column| column.trim() == name);
    let column = |name: &'static str| optional(name).ok_or(BadQueries::NoColumn(name));
    let (query, category, top1) = (column("query")?, column("category")?, column("top1_ids")?);
    let (top3, family) = (optional("top3_ids"), optional("family_ids_top8"));
    let mut cases = Vec::new();
    for (line, number) in lines.filter(|(line, _)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |column: usize| cells.get(column).copied().ok_or(BadQueries::TooShort(number));
        let ids = |column: usize| {
            let ids = cell(column)?.split(';').map(str::trim).filter(|id| !id.is_empty());
            let known = |id: &'a str| match directory.offering(id) {
                Some(_) => Ok(id),
                None => Err(BadQueries::UnknownId { line: number, id: id.to_owned() }),
            };
            ids.map(known).collect::<Result<HashSet<&str>, _>>()
        };
        let case = Case {
            query: cell(query)?,
            category: cell(category)?.trim(),
            top1: ids(top1)?,
            top3: ids(top3.unwrap_or(top1))?,
            family: family.map_or_else(|| Ok(HashSet::new()), &ids)?,
        };
        if case.top1.is_empty() != (case.category == NO_MATCH) {
            return Err(BadQueries::NothingWanted(number));
        }
        cases.push(case);
    }
    Ok(cases)
}

fn run(directory: &Directory, case: &Case<'_>, clock: &dyn Fn() -> Duration) -> Outcome {
    let mut took = Duration::MAX;
    for _ in 0..RUNS {
        let before = clock();
        std::hint::black_box(directory.search(case.query, &[]));
        took = took.min(clock().saturating_sub(before));
    }
    let results = directory.search(case.query, &[]);
    let ids: Vec<&str> = results.by_score().iter().map(|hit| hit.offering.id.as_str()).collect();
    let first = |most: usize| &ids[..ids.len().min(most)];
    let rank = first(10).iter().position(|id| case.top1.contains(id));
    Outcome {
        rank,
        top3: first(3).iter().any(|id| case.top3.contains(id)),
        family: case.family.iter().all(|id| first(8).contains(id)),
        took,
        got: first(3).iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn quality(name: &str, all: &[(&Case<'_>, &Outcome)], counts: impl Fn(&Case<'_>) -> bool) -> Quality {
    let of: Vec<&Outcome> =
        all.iter().filter(|(case, _)| counts(case)).map(|(_, outcome)| *outcome).collect();
    let mrr = of.iter().filter_map(|outcome| outcome.rank).map(|rank| 1.0 / (rank as f64 + 1.0)).sum::<f64>()
        / of.len().max(1) as f64;
    Quality {
        name: name.to_owned(),
        queries: of.len(),
        top1: share(of.iter().map(|outcome| outcome.rank == Some(0))),
        top3: share(of.iter().map(|outcome| outcome.top3)),
        mrr,
    }
}

/// Of none, all are right.
fn share(right: impl Iterator<Item = bool>) -> f64 {
    let (right, all) = right.fold((0u32, 0u32), |(right, all), one| (right + u32::from(one), all + 1));
    if all == 0 { 1.0 } else { f64::from(right) / f64::from(all) }
}

fn miss(case: &Case<'_>, outcome: &Outcome) -> Option<Miss> {
    let fine = if case.category == NO_MATCH {
        outcome.got.is_empty()
    } else {
        outcome.rank == Some(0) && outcome.top3 && outcome.family
    };
    let mut wanted: Vec<String> = case.top1.iter().chain(&case.family).map(|id| (*id).to_owned()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    (!fine).then(|| Miss {
        query: case.query.to_owned(),
        category: case.category.to_owned(),
        wanted,
        got: outcome.got.clone(),
    })
}

impl fmt::Display for Report {
    /// A table, and a last line for programs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<20} {:>5} {:>7} {:>7} {:>7}", "queries", "n", "top-1", "top-3", "MRR@10")?;
        for row in std::iter::once(&self.all).chain(&self.categories) {
            let Quality { name, queries, top1, top3, mrr } = row;
            let (top1, top3) = (top1 * 100.0, top3 * 100.0);
            writeln!(f, "{name:<20} {queries:>5} {top1:>6.1}% {top3:>6.1}% {mrr:>7.3}")?;
        }
        writeln!(f, "family within eight  {:>5.1}%", self.family8 * 100.0)?;
        writeln!(f, "nonsense unanswered  {:>5.1}%", self.no_match * 100.0)?;
        let (p50, p99) = (self.p50.as_micros(), self.p99.as_micros());
        writeln!(f, "time per query       half within {p50} µs, 99 of 100 within {p99} µs")?;
        writeln!(
            f,
            "top1={:.3} top3={:.3} mrr={:.3} family8={:.3} nomatch={:.3} p50_us={p50} p99_us={p99}",
            self.all.top1, self.all.top3, self.all.mrr, self.family8, self.no_match
        )
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, category, wanted, got } = self;
        write!(f, "{query:?} ({category}): wanted {}, got {}", wanted.join(" or "), got.join(", "))
    }
}
