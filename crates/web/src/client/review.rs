//! `/connections/{id}/review`: what becomes of each account that was found.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::{
    AccountId, ConnectionId,
    account::{Account, AccountKind, Owner},
    rights::Act,
    time::date_words,
};
use engine::{Choice, Decision, Error, Suggestion};
use http::StatusCode;

use super::words::{Owners, counted, dotted, kinds, masked, money};
use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

#[derive(Template)]
#[template(path = "client/review.html")]
struct Review {
    page: Page,
    id: String,
    institution: String,
    summary: String,
    found: Vec<Found>,
    kinds: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    owners: Vec<(&'static str, String)>,
    form: Form,
}

/// One found account with its fields; `n` makes their names.
struct Found {
    n: usize,
    id: String,
    title: String,
    sub: String,
    value: String,
    as_of: String,
    linkable: Vec<Linkable>,
    suggested: Option<String>,
    /// The account that another login of the household brings already.
    elsewhere: Option<String>,
}

struct Linkable {
    id: String,
    words: String,
}

pub(crate) async fn show(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Response, Fail> {
    let connection = ctx.reader().connection(id).await?;
    ctx.must(
        Act::ReviewAccounts,
        &ctx.reader().resource(connection.household, Some(connection.owner)).await?,
    )?;
    let suggestions = ctx.engine().suggestions(&ctx.subject, id).await?;
    if suggestions.is_empty() {
        return Ok(Redirect::to(&format!("/connections/{id}?status")).into_response());
    }
    let form = opened(&suggestions);
    let review = Review::load(&ctx, &connection.name(), id, &suggestions, form).await?;
    Ok(Html(review.render()?).into_response())
}

/// The form as it opens: what another login brings already is left out, what fits is linked, all else is added, and
/// everything counts.
fn opened(suggestions: &[Suggestion]) -> Form {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (n, suggestion) in suggestions.iter().enumerate() {
        let found = &suggestion.found;
        let choice = match suggestion {
            Suggestion { elsewhere: Some(_), .. } => "leave",
            Suggestion { suggested: Some(_), .. } => "link",
            _ => "add",
        };
        let link = suggestion.suggested.map(|id| id.to_string()).unwrap_or_default();
        fields.extend([
            (format!("choice.{n}"), choice.to_owned()),
            (format!("name.{n}"), found.name.clone()),
            (format!("kind.{n}"), found.kind.code().to_owned()),
            (format!("owner.{n}"), found.owner.code().to_owned()),
            (format!("counted.{n}"), "yes".to_owned()),
            (format!("link.{n}"), link),
        ]);
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Form::filled(&fields)
}

/// `POST /connections/{id}/review`.
pub(crate) async fn decide(ctx: Ctx, Path(id): Path<ConnectionId>, typed: Typed) -> Result<Response, Fail> {
    let connection = ctx.reader().connection(id).await?;
    ctx.must(
        Act::ReviewAccounts,
        &ctx.reader().resource(connection.household, Some(connection.owner)).await?,
    )?;
    let suggestions = ctx.engine().suggestions(&ctx.subject, id).await?;
    let mut form = Form::new(typed);
    let decisions = decisions(&mut form, &suggestions);
    let kept = decisions.iter().any(|decision| decision.choice != Choice::LeaveOut);
    if form.is_good() {
        match ctx.engine().review(&ctx.subject, &ctx.operation, id, decisions).await {
            Ok(()) => {
                let query = if kept { "?status&added" } else { "?status&left" };
                return Ok(Redirect::to(&format!("/connections/{id}{query}")).into_response());
            }
            Err(Error::Decision) => {
                form.problem(
                    "found",
                    "Something changed in the meantime. Please look again and confirm once more.",
                );
            }
            Err(error) => return Err(error.into()),
        }
    }
    if suggestions.is_empty() {
        return Ok(Redirect::to(&format!("/connections/{id}?status")).into_response());
    }
    let review = Review::load(&ctx, &connection.name(), id, &suggestions, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(review.render()?)).into_response())
}

/// The decisions as typed, for the accounts that still wait for one; problems are noted in the form.
fn decisions(form: &mut Form, suggestions: &[Suggestion]) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut linked: BTreeSet<AccountId> = BTreeSet::new();
    let sent = (0..).map_while(|n| Some((n, form.typed().get(&format!("id.{n}"))?.parse().ok()?)));
    let sent: Vec<(usize, AccountId)> = sent.take(1_000).collect();
    for (n, id) in sent {
        let Some(suggestion) = suggestions.iter().find(|suggestion| suggestion.found.id == id) else {
            continue;
        };
        let choice = match form.text(&format!("choice.{n}")) {
            "leave" => Some(Choice::LeaveOut),
            "link" => link(form, n, suggestion, &mut linked),
            _ => add(form, n),
        };
        decisions.extend(choice.map(|choice| Decision { account: id, choice }));
    }
    decisions
}

fn add(form: &mut Form, n: usize) -> Option<Choice> {
    let name = form.name(&format!("name.{n}"), "a name");
    let kind = form.choice(&format!("kind.{n}"), AccountKind::from_code);
    let owner = form.choice(&format!("owner.{n}"), Owner::from_code);
    let counted = form.checked(&format!("counted.{n}"));
    Some(Choice::Add { name: name?, kind: kind?, owner: owner?, counted })
}

fn link(
    form: &mut Form,
    n: usize,
    suggestion: &Suggestion,
    linked: &mut BTreeSet<AccountId>,
) -> Option<Choice> {
    let field = format!("link.{n}");
    let target = form.parsed(&field).filter(|id| suggestion.linkable.iter().any(|account| account.id == *id));
    let Some(target) = target else {
        form.problem(&field, "Please choose the account that it is.");
        return None;
    };
    if !linked.insert(target) {
        form.problem(&field, "Two accounts can't be linked to the same one.");
        return None;
    }
    Some(Choice::Link(target))
}

impl Review {
    async fn load(
        ctx: &Ctx,
        institution: &str,
        id: ConnectionId,
        suggestions: &[Suggestion],
        form: Form,
    ) -> Result<Self, Fail> {
        let household = ctx.subject.household.ok_or(Fail::Missing)?;
        let owners = Owners::of(&ctx.reader().people(household).await?);
        let page = ctx.page(Nav::Accounts, &format!("Accounts found at {institution}")).await?;
        Ok(Self::of(page, institution, id, suggestions, &owners, form))
    }

    fn of(
        page: Page,
        institution: &str,
        id: ConnectionId,
        suggestions: &[Suggestion],
        owners: &Owners,
        form: Form,
    ) -> Self {
        Self {
            page,
            id: id.to_string(),
            institution: institution.to_owned(),
            summary: format!("{} found at {institution}", counted(suggestions.len(), "account")),
            found: suggestions.iter().enumerate().map(|(n, suggestion)| Found::of(n, suggestion)).collect(),
            kinds: kinds(),
            owners: owners.options(),
            form,
        }
    }
}

impl Found {
    fn of(n: usize, suggestion: &Suggestion) -> Self {
        let found = &suggestion.found;
        let words = |account: &Account| {
            let value = account.value.map(|value| money(value.amount)).unwrap_or_default();
            dotted(&[&account.name, &account.institution, &value])
        };
        let linkable: Vec<Linkable> = suggestion
            .linkable
            .iter()
            .map(|account| Linkable { id: account.id.to_string(), words: words(account) })
            .collect();
        let suggested = suggestion.suggested.and_then(|id| {
            suggestion.linkable.iter().find(|account| account.id == id).map(|account| account.name.clone())
        });
        Self {
            n,
            id: found.id.to_string(),
            title: found.name.clone(),
            sub: dotted(&[found.kind.label(), &masked(&found.last_digits)]),
            value: found.value.map(|value| money(value.amount)).unwrap_or_default(),
            as_of: found.value.map(|value| date_words(value.as_of)).unwrap_or_default(),
            linkable,
            suggested,
            elsewhere: suggestion
                .elsewhere
                .as_ref()
                .map(|account| dotted(&[&account.name, &account.institution])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn suggestions() -> Vec<Suggestion> {
        let (_, accounts) = samples::household();
        let account = |at: usize| accounts[at].account.clone();
        vec![
            Suggestion { found: account(0), linkable: vec![account(6)], suggested: None, elsewhere: None },
            Suggestion {
                found: account(7),
                linkable: vec![account(6), account(5)],
                suggested: Some(account(6).id),
                elsewhere: None,
            },
        ]
    }

    fn html(form: Form) -> String {
        let page = samples::page(Nav::Accounts, "Accounts found");
        let id = samples::connection_id(1);
        Review::of(page, "Meridian Retirement", id, &suggestions(), &samples::owners(), form)
            .render()
            .unwrap()
    }

    #[test]
    fn each_found_account_can_be_added_linked_or_left_out() {
        let html = html(opened(&suggestions()));
        for text in [
            "2 accounts found at Meridian Retirement",
            "Add it",
            "It is an account that I have here",
            "Leave it out",
            "Probably 14 Alder Lane",
            "Owner",
            "Counted in net worth",
            "name=\"id.0\"",
            "Samuel",
            ">Add accounts</button>",
        ] {
            assert!(html.contains(text), "{text}");
        }
        let second = &html[html.find("name=\"choice.1\"").unwrap()..];
        let second = &second[..second.find("name=\"name.1\"").unwrap()];
        assert!(second.contains("value=\"link\" checked"), "what fits is preselected");
        samples::is_clean(&html);
        samples::keep("review", &html);
    }

    fn typed(fields: &[(&str, &str)]) -> (Vec<Decision>, Form) {
        let suggestions = suggestions();
        let ids: Vec<String> = suggestions.iter().map(|suggestion| suggestion.found.id.to_string()).collect();
        let mut all = vec![("id.0", ids[0].as_str()), ("id.1", ids[1].as_str())];
        all.extend(fields);
        let mut form = Form::filled(&all);
        (decisions(&mut form, &suggestions), form)
    }

    #[test]
    fn decisions_are_read_as_typed() {
        let target = suggestions()[1].suggested.unwrap();
        let (decided, form) = typed(&[
            ("choice.0", "add"),
            ("name.0", "House money"),
            ("kind.0", "savings"),
            ("owner.0", "joint"),
            ("choice.1", "link"),
            ("link.1", &target.to_string()),
        ]);
        assert!(form.is_good());
        let add = Choice::Add {
            name: "House money".to_owned(),
            kind: AccountKind::Savings,
            owner: Owner::Joint,
            counted: false,
        };
        assert_eq!(decided[0].choice, add);
        assert_eq!(decided[1].choice, Choice::Link(target));
        let (decided, _) = typed(&[("choice.0", "leave"), ("choice.1", "leave")]);
        assert!(decided.iter().all(|decision| decision.choice == Choice::LeaveOut));
    }

    #[test]
    fn one_account_is_linked_once_and_only_to_what_is_offered() {
        let target = suggestions()[1].suggested.unwrap().to_string();
        let (_, form) =
            typed(&[("choice.0", "link"), ("link.0", &target), ("choice.1", "link"), ("link.1", &target)]);
        assert_eq!(form.error("link.1"), Some("Two accounts can't be linked to the same one."));
        let foreign = samples::person_id(9).to_string();
        let (_, form) = typed(&[("choice.0", "link"), ("link.0", &foreign), ("choice.1", "leave")]);
        assert!(form.error("link.0").is_some());
    }
}
