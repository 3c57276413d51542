//! `/support/searches`: what clients looked for in vain. Nobody's name is known here.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Response},
};
use directory::Directory;
use domain::{
    rights::FirmAct,
    sought::{Miss, Search},
    time::date_words,
};
use jiff::ToSpan;
use serde::Deserialize;

use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    page::{Nav, Page},
};

/// Days that can be looked back at, the first one by itself.
const SPANS: [i32; 2] = [30, 90];

#[derive(Template)]
#[template(path = "support/searches.html")]
struct SearchesPage {
    page: Page,
    may_edit: bool,
    days: i32,
    spans: [i32; 2],
    rows: Vec<Row>,
}

struct Row {
    text: String,
    nothing: bool,
    count: u32,
    last: String,
    /// Name and page of what was chosen.
    chosen: Option<(String, String)>,
    look: String,
    /// What to do about it, and where.
    act: (String, String),
}

#[derive(Deserialize)]
pub(super) struct Asked {
    days: Option<String>,
}

pub(super) async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    let days = asked.days.and_then(|days| days.parse().ok()).filter(|days| SPANS.contains(days));
    let days = days.unwrap_or(SPANS[0]);
    let searches = ctx.reader().searches(ctx.today().saturating_sub(days.days())).await?;
    let directory = ctx.directory().await?;
    let page = SearchesPage {
        page: ctx.page(Nav::Searches, "Searches").await?,
        may_edit: ctx.may_in_firm(FirmAct::EditDirectory),
        days,
        spans: SPANS,
        rows: searches.iter().map(|search| row(search, &directory)).collect(),
    };
    Ok(Html(page.render()?).into_response())
}

fn row(search: &Search, directory: &Directory) -> Row {
    let text = encoded(&search.text);
    let chosen = search.offering.as_deref().and_then(|id| directory.offering(id));
    let chosen =
        chosen.map(|offering| (offering.name.clone(), format!("/support/institutions/{}", offering.id)));
    let act = match &chosen {
        Some((name, href)) => (format!("Add it as a name of {name}"), format!("{href}?alias={text}#aliases")),
        None => ("Add it".to_owned(), format!("/support/institutions/new?name={text}")),
    };
    Row {
        text: search.text.clone(),
        nothing: search.miss == Miss::Nothing,
        count: search.count,
        last: date_words(search.last),
        chosen,
        look: format!("/support/institutions?q={text}"),
        act,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::client::samples;

    fn page(searches: &[Search]) -> String {
        let directory = Directory::of(vec![samples::offering()]);
        SearchesPage {
            page: samples::staff_page(Nav::Searches, "Searches"),
            may_edit: true,
            days: 30,
            spans: SPANS,
            rows: searches.iter().map(|search| row(search, &directory)).collect(),
        }
        .render()
        .unwrap()
    }

    #[test]
    fn a_search_leads_to_what_would_have_found_it() {
        let chosen = Some(samples::offering().id);
        let search = |text: &str, miss, offering| Search {
            text: text.to_owned(),
            miss,
            offering,
            count: 7,
            last: date(2026, 11, 19),
        };
        let html = page(&[
            search("harbour trst", Miss::Nothing, None),
            search("fidelty & co", Miss::Corrected, chosen),
        ]);
        for text in
            ["harbour trst", "?alias=fidelty%20%26%20co#aliases", "new?name=harbour%20trst", "Nov 19, 2026"]
        {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("support-searches", &html);
    }

    #[test]
    fn no_searches_is_told() {
        let html = page(&[]);
        assert!(html.contains("Nothing was searched in vain"));
        samples::keep("support-searches-none", &html);
    }
}
