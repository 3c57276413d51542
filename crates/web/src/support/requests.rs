//! `/support/requests`: institutions that clients ask for. Who asks is not told.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use directory::Directory;
use domain::{
    RequestId, Timestamp,
    rights::FirmAct,
    sought::{InstitutionRequest, RequestState},
};
use http::StatusCode;
use serde::Deserialize;

use super::fields;
use crate::{
    client::words::{dotted, moment},
    ctx::{Ctx, encoded},
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

/// Offerings that could be meant, on the page of one request.
const LIKELY_MAX: usize = 6;

#[derive(Template)]
#[template(path = "support/requests.html")]
struct RequestsPage {
    page: Page,
    open: Vec<Wanted>,
    closed: Vec<Closed>,
}

/// Open requests that want the same.
struct Wanted {
    href: String,
    typed: String,
    /// Other ways in which it was typed.
    spellings: String,
    addresses: Vec<String>,
    since: String,
    asked: usize,
}

struct Closed {
    typed: String,
    class: &'static str,
    icon: &'static str,
    state: &'static str,
    when: String,
    answer: String,
    /// Name and page of what it is now.
    offering: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "support/request.html")]
struct RequestPage {
    page: Page,
    may_edit: bool,
    id: String,
    wanted: Wanted,
    /// What it came to, once it is closed.
    closed: Option<Closed>,
    form: Form,
    /// What was searched for.
    typed: String,
    likely: Vec<Likely>,
    add: String,
}

struct Likely {
    id: String,
    name: String,
    what: String,
    address: String,
}

pub(super) async fn show(ctx: Ctx) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    let requests = ctx.reader().requests().await?;
    let directory = ctx.directory().await?;
    let told = |at| moment(at, ctx.now, &ctx.zone);
    let (open, closed): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.state == RequestState::Open);
    let page = RequestsPage {
        page: ctx.page(Nav::Requests, "Requests").await?,
        open: alike(&open).iter().map(|same| Wanted::of(same, told)).collect(),
        closed: alike(&closed).iter().map(|same| Closed::of(same[0], &directory, told)).collect(),
    };
    Ok(Html(page.render()?).into_response())
}

/// Those that want the same, stand together and came to the same end, in the order of their newest.
fn alike<'a>(requests: &[&'a InstitutionRequest]) -> Vec<Vec<&'a InstitutionRequest>> {
    let mut groups: Vec<Vec<&InstitutionRequest>> = Vec::new();
    for request in requests {
        let same = |group: &&mut Vec<&InstitutionRequest>| {
            group[0].wanted == request.wanted && group[0].closed_at == request.closed_at
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(request),
            None => groups.push(vec![request]),
        }
    }
    groups
}

impl Wanted {
    /// The newest first; the first who asked says since when.
    fn of(same: &[&InstitutionRequest], told: impl Fn(Timestamp) -> String) -> Self {
        let first = same.iter().min_by_key(|request| request.created_at).unwrap_or(&same[0]);
        let mut spellings: Vec<&str> = same.iter().map(|request| request.typed.as_str()).collect();
        spellings.sort_unstable();
        spellings.dedup();
        spellings.retain(|typed| *typed != first.typed);
        let mut addresses: Vec<String> = same
            .iter()
            .map(|request| request.address.clone())
            .filter(|address| address.starts_with("https://"))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        Self {
            href: format!("/support/requests/{}", first.id),
            typed: first.typed.clone(),
            spellings: spellings.join(", "),
            addresses,
            since: told(first.created_at),
            asked: same.len(),
        }
    }
}

impl Closed {
    fn of(request: &InstitutionRequest, directory: &Directory, told: impl Fn(Timestamp) -> String) -> Self {
        let (class, icon, state) = match request.state {
            RequestState::Declined => ("", "flag", "Declined"),
            RequestState::Open | RequestState::Added => ("good", "dot", "In the list"),
        };
        let offering = request.offering.as_ref().map(|id| {
            let name = directory.offering(id).map_or(id, |offering| &offering.name);
            (name.clone(), format!("/support/institutions/{id}"))
        });
        Self {
            typed: request.typed.clone(),
            class,
            icon,
            state,
            when: request.closed_at.map(told).unwrap_or_default(),
            answer: request.answer.clone(),
            offering,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
}

pub(super) async fn one(
    ctx: Ctx,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fail> {
    page(&ctx, &id, Form::default(), asked.q, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    id: &str,
    form: Form,
    searched: Option<String>,
    status: StatusCode,
) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    let id: RequestId = id.parse().map_err(|_| Fail::Missing)?;
    let reader = ctx.reader();
    let request = reader.request(id).await?;
    let requests = reader.requests().await?;
    let same: Vec<&InstitutionRequest> = requests
        .iter()
        .filter(|other| other.wanted == request.wanted && other.closed_at == request.closed_at)
        .collect();
    let same = if same.is_empty() { vec![&request] } else { same };
    let directory = ctx.directory().await?;
    let told = |at| moment(at, ctx.now, &ctx.zone);
    let closed = request.closed_at.map(|_| Closed::of(&request, &directory, told));
    let may_edit = ctx.may_in_firm(FirmAct::EditDirectory) && closed.is_none();
    let typed = searched.clone().unwrap_or_else(|| request.typed.clone());
    let address = if searched.is_none() { request.address.as_str() } else { "" };
    let page = RequestPage {
        page: ctx.page(Nav::Requests, &format!("Request: {}", request.typed)).await?,
        may_edit,
        id: id.to_string(),
        wanted: Wanted::of(&same, told),
        closed,
        form,
        likely: likely(&directory, &typed, address),
        typed,
        add: format!("/support/institutions/new?request={id}"),
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// What could be meant: by the address first, since it is exact, then by the name.
fn likely(directory: &Directory, typed: &str, address: &str) -> Vec<Likely> {
    let mut likely: Vec<Likely> = Vec::new();
    for text in [address, typed] {
        let results = directory.search(text, &[]);
        for hit in results.groups.iter().flat_map(|group| &group.hits).filter(|hit| hit.offering.listed) {
            let offering = hit.offering;
            if likely.len() < LIKELY_MAX && likely.iter().all(|other| other.id != offering.id) {
                likely.push(Likely {
                    id: offering.id.clone(),
                    name: offering.name.clone(),
                    what: dotted(&[&offering.purpose, &offering.place]),
                    address: offering.address().to_owned(),
                });
            }
        }
    }
    likely
}

/// The address of a form that was sent, opened again.
pub(super) async fn back(ctx: Ctx, Path(id): Path<String>) -> Result<Redirect, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    Ok(Redirect::to(&format!("/support/requests/{}", encoded(&id))))
}

/// `POST /support/requests/{request}/link`: it is in the directory already.
pub(super) async fn link(ctx: Ctx, Path(id): Path<String>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let request: RequestId = id.parse().map_err(|_| Fail::Missing)?;
    let mut form = Form::new(typed);
    let directory = ctx.directory().await?;
    let offering = form.text("offering").to_owned();
    if directory.offering(&offering).is_none_or(|found| !found.listed) {
        form.problem("likely", "Please choose the institution that is meant.");
        let searched = form.typed().get("q").map(str::to_owned);
        return page(&ctx, &id, form, searched, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let alias = form.checked("alias");
    let (engine, subject) = (ctx.engine(), &ctx.subject);
    let outcome = engine.link_request(subject, &ctx.operation, request, &offering, alias).await;
    outcome.map_err(answered)?;
    Ok(Redirect::to("/support/requests").into_response())
}

/// `POST /support/requests/{request}/decline`: it will not be added.
pub(super) async fn decline(ctx: Ctx, Path(id): Path<String>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let request: RequestId = id.parse().map_err(|_| Fail::Missing)?;
    let mut form = Form::new(typed);
    let Some(answer) = fields::text(&mut form, "answer", "Please write what the client is told.") else {
        return page(&ctx, &id, form, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let outcome = ctx.engine().decline_request(&ctx.subject, &ctx.operation, request, &answer).await;
    outcome.map_err(answered)?;
    Ok(Redirect::to("/support/requests").into_response())
}

fn answered(error: engine::Error) -> Fail {
    match error {
        engine::Error::Store(store::Error::Conflict) => Fail::Conflict(
            "Somebody else answered this request, or changed the institution, in the meantime. Its page shows what holds \
             now."
                .to_owned(),
        ),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn request(number: u32, typed: &str, state: RequestState) -> InstitutionRequest {
        let open = state == RequestState::Open;
        InstitutionRequest {
            id: format!("0192b7f0-0000-7000-8000-{number:012}").parse().unwrap(),
            typed: typed.to_owned(),
            address: "https://harbortrust.com/login".to_owned(),
            wanted: domain::sought::wanted(typed),
            state,
            answer: if open { String::new() } else { "It was merged into Pine Bank.".to_owned() },
            offering: None,
            created_at: samples::now(),
            closed_at: (!open).then(samples::now),
        }
    }

    #[test]
    fn those_that_want_the_same_stand_together() {
        let requests = [
            request(1, "Harbor Trust", RequestState::Open),
            request(2, "Pine", RequestState::Open),
            request(3, "harbor-trust", RequestState::Open),
        ];
        let groups = alike(&requests.iter().collect::<Vec<_>>());
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        let closed = request(4, "Elm Savings", RequestState::Declined);
        let directory = Directory::of(vec![samples::offering()]);
        let html = RequestsPage {
            page: samples::staff_page(Nav::Requests, "Requests"),
            open: groups.iter().map(|same| Wanted::of(same, |_| "yesterday".to_owned())).collect(),
            closed: vec![Closed::of(&closed, &directory, |_| "today".to_owned())],
        }
        .render()
        .unwrap();
        for text in ["Harbor Trust", "harbor-trust", "asked twice", "Elm Savings", "merged into Pine Bank"] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("support-requests", &html);
    }

    #[test]
    fn one_request_offers_the_three_ways_to_answer() {
        let directory = Directory::of(vec![samples::offering()]);
        let open = request(1, "meridian", RequestState::Open);
        let html = RequestPage {
            page: samples::staff_page(Nav::Requests, "Request: meridian"),
            may_edit: true,
            id: open.id.to_string(),
            wanted: Wanted::of(&[&open], |_| "yesterday".to_owned()),
            closed: None,
            form: Form::default(),
            typed: "meridian".to_owned(),
            likely: likely(&directory, "meridian", ""),
            add: "/support/institutions/new?request=1".to_owned(),
        }
        .render()
        .unwrap();
        for text in ["Meridian Retirement", "name=\"alias\"", "new?request=1", "name=\"answer\""] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("support-request", &html);
    }

    #[test]
    fn no_requests_is_told() {
        let page = samples::staff_page(Nav::Requests, "Requests");
        let html = RequestsPage { page, open: Vec::new(), closed: Vec::new() }.render().unwrap();
        assert!(html.contains("Nobody waits"));
        samples::keep("support-requests-none", &html);
    }
}
