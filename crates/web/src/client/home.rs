//! `/`: net worth, how fresh it is, what to do next.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{
    Currency, Date, MessageId, Money, PersonId, Timestamp,
    account::{Account, Category},
    connection::Connection,
    networth::{NetWorth, NetWorthPoint},
    reason::Mark,
    time::{ago_words, date_words},
};
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::account::Listed;

use super::{
    bars::{Bar, bars},
    fresh::{Fact, fresh},
    words::{AccountRow, Pill, Step, dotted, large, masked, money, signed},
};
use crate::{
    auth::landing,
    chart::{self, Allocation, Chart, Range},
    ctx::Ctx,
    fail::Fail,
    page::{Nav, Page},
    route::Path,
};

/// The newest news on the page; older ones come up when these are read.
const NEWS_MAX: u32 = 5;

#[derive(Template)]
#[template(path = "client/home.html")]
pub(crate) struct Home {
    page: Page,
    bars: Vec<Bar>,
    news: Vec<News>,
    /// While there is no account yet: the way in.
    path: Option<Vec<PathStep>>,
    worth: Option<Worth>,
    chart: Option<Chart>,
    /// What the household owns, as long as there is no history to draw.
    owned: Option<Allocation>,
    groups: Vec<Group>,
    fresh: Vec<Fact>,
    zone: String,
}

/// The figure at the top.
struct Worth {
    whole: String,
    cents: String,
    change: String,
    currentness: String,
    /// Not all of it is current, so the number says so itself.
    stale: bool,
    /// What is not in the sum.
    excluded: Option<String>,
}

struct News {
    id: String,
    body: String,
    href: String,
    ago: String,
}

struct PathStep {
    /// `done`, `now` or nothing.
    class: &'static str,
    title: String,
    sentence: String,
    step: Option<Step>,
}

struct Group {
    code: String,
    label: &'static str,
    total: String,
    stale: bool,
    rows: Vec<AccountRow>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    range: Option<String>,
}

pub(crate) async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Fail> {
    let Some(household) = ctx.subject.household else {
        return Ok(Redirect::to(landing(ctx.subject.role)).into_response());
    };
    let reader = ctx.reader();
    let (connections, accounts) = (reader.connections(household).await?, reader.accounts(household).await?);
    let range = Range::from_code(asked.range.as_deref().unwrap_or_default());
    let days = reader.net_worth_history(household, Date::MIN).await?;
    let messages = reader.unread(NEWS_MAX).await?;
    let page = ctx.page(Nav::Home, "Home").await?;
    let now = Now { at: ctx.now, zone: &ctx.zone };
    let news = messages.into_iter().map(|message| News {
        id: message.id.to_string(),
        body: message.body,
        href: message.href,
        ago: ago_words(message.created_at, ctx.now, &ctx.zone),
    });
    let me = ctx.subject.person;
    let mut home = Home::of(page, &connections, &accounts, &days, range, (me, &now));
    home.news = news.collect();
    home.bars = bars(&connections, ctx.subject.person, ctx.now, &ctx.zone);
    Ok(Html(home.render()?).into_response())
}

/// `POST /news/{id}/read` and `POST /news/read`: the client has read one message, or all.
pub(crate) async fn read(ctx: Ctx, Path(id): Path<MessageId>) -> Result<Redirect, Fail> {
    ctx.must_be_client()?;
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    tx.mark_read(ctx.subject.person, id).await?;
    tx.commit().await?;
    Ok(Redirect::to("/"))
}

pub(crate) async fn read_all(ctx: Ctx) -> Result<Redirect, Fail> {
    ctx.must_be_client()?;
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    tx.mark_all_read(ctx.subject.person).await?;
    tx.commit().await?;
    Ok(Redirect::to("/"))
}

/// The present and where it is told.
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) zone: &'a TimeZone,
}

impl Home {
    fn of(
        page: Page,
        connections: &[Connection],
        accounts: &[Listed],
        days: &[NetWorthPoint],
        range: Range,
        (me, now): (PersonId, &Now<'_>),
    ) -> Self {
        let added: Vec<Account> = accounts.iter().map(|listed| listed.account.clone()).collect();
        let today = now.at.to_zoned_datetime(now.zone.clone()).date();
        let known = added.iter().any(|account| account.counts() && account.value.is_some());
        let chart = if known { chart::net_worth(days, range, today, "/") } else { None };
        let begins = chart.as_ref().is_none_or(|chart| chart.begins);
        Self {
            owned: if known && begins { owned(&added) } else { None },
            path: added.is_empty().then(|| path(connections)),
            worth: known.then(|| Worth::of(&added, days, now)),
            chart,
            groups: groups(&added, connections, now),
            fresh: if added.is_empty() { Vec::new() } else { fresh(&added, connections, me, now) },
            zone: page_zone(now),
            bars: Vec::new(),
            news: Vec::new(),
            page,
        }
    }
}

/// `EST`: in which zone the times of the page are told.
fn page_zone(now: &Now<'_>) -> String {
    now.at.to_zoned_datetime(now.zone.clone()).strftime("%Z").to_string()
}

impl Worth {
    fn of(accounts: &[Account], days: &[NetWorthPoint], now: &Now<'_>) -> Self {
        let worth = NetWorth::of(accounts, Currency::USD, now.at, now.zone);
        let (whole, cents) = large(worth.total());
        let today = now.at.to_zoned_datetime(now.zone.clone()).date();
        Self {
            whole,
            cents,
            change: change(worth.total(), days, today).unwrap_or_default(),
            currentness: format!("{} of {} current", worth.currentness.current, worth.currentness.of),
            stale: !worth.currentness.is_whole(),
            excluded: worth.not_included(),
        }
    }
}

/// `+30,030.78 since Oct 23, 2026`: against a month ago, or against the first day when that is later.
fn change(total: Money, days: &[NetWorthPoint], today: Date) -> Option<String> {
    let month_ago = Range::Month.first_day(today)?;
    let before = days.iter().rfind(|point| point.day <= month_ago).or(days.first())?;
    if before.day == today {
        return None;
    }
    let then = before.assets.checked_add(before.debts)?;
    let change = total.checked_add(Money { minor: then.minor.checked_neg()?, ..then })?;
    Some(format!("{} since {}", signed(change), date_words(before.day)))
}

/// The list for somebody who has just registered.
fn path(connections: &[Connection]) -> Vec<PathStep> {
    let begun = connections
        .iter()
        .find(|connection| matches!(connection.reason.mark(), Mark::Key) || connection.is_running());
    let (sentence, step) = match begun {
        Some(connection) => (
            format!("You have begun with {}. Go on where you left.", connection.name()),
            Step { label: "Continue", href: format!("/connections/{}", connection.id), post: false },
        ),
        None => (
            "Connect an account with the login you use at your bank or broker, or enter it by hand."
                .to_owned(),
            Step { label: "Add Account", href: "/accounts/add".to_owned(), post: false },
        ),
    };
    let plain = |class, title: &str, sentence: &str| PathStep {
        class,
        title: title.to_owned(),
        sentence: sentence.to_owned(),
        step: None,
    };
    vec![
        plain("done", "Create your login", "Done. Only you know the password."),
        PathStep { class: "now", title: "Add your accounts".to_owned(), sentence, step: Some(step) },
        plain(
            "",
            "See your net worth",
            "It appears here with the first account and updates each business day.",
        ),
    ]
}

/// What is owned by group, debts left aside.
fn owned(added: &[Account]) -> Option<Allocation> {
    let counted =
        || added.iter().filter(|account| account.counts() && account.kind.category() != Category::Debts);
    let groups: Vec<(&str, Money)> = Category::ALL
        .into_iter()
        .map(|category| {
            let of = counted().filter(|account| account.kind.category() == category);
            let values = of.filter_map(|account| account.value);
            let sum = values
                .fold(Money::zero(Currency::USD), |sum, value| sum.checked_add(value.amount).unwrap_or(sum));
            (category.label(), sum)
        })
        .collect();
    chart::owned(&groups, counted().count())
}

fn groups(added: &[Account], connections: &[Connection], now: &Now<'_>) -> Vec<Group> {
    Category::ALL
        .into_iter()
        .filter_map(|category| {
            let accounts: Vec<&Account> =
                added.iter().filter(|account| account.kind.category() == category).collect();
            let currency = accounts.first()?.currency;
            let total = accounts
                .iter()
                .filter(|account| account.counts())
                .filter_map(|account| account.value)
                .fold(Money::zero(Currency::USD), |sum, value| sum.checked_add(value.amount).unwrap_or(sum));
            let rows: Vec<AccountRow> =
                accounts.iter().map(|account| row(account, connections, now)).collect();
            let total =
                if accounts.iter().all(|account| account.currency == currency) && currency != Currency::USD {
                    String::new()
                } else {
                    money(total)
                };
            Some(Group {
                code: format!("{category:?}").to_lowercase(),
                label: category.label(),
                total,
                stale: rows.iter().any(|row| row.stale && row.counted),
                rows,
            })
        })
        .collect()
}

fn row(account: &Account, connections: &[Connection], now: &Now<'_>) -> AccountRow {
    let connection = connections.iter().find(|connection| Some(connection.id) == account.connection);
    let by_hand = if account.connection.is_none() { "entered by hand" } else { "" };
    let sub = dotted(&[&account.institution, by_hand, &masked(&account.last_digits)]);
    let mut row = AccountRow::of(account, sub, now.at, now.zone);
    if let Some(connection) = connection
        && !connection.reason.is_healthy()
        && connection.reason.mark() != Mark::Good
        && !connection.is_running()
    {
        row.pill = Some(Pill::of(connection));
        row.step = match connection.reason.mark() {
            Mark::Key => Step::of(connection).map(|step| Step {
                label: step.label,
                href: if step.post { format!("/connections/{}", connection.id) } else { step.href },
                post: false,
            }),
            _ => {
                Some(Step { label: "See why", href: format!("/connections/{}", connection.id), post: false })
            }
        };
    }
    row
}

#[cfg(test)]
mod tests {
    use domain::Reason;

    use super::*;
    use crate::client::samples;

    fn home(accounts: &[Listed], connections: &[Connection]) -> String {
        let zone = samples::zone();
        let now = Now { at: samples::now(), zone: &zone };
        let page = samples::page(Nav::Home, "Home");
        Home::of(
            page,
            connections,
            accounts,
            &samples::net_worth_days(),
            Range::Year,
            (samples::person_id(1), &now),
        )
        .render()
        .unwrap()
    }

    #[test]
    fn a_new_client_is_led_to_the_first_account() {
        let html = home(&[], &[]);
        assert!(html.contains("Add your accounts") && html.contains("href=\"/accounts/add\""));
        assert!(html.contains(">Add Account<"), "{html}");
        samples::is_clean(&html);
    }

    #[test]
    fn what_is_in_another_currency_is_named_beside_net_worth() {
        let (connections, mut accounts) = samples::household();
        assert!(!home(&accounts, &connections).contains("no exchange rate"));
        let counted = |listed: &&mut Listed| listed.account.counts() && listed.account.value.is_some();
        let account = &mut accounts.iter_mut().find(counted).expect("one with a value").account;
        account.currency = "EUR".parse().unwrap();
        let value = account.value.as_mut().expect("it has one");
        value.amount = Money { minor: 120_410, currency: account.currency };
        let html = home(&accounts, &connections);
        assert!(html.contains("EUR 1,204.10 not included: no exchange rate"), "{html}");
    }

    #[test]
    fn net_worth_says_how_much_of_it_is_current() {
        let (connections, accounts) = samples::household();
        let html = home(&accounts, &connections);
        for text in
            ["Net worth", "7 of 9 current", "Add Account", "Debts", "As of", "How fresh is this?", "See why"]
        {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("home", &html);
    }

    #[test]
    fn a_few_causes_are_named_and_the_others_counted() {
        let (_, accounts) = samples::household();
        let mut connections: Vec<Connection> = (1..=14)
            .map(|number| samples::connection(number, &format!("Bank {number}."), Reason::Locked))
            .collect();
        connections.extend((15..=19).map(|n| samples::connection(n, &format!("Bank {n}."), Reason::Down)));
        let html = home(&accounts, &connections);
        assert!(
            html.contains("11 more that you can fix") && html.contains("2 more that we are on"),
            "{html}"
        );
        assert!(
            html.contains("Bank 3.") && !html.contains("Bank 4.") && !html.contains("Bank 19."),
            "{html}"
        );
        let now = Now { at: samples::now(), zone: &samples::zone() };
        let told = fresh(&[], &connections[..1], samples::person_id(2), &now);
        assert_eq!(
            told[1].link.as_ref().unwrap().1,
            "See why",
            "another person's login is not theirs to fix"
        );
    }
}
