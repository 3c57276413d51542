//! `POST /accounts/{id}/settings`, `/value` and `/delete`: what a client changes about an account.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::{
    AccountId, Date, Money,
    account::{Account, AccountKind, Category, Owner},
    rights::Act,
};
use jiff::civil::date;
use store::account::Change;

use super::account::{again, today};
use crate::{
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

/// No value of a living household is older.
const FIRST_DAY: Date = date(1900, 1, 1);

/// Name, owner, counted; kind and institution of one kept by hand.
pub(crate) struct ChangeForm;

impl ChangeForm {
    /// The form as the account stands.
    pub(crate) fn of(account: &Account) -> Form {
        Form::filled(&[
            ("name", &account.name),
            ("owner", account.owner.code()),
            ("counted", if account.counted { "yes" } else { "" }),
            ("kind", account.kind.code()),
            ("institution", &account.institution),
            ("version", &account.version.to_string()),
        ])
    }
}

/// A new value with its date.
pub(crate) struct ValueForm;

impl ValueForm {
    /// The form before anything is typed.
    pub(crate) fn empty(account: &Account, today: Date) -> Form {
        let (today, version) = (today.to_string(), account.version.to_string());
        Form::filled(&[("amount", ""), ("as_of", &today), ("version", &version)])
    }
}

/// A value as typed: what is owed is typed without a sign and kept below zero.
pub(crate) fn typed_value(form: &mut Form, name: &str, kind: AccountKind) -> Option<Money> {
    let amount = form.money(name, domain::Currency::USD)?;
    let owed = kind.category() == Category::Debts && amount.minor > 0;
    Some(if owed { Money { minor: -amount.minor, ..amount } } else { amount })
}

/// The day of a value: not to come, and not before anybody lived.
pub(crate) fn typed_day(form: &mut Form, name: &str, today: Date) -> Option<Date> {
    let day = form.date(name)?;
    if day > today {
        form.problem(name, "Please use a day that has come.");
    } else if day < FIRST_DAY {
        form.problem(name, "Please use a later day.");
    } else {
        return Some(day);
    }
    None
}

/// The account that the form is about, in the version that the person saw.
async fn seen(ctx: &Ctx, id: AccountId, form: &Form) -> Result<Account, Fail> {
    let account = ctx.reader().account(id).await?.account;
    let act = if account.connection.is_none() { Act::KeepByHand } else { Act::ReviewAccounts };
    ctx.must(act, &ctx.reader().resource(account.household, None).await?)?;
    let version = form.parsed("version").ok_or(Fail::Unreadable)?;
    Ok(Account { version, ..account })
}

/// Saves name, owner and whether it counts.
pub(crate) async fn settings(ctx: Ctx, Path(id): Path<AccountId>, typed: Typed) -> Result<Response, Fail> {
    let mut form = Form::new(typed);
    let account = seen(&ctx, id, &form).await?;
    let name = form.name("name", "a name");
    let owner = form.choice("owner", Owner::from_code);
    let by_hand = account.connection.is_none();
    let kind = if by_hand { form.choice("kind", AccountKind::from_code) } else { Some(account.kind) };
    let institution = institution(&mut form);
    let (Some(name), Some(owner), Some(kind), Some(institution)) = (name, owner, kind, institution) else {
        return again(&ctx, id, (Some(form), None), false).await;
    };
    let change = Change {
        name: &name,
        owner,
        counted: form.checked("counted"),
        by_hand: by_hand.then_some((kind, institution.as_str())),
    };
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    match tx.change_account(&account, change).await {
        Ok(()) => {}
        Err(store::Error::Conflict) => {
            drop(tx);
            return again(&ctx, id, (Some(form), None), true).await;
        }
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

/// An institution's name, which may be left empty.
pub(crate) fn institution(form: &mut Form) -> Option<String> {
    if form.text("institution").is_empty() { Some(String::new()) } else { form.name("institution", "a name") }
}

/// Saves a new value of an account kept by hand.
pub(crate) async fn value(ctx: Ctx, Path(id): Path<AccountId>, typed: Typed) -> Result<Response, Fail> {
    let mut form = Form::new(typed);
    let account = seen(&ctx, id, &form).await?;
    if account.connection.is_some() {
        return Err(Fail::Conflict("This account updates by itself now.".to_owned()));
    }
    let amount = typed_value(&mut form, "amount", account.kind);
    let as_of = typed_day(&mut form, "as_of", today(&ctx));
    let (Some(amount), Some(as_of)) = (amount, as_of) else {
        return again(&ctx, id, (None, Some(form)), false).await;
    };
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    match tx.set_value(&account, amount.minor, as_of).await {
        Ok(()) => {}
        Err(store::Error::Conflict) => {
            drop(tx);
            return again(&ctx, id, (None, Some(form)), true).await;
        }
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

#[derive(Template)]
#[template(path = "client/account_delete.html")]
struct DeletePage {
    page: Page,
    id: String,
    name: String,
    version: i64,
    /// What net worth loses, when it counts.
    amount: Option<String>,
}

/// `GET /accounts/{id}/delete`: says what it will do before it does it.
pub(crate) async fn ask_delete(ctx: Ctx, Path(id): Path<AccountId>) -> Result<Html<String>, Fail> {
    ctx.must_be_client()?;
    let account = ctx.reader().account(id).await?.account;
    if account.connection.is_some() {
        return Err(Fail::Missing);
    }
    let counted = account.value.filter(|_| account.counted);
    let page = DeletePage {
        page: ctx.page(Nav::Accounts, "Delete an account").await?,
        id: id.to_string(),
        name: account.name,
        version: account.version,
        amount: counted.map(|value| super::words::money(value.amount)),
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn delete(ctx: Ctx, Path(id): Path<AccountId>, typed: Typed) -> Result<Redirect, Fail> {
    let form = Form::new(typed);
    let account = seen(&ctx, id, &form).await?;
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    tx.delete_account(&account).await?;
    tx.commit().await?;
    Ok(Redirect::to("/accounts"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn what_is_owed_is_typed_without_a_sign() {
        let typed = |amount: &str, kind| {
            typed_value(&mut Form::filled(&[("amount", amount)]), "amount", kind).map(|money| money.minor)
        };
        assert_eq!(typed("1,200", AccountKind::Mortgage), Some(-120_000));
        assert_eq!(typed("-1,200", AccountKind::Mortgage), Some(-120_000));
        assert_eq!(typed("1,200", AccountKind::Savings), Some(120_000));
        assert_eq!(typed("-5", AccountKind::Checking), Some(-500));
        assert_eq!(typed("much", AccountKind::Savings), None);
    }

    #[test]
    fn a_value_is_of_a_day_that_has_come() {
        let today = date(2026, 11, 23);
        let day = |typed: &str| typed_day(&mut Form::filled(&[("as_of", typed)]), "as_of", today);
        assert_eq!(day("2026-11-23"), Some(today));
        assert_eq!((day("2026-11-24"), day("1899-12-31"), day("")), (None, None, None));
    }

    #[test]
    fn a_deletion_says_what_it_does_first() {
        let page = DeletePage {
            page: samples::page(Nav::Accounts, "Delete an account"),
            id: "1".to_owned(),
            name: "14 Alder Lane".to_owned(),
            version: 3,
            amount: Some("545,000.00".to_owned()),
        };
        let html = page.render().unwrap();
        assert!(html.contains("545,000.00") && html.contains("30 days"));
        samples::is_clean(&html);
        samples::keep("account-delete", &html);
    }
}
