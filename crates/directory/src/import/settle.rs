//! What is done at the end of each import: the project's own hand, and a brand for everybody.

use std::collections::HashMap;

use super::{
    Refused, additions, names,
    work::{Rank, Work},
};
use crate::table::{Column, Row};

/// Brands and purposes, other names, corrections: later ones win.
const BY_HAND: [(&str, &[u8]); 3] = [
    ("brands.tsv", include_bytes!("../../data/brands.tsv")),
    ("aliases.tsv", include_bytes!("../../data/aliases.tsv")),
    ("corrections.tsv", include_bytes!("../../data/corrections.tsv")),
];

pub(crate) fn project(work: &mut Work) -> Result<(), Refused> {
    for (name, bytes) in BY_HAND {
        additions::import(work, name, bytes, additions::Author::Project)?;
    }
    Ok(())
}

/// An institution without a brand by hand is a brand of its own: its name, with its place where others are called the
/// same, so that a name that many have doesn't look like one house.
pub(crate) fn brands(work: &mut Work) {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut plain = Vec::new();
    for (at, row) in work.rows().iter().enumerate() {
        if work.may(at, Column::Brand, Rank::Official) {
            plain.push(at);
            *taken.entry(names::letters(&row.name)).or_default() += 1;
        } else {
            // A brand by hand is nobody else's.
            *taken.entry(names::letters(&row.brand)).or_default() += 2;
        }
    }
    let mut placed: HashMap<String, usize> = HashMap::new();
    for at in &plain {
        *placed.entry(names::letters(&with_place(work.row(*at)))).or_default() += 1;
    }
    for at in plain {
        let row = work.row(at);
        let brand = if taken[&names::letters(&row.name)] == 1 {
            row.name.clone()
        } else {
            let brand = with_place(row);
            let alone = placed[&names::letters(&brand)] == 1 && !taken.contains_key(&names::letters(&brand));
            if alone { brand } else { format!("{brand} ({})", row.id) }
        };
        work.put_official(at, Column::Brand, &brand);
    }
}

fn with_place(row: &Row) -> String {
    let place = row.place();
    if place.is_empty() { row.name.clone() } else { format!("{}, {place}", row.name) }
}
