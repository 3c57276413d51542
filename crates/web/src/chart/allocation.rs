//! The parts of an investment account as a ring with its list.

use askama::Template;
use domain::{
    Money,
    holding::{Holding, SecurityKind},
};

/// What an account's holdings consist of: a ring with its list. `Display` draws it.
#[derive(Debug, Template)]
#[template(path = "part/allocation.html")]
pub(crate) struct Allocation {
    pub(super) shares: Vec<Share>,
    count: usize,
    /// Holdings with a value below zero: in the table, not in the ring.
    pub(super) short: usize,
}

#[derive(Debug)]
pub(super) struct Share {
    pub(super) name: String,
    value: String,
    pub(super) percent: String,
    /// `k1` to `k6`.
    class: String,
    /// Dashes of the ring, whose circumference is 100.
    dash: String,
    offset: String,
}

/// The parts of the holdings by kind; by name when all are of one kind. `None` without a positive value.
pub(crate) fn allocation(holdings: &[Holding]) -> Option<Allocation> {
    let positive: Vec<&Holding> = holdings.iter().filter(|holding| holding.value.minor > 0).collect();
    let first = positive.first()?;
    let one_kind = positive.iter().all(|holding| holding.kind == first.kind);
    let mut sums: Vec<(String, i64)> = Vec::new();
    for holding in &positive {
        let name =
            if one_kind { shown_name(holding).to_owned() } else { kind_label(holding.kind).to_owned() };
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(holding.value.minor),
            None => sums.push((name, holding.value.minor)),
        }
    }
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    if sums.len() > 6 {
        let rest = sums.split_off(5);
        let sum = rest.iter().fold(0_i64, |sum, (_, part)| sum.saturating_add(*part));
        sums.push((format!("{} others", rest.len()), sum));
    }
    let whole = sums.iter().fold(0_i64, |sum, (_, part)| sum.saturating_add(*part)) as f64;
    let mut turned = 0.0;
    let shares = sums
        .into_iter()
        .enumerate()
        .map(|(index, (name, minor))| {
            let part = minor as f64 / whole * 100.0;
            // A hair of space between two parts; a circle begins at three o'clock, ours at twelve.
            let dash = format!("{:.2} {:.2}", (part - 0.6).max(0.2), 100.0 - (part - 0.6).max(0.2));
            let offset = format!("{:.2}", 25.0 - turned);
            turned += part;
            let value = Money { minor, currency: first.value.currency }.to_string();
            Share {
                name,
                value,
                percent: format!("{part:.1}%"),
                class: format!("k{}", index + 1),
                dash,
                offset,
            }
        })
        .collect();
    Some(Allocation { shares, count: positive.len(), short: holdings.len() - positive.len() })
}

/// The name of a holding, or what stands for it.
pub(crate) fn shown_name(holding: &Holding) -> &str {
    [&holding.name, &holding.symbol, &holding.security_id]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("Unnamed", String::as_str)
}

/// What people call a kind of security.
pub(crate) fn kind_label(kind: SecurityKind) -> &'static str {
    match kind {
        SecurityKind::Stock => "Stocks",
        SecurityKind::Fund => "Funds",
        SecurityKind::Bond => "Bonds",
        SecurityKind::Option => "Options",
        SecurityKind::Cash => "Cash",
        SecurityKind::Other => "Other",
    }
}
