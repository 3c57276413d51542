//! `GET /api/v1/accounts`

use axum::response::Response;
use bytes::Bytes;
use domain::{freshness, networth::NetWorth};
use serde::Serialize;
use store::account::Listed;
use utoipa::ToSchema;

use super::{
    Program, answer,
    kept::Mark,
    status::{Category, Owner, Status},
};
use crate::fail::Fail;

/// The accounts of the household.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of the API")]
pub(super) struct Accounts {
    accounts: Vec<Account>,
    /// Accounts that count in net worth and whose value is current.
    #[schema(example = 7)]
    current: u32,
    /// Accounts that count in net worth.
    #[schema(example = 9)]
    counted: u32,
}

/// An account with its latest known value.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "Everyday checking")]
    name: String,
    #[schema(example = "First Platypus Bank")]
    institution: String,
    /// What it is: `checking`, `roth_ira`, `mortgage` …
    #[schema(example = "checking")]
    kind: &'static str,
    category: Category,
    owner: Owner,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: String,
    /// Whether it counts in net worth.
    counted: bool,
    /// A decimal number; what is owed is negative. `null` when no value is known.
    #[schema(example = "12345.67")]
    value: Option<String>,
    /// What can be spent, where the institution says so.
    #[schema(example = "12000.00")]
    available: Option<String>,
    /// The date that the institution gives for the value.
    #[schema(format = Date, example = "2026-11-21")]
    as_of: Option<String>,
    /// When the value was fetched, or typed.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Whether the value is from the last business day; for accounts kept by hand, from the last quarter of a year.
    current: bool,
    /// The connection that keeps it; `null` for one kept by hand.
    #[schema(format = "uuid")]
    connection: Option<String>,
    /// What is the matter with that connection.
    status: Option<Status>,
}

/// The accounts, with values, dates, freshness, and what is the matter with their connections
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    operation_id = "listAccounts",
    tag = "Household",
    security(("access_key" = [])),
    responses(
        (status = 200, description = "All accounts of the household", body = Accounts),
        (status = 401, description = "No key, or one that holds no longer", body = super::openapi::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(program: Program) -> Result<Response, Fail> {
    let mark = Mark { revision: program.revision, now: program.now };
    let kept = &program.portal.kept_accounts;
    if let Some(body) = kept.get(program.household, mark) {
        return Ok(answer(body));
    }
    let body = Bytes::from(serde_json::to_vec(&read(&program).await?).map_err(Fail::internal)?);
    kept.keep(program.household, mark, body.clone());
    Ok(answer(body))
}

async fn read(program: &Program) -> Result<Accounts, Fail> {
    let listed = program.reader.accounts(program.household).await?;
    let plain: Vec<_> = listed.iter().map(|listed| listed.account.clone()).collect();
    let currentness = NetWorth::of(&plain, domain::Currency::USD, program.now, &program.zone).currentness;
    let accounts = listed.into_iter().map(|listed| account(program, listed)).collect();
    Ok(Accounts { accounts, current: currentness.current, counted: currentness.of })
}

fn account(program: &Program, listed: Listed) -> Account {
    let Listed { account, connection, .. } = listed;
    let current = freshness::is_current(&account, program.now, &program.zone);
    let value = account.value;
    let status = connection.map(|connection| Status::of(connection.reason, &account.institution));
    Account {
        id: account.id.to_string(),
        kind: account.kind.code(),
        category: account.kind.category().into(),
        owner: account.owner.into(),
        currency: account.currency.to_string(),
        counted: account.counts(),
        value: value.map(|value| value.amount.to_decimal().to_string()),
        available: value
            .and_then(|value| value.available)
            .map(|available| available.to_decimal().to_string()),
        as_of: value.map(|value| value.as_of.to_string()),
        updated_at: value.map(|value| value.updated_at.to_string()),
        current,
        connection: account.connection.map(|connection| connection.to_string()),
        status,
        name: account.name,
        institution: account.institution,
    }
}
