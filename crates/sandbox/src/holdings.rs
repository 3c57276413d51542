//! Investment accounts: positions, cash and trades. Units and cash of an instant are those of the reference day plus or minus
//! every trade between, so that positions and transactions always agree.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::ledger::{FIRST_DAY, REFERENCE_DAY, day_number, end_of_day, start_of_day};
use crate::market::{Market, Security, SecurityKind, security};
use crate::random::{dice, roll};

/// An investment account as the catalog writes it, at the end of the reference day.
#[derive(Debug)]
pub(crate) struct Portfolio {
    pub cash_cents: i64,
    pub lots: &'static [Lot],
    pub saving: Option<Saving>,
    /// Dividends are paid: into cash for stocks, reinvested for funds.
    pub pays_income: bool,
    /// How many further small stock positions the dice add.
    pub more_lots: usize,
}

/// One position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lot {
    pub ticker: &'static str,
    /// Ten-thousandths of a unit; negative for a short position.
    pub units_e4: i64,
    pub cost_cents: i64,
    /// OFX's INV401KSOURCE, for retirement plans.
    pub source: Option<&'static str>,
}

/// Money that comes in and is invested at once.
#[derive(Debug)]
pub(crate) struct Saving {
    pub every: Every,
    pub name: &'static str,
    /// Ticker, source and cents.
    pub into: &'static [(&'static str, Option<&'static str>, i64)],
}

#[derive(Debug)]
pub(crate) enum Every {
    SecondFriday,
    MonthDay(i8),
}

/// What happened in the account.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub at: Timestamp,
    pub id: String,
    pub act: Act,
    /// What it does to cash.
    pub cash_cents: i64,
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Money from outside; carries its text.
    Deposit(&'static str),
    Buy {
        security: &'static Security,
        units_e4: i64,
        price_e4: i64,
        source: Option<&'static str>,
    },
    Dividend {
        security: &'static Security,
    },
    /// A dividend that buys further units of its fund; cash doesn't move.
    Reinvest {
        security: &'static Security,
        units_e4: i64,
        price_e4: i64,
        total_cents: i64,
        source: Option<&'static str>,
    },
}

/// A position at an instant.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub security: &'static Security,
    pub units_e4: i64,
    pub price_e4: i64,
    pub value_cents: i64,
    pub cost_cents: i64,
    pub priced_at: Timestamp,
    pub source: Option<&'static str>,
}

/// The account at an instant.
#[derive(Debug)]
pub(crate) struct Holdings {
    pub positions: Vec<Position>,
    pub cash_cents: i64,
    /// Oldest first, all of them.
    pub trades: Vec<Trade>,
}

impl Holdings {
    /// The market is the same for all institutions; `key` is the account's own.
    pub(crate) fn open(market: &Market, key: u64, portfolio: &Portfolio, now: Timestamp) -> Self {
        let reference = end_of_day(REFERENCE_DAY);
        let mut trades = trades(market, key, portfolio, now.max(reference));
        // Trades between the reference day and now count forward; those since then, if now is earlier, backward.
        let (from, to, sign) = if now >= reference { (reference, now, 1) } else { (now, reference, -1) };
        let between: Vec<&Trade> = trades.iter().filter(|trade| trade.at > from && trade.at <= to).collect();
        let cash_cents =
            portfolio.cash_cents + sign * between.iter().map(|trade| trade.cash_cents).sum::<i64>();
        let positions =
            lots(key, portfolio).iter().map(|lot| position(market, lot, &between, sign, now)).collect();
        trades.retain(|trade| trade.at <= now);
        Self { positions, cash_cents, trades }
    }

    /// Securities and cash.
    pub(crate) fn value_cents(&self) -> i64 {
        self.cash_cents + self.positions.iter().map(|position| position.value_cents).sum::<i64>()
    }
}

/// The catalog's lots and those that the dice add.
fn lots(key: u64, portfolio: &Portfolio) -> Vec<Lot> {
    let mut lots = portfolio.lots.to_vec();
    let stocks = crate::market::SECURITIES
        .iter()
        .filter(|s| s.kind == SecurityKind::Stock || s.kind == SecurityKind::Fund);
    for (number, security) in (0_i64..).zip(stocks.cycle().take(portfolio.more_lots)) {
        let dice = roll(key, number, 77);
        let units_e4 = (dice % 900_000 + 10_000) as i64;
        let cost_cents = security.value_cents(units_e4, security.first_price);
        lots.push(Lot { ticker: security.id, units_e4, cost_cents, source: None });
    }
    lots
}

fn position(market: &Market, lot: &Lot, between: &[&Trade], sign: i64, now: Timestamp) -> Position {
    let security = security(lot.ticker);
    let (mut units_e4, mut cost_cents) = (lot.units_e4, lot.cost_cents);
    for trade in between {
        let (same, units, cost) = match trade.act {
            Act::Buy { security: s, units_e4, source, .. } => {
                (s.id == security.id && source == lot.source, units_e4, -trade.cash_cents)
            }
            Act::Reinvest { security: s, units_e4, total_cents, source, .. } => {
                (s.id == security.id && source == lot.source, units_e4, total_cents)
            }
            Act::Deposit(_) | Act::Dividend { .. } => (false, 0, 0),
        };
        if same {
            units_e4 += sign * units;
            cost_cents += sign * cost;
        }
    }
    let price = market.price(security, now);
    Position {
        security,
        units_e4,
        price_e4: price.e4,
        value_cents: security.value_cents(units_e4, price.e4),
        cost_cents,
        priced_at: price.as_of,
        source: lot.source,
    }
}

fn trades(market: &Market, key: u64, portfolio: &Portfolio, until: Timestamp) -> Vec<Trade> {
    let last = Offset::UTC.to_datetime(until).date();
    let mut trades = Vec::new();
    let mut day = FIRST_DAY;
    while day <= last {
        let at = start_of_day(day) + SignedDuration::from_hours(15);
        if at > until {
            break;
        }
        if let Some(saving) = &portfolio.saving
            && saving.every.is_due(day)
        {
            save(market, key, saving, at, &mut trades);
        }
        if portfolio.pays_income && day.day() == 15 && day.month() % 3 == 0 {
            pay_income(market, key, portfolio, at, &mut trades);
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    trades
}

impl Every {
    fn is_due(&self, day: Date) -> bool {
        match self {
            Self::SecondFriday => day_number(day).rem_euclid(14) == 1,
            Self::MonthDay(due) => day.day() == *due,
        }
    }
}

fn save(market: &Market, key: u64, saving: &Saving, at: Timestamp, trades: &mut Vec<Trade>) {
    let total: i64 = saving.into.iter().map(|(_, _, cents)| cents).sum();
    trades.push(Trade { at, id: id(key, at, 0), act: Act::Deposit(saving.name), cash_cents: total });
    for (slot, (ticker, source, cents)) in (1..).zip(saving.into) {
        let security = security(ticker);
        let price_e4 = market.price(security, at).e4;
        let act = Act::Buy { security, units_e4: cents * 1_000_000 / price_e4, price_e4, source: *source };
        trades.push(Trade { at, id: id(key, at, slot), act, cash_cents: -cents });
    }
}

/// A quarter's dividends, on the units of the reference day: an approximation that keeps every day independent of the others.
fn pay_income(market: &Market, key: u64, portfolio: &Portfolio, at: Timestamp, trades: &mut Vec<Trade>) {
    for (slot, lot) in (40..).zip(portfolio.lots) {
        let security = security(lot.ticker);
        let total_cents = security.dividend_cents * lot.units_e4 / 40_000;
        if total_cents <= 0 {
            continue;
        }
        let trade = if security.kind == SecurityKind::Stock || security.kind == SecurityKind::Other {
            Trade { at, id: id(key, at, slot), act: Act::Dividend { security }, cash_cents: total_cents }
        } else {
            let price_e4 = market.price(security, at).e4;
            let units_e4 = total_cents * 1_000_000 / price_e4;
            let act = Act::Reinvest { security, units_e4, price_e4, total_cents, source: lot.source };
            Trade { at, id: id(key, at, slot), act, cash_cents: 0 }
        };
        trades.push(trade);
    }
}

fn id(key: u64, at: Timestamp, slot: u64) -> String {
    let text = crate::ofx::date::write_date(Offset::UTC.to_datetime(at).date());
    format!("{text}.{slot:02}.{:06}", dice(key ^ slot, &text) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Kind;

    fn portfolios() -> Vec<&'static Portfolio> {
        let accounts = crate::catalog::INSTITUTIONS.iter().flat_map(|i| i.personas).flat_map(|p| p.accounts);
        accounts
            .filter_map(|account| match account.kind {
                Kind::Investment { portfolio, .. } => Some(portfolio),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn cash_and_units_differ_by_the_trades_between() {
        let market = Market::new(7);
        assert!(portfolios().len() >= 5);
        for portfolio in portfolios() {
            for (then, now) in
                [("2025-02-03", "2025-09-30"), ("2026-06-01", "2027-03-20"), ("2026-11-30", "2026-12-31")]
            {
                let instant = |day: &str| format!("{day}T22:00:00Z").parse::<Timestamp>().unwrap();
                let before = Holdings::open(&market, 9, portfolio, instant(then));
                let after = Holdings::open(&market, 9, portfolio, instant(now));
                let between: Vec<_> = after.trades.iter().filter(|trade| trade.at > instant(then)).collect();
                let cash: i64 = between.iter().map(|trade| trade.cash_cents).sum();
                assert_eq!(after.cash_cents - before.cash_cents, cash);
                let units = |holdings: &Holdings| holdings.positions.iter().map(|p| p.units_e4).sum::<i64>();
                let traded: i64 = between
                    .iter()
                    .map(|trade| match trade.act {
                        Act::Buy { units_e4, .. } | Act::Reinvest { units_e4, .. } => units_e4,
                        _ => 0,
                    })
                    .sum();
                assert_eq!(units(&after) - units(&before), traded, "{then} {now}");
            }
        }
    }

    #[test]
    fn nothing_is_oversold_in_the_past() {
        let market = Market::new(7);
        for portfolio in portfolios() {
            let early = Holdings::open(&market, 9, portfolio, "2024-11-02T00:00:00Z".parse().unwrap());
            let short = portfolio.lots.iter().filter(|lot| lot.units_e4 < 0).count();
            assert_eq!(early.positions.iter().filter(|position| position.units_e4 < 0).count(), short);
        }
    }
}
