//! `/help/…`: the two guides for clients, linked from the pages they are about.

use askama::Template;
use axum::response::Html;
use domain::{
    Reason,
    reason::{Mark, State},
};

use crate::{
    ctx::Ctx,
    fail::Fail,
    page::{Nav, Page},
};

#[derive(Template)]
#[template(path = "help/adding_accounts.html")]
struct Adding {
    page: Page,
}

pub(crate) async fn adding(ctx: Ctx) -> Result<Html<String>, Fail> {
    Ok(Html(Adding { page: ctx.page(Nav::Help, "Adding accounts").await? }.render()?))
}

#[derive(Template)]
#[template(path = "help/troubleshooting.html")]
struct Troubleshooting {
    page: Page,
    yours: Vec<Entry>,
    ours: Vec<Entry>,
}

/// What may be the matter, from the one table of reasons.
struct Entry {
    code: &'static str,
    title: String,
    sentence: String,
}

pub(crate) async fn troubleshooting(ctx: Ctx) -> Result<Html<String>, Fail> {
    let page = ctx.page(Nav::Help, "Accounts troubleshooting").await?;
    Ok(Html(Troubleshooting { page, yours: entries(Mark::Key), ours: entries(Mark::Wrench) }.render()?))
}

/// The reasons of a mark that a client may meet, with the institution left open. A bank that is down in four ways has
/// one headline, so each is told by its sentence.
fn entries(mark: Mark) -> Vec<Entry> {
    Reason::ALL
        .iter()
        .filter(|reason| reason.mark() == mark && reason.state() != State::Ended)
        .map(|reason| Entry {
            code: reason.code(),
            title: sentence_case(&Reason::fill(reason.title(), "the institution")),
            sentence: sentence_case(&Reason::fill(reason.client_sentence(), "the institution")),
        })
        .collect()
}

/// A capital after each full stop: "the institution" may begin a sentence.
fn sentence_case(text: &str) -> String {
    let mut begins = true;
    text.chars()
        .flat_map(|c| {
            let c = if begins && c.is_alphabetic() { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] };
            begins = match c.first() {
                Some('.') => true,
                Some(' ') => begins,
                _ => false,
            };
            c
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn the_guides_name_what_the_pages_say() {
        let adding = Adding { page: samples::page(Nav::Help, "Adding accounts") }.render().unwrap();
        for text in
            ["Add Account", "I have an online login to this account", "Connect", "Continue", "by hand"]
        {
            assert!(adding.contains(text), "{text}");
        }
        samples::is_clean(&adding);
        samples::keep("help-adding", &adding);
        let page = samples::page(Nav::Help, "Accounts troubleshooting");
        let guide = Troubleshooting { page, yours: entries(Mark::Key), ours: entries(Mark::Wrench) }
            .render()
            .unwrap();
        for text in [
            "Unable to get the recent account values",
            "The institution rejected your credentials",
            "No accounts found at the institution",
            "Click to Fix",
            "Find New",
            "id=\"credentials_rejected\"",
        ] {
            assert!(guide.contains(text), "{text}");
        }
        samples::is_clean(&guide);
        samples::keep("help-troubleshooting", &guide);
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        assert_eq!(
            sentence_case("the bank is down. the login is fine."),
            "The bank is down. The login is fine."
        );
    }
}
