//! `GET /api/v1/net-worth`

use axum::response::Response;
use axum_extra::extract::Query;
use bytes::Bytes;
use domain::{Currency, Date, Money, networth};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Program, answer, kept::Mark};
use crate::fail::Fail;

/// How far back the history goes when nothing is asked for.
const DAYS: i32 = 366;

/// What the household has less what it owes, now and on past days.
#[derive(Serialize, ToSchema)]
pub(super) struct NetWorth {
    /// Of all amounts; accounts in another currency are not in the sums.
    #[schema(example = "USD")]
    currency: String,
    /// Assets plus (negative) debts, as a decimal number.
    #[schema(example = "1284310.52")]
    total: String,
    #[schema(example = "1596615.39")]
    assets: String,
    /// Negative or zero.
    #[schema(example = "-312304.87")]
    debts: String,
    /// The oldest date that a value in the sums is from; `null` when there is none.
    #[schema(format = Date)]
    as_of: Option<String>,
    /// When the newest of these values was fetched or typed.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Accounts in the sums whose value is current …
    #[schema(example = 7)]
    current: u32,
    /// … of so many.
    #[schema(example = 9)]
    counted: u32,
    /// Accounts in another currency: not in the sums, as there is no exchange rate.
    excluded: Vec<Excluded>,
    /// One point a day on which something was known; other days have none.
    history: Vec<Day>,
}

/// Net worth of a past day.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of the API")]
pub(super) struct Day {
    #[schema(format = Date)]
    day: String,
    total: String,
    assets: String,
    /// Negative or zero.
    debts: String,
}

/// An account that is not in the sums.
#[derive(Serialize, ToSchema)]
pub(super) struct Excluded {
    /// Its id in the list of accounts.
    account: String,
    #[schema(example = "EUR")]
    currency: String,
    #[schema(example = "1204.10")]
    value: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The first day of the history; a year ago when it is missing.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Date>,
}

/// Net worth with its freshness, and its history
#[utoipa::path(
    get,
    path = "/api/v1/net-worth",
    operation_id = "showNetWorth",
    tag = "Household",
    params(Asked),
    security(("access_key" = [])),
    responses(
        (status = 200, description = "Net worth of the household", body = NetWorth),
        (status = 400, description = "`since` is not a date", body = super::openapi::Problem, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that holds no longer", body = super::openapi::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(program: Program, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    let mark = Mark { revision: program.revision, now: program.now };
    let kept = &program.portal.kept_net_worth;
    if let (Some(body), None) = (kept.get(program.household, mark), asked.since) {
        return Ok(answer(body));
    }
    let body = Bytes::from(serde_json::to_vec(&read(&program, asked.since).await?).map_err(Fail::internal)?);
    if asked.since.is_none() {
        kept.keep(program.household, mark, body.clone());
    }
    Ok(answer(body))
}

async fn read(program: &Program, since: Option<Date>) -> Result<NetWorth, Fail> {
    let Program { reader, household, zone, now, .. } = program;
    let (household, now) = (*household, *now);
    let listed = reader.accounts(household).await?;
    let accounts: Vec<_> = listed.into_iter().map(|listed| listed.account).collect();
    let worth = networth::NetWorth::of(&accounts, Currency::USD, now, zone);
    let year_ago = now.to_zoned_datetime(zone.clone()).date().saturating_sub(jiff::Span::new().days(DAYS));
    let history = reader.net_worth_history(household, since.unwrap_or(year_ago)).await?;
    let counted = accounts.iter().filter(|account| account.counts() && account.currency == Currency::USD);
    let values: Vec<_> = counted.filter_map(|account| account.value).collect();
    Ok(NetWorth {
        currency: Currency::USD.to_string(),
        total: decimal(worth.total()),
        assets: decimal(worth.assets),
        debts: decimal(worth.debts),
        as_of: values.iter().map(|value| value.as_of).min().map(|day| day.to_string()),
        updated_at: values.iter().map(|value| value.updated_at).max().map(|at| at.to_string()),
        current: worth.currentness.current,
        counted: worth.currentness.of,
        excluded: worth.excluded.iter().map(excluded).collect(),
        history: history.into_iter().map(day).collect(),
    })
}

fn excluded(excluded: &networth::Excluded) -> Excluded {
    Excluded {
        account: excluded.account.to_string(),
        currency: excluded.value.currency.to_string(),
        value: decimal(excluded.value),
    }
}

fn day(point: networth::NetWorthPoint) -> Day {
    let total = point.assets.checked_add(point.debts).unwrap_or(point.assets);
    Day {
        day: point.day.to_string(),
        total: decimal(total),
        assets: decimal(point.assets),
        debts: decimal(point.debts),
    }
}

fn decimal(amount: Money) -> String {
    amount.to_decimal().to_string()
}
