//! `/accounts/add`: the fork, and `/accounts/add/search`: the institution by name or address.

use std::cmp::Reverse;

use askama::Template;
use axum::{extract::Query, response::Html};
use directory::{Directory, QUERY_CHARS_MAX, QUERY_CHARS_MIN, Results};
use domain::connection::Connection;
use serde::Deserialize;

use super::{
    found::{Block, Tile, blocks, said},
    offering::form_key,
};
use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    page::{Nav, Page},
};

/// Popular institutions on the page before anything is typed; phones show the first eight.
const TILES: usize = 12;
/// Names that are offered when nothing was found.
const NEAR_MAX: usize = 3;
/// Words of what was typed that are tried alone, and how long they must be to mean something.
const PARTS_MAX: usize = 2;
const PART_CHARS_MIN: usize = 4;
/// Words that half of all institutions have in their names: alone they mean nobody.
const EVERYBODYS: [&str; 10] =
    ["bank", "credit", "union", "federal", "first", "national", "savings", "trust", "community", "https"];

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
    /// What a screen reader is told.
    said: String,
    blocks: Vec<Block>,
    /// Several institutions of different brands could be meant.
    compare: bool,
    /// What was taken for a slip of the hand, and what is shown instead.
    close: Option<String>,
    /// Names near to what found nothing.
    near: Vec<Near>,
    own: Vec<Tile>,
    popular: Vec<Tile>,
    by_hand: String,
    /// What was typed, when it looks like an address.
    address: String,
    form_key: String,
}

/// An institution that might be meant.
struct Near {
    name: String,
    href: String,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    /// The brand whose entries are all shown.
    #[serde(default)]
    more: String,
}

/// The whole page, or only what was found when htmx asks while somebody types.
pub(crate) async fn search(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Html<String>, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let connections = ctx.reader().bare_connections(household).await?;
    let directory = ctx.directory().await?;
    let title = "Where do you log in?";
    let page = if ctx.htmx { ctx.part(Nav::Accounts, title) } else { ctx.page(Nav::Accounts, title).await? };
    let search = Search::of(page, &directory, &connections, &asked, form_key(&ctx));
    Ok(Html(if ctx.htmx { search.as_found().render()? } else { search.render()? }))
}

impl Search {
    fn of(
        page: Page,
        directory: &Directory,
        connections: &[Connection],
        asked: &Asked,
        form_key: String,
    ) -> Self {
        let typed: String = asked.q.trim().chars().take(QUERY_CHARS_MAX).collect();
        let chosen: Vec<&str> = connections.iter().map(|connection| connection.offering.as_str()).collect();
        let results = directory.search(&typed, &chosen);
        let enough = typed.chars().count() >= QUERY_CHARS_MIN;
        let (own, popular) =
            if enough { (Vec::new(), Vec::new()) } else { Tile::lists(directory, connections, TILES) };
        Self {
            page,
            said: if enough { said(results.len(), &typed) } else { String::new() },
            blocks: blocks(&results, connections, &typed, &asked.more),
            compare: results.compare_addresses
                && results.groups.first().is_some_and(|best| best.hits.len() < 2),
            close: forgiven(&results),
            near: if enough && results.is_empty() { near(directory, &typed) } else { Vec::new() },
            own,
            popular,
            by_hand: format!("/accounts/add/by-hand?institution={}", encoded(&typed)),
            address: if looks_like_address(&typed) { typed.clone() } else { String::new() },
            form_key,
            asked: enough,
            typed,
        }
    }
}

/// The name that the best result has instead of what was typed.
fn forgiven(results: &Results<'_>) -> Option<String> {
    let best = results.groups.first()?.hits.first()?;
    best.matched.forgiven.then(|| best.matched.text.clone())
}

/// Institutions that answer a part of what found nothing: one of its words, or how it begins.
fn near(directory: &Directory, typed: &str) -> Vec<Near> {
    let lower = typed.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let telling = words.filter(|word| word.chars().count() >= PART_CHARS_MIN && !EVERYBODYS.contains(word));
    let mut parts: Vec<String> = telling.map(str::to_owned).collect();
    parts.sort_by_key(|word| Reverse(word.chars().count()));
    parts.truncate(PARTS_MAX);
    let length = typed.chars().count();
    if length > PART_CHARS_MIN {
        parts.push(typed.chars().take((length * 2 / 3).max(PART_CHARS_MIN)).collect());
    }
    let mut near: Vec<Near> = Vec::new();
    for part in parts.iter().filter(|part| part.as_str() != typed) {
        for group in directory.search(part, &[]).groups {
            let name = group.hits[0].offering.name.clone();
            if near.len() < NEAR_MAX && near.iter().all(|other| other.name != name) {
                near.push(Near { href: format!("/accounts/add/search?q={}", encoded(&name)), name });
            }
        }
    }
    near
}

/// `ebank.example/login` and `https://…`, but no name of several words.
fn looks_like_address(typed: &str) -> bool {
    !typed.contains(char::is_whitespace) && typed.trim_matches('.').contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn view(asked: &Asked) -> Search {
        let directory = Directory::load(vec![samples::offering()]).unwrap();
        let mut ended = samples::connection(4, "Vanguard", domain::Reason::Removed);
        ended.offering = "vanguard".to_owned();
        let mut fidelity = samples::connection(3, "Fidelity Investments", domain::Reason::Ok);
        fidelity.offering = "fidelity-investments".to_owned();
        let page = samples::page(Nav::Accounts, "Where do you log in?");
        Search::of(page, &directory, &[fidelity, ended], asked, "0".repeat(32))
    }

    fn search(typed: &str) -> String {
        view(&Asked { q: typed.to_owned(), more: String::new() }).render().unwrap()
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
        let html = search("fidelity");
        for text in [
            "<h2 id=\"brand-1\">Fidelity: ",
            "Compare the address",
            "<mark>Fidelity</mark> Investments",
            "<mark>Fidelity</mark> NetBenefits",
            "<b>fidelity.com</b>",
            "Connected",
            "href=\"/accounts/add/fidelity-netbenefits?q=fidelity\"",
            "By hand only, for now",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("search", &html);
        let part =
            view(&Asked { q: "fidelity".to_owned(), more: String::new() }).as_found().render().unwrap();
        assert!(part.contains("</mark> NetBenefits") && !part.contains("<html"));
    }

    #[test]
    fn a_long_brand_shows_four_entries_and_opens_without_a_script() {
        let html = search("fidelity");
        assert!(html.contains("more of Fidelity</span>") && html.contains("<li hidden>"), "{html}");
        assert!(html.contains("href=\"/accounts/add/search?q=fidelity&#38;more=Fidelity\""), "{html}");
        let opened = view(&Asked { q: "fidelity".to_owned(), more: "Fidelity".to_owned() }).render().unwrap();
        assert!(!opened.contains("more of Fidelity</span>") && !opened.contains("<li hidden>"));
    }

    #[test]
    fn nothing_found_leads_on_in_four_ways() {
        let html = search("zzqqxxyy");
        for text in [
            "Check the spelling",
            "Try the address",
            "/accounts/add/by-hand?institution=zzqqxxyy",
            "action=\"/accounts/add/request\"",
            "name=\"typed\" value=\"zzqqxxyy\"",
            "name=\"address\"",
            "name=\"form_key\"",
            "hx-post=\"/accounts/add/search/nothing\"",
            "mailto:",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("id=\"results\""), "no list to walk through");
        samples::is_clean(&html);
        samples::keep("search-nothing", &html);
        // The same ways stand below what was found.
        let html = search("fidelity");
        assert!(html.contains("Not in the list?") && html.contains("action=\"/accounts/add/request\""));
        assert!(!html.contains("/search/nothing"));
    }

    #[test]
    fn what_found_nothing_is_tried_in_parts() {
        let directory = Directory::load(Vec::new()).unwrap();
        let found = near(&directory, "qqzzxxkkjj vanguard");
        assert!(found.iter().any(|near| near.name == "Vanguard" && near.href.ends_with("?q=Vanguard")));
        assert!(near(&directory, "zzqqxxyy").is_empty());
        assert!(found.len() <= NEAR_MAX);
    }

    #[test]
    fn an_address_that_found_nothing_is_asked_for_as_one() {
        assert!(
            search("https://zzqqxxyy.example/login")
                .contains("name=\"address\" type=\"text\" inputmode=\"url\" value=\"https://zz")
        );
        for (typed, address) in [("zzqqxxyy.example", true), ("St. Zzqq", false), ("zzqq.", false)] {
            assert_eq!(looks_like_address(typed), address, "{typed}");
        }
    }

    #[test]
    fn before_anything_is_typed_there_are_tiles_and_the_households_own_come_first() {
        for typed in ["", "f"] {
            let html = search(typed);
            let (own, popular) =
                (html.find("You have these already").unwrap(), html.find("Often chosen").unwrap());
            let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}\n{html}"));
            assert!(own < at("href=\"/accounts/add/fidelity-investments\""));
            assert!(at("Connected before") < popular && popular < at("href=\"/accounts/add/chase\""));
            assert_eq!(html.matches("href=\"/accounts/add/fidelity-investments\"").count(), 1, "not twice");
            assert!(html.contains("Two letters are enough") && !html.contains("Nothing found"));
            samples::is_clean(&html);
        }
        assert_eq!(view(&Asked { q: String::new(), more: String::new() }).popular.len(), TILES);
        samples::keep("search-empty", &search(""));
    }
}
