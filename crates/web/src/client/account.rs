//! `/accounts/{id}`: one account, its value over time, what it consists of, its transactions and its settings.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Response},
};
use domain::{
    AccountId, Date, Decimal, Money, Timestamp,
    account::{Account, Category},
    freshness,
    holding::Holding,
    reason::{Mark, Reason},
    time::{ago_words, date_words, time_words},
};
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::account::Listed;

use super::{
    account_change::{ChangeForm, ValueForm},
    entries::Entries,
    words::{Owners, Pill, dotted, large, masked, money},
};
use crate::{
    chart::{self, Allocation, Chart, Range},
    ctx::{Ctx, encoded},
    fail::Fail,
    form::Form,
    page::{Nav, Page},
    route::Path,
};

#[derive(Template)]
#[template(path = "client/account.html")]
pub(crate) struct AccountPage {
    page: Page,
    facts: Facts,
    source: Option<Source>,
    chart: Option<Chart>,
    holdings: Option<Holdings>,
    entries: Option<Entries>,
    kinds: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    owners: Vec<(&'static str, String)>,
    change: Form,
    value: Form,
    today: String,
    /// Somebody else changed the account since the form was opened.
    conflict: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is one word of the page")]
struct Facts {
    id: String,
    name: String,
    sub: String,
    kind: &'static str,
    owner: String,
    whole: String,
    cents: String,
    /// `owed`, for debts.
    side: &'static str,
    known: bool,
    stale: bool,
    as_of: String,
    updated: String,
    ago: String,
    available: Option<String>,
    by_hand: bool,
    counted: bool,
    missing: bool,
    /// `Nov 23, 2026`, when the client said that it was closed; else empty.
    closed: String,
    debt: bool,
    link: String,
}

/// Where a connected account's values come from.
struct Source {
    id: String,
    name: String,
    pill: Pill,
    /// The sentence of what is the matter, with where it is fixed.
    trouble: Option<String>,
    /// What did not come in the last run.
    incomplete: Option<String>,
}

struct Holdings {
    allocation: Option<Allocation>,
    rows: Vec<HoldingRow>,
    as_of: String,
    total: Option<String>,
}

struct HoldingRow {
    name: String,
    symbol: String,
    kind: &'static str,
    quantity: String,
    price: String,
    price_as_of: String,
    value: String,
    cost_basis: String,
    /// Value less cost basis, with its sign.
    gain: String,
}

#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    range: Option<String>,
    q: Option<String>,
    page: Option<u32>,
}

pub(crate) async fn show(
    ctx: Ctx,
    Path(id): Path<AccountId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fail> {
    ctx.must_be_client()?;
    let listed = ctx.reader().account(id).await?;
    let change = ChangeForm::of(&listed.account);
    let value = ValueForm::empty(&listed.account, today(&ctx));
    let page = AccountPage::load(&ctx, listed, asked, (change, value), false).await?;
    Ok(Html(page.render()?).into_response())
}

/// The page again with a form that could not be taken: 422, or 409 when somebody else was quicker.
pub(crate) async fn again(
    ctx: &Ctx,
    id: AccountId,
    forms: (Option<Form>, Option<Form>),
    conflict: bool,
) -> Result<Response, Fail> {
    let listed = ctx.reader().account(id).await?;
    let account = &listed.account;
    let version = account.version.to_string();
    // Saving again after a conflict is a decision: it goes by the version that is on the page now.
    let kept = |form: Form| if conflict { form.with("version", &version) } else { form };
    let change = forms.0.map_or_else(|| ChangeForm::of(account), kept);
    let value = forms.1.map_or_else(|| ValueForm::empty(account, today(ctx)), kept);
    let page = AccountPage::load(ctx, listed, Asked::default(), (change, value), conflict).await?;
    let status = if conflict { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, Html(page.render()?)).into_response())
}

/// The present day in the firm's zone.
pub(crate) fn today(ctx: &Ctx) -> Date {
    ctx.now.to_zoned_datetime(ctx.zone.clone()).date()
}

impl AccountPage {
    async fn load(
        ctx: &Ctx,
        listed: Listed,
        asked: Asked,
        (change, value): (Form, Form),
        conflict: bool,
    ) -> Result<Self, Fail> {
        let reader = ctx.reader();
        let account = &listed.account;
        let id = account.id;
        let owners = Owners::of(&reader.people(account.household).await?);
        let by_hand = account.connection.is_none();
        let range = Range::from_code(asked.range.as_deref().unwrap_or_default());
        let values = reader.values(id, Date::MIN).await?;
        let holdings = if by_hand { Vec::new() } else { reader.holdings(id).await? };
        let search = asked.q.unwrap_or_default();
        let entries =
            if by_hand { None } else { Some(reader.entries(id, &search, asked.page.unwrap_or(1)).await?) };
        let today = today(ctx);
        Ok(Self {
            chart: chart::value(&values, by_hand, range, today, &format!("/accounts/{id}")),
            holdings: Holdings::of(&holdings, listed.holdings_as_of, account),
            entries: entries.and_then(|entries| Entries::of(&entries, &search, &listed)),
            page: ctx.page(Nav::Accounts, &account.name).await?,
            facts: Facts::of(account, &owners, ctx.now, &ctx.zone),
            source: Source::of(&listed),
            kinds: super::words::kinds(),
            owners: owners.options(),
            change,
            value,
            today: today.to_string(),
            conflict,
        })
    }
}

impl Facts {
    fn of(account: &Account, owners: &Owners, now: Timestamp, zone: &TimeZone) -> Self {
        let by_hand = account.connection.is_none();
        let debt = account.kind.category() == Category::Debts;
        let amount = account.value.map(|value| value.amount);
        let owed = debt && amount.is_some_and(|amount| amount.minor <= 0);
        let shown = amount.map(|amount| if owed { positive(amount) } else { amount });
        let (whole, cents) = shown.map(large).unwrap_or_default();
        let known =
            |tell: &dyn Fn(domain::account::Value) -> String| account.value.map(tell).unwrap_or_default();
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            sub: dotted(&[&account.institution, &masked(&account.last_digits)]),
            kind: account.kind.label(),
            owner: owners.name(account.owner).to_owned(),
            whole,
            cents,
            side: if owed { "owed" } else { "" },
            known: amount.is_some(),
            stale: account.closed_on.is_none() && !freshness::is_current(account, now, zone),
            as_of: known(&|value| date_words(value.as_of)),
            updated: known(&|value| time_words(value.updated_at, zone)),
            ago: known(&|value| ago_words(value.updated_at, now, zone)),
            available: account.value.and_then(|value| value.available).map(money),
            by_hand,
            counted: account.counts(),
            missing: account.closed_on.is_none()
                && account.missing_runs >= domain::limits::MISSING_RUNS_FLAGGED,
            closed: account.closed_on.map(date_words).unwrap_or_default(),
            debt,
            link: format!("/accounts/add/search?q={}", encoded(&account.institution)),
        }
    }
}

fn positive(amount: Money) -> Money {
    Money { minor: amount.minor.saturating_abs(), ..amount }
}

impl Source {
    fn of(listed: &Listed) -> Option<Self> {
        let source = listed.connection.as_ref()?;
        let institution = &listed.account.institution;
        // A new account at the institution is no trouble of this one.
        let off = source.reason == Reason::ByPerson;
        let healthy = off || source.running || source.reason.is_healthy();
        let mark = if healthy { Mark::Good } else { source.reason.mark() };
        let pill = match mark {
            Mark::Key => Pill { class: "key", icon: "key", words: "You can fix this" },
            Mark::Wrench => Pill { class: "wrench", icon: "wrench", words: "We are on it" },
            Mark::Good if off => Pill { class: "good", icon: "clock", words: "Switched off" },
            Mark::Good if source.running => Pill { class: "good", icon: "clock", words: "Updating" },
            Mark::Good => Pill { class: "good", icon: "dot", words: "Connected" },
        };
        let trouble = (mark != Mark::Good).then(|| Reason::fill(source.reason.title(), institution));
        let incomplete = listed.incomplete.map(|_| match listed.account.value {
            None => format!("{institution} lists this account, but has not sent a value for it yet."),
            Some(value) if source.last_success_at.is_some_and(|at| value.updated_at < at) => format!(
                "{institution} did not send the newest value of this account in the last run. What you see is of {}.",
                date_words(value.as_of)
            ),
            Some(_) => format!("{institution} sent the value, but not everything else in the last run."),
        });
        Some(Self { id: source.id.to_string(), name: institution.clone(), pill, trouble, incomplete })
    }
}

impl Holdings {
    fn of(holdings: &[Holding], as_of: Option<Date>, account: &Account) -> Option<Self> {
        if holdings.is_empty() {
            return None;
        }
        let sum = holdings
            .iter()
            .try_fold(Money::zero(account.currency), |sum, holding| sum.checked_add(holding.value));
        Some(Self {
            allocation: chart::allocation(holdings),
            rows: holdings.iter().map(HoldingRow::of).collect(),
            as_of: as_of.map(date_words).unwrap_or_default(),
            total: sum.map(money),
        })
    }
}

impl HoldingRow {
    fn of(holding: &Holding) -> Self {
        let gain = holding
            .cost_basis
            .and_then(|cost| holding.value.checked_add(Money { minor: cost.minor.checked_neg()?, ..cost }));
        Self {
            name: chart::shown_name(holding).to_owned(),
            symbol: if holding.name.is_empty() { String::new() } else { holding.symbol.clone() },
            kind: chart::kind_label(holding.kind),
            quantity: number(holding.quantity),
            price: holding.price.map(number).unwrap_or_default(),
            price_as_of: holding.price_as_of.map(date_words).unwrap_or_default(),
            value: money(holding.value),
            cost_basis: holding.cost_basis.map(money).unwrap_or_default(),
            gain: gain.map(super::words::signed).unwrap_or_default(),
        }
    }
}

/// A quantity or price as it is, with thousands separated and a real minus sign.
pub(super) fn number(number: Decimal) -> String {
    let text = number.normalize().abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + 6);
    if number.is_sign_negative() && !number.is_zero() {
        out.push('\u{2212}');
    }
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    fn page(listed: &Listed, conflict: bool) -> String {
        let (zone, owners) = (samples::zone(), samples::owners());
        let account = &listed.account;
        let today = samples::now().to_zoned_datetime(zone.clone()).date();
        let by_hand = account.connection.is_none();
        AccountPage {
            chart: chart::value(&samples::values(), by_hand, Range::Year, today, "/accounts/1"),
            holdings: Holdings::of(&samples::holdings(), Some(today), account).filter(|_| !by_hand),
            entries: Entries::of(&samples::entries(), "", listed).filter(|_| !by_hand),
            page: samples::page(Nav::Accounts, &account.name),
            facts: Facts::of(account, &owners, samples::now(), &zone),
            source: Source::of(listed),
            kinds: super::super::words::kinds(),
            owners: owners.options(),
            change: ChangeForm::of(account),
            value: ValueForm::empty(account, today),
            today: today.to_string(),
            conflict,
        }
        .render()
        .unwrap()
    }

    #[test]
    fn a_connected_account_shows_history_holdings_and_transactions() {
        let (_, accounts) = samples::household();
        let html =
            page(accounts.iter().find(|listed| listed.account.name == "Joint brokerage").unwrap(), false);
        for text in [
            "Value over time",
            "Holdings",
            "Quantity",
            "Price",
            "Cost basis",
            "Allocation",
            "Transactions",
            "Pending",
            "As of",
            "Last updated",
            "Counted in net worth",
            "name=\"version\"",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("New value"), "a connected value can't be typed");
        samples::is_clean(&html);
        samples::keep("account", &html);
    }

    #[test]
    fn one_kept_by_hand_takes_new_values_and_can_be_deleted() {
        let (_, accounts) = samples::household();
        let html = page(accounts.iter().find(|listed| listed.connection.is_none()).unwrap(), true);
        for text in ["New value", "As of", ">Link<", "Delete", "changed in another window"] {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("account-by-hand", &html);
    }

    #[test]
    fn a_debt_says_owed() {
        let (_, accounts) = samples::household();
        let html =
            page(accounts.iter().find(|listed| listed.account.name == "Visa Signature").unwrap(), false);
        assert!(
            html.contains("2,913<span class=\"c\">.55</span> <span class=\"owed\">owed</span>"),
            "{html}"
        );
    }

    #[test]
    fn transactions_say_since_when_they_are_known() {
        let (_, accounts) = samples::household();
        let mut listed =
            accounts.into_iter().find(|listed| listed.account.name == "Joint brokerage").unwrap();
        assert!(!page(&listed, false).contains("Known since"));
        listed.entries_since = Some(Date::constant(2026, 8, 25));
        let html = page(&listed, false);
        assert!(html.contains("Known since Aug 25, 2026"), "{html}");
        samples::keep("account-since", &html);
        let mut entries = samples::entries();
        (entries.total, entries.number, entries.pages) = (10_000, 2, 200);
        let told = Entries::of(&entries, "", &listed).unwrap();
        assert_eq!(told.words, "10,000 transactions ·\u{a0}page 2 of 200");
    }

    #[test]
    fn what_did_not_come_is_said_as_it_is() {
        let (_, accounts) = samples::household();
        let mut listed =
            accounts.into_iter().find(|listed| listed.account.name == "Joint brokerage").unwrap();
        listed.incomplete = Some(Reason::Partial);
        let said = |listed: &Listed| Source::of(listed).unwrap().incomplete.unwrap();
        let value = listed.account.value.unwrap();
        listed.connection.as_mut().unwrap().last_success_at = Some(value.updated_at);
        assert!(said(&listed).contains("sent the value, but not everything else"), "{}", said(&listed));
        let later = value.updated_at + std::time::Duration::from_hours(24);
        listed.connection.as_mut().unwrap().last_success_at = Some(later);
        assert!(said(&listed).contains("did not send the newest value"), "{}", said(&listed));
        listed.account.value = None;
        assert!(said(&listed).contains("has not sent a value for it yet"), "{}", said(&listed));
        assert!(page(&listed, false).contains("has not sent a value for it yet"));
    }

    #[test]
    fn quantities_and_prices_are_exact() {
        for (typed, told) in [("1234.5670", "1,234.567"), ("-0.5", "\u{2212}0.5"), ("100", "100"), ("0", "0")]
        {
            assert_eq!(number(typed.parse().unwrap()), told);
        }
    }
}
