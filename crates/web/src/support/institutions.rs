//! `/support/institutions`: the directory as the firm's clients find it, with the reason for each place.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Response},
};
use directory::{Directory, Field, Hit, QUERY_CHARS_MIN};
use domain::{
    edit::{self, Edit},
    institution::Offering,
    rights::FirmAct,
};
use serde::Deserialize;

use super::history::what;
use crate::{
    client::words::{counted, dotted, moment},
    ctx::{Ctx, encoded},
    fail::Fail,
    page::{Nav, Page},
};

/// Rows of the lists that no search orders.
const LISTED_MAX: usize = 100;

#[derive(Template)]
#[template(path = "support/institutions.html", blocks = ["found"])]
struct InstitutionsPage {
    page: Page,
    may_edit: bool,
    typed: String,
    /// `changed` or `hidden`, when nothing was typed.
    shown: &'static str,
    words: String,
    asked: bool,
    found: Vec<Found>,
    /// Those that clients don't find.
    hidden: Vec<Plain>,
    changed: Vec<Changed>,
    add: String,
}

/// A row that a client would see, and why it is there.
struct Found {
    rank: usize,
    plain: Plain,
    matched: String,
    forgiven: bool,
    score: String,
    parts: Vec<(&'static str, String)>,
    alias: String,
}

struct Plain {
    href: String,
    id: String,
    name: String,
    what: String,
    address: String,
    own: bool,
}

struct Changed {
    plain: Plain,
    hidden: bool,
    icon: &'static str,
    what: &'static str,
    by: String,
    when: String,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    show: String,
}

pub(super) async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    let directory = ctx.directory().await?;
    let edits = ctx.store().engine().current_edits(ctx.subject.firm).await?;
    let told = |at| moment(at, ctx.now, &ctx.zone);
    let page = ctx.page(Nav::Institutions, "Institutions").await?;
    let may_edit = ctx.may_in_firm(FirmAct::EditDirectory);
    let view = InstitutionsPage::of(page, may_edit, &directory, &edits, &asked, told);
    let html = if ctx.htmx { view.as_found().render()? } else { view.render()? };
    Ok(Html(html).into_response())
}

impl InstitutionsPage {
    fn of(
        page: Page,
        may_edit: bool,
        directory: &Directory,
        edits: &[Edit],
        asked: &Asked,
        told: impl Fn(domain::Timestamp) -> String,
    ) -> Self {
        let typed = asked.q.trim();
        let searches = typed.chars().count() >= QUERY_CHARS_MIN;
        let results = directory.search(typed, &[]);
        let hits = results.groups.iter().flat_map(|group| &group.hits).filter(|hit| hit.offering.listed);
        let found: Vec<Found> = hits.enumerate().map(|(at, hit)| Found::of(at + 1, hit, typed)).collect();
        let shown = if asked.show == "hidden" { "hidden" } else { "changed" };
        let hidden = match (searches, shown) {
            (true, _) => hidden(directory, |offering| is_like(offering, &typed.to_lowercase())),
            (false, "hidden") => hidden(directory, |_| true),
            (false, _) => Vec::new(),
        };
        let changed = edits.iter().filter(|_| !searches && shown == "changed");
        let changed = changed.filter_map(|edit| Changed::of(directory, edit, told(edit.at))).collect();
        Self {
            page,
            may_edit,
            shown,
            asked: searches,
            words: if searches {
                format!("{} for {typed}", counted(found.len(), "result"))
            } else {
                String::new()
            },
            found,
            hidden,
            changed,
            add: format!("/support/institutions/new?name={}", encoded(typed)),
            typed: typed.to_owned(),
        }
    }
}

fn hidden(directory: &Directory, which: impl Fn(&Offering) -> bool) -> Vec<Plain> {
    let hidden = directory.offerings().iter().filter(|offering| !offering.listed && which(offering));
    hidden.take(LISTED_MAX).map(Plain::of).collect()
}

/// Whether an offering is named like this, by whatever name, address or id.
fn is_like(offering: &Offering, typed: &str) -> bool {
    let names = std::iter::once(&offering.name).chain(&offering.also_known_as);
    offering.id == typed
        || offering.address().contains(typed)
        || names.into_iter().any(|name| name.to_lowercase().contains(typed))
}

impl Plain {
    fn of(offering: &Offering) -> Self {
        Self {
            href: format!("/support/institutions/{}", offering.id),
            id: offering.id.clone(),
            name: offering.name.clone(),
            what: dotted(&[&offering.purpose, &offering.place]),
            address: offering.address().to_owned(),
            own: edit::is_own(&offering.id),
        }
    }
}

impl Found {
    fn of(rank: usize, hit: &Hit<'_>, typed: &str) -> Self {
        let field = match hit.matched.field {
            Field::Name => "Name",
            Field::Alias => "Other name",
            Field::Address => "Address",
        };
        let plain = Plain::of(hit.offering);
        Self {
            rank,
            matched: format!("{field}: {}", hit.matched.text),
            forgiven: hit.matched.forgiven,
            score: format!("{:.2}", hit.score.total),
            parts: hit.score.parts.iter().map(|(what, share)| (*what, format!("{share:+.2}"))).collect(),
            alias: format!("{}?alias={}#aliases", plain.href, encoded(typed)),
            plain,
        }
    }
}

impl Changed {
    fn of(directory: &Directory, edit: &Edit, when: String) -> Option<Self> {
        let offering = directory.offering(&edit.offering)?;
        let (what, icon) = what(edit.kind);
        let by = edit.by.clone();
        Some(Self { plain: Plain::of(offering), hidden: !offering.listed, icon, what, by, when })
    }
}

#[cfg(test)]
mod tests {
    use domain::edit::{Changes, EditKind};

    use super::*;
    use crate::client::samples;

    fn page(typed: &str, show: &str, part: bool) -> String {
        let hidden =
            Offering { listed: false, name: "Harbor Trust".to_owned(), ..edit::blank("firm-harbor-1") };
        let named = |id: &str, name: &str| Offering {
            brand: "Fidelity".to_owned(),
            name: name.to_owned(),
            home_url: format!("https://www.{id}.com"),
            ..edit::blank(id)
        };
        let directory = Directory::of(vec![
            samples::offering(),
            named("fidelity", "Fidelity Investments"),
            named("netbenefits", "Fidelity NetBenefits"),
            hidden,
        ]);
        let edits = [Edit {
            offering: "firm-harbor-1".to_owned(),
            version: 2,
            kind: EditKind::Hidden,
            changes: Changes::default(),
            comment: "It has closed.".to_owned(),
            by: "Noor Haddad".to_owned(),
            at: samples::now(),
        }];
        let asked = Asked { q: typed.to_owned(), show: show.to_owned() };
        let frame = samples::staff_page(Nav::Institutions, "Institutions");
        let view =
            InstitutionsPage::of(frame, true, &directory, &edits, &asked, |_| "Nov 20, 10:12 AM".to_owned());
        if part { view.as_found().render().unwrap() } else { view.render().unwrap() }
    }

    #[test]
    fn each_row_says_why_it_is_where_it_is() {
        let html = page("fidelity", "", false);
        for text in ["Fidelity Investments", "ame: Fidelity", "alias=fidelity", "/support/institutions/"] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("support-institutions", &html);
        assert!(!page("fidelity", "", true).contains("<html"));
    }

    #[test]
    fn what_clients_do_not_find_is_found_here() {
        for (typed, show) in [("harbor", ""), ("firm-harbor-1", ""), ("", "hidden")] {
            let html = page(typed, show, false);
            assert!(html.contains("Harbor Trust") && html.contains("Clients don’t find"), "{typed}\n{html}");
        }
        let html = page("", "", false);
        assert!(html.contains("Noor Haddad") && html.contains("Hidden"));
        samples::keep("support-changed", &html);
    }
}
