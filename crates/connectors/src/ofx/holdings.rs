//! Investments: positions and cash to holdings and a value, trades to entries (OFX 2.3 §13).

use std::collections::HashMap;

use domain::{
    Currency, Date, Decimal, Money,
    holding::{Holding, SecurityKind},
    transaction::{Correction, Posted},
};

use super::{
    harvest::in_currency,
    read::{Moment, Position, Security, Statement, Trade},
    words,
};

/// What an investment statement says about an account's value.
#[derive(Debug, Default)]
pub(super) struct Valued {
    pub holdings: Option<Vec<Holding>>,
    /// `None` when the institution sent neither positions nor cash, or one of them can't be read.
    pub total: Option<Money>,
    pub cash: Option<Money>,
    /// A position or the cash is there and can't be read.
    pub unreadable: bool,
}

type Securities<'a> = HashMap<&'a str, &'a Security<'a>>;

/// DTPRICEASOF of a position whose price has no known date (OFX 2.3 §13.9.2.6.1).
const UNKNOWN_PRICE_DATE: Date = jiff::civil::date(1990, 1, 1);

/// Values an account: the sum of MKTVAL plus AVAILCASH, since no field of OFX carries the whole.
pub(super) fn value(
    statement: &Statement<'_>,
    securities: &Securities<'_>,
    currency: Currency,
    day: &dyn Fn(Moment) -> Date,
) -> Valued {
    let mut valued = Valued {
        cash: statement.cash.and_then(|cash| Money::from_decimal(cash, currency).ok()),
        ..Valued::default()
    };
    if let Some(positions) = &statement.positions {
        let read: Vec<Option<Holding>> =
            positions.iter().map(|position| holding(position, securities, currency, day)).collect();
        valued.unreadable = read.iter().any(Option::is_none);
        valued.holdings = Some(read.into_iter().flatten().collect());
    }
    valued.unreadable |= statement.cash.is_some() && valued.cash.is_none();
    if !valued.unreadable {
        valued.total = total(statement, &valued, currency);
    }
    if let Some(cash) = valued.cash.filter(|cash| cash.minor != 0) {
        valued.holdings.get_or_insert_default().push(cash_holding(cash));
    }
    valued
}

fn total(statement: &Statement<'_>, valued: &Valued, currency: Currency) -> Option<Money> {
    if valued.holdings.is_none() && valued.cash.is_none() {
        // A plan may send nothing but its total (INV401KBAL, OFX 2.3 §13.9.2.9).
        return statement.plan_total.and_then(|total| Money::from_decimal(total, currency).ok());
    }
    let start = valued.cash.unwrap_or(Money::zero(currency));
    let holdings = valued.holdings.iter().flatten();
    holdings.map(|holding| holding.value).try_fold(start, Money::checked_add)
}

fn cash_holding(cash: Money) -> Holding {
    Holding {
        security_id: String::new(),
        symbol: String::new(),
        name: "Cash".to_owned(),
        kind: SecurityKind::Cash,
        quantity: cash.to_decimal(),
        price: Some(Decimal::ONE),
        price_as_of: None,
        value: cash,
        cost_basis: None,
    }
}

/// `None` when units or value can't be read: a holding is never guessed.
fn holding(
    position: &Position<'_>,
    securities: &Securities<'_>,
    currency: Currency,
    day: &dyn Fn(Moment) -> Date,
) -> Option<Holding> {
    let id = position.security.as_deref().unwrap_or_default();
    let security = securities.get(id);
    let kind = kind(position.kind);
    let units = position.units?;
    // Short positions have positive units in some servers; the value's sign is left to the institution.
    let quantity = if position.short { -units.abs() } else { units };
    let own = position.market_value.or_else(|| worked_out(kind, quantity, position.unit_price))?;
    let value = in_currency(own, position.currency.as_ref(), currency)?;
    let cost = position.average_cost.and_then(|cost| in_currency(cost, position.currency.as_ref(), currency));
    let name =
        security.and_then(|security| security.name.as_deref()).or(position.memo.as_deref()).unwrap_or(id);
    Some(Holding {
        security_id: words::label(id),
        symbol: words::label(security.and_then(|security| security.ticker.as_deref()).unwrap_or_default()),
        name: words::label(name),
        kind,
        quantity,
        price: position.unit_price,
        price_as_of: position.price_as_of.map(day).filter(|day| *day != UNKNOWN_PRICE_DATE),
        value: Money::from_decimal(value, currency).ok()?,
        cost_basis: cost.and_then(|cost| Money::from_decimal(cost, currency).ok()),
    })
}

/// Units times price, where the units of OFX 2.3 §13.3.1 leave no doubt.
fn worked_out(kind: SecurityKind, units: Decimal, price: Option<Decimal>) -> Option<Decimal> {
    let product = units.checked_mul(price?)?;
    match kind {
        // Percent of par.
        SecurityKind::Bond => product.checked_div(Decimal::ONE_HUNDRED),
        // The number of shares of a contract is not told here.
        SecurityKind::Option => None,
        _ => Some(product),
    }
}

fn kind(position: &str) -> SecurityKind {
    match position {
        "POSSTOCK" => SecurityKind::Stock,
        "POSMF" => SecurityKind::Fund,
        "POSDEBT" => SecurityKind::Bond,
        "POSOPT" => SecurityKind::Option,
        _ => SecurityKind::Other,
    }
}

/// A trade as an entry; `None` when its date can't be read, or a total that is there.
pub(super) fn traded(
    trade: &Trade<'_>,
    securities: &Securities<'_>,
    currency: Currency,
    day: &dyn Fn(Moment) -> Date,
) -> Option<Posted> {
    // Splits, journals and transfers move no cash.
    let moves_cash = !matches!(trade.kind, "SPLIT" | "TRANSFER" | "JRNLSEC" | "JRNLFUND" | "CLOSUREOPT");
    let total = match trade.total {
        Some(total) => total,
        None if moves_cash => return None,
        None => Decimal::ZERO,
    };
    let total = in_currency(total, trade.currency.as_ref(), currency)?;
    // Income and purchase in one: TOTAL is what the shares cost, and the income that isn't listed paid for it, so
    // nothing was spent (OFX 2.3 §13.9.2.4).
    let reinvested = (trade.kind == "REINVEST").then(|| total.abs());
    let moved = if reinvested.is_some() { Decimal::ZERO } else { total };
    let security = trade.security.as_deref().and_then(|id| securities.get(id));
    let name = security.and_then(|security| security.name.as_deref());
    let memo = trade.memo.as_deref().unwrap_or_default();
    Some(Posted {
        native_id: trade.id.as_deref().map(str::to_owned),
        posted_on: day(trade.traded?),
        amount: Money::from_decimal(moved, currency).ok()?,
        payee: words::label(name.unwrap_or(memo)),
        memo: if name.is_some() { words::label(memo) } else { String::new() },
        detail: match reinvested {
            Some(total) => reinvestment(Money::from_decimal(total, currency).ok()?, trade, security.copied()),
            None => detail(trade, security.copied()),
        },
        // A reversal takes the whole earlier trade back (OFX 2.3 §13.9.2.4.1.1).
        corrects: trade.reverses.as_deref().map(|id| (id.to_owned(), Correction::Delete)),
        quantity: trade.units,
    })
}

/// `250.00 reinvested in 250 FGMXX`: the amount stands in the words, since none has left the account.
fn reinvestment(total: Money, trade: &Trade<'_>, security: Option<&Security<'_>>) -> String {
    match units_of(trade, security).as_str() {
        "" => format!("{total} reinvested"),
        units => format!("{total} reinvested in {units}"),
    }
}

/// `10 VTI`
fn units_of(trade: &Trade<'_>, security: Option<&Security<'_>>) -> String {
    let units = trade.units.filter(|units| !units.is_zero()).map(|units| units.abs().normalize().to_string());
    let symbol = security
        .and_then(|security| security.ticker.as_deref())
        .map(str::trim)
        .filter(|text| !text.is_empty());
    [units.as_deref(), symbol].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `Buy 10 VTI`, `Dividend VTI`, `Transfer out 5 VTI`.
fn detail(trade: &Trade<'_>, security: Option<&Security<'_>>) -> String {
    let verb = match trade.kind {
        kind if kind.starts_with("BUY") => "Buy",
        kind if kind.starts_with("SELL") => "Sell",
        "INCOME" => income(trade.income.as_deref()),
        "RETOFCAP" => "Return of capital",
        "SPLIT" => "Split",
        "TRANSFER" if trade.outward => "Transfer out",
        "TRANSFER" => "Transfer in",
        "MARGININTEREST" => "Margin interest",
        "INVEXPENSE" => "Expense",
        "CLOSUREOPT" => "Option closed",
        "JRNLFUND" | "JRNLSEC" => "Journal",
        _ => "Trade",
    };
    format!("{verb} {}", units_of(trade, security)).trim_end().to_owned()
}

/// INCOMETYPE (OFX 2.3 §13.9.2.4.2).
fn income(kind: Option<&str>) -> &'static str {
    match kind {
        Some("DIV") => "Dividend",
        Some("INTEREST") => "Interest",
        Some("CGLONG") => "Long-term capital gain",
        Some("CGSHORT") => "Short-term capital gain",
        _ => "Income",
    }
}
