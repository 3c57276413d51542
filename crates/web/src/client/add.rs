//! `/accounts/add`: the fork, and `/accounts/add/search`: the institution by name or address.

use askama::Template;
use axum::{extract::Query, response::Html};
use directory::{QUERY_CHARS_MIN, Results};
use domain::{connection::Connection, institution::Offering, reason::State};
use serde::Deserialize;

use super::words::{Pill, counted, initials};
use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    page::{Nav, Page},
};

#[derive(Template)]
#[template(path = "client/add.html")]
pub(crate) struct Fork {
    page: Page,
}

pub(crate) async fn fork(ctx: Ctx) -> Result<Html<String>, Fail> {
    ctx.must_be_client()?;
    Ok(Html(Fork { page: ctx.page(Nav::Accounts, "Add an account").await? }.render()?))
}

#[derive(Template)]
#[template(path = "client/search.html", blocks = ["found"])]
pub(crate) struct Search {
    page: Page,
    typed: String,
    /// Enough letters to search.
    asked: bool,
    words: String,
    /// Entries of one brand stand together.
    rows: Vec<Row>,
    /// Several results could be meant.
    compare: Option<String>,
    by_hand: String,
}

struct Row {
    href: String,
    initials: String,
    name: String,
    what: String,
    /// The address in two parts; the second is what to compare.
    address: (String, String),
    pill: Option<Pill>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

/// The whole page, or only what was found when htmx asks while somebody types.
pub(crate) async fn search(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Html<String>, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let connections = ctx.reader().connections(household).await?;
    let directory = ctx.directory().await?;
    let results = directory.search(&asked.q, &[]);
    let page = ctx.page(Nav::Accounts, "Where do you log in?").await?;
    let search = Search::of(page, &asked.q, &results, &connections);
    Ok(Html(if ctx.htmx { search.as_found().render()? } else { search.render()? }))
}

impl Search {
    fn of(page: Page, typed: &str, results: &Results<'_>, connections: &[Connection]) -> Self {
        let typed = typed.trim();
        let asked = typed.chars().count() >= QUERY_CHARS_MIN;
        let words = match results.len() {
            0 if asked => format!("Nothing found for {typed}"),
            0 => String::new(),
            number => format!("{} for {typed}", counted(number, "result")),
        };
        let compare = results.compare_addresses.then(|| {
            let several = results.groups.iter().find(|group| group.hits.len() > 1);
            match several {
                Some(group) => format!("{} has several entries.", group.brand),
                None => "Several institutions have names like this.".to_owned(),
            }
        });
        Self {
            page,
            asked,
            words,
            rows: results
                .groups
                .iter()
                .flat_map(|group| &group.hits)
                .map(|hit| Row::of(hit.offering, connections))
                .collect(),
            compare,
            by_hand: format!("/accounts/add/by-hand?institution={}", encoded(typed)),
            typed: typed.to_owned(),
        }
    }
}

impl Row {
    fn of(offering: &Offering, connections: &[Connection]) -> Self {
        let connected = connections
            .iter()
            .any(|connection| connection.offering == offering.id && connection.state() != State::Ended);
        let pill = connected.then_some(Pill { class: "good", icon: "dot", words: "Connected" });
        let by_hand = if offering.access.is_none() { "by hand only, for now" } else { "" };
        let what = [offering.purpose.as_str(), offering.place.as_str(), by_hand];
        Self {
            href: format!("/accounts/add/{}", offering.id),
            initials: initials(&offering.name),
            name: offering.name.clone(),
            what: capital(&super::words::dotted(&what)),
            address: split_address(offering),
            pill,
        }
    }
}

/// The first letter as a capital.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `nb.` and `fidelity.com`: the second is what a person compares.
pub(crate) fn split_address(offering: &Offering) -> (String, String) {
    let host = offering.address();
    // An address of numbers has no part that is the institution's own.
    if host.split([':', '/']).next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok()) {
        return (String::new(), host.to_owned());
    }
    let labels: Vec<&str> = host.split('.').collect();
    let kept = labels.len().min(2);
    let (before, own) = labels.split_at(labels.len() - kept);
    let before = if before.is_empty() { String::new() } else { format!("{}.", before.join(".")) };
    (before, own.join("."))
}

#[cfg(test)]
mod tests {
    use directory::Directory;

    use super::*;
    use crate::client::samples;

    fn search(typed: &str, part: bool) -> String {
        let directory = Directory::load(vec![samples::offering()]).unwrap();
        let connections = [samples::connection(3, "Fidelity Investments", domain::Reason::Ok)];
        let page = samples::page(Nav::Accounts, "Where do you log in?");
        let search = Search::of(page, typed, &directory.search(typed, &[]), &connections);
        if part { search.as_found().render().unwrap() } else { search.render().unwrap() }
    }

    #[test]
    fn the_fork_asks_in_the_words_of_the_mission() {
        let html = Fork { page: samples::page(Nav::Accounts, "Add an account") }.render().unwrap();
        assert!(html.contains("I have an online login to this account"));
        assert!(html.contains("Enter it by hand"));
        samples::is_clean(&html);
        samples::keep("add", &html);
    }

    #[test]
    fn a_brand_with_several_entries_asks_to_compare_the_address() {
        let html = search("fidelity", false);
        assert!(html.contains("Compare the address"), "{html}");
        for name in ["Fidelity Investments", "Fidelity NetBenefits", "<b>fidelity.com</b>"] {
            assert!(html.contains(name), "{name}");
        }
        samples::is_clean(&html);
        samples::keep("search", &html);
        let part = search("fidelity", true);
        assert!(part.contains("Fidelity NetBenefits") && !part.contains("<html"));
    }

    #[test]
    fn nothing_found_leads_on() {
        let html = search("zzqqxxyy", false);
        for text in ["Check the spelling", "address", "by hand", "Ask"] {
            assert!(html.contains(text), "{text}");
        }
        samples::keep("search-nothing", &html);
        let one_letter = search("f", false);
        assert!(!one_letter.contains("Nothing found"));
    }
}
