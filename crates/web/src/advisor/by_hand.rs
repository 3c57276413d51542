//! Accounts that staff keep by hand for a household.

use axum::response::{IntoResponse, Redirect, Response};
use domain::{
    Currency, Money,
    account::{AccountKind, Category, Owner},
    rights::Act,
};
use http::StatusCode;
use store::account::NewByHand;

use super::household::{Asked, found, page};
use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    route::{Path, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .post("/advisor/households/{household}/by-hand", add)
        .post("/advisor/households/{household}/by-hand/{account}/value", set_value)
}

/// What is owed is negative everywhere in the product, however it was typed.
fn signed(value: Money, kind: AccountKind) -> Money {
    match kind.category() {
        Category::Debts => Money { minor: value.minor.saturating_abs().saturating_neg(), ..value },
        _ => value,
    }
}

async fn add(ctx: Ctx, Path(household): Path<String>, typed: Typed) -> Result<Response, Fail> {
    let (household, resource) = found(&ctx, &household).await?;
    ctx.must(Act::KeepByHand, &resource)?;
    let again = (StatusCode::UNPROCESSABLE_ENTITY, Asked::default());
    let mut form = Form::new(typed);
    let kind = form.choice("kind", AccountKind::from_code);
    let name = form.name("name", "a name");
    let institution = form.name("institution", "the institution's name");
    let value = form.money("value", Currency::USD);
    let as_of = form.past_date("as_of", ctx.today());
    let owner = form.choice("owner", Owner::from_code);
    let (Some(kind), Some(name), Some(institution), Some(value), Some(as_of), Some(owner)) =
        (kind, name, institution, value, as_of, owner)
    else {
        return page(&ctx, household, &resource, form, again).await;
    };
    let mut tx = ctx.begin().await?;
    tx.add_by_hand(NewByHand {
        household: household.id,
        form_key: form.text("form_key"),
        kind,
        owner,
        name: &name,
        institution: &institution,
        counted: true,
        value: signed(value, kind),
        as_of,
    })
    .await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/advisor/households/{}", household.id)).into_response())
}

async fn set_value(
    ctx: Ctx,
    Path((household, account)): Path<(String, String)>,
    typed: Typed,
) -> Result<Response, Fail> {
    let (household, resource) = found(&ctx, &household).await?;
    ctx.must(Act::KeepByHand, &resource)?;
    let account = account.parse().map_err(|_| Fail::Missing)?;
    let mut account = ctx.reader().account(account).await?.account;
    if account.household != household.id || account.connection.is_some() {
        return Err(Fail::Missing);
    }
    let again = (StatusCode::UNPROCESSABLE_ENTITY, Asked::default());
    let mut form = Form::new(typed);
    let value = form.money("value", account.currency);
    let as_of = form.past_date("as_of", ctx.today());
    account.version = form.parsed("version").ok_or(Fail::Unreadable)?;
    let (Some(value), Some(as_of)) = (value, as_of) else {
        return page(&ctx, household, &resource, form, again).await;
    };
    let mut tx = ctx.begin().await?;
    tx.set_value(&account, signed(value, account.kind).minor, as_of).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/advisor/households/{}", household.id)).into_response())
}
