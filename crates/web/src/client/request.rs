//! `/accounts/add/request`: a client asks the firm to add an institution, and sees what became of it. And what the search
//! page reports of searches that came to nothing.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    edit::web_address,
    limits,
    rights::Act,
    sought::{InstitutionRequest, RequestState, wanted},
};
use http::StatusCode;
use serde::Deserialize;
use store::request::NewRequest;

use super::words::moment;
use crate::{
    ctx::{Ctx, encoded},
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
};

/// The form keys of pages are shorter.
const FORM_KEY_CHARS_MAX: usize = 64;

#[derive(Template)]
#[template(path = "client/request.html")]
struct RequestPage {
    page: Page,
    form: Form,
    form_key: String,
    /// What was asked for a moment ago.
    asked: Option<String>,
    by_hand: String,
    rows: Vec<Row>,
}

struct Row {
    typed: String,
    address: String,
    class: &'static str,
    icon: &'static str,
    state: &'static str,
    when: String,
    answer: String,
    /// Where it is in the directory now.
    href: Option<String>,
}

impl Row {
    fn of(request: &InstitutionRequest, told: impl Fn(domain::Timestamp) -> String) -> Self {
        let (class, icon, state, word) = match request.state {
            RequestState::Open => ("wrench", "clock", "Being looked at", "Asked"),
            RequestState::Added => ("good", "dot", "In the list now", "Added"),
            RequestState::Declined => ("", "flag", "Answered", "Answered"),
        };
        Self {
            typed: request.typed.clone(),
            address: request.address.trim_start_matches("https://").to_owned(),
            class,
            icon,
            state,
            when: format!("{word} {}", told(request.closed_at.unwrap_or(request.created_at))),
            answer: request.answer.clone(),
            href: request.offering.as_ref().map(|offering| format!("/accounts/add/{offering}")),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Way {
    /// What was typed into the search.
    #[serde(default)]
    typed: String,
    /// The id of what was asked for a moment ago.
    #[serde(default)]
    asked: String,
}

async fn must_ask(ctx: &Ctx) -> Result<(), Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::AddConnection, &ctx.reader().resource(household, None).await?)
}

pub(crate) async fn show(ctx: Ctx, Query(way): Query<Way>) -> Result<Response, Fail> {
    must_ask(&ctx).await?;
    ctx.has_seen("/accounts/add/request").await?;
    page(&ctx, Form::filled(&[("typed", &way.typed)]), &way.asked, StatusCode::OK).await
}

async fn page(ctx: &Ctx, form: Form, asked: &str, status: StatusCode) -> Result<Response, Fail> {
    let requests = ctx.reader().own_requests().await?;
    let asked = requests.iter().find(|request| request.id.to_string() == asked);
    let asked = asked.map(|request| request.typed.clone());
    let about = asked.as_deref().unwrap_or(form.text("typed"));
    let page = RequestPage {
        page: ctx.page(Nav::Accounts, "Ask for an institution").await?,
        by_hand: format!("/accounts/add/by-hand?institution={}", encoded(about)),
        form_key: ctx.form_key(),
        rows: requests.iter().map(|request| Row::of(request, |at| moment(at, ctx.now, &ctx.zone))).collect(),
        form,
        asked,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// `POST /accounts/add/request`
pub(crate) async fn ask(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    must_ask(&ctx).await?;
    let mut form = Form::new(typed);
    let name = form.name("typed", "the name of the institution");
    if name.as_ref().is_some_and(|name| wanted(name).is_empty()) {
        form.problem("typed", "Please enter the name of the institution.");
    }
    let address = match form.text("address") {
        "" => Some(String::new()),
        typed => web_address(typed),
    };
    if address.is_none() {
        form.problem("address", "Please enter a web address, like www.bank.com, or leave this empty.");
    }
    let (Some(name), Some(address), true) = (name, address, form.is_good()) else {
        return page(&ctx, form, "", StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let key = match form.text("form_key") {
        "" => ctx.form_key(),
        key if key.len() <= FORM_KEY_CHARS_MAX => key.to_owned(),
        _ => return Err(Fail::Unreadable),
    };
    let new = NewRequest { typed: &name, address: &address, form_key: &key };
    match ctx.engine().request_institution(&ctx.subject, &ctx.operation, new).await {
        Ok(made) => Ok(Redirect::to(&format!("/accounts/add/request?asked={}", made.id)).into_response()),
        Err(engine::Error::Store(store::Error::Full { max })) => {
            let sentence = format!("{max} of your requests are open. Please wait until some are answered.");
            form.problem("typed", sentence);
            page(&ctx, form, "", StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A text of the search page; longer ones are none that anybody typed.
fn searched(form: &Form, name: &str) -> Result<String, Fail> {
    let text = form.text(name);
    if text.chars().count() > directory::QUERY_CHARS_MAX {
        Err(Fail::Unreadable)
    } else {
        Ok(text.to_owned())
    }
}

/// `POST /accounts/add/search/nothing`: a search found nothing. The server looks for itself.
pub(crate) async fn nothing(ctx: Ctx, typed: Typed) -> Result<StatusCode, Fail> {
    ctx.must_be_client()?;
    let text = searched(&Form::new(typed), "typed")?;
    if ctx.portal.doors.counts_search(ctx.subject.person) {
        ctx.engine().search_missed(&ctx.subject, &text).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /accounts/add/search/chosen`: what was chosen, and what had been typed in vain before.
pub(crate) async fn chosen(ctx: Ctx, typed: Typed) -> Result<StatusCode, Fail> {
    ctx.must_be_client()?;
    let form = Form::new(typed);
    let (text, before) = (searched(&form, "typed")?, searched(&form, "before")?);
    let offering = form.text("offering");
    if offering.len() > limits::ADDRESS_CHARS_MAX {
        return Err(Fail::Unreadable);
    }
    if ctx.portal.doors.counts_search(ctx.subject.person) {
        ctx.engine().search_corrected(&ctx.subject, &text, &before, offering).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn request(typed: &str, state: RequestState) -> InstitutionRequest {
        let open = state == RequestState::Open;
        InstitutionRequest {
            id: "0192b7f0-0000-7000-8000-000000000001".parse().unwrap(),
            typed: typed.to_owned(),
            address: "https://harbortrust.com/login".to_owned(),
            wanted: wanted(typed),
            state,
            answer: if state == RequestState::Declined {
                "It was merged into Pine Bank, which is in the list.".to_owned()
            } else {
                String::new()
            },
            offering: (state == RequestState::Added).then(|| "firm-harbor-trust-1".to_owned()),
            created_at: samples::now(),
            closed_at: (!open).then(samples::now),
        }
    }

    fn page(rows: &[InstitutionRequest], asked: Option<&str>, form: Form) -> String {
        RequestPage {
            page: samples::page(Nav::Accounts, "Ask for an institution"),
            form,
            form_key: "k".to_owned(),
            asked: asked.map(str::to_owned),
            by_hand: "/accounts/add/by-hand?institution=Harbor".to_owned(),
            rows: rows.iter().map(|row| Row::of(row, |_| "today".to_owned())).collect(),
        }
        .render()
        .unwrap()
    }

    #[test]
    fn who_asks_is_told_who_looks_and_what_to_do_meanwhile() {
        let rows = [
            request("Harbor Trust", RequestState::Open),
            request("Pine Bank", RequestState::Added),
            request("Elm Savings", RequestState::Declined),
        ];
        let html = page(&rows, Some("Harbor Trust"), Form::default());
        for text in [
            "Being looked at",
            "by-hand?institution=Harbor",
            "In the list now",
            "/accounts/add/firm-harbor-trust-1",
            "merged into Pine Bank",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("request", &html);
    }

    #[test]
    fn an_empty_page_asks() {
        let html = page(&[], None, Form::filled(&[("typed", "Harbour trst")]));
        assert!(html.contains("value=\"Harbour trst\"") && html.contains("name=\"address\""));
        samples::is_clean(&html);
        samples::keep("request-new", &html);
    }
}
