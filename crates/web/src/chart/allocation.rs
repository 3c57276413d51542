//! The parts of an investment account as a ring with its list.

use askama::Template;
use domain::{
    Currency, Money,
    holding::{Holding, SecurityKind},
};

/// Parts that the eye can tell apart.
const PARTS_MAX: usize = 6;

/// What an account's holdings consist of: a ring with its list. `Display` draws it.
#[derive(Debug, Template)]
#[template(path = "part/allocation.html")]
pub(crate) struct Allocation {
    pub(super) shares: Vec<Share>,
    /// In the middle: how many of what.
    count: usize,
    noun: &'static str,
    /// With a value of zero or below: in the table, not in the ring.
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
    let count = positive.len();
    Some(ring(sums, first.value.currency, (count, "holding"), holdings.len() - count))
}

/// What a household owns, by group; `accounts` is how many accounts that is. `None` without a positive value.
pub(crate) fn owned(groups: &[(&str, Money)], accounts: usize) -> Option<Allocation> {
    let currency = groups.first()?.1.currency;
    let positive = groups.iter().filter(|(_, value)| value.minor > 0);
    let sums: Vec<(String, i64)> = positive.map(|(name, value)| ((*name).to_owned(), value.minor)).collect();
    (!sums.is_empty()).then(|| ring(sums, currency, (accounts, "account"), 0))
}

/// The ring of these sums, the largest first; more than six share the last part.
fn ring(
    mut sums: Vec<(String, i64)>,
    currency: Currency,
    (count, noun): (usize, &'static str),
    short: usize,
) -> Allocation {
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    if sums.len() > PARTS_MAX {
        let rest = sums.split_off(PARTS_MAX - 1);
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
            let drawn = (part - 0.6).max(0.2);
            let offset = format!("{:.2}", 25.0 - turned);
            turned += part;
            Share {
                name,
                value: Money { minor, currency }.to_string(),
                percent: format!("{part:.1}%"),
                class: format!("k{}", index + 1),
                dash: format!("{drawn:.2} {:.2}", 100.0 - drawn),
                offset,
            }
        })
        .collect();
    Allocation { shares, count, noun, short }
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
