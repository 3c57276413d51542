//! The transactions of an account, as its page shows them: by day, with what they are and since when they are known.

use domain::time::date_words;
use store::{account::Listed, entry};

use super::{
    account::number,
    words::{dotted, signed},
};
use crate::ctx::encoded;

pub(super) struct Entries {
    pub(super) search: String,
    pub(super) days: Vec<Day>,
    /// How many there are, and which page of them this is.
    pub(super) words: String,
    /// From which day on they are known; empty when the institution doesn't say.
    pub(super) since: String,
    pub(super) institution: String,
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

pub(super) struct Day {
    pub(super) label: String,
    pub(super) rows: Vec<EntryRow>,
}

pub(super) struct EntryRow {
    pub(super) payee: String,
    pub(super) sub: String,
    pub(super) amount: String,
    pub(super) incoming: bool,
}

impl Entries {
    /// `None` when the account has no transactions at all, so that the page doesn't offer to search them.
    pub(super) fn of(page: &entry::Page, search: &str, listed: &Listed) -> Option<Self> {
        let id = listed.account.id;
        if page.total == 0 && search.trim().is_empty() {
            return None;
        }
        let mut days: Vec<Day> = Vec::new();
        for entry in &page.entries {
            let label = if entry.pending { "Pending".to_owned() } else { date_words(entry.posted_on) };
            let row = EntryRow::of(entry);
            match days.last_mut().filter(|day| day.label == label) {
                Some(day) => day.rows.push(row),
                None => days.push(Day { label, rows: vec![row] }),
            }
        }
        let at = |number: u32| {
            let search = if search.is_empty() { String::new() } else { format!("&q={}", encoded(search)) };
            format!("/accounts/{id}?page={number}{search}")
        };
        let count = match page.total {
            0 => "Nothing found".to_owned(),
            total => {
                format!("{} {}", grouped(total), if total == 1 { "transaction" } else { "transactions" })
            }
        };
        let place = match page.pages {
            0 | 1 => String::new(),
            pages => format!("page {} of {}", grouped(page.number.into()), grouped(pages.into())),
        };
        Some(Self {
            search: search.to_owned(),
            days,
            words: dotted(&[&count, &place]),
            since: listed.entries_since.map(date_words).unwrap_or_default(),
            institution: listed.account.institution.clone(),
            newer: (page.number > 1).then(|| at(page.number - 1)),
            older: (page.number < page.pages).then(|| at(page.number + 1)),
        })
    }
}

impl EntryRow {
    fn of(entry: &entry::Entry) -> Self {
        let texts = [&entry.payee, &entry.detail, &entry.memo];
        let mut told = texts.into_iter().filter(|text| !text.is_empty());
        let payee = told.next().cloned().unwrap_or_else(|| "Without description".to_owned());
        let mut rest: Vec<&str> = told.map(String::as_str).filter(|text| *text != payee).collect();
        rest.dedup();
        let expected =
            if entry.pending { format!("Expected {}", date_words(entry.posted_on)) } else { String::new() };
        rest.insert(0, &expected);
        Self { payee, sub: dotted(&rest), amount: signed(entry.amount), incoming: entry.amount.minor > 0 }
    }
}

/// A count with thousands separated.
fn grouped(count: u64) -> String {
    number(count.into())
}
