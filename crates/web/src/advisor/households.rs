//! The list of households: totals, how fresh they are, what is wrong and for whom it waits.

use askama::Template;
use axum::response::Html;
use domain::{
    Currency, HouseholdId, Reason, Timestamp,
    account::Account,
    connection::Connection,
    networth::NetWorth,
    person::{Household, Person},
    reason::{Actor, State},
    time,
};
use store::{account::Listed, outbox::Message};

use super::must_see_households;
use crate::{
    client::words::title,
    ctx::Ctx,
    fail::Fail,
    page::{Nav, Page},
    route::Routes,
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/advisor", show)
}

/// The newest news on the page; older ones come up when these are seen.
const NEWS_MAX: u32 = 3;

/// For whom a household waits. The order is that of the page: what somebody can do comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Waits {
    Client,
    Institution,
    Us,
    Nobody,
    /// Nothing is there yet.
    Empty,
}

impl Waits {
    const ALL: [Self; 5] = [Self::Client, Self::Institution, Self::Us, Self::Nobody, Self::Empty];

    /// For whom a connection with this reason waits.
    pub(crate) fn of(reason: Reason) -> Self {
        match (reason.actor(), reason.state()) {
            (_, State::Active | State::Connecting | State::Ended) if reason != Reason::NewAccounts => {
                Self::Nobody
            }
            // The client's own wish is nothing to remind anybody of.
            _ if reason == Reason::ByPerson => Self::Nobody,
            (Actor::Client | Actor::ClientAtInstitution, _) => Self::Client,
            (Actor::Institution, _) => Self::Institution,
            (Actor::Support | Actor::Engine, _) => Self::Us,
            (Actor::Nobody, _) => Self::Nobody,
        }
    }

    /// The heading of the group.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Client => "Waits for the client",
            Self::Institution => "Waits for the institution",
            Self::Us => "We are on it",
            Self::Nobody => "Nothing to do",
            Self::Empty => "No accounts yet",
        }
    }

    /// What a figure of connections counts.
    pub(crate) fn figure(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Client, 1) => "connection waits for its client",
            (Self::Client, _) => "connections wait for their clients",
            (Self::Institution, 1) => "connection waits for its institution",
            (Self::Institution, _) => "connections wait for institutions",
            (Self::Us, 1) => "connection that we are on",
            (Self::Us, _) => "connections that we are on",
            (Self::Nobody | Self::Empty, 1) => "connection with nothing to do",
            (Self::Nobody | Self::Empty, _) => "connections with nothing to do",
        }
    }

    /// The icon beside it; never the colour alone.
    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Client => "key",
            Self::Institution | Self::Us => "wrench",
            Self::Nobody | Self::Empty => "dot",
        }
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Client => "key",
            Self::Institution | Self::Us => "wrench",
            Self::Nobody => "good",
            Self::Empty => "",
        }
    }
}

struct Band {
    waits: Waits,
    rows: Vec<Row>,
}

/// Causes that are named in a row; a household with thirty broken connections is one row, not a page.
const NAMED_MAX: usize = 3;

struct Row {
    id: HouseholdId,
    name: String,
    people: String,
    /// Net worth of what is held away.
    total: String,
    current: u32,
    of: u32,
    /// The meter is 56 wide.
    meter: u32,
    /// What is the matter, and where: the first few, what somebody can do first.
    troubles: Vec<(String, String)>,
    /// Further ones that are not named.
    more: usize,
    last_success: String,
    next_try: String,
    waits: Waits,
}

#[derive(Template)]
#[template(path = "advisor/households.html")]
struct HouseholdsPage {
    page: Page,
    /// What was told and not seen yet, with where it leads.
    news: Vec<Message>,
    bands: Vec<Band>,
    households: usize,
    accounts: u32,
    current: u32,
    /// Connections by whom they wait for.
    waiting: [(Waits, usize); 3],
    now: String,
    may_invite: bool,
}

async fn show(ctx: Ctx) -> Result<Html<String>, Fail> {
    must_see_households(&ctx)?;
    let reader = ctx.reader();
    let households = reader.households().await?;
    let (accounts, connections) = (reader.all_accounts().await?, reader.all_connections().await?);
    let people = reader.all_people().await?;
    let mut rows: Vec<Row> =
        households.iter().map(|household| row(&ctx, household, &accounts, &connections, &people)).collect();
    let count = |waits: Waits| {
        let waiting = connections.iter().filter(|connection| Waits::of(connection.reason) == waits);
        (waits, waiting.count())
    };
    let waiting = [count(Waits::Client), count(Waits::Institution), count(Waits::Us)];
    let (current, of) = rows.iter().fold((0, 0), |(current, of), row| (current + row.current, of + row.of));
    let bands =
        Waits::ALL.map(|waits| Band { waits, rows: rows.extract_if(.., |row| row.waits == waits).collect() });
    let html = HouseholdsPage {
        page: ctx.page(Nav::Households, "Households").await?,
        news: reader.unread(NEWS_MAX).await?,
        bands: bands.into_iter().filter(|band| !band.rows.is_empty()).collect(),
        households: households.len(),
        accounts: of,
        current,
        waiting,
        now: time::time_words(ctx.now, &ctx.zone),
        may_invite: ctx.subject.role == domain::person::Role::Advisor,
    }
    .render()?;
    Ok(Html(html))
}

fn row(
    ctx: &Ctx,
    household: &Household,
    accounts: &[Listed],
    connections: &[Connection],
    people: &[Person],
) -> Row {
    let accounts: Vec<Account> = accounts
        .iter()
        .filter(|listed| listed.account.household == household.id)
        .map(|listed| listed.account.clone())
        .collect();
    let connections: Vec<&Connection> =
        connections.iter().filter(|connection| connection.household == household.id).collect();
    let names: Vec<&str> = people
        .iter()
        .filter(|person| person.household == Some(household.id))
        .map(|person| person.name.as_str())
        .collect();
    let worth = NetWorth::of(&accounts, Currency::USD, ctx.now, &ctx.zone);
    let troubled = troubled(&connections);
    let waits = match troubled.first() {
        Some(connection) => Waits::of(connection.reason),
        None if accounts.is_empty() && connections.is_empty() => Waits::Empty,
        None => Waits::Nobody,
    };
    let told =
        |at: Option<Timestamp>| at.map_or_else(|| "–".to_owned(), |at| time::time_words(at, &ctx.zone));
    let (current, of) = (worth.currentness.current, worth.currentness.of);
    Row {
        id: household.id,
        name: household.name.clone(),
        people: names.join(" and "),
        total: worth.total().to_string(),
        current,
        of,
        meter: (56 * current).checked_div(of).unwrap_or(0),
        more: troubled.len().saturating_sub(NAMED_MAX),
        troubles: troubled.iter().take(NAMED_MAX).map(|connection| cause(connection)).collect(),
        last_success: told(connections.iter().filter_map(|connection| connection.last_success_at).max()),
        next_try: told(connections.iter().filter_map(|connection| connection.due_at).min()),
        waits,
    }
}

/// Those that wait for somebody: what the client can do first, then by name.
fn troubled<'a>(connections: &[&'a Connection]) -> Vec<&'a Connection> {
    let mut troubled: Vec<&Connection> = connections
        .iter()
        .copied()
        .filter(|connection| Waits::of(connection.reason) != Waits::Nobody)
        .collect();
    troubled.sort_by_key(|connection| (Waits::of(connection.reason), connection.institution.to_lowercase()));
    troubled
}

/// The cause, and the institution where the cause doesn't name it.
fn cause(connection: &Connection) -> (String, String) {
    let (title, name) = (title(connection), connection.name());
    let named = title.contains(&name);
    (title, if named { String::new() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_waits_for_who_must_act() {
        assert_eq!(Waits::of(Reason::Ok), Waits::Nobody);
        assert_eq!(Waits::of(Reason::NewAccounts), Waits::Client);
        assert_eq!(Waits::of(Reason::CredentialsRejected), Waits::Client);
        assert_eq!(Waits::of(Reason::Locked), Waits::Client);
        assert_eq!(Waits::of(Reason::Down), Waits::Institution);
        assert_eq!(Waits::of(Reason::BadResponse), Waits::Us);
        assert_eq!(Waits::of(Reason::Removed), Waits::Nobody);
        assert_eq!(Waits::of(Reason::ByPerson), Waits::Nobody);
        for reason in Reason::ALL {
            assert!(Waits::ALL.contains(&Waits::of(*reason)));
        }
    }
}
