//! `/accounts/add/by-hand`: an account without a login, whose value the client keeps.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    account::{AccountKind, Owner},
    rights::Act,
};
use http::StatusCode;
use serde::Deserialize;
use store::account::NewByHand;

use super::{
    account::today,
    account_change::{institution, typed_day, typed_value},
    offering::form_key,
    words::{Owners, kinds},
};
use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
};

#[derive(Template)]
#[template(path = "client/by_hand.html")]
struct ByHand {
    page: Page,
    form: Form,
    kinds: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    owners: Vec<(&'static str, String)>,
    today: String,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    institution: String,
}

pub(crate) async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Html<String>, Fail> {
    let form = Form::filled(&[
        ("form_key", &form_key(&ctx)),
        ("institution", asked.institution.trim()),
        ("as_of", &today(&ctx).to_string()),
        ("owner", Owner::Client.code()),
        ("counted", "yes"),
    ]);
    Ok(Html(page(&ctx, form).await?.render()?))
}

async fn page(ctx: &Ctx, form: Form) -> Result<ByHand, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    let owners = Owners::of(&ctx.reader().people(household).await?);
    Ok(ByHand {
        page: ctx.page(Nav::Accounts, "Enter an account by hand").await?,
        form,
        kinds: kinds(),
        owners: owners.options(),
        today: today(ctx).to_string(),
    })
}

pub(crate) async fn add(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    let household = ctx.subject.household.ok_or(Fail::Missing)?;
    ctx.must(Act::KeepByHand, &ctx.reader().resource(household, None).await?)?;
    let mut form = Form::new(typed);
    let kind = form.choice("kind", AccountKind::from_code);
    let name = form.name("name", "a name");
    let institution = institution(&mut form);
    let value = typed_value(&mut form, "amount", kind.unwrap_or(AccountKind::OtherAsset));
    let as_of = typed_day(&mut form, "as_of", today(&ctx));
    let owner = form.choice("owner", Owner::from_code);
    let (Some(kind), Some(name), Some(institution), Some(value), Some(as_of), Some(owner)) =
        (kind, name, institution, value, as_of, owner)
    else {
        let page = page(&ctx, form).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
    };
    let new = NewByHand {
        household,
        form_key: form.text("form_key"),
        kind,
        owner,
        name: &name,
        institution: &institution,
        counted: form.checked("counted"),
        value,
        as_of,
    };
    if new.form_key.len() != 32 {
        return Err(Fail::Unreadable);
    }
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    let id = tx.add_by_hand(new).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn asks_for_kind_name_value_day_and_owner_and_keeps_what_was_typed() {
        let mut form = Form::filled(&[("name", "Cabin"), ("amount", "lots"), ("owner", "joint")]);
        let amount = typed_value(&mut form, "amount", AccountKind::RealEstate);
        assert!(amount.is_none() && form.choice("kind", AccountKind::from_code).is_none());
        let html = ByHand {
            page: samples::page(Nav::Accounts, "Enter an account by hand"),
            form,
            kinds: kinds(),
            owners: samples::owners().options(),
            today: "2026-11-20".to_owned(),
        }
        .render()
        .unwrap();
        for text in [
            "value=\"Cabin\"",
            "value=\"lots\"",
            "Please enter an amount",
            "aria-invalid=\"true\"",
            "Please choose one.",
            "<optgroup label=\"Debts\">",
            "value=\"joint\" selected",
            "max=\"2026-11-20\"",
        ] {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("by-hand", &html);
    }
}
