//! Statements of investment accounts (OFX 2.3 §13.9) and the securities they name (§13.8).

use std::collections::BTreeMap;

use super::request::Element;
use super::signon::Standing;
use super::statement::Window;
use super::write::Node;
use super::{Body, Desk, Status, accounts, date, figures};
use crate::account::Kind;
use crate::holdings::{Act, Holdings, Position, Trade};
use crate::institution::Manner;
use crate::market::{Security, SecurityKind};
use crate::persona::Asked;
use crate::persona::{Shown, User};
use crate::random::dice;

/// INVSTMTRQ.
pub(super) fn respond(desk: &Desk<'_>, transaction: &Element) -> Body {
    let request = transaction.child("INVSTMTRQ").ok_or(Status::error(2000, "There is no INVSTMTRQ"))?;
    let from = request.child("INVACCTFROM");
    let (user, shown) = accounts::find(desk, from, "ACCTID", |kind| matches!(kind, Kind::Investment { .. }))?;
    let window = Window::read(request, desk.now)?;
    let holdings = holdings(desk, user, &shown)?;
    let manner = &desk.institution.manner;
    let wants_positions = request.child("INCPOS").is_none_or(|wanted| wanted.text("INCLUDE") != Some("N"));
    let positions = wants_positions && !holdings.positions.is_empty();
    let plan = matches!(shown.account.kind, Kind::Investment { product: "401K", .. });
    let answer = Node::new("INVSTMTRS")
        .leaf("DTASOF", date::write(desk.now))
        .leaf("CURDEF", manner.currency)
        .child(accounts::investment_account(desk, shown.number))
        .child_if(window.map(|window| trades(desk, &holdings, window)))
        // An empty list is left out (OFX 2.3 §13.9.2.2).
        .child_if(positions.then(|| {
            Node::new("INVPOSLIST").children(holdings.positions.iter().map(|held| position(desk, held)))
        }))
        .child_if(request.flag("INCBAL").then(|| balances(desk, &holdings)))
        .child_if((plan && request.flag("INC401KBAL")).then(|| plan_balances(manner, &holdings)));
    Ok(Some(answer))
}

fn holdings(desk: &Desk<'_>, user: User, shown: &Shown) -> Result<Holdings, Status> {
    let Kind::Investment { portfolio, .. } = shown.account.kind else {
        return Err(Status::error(2002, "General account error"));
    };
    if shown.zeroed {
        return Ok(Holdings { positions: Vec::new(), cash_cents: 0, trades: Vec::new() });
    }
    let key = dice(desk.world.user_seed(desk.institution, user), shown.account.key);
    Ok(Holdings::open(&desk.world.market, key, portfolio, desk.now))
}

fn sec_id(security: &Security) -> Node {
    Node::new("SECID").leaf("UNIQUEID", security.id).leaf("UNIQUEIDTYPE", "CUSIP")
}

/// POSxxx with INVPOS. AVGCOSTBASIS is new in 2.2 and means the position's whole cost.
fn position(desk: &Desk<'_>, held: &Position) -> Node {
    let manner = &desk.institution.manner;
    let short = held.units_e4 < 0;
    let invpos = Node::new("INVPOS")
        .child(sec_id(held.security))
        .leaf("HELDINACCT", if short { "MARGIN" } else { "CASH" })
        .leaf("POSTYPE", if short { "SHORT" } else { "LONG" })
        .leaf("UNITS", figures::e4(manner, held.units_e4))
        .leaf("UNITPRICE", figures::e4(manner, held.price_e4))
        .leaf("MKTVAL", figures::amount(manner, held.value_cents));
    let cost = desk.form.has_2_2().then(|| figures::amount(manner, held.cost_cents));
    let invpos = invpos.leaf_if("AVGCOSTBASIS", cost).leaf("DTPRICEASOF", date::write(held.priced_at));
    // 401(k) elements exist from 2.0 on.
    let invpos = invpos.leaf_if("INV401KSOURCE", held.source.filter(|_| desk.form.is_xml()));
    match held.security.kind {
        SecurityKind::Stock => Node::new("POSSTOCK").child(invpos),
        SecurityKind::Fund | SecurityKind::MoneyFund => Node::new("POSMF").child(invpos),
        SecurityKind::Bond { .. } => Node::new("POSDEBT").child(invpos),
        SecurityKind::Option { .. } => {
            let secured = short.then_some("COVERED");
            Node::new("POSOPT").child(invpos).leaf_if("SECURED", secured)
        }
        SecurityKind::Other => Node::new("POSOTHER").child(invpos),
    }
}

/// INVBAL. The account's value is positions plus AVAILCASH; no element carries it, but the BALLIST shows it.
fn balances(desk: &Desk<'_>, holdings: &Holdings) -> Node {
    let manner = &desk.institution.manner;
    let short: i64 = holdings.positions.iter().map(|held| held.value_cents.min(0)).sum();
    let total = Node::new("BAL")
        .leaf("NAME", "Total value")
        .leaf("DESC", "Securities and cash")
        .leaf("BALTYPE", "DOLLAR")
        .leaf("VALUE", figures::amount(manner, holdings.value_cents()))
        .leaf("DTASOF", date::write(desk.now));
    Node::new("INVBAL")
        .leaf("AVAILCASH", figures::amount(manner, holdings.cash_cents))
        .leaf("MARGINBALANCE", figures::amount(manner, 0))
        .leaf("SHORTBALANCE", figures::amount(manner, -short))
        .child(Node::new("BALLIST").child(total))
}

/// INV401KBAL (OFX 2.3 §13.9.2.9), in the order of the specification.
fn plan_balances(manner: &Manner, holdings: &Holdings) -> Node {
    let of = |source: &str| -> i64 {
        let held = holdings.positions.iter().filter(|held| held.source == Some(source));
        held.map(|held| held.value_cents).sum()
    };
    let mut node = Node::new("INV401KBAL").leaf("CASHBAL", figures::amount(manner, holdings.cash_cents));
    for tag in ["PRETAX", "AFTERTAX", "MATCH", "PROFITSHARING", "ROLLOVER"] {
        if of(tag) != 0 {
            node = node.leaf(tag, figures::amount(manner, of(tag)));
        }
    }
    node.leaf("TOTAL", figures::amount(manner, holdings.value_cents()))
}

fn trades(desk: &Desk<'_>, holdings: &Holdings, window: Window) -> Node {
    let inside = holdings.trades.iter().filter(|trade| window.holds(trade.at));
    // Bank entries come after the trades (OFX 2.3 §13.9.2.2).
    let (deposits, others): (Vec<&Trade>, Vec<&Trade>) =
        inside.partition(|trade| matches!(trade.act, Act::Deposit(_)));
    Node::new("INVTRANLIST")
        .leaf("DTSTART", date::write(window.start))
        .leaf("DTEND", date::write(window.end))
        .children(others.into_iter().chain(deposits).map(|trade| trade_node(desk, trade)))
}

fn trade_node(desk: &Desk<'_>, trade: &Trade) -> Node {
    let manner = &desk.institution.manner;
    let invtran = Node::new("INVTRAN")
        .leaf("FITID", trade.id.as_str())
        .leaf("DTTRADE", date::write_as(manner.dates, trade.at));
    let source_tag = |node: Node, source: Option<&'static str>| {
        node.leaf_if("INV401KSOURCE", source.filter(|_| desk.form.is_xml()))
    };
    match trade.act {
        Act::Deposit(name) => {
            let entry = Node::new("STMTTRN")
                .leaf("TRNTYPE", "CREDIT")
                .leaf("DTPOSTED", date::write_as(manner.dates, trade.at))
                .leaf("TRNAMT", figures::amount(manner, trade.cash_cents))
                .leaf("FITID", trade.id.as_str())
                .leaf("NAME", name);
            Node::new("INVBANKTRAN").child(entry).leaf("SUBACCTFUND", "CASH")
        }
        Act::Buy { security, units_e4, price_e4, source } => {
            let buy = Node::new("INVBUY")
                .child(invtran)
                .child(sec_id(security))
                .leaf("UNITS", figures::e4(manner, units_e4))
                .leaf("UNITPRICE", figures::e4(manner, price_e4))
                .leaf("TOTAL", figures::amount(manner, trade.cash_cents))
                .leaf("SUBACCTSEC", "CASH")
                .leaf("SUBACCTFUND", "CASH");
            let wrapper = if security.kind == SecurityKind::Stock { "BUYSTOCK" } else { "BUYMF" };
            Node::new(wrapper).child(source_tag(buy, source)).leaf("BUYTYPE", "BUY")
        }
        Act::Dividend { security } => Node::new("INCOME")
            .child(invtran)
            .child(sec_id(security))
            .leaf("INCOMETYPE", "DIV")
            .leaf("TOTAL", figures::amount(manner, trade.cash_cents))
            .leaf("SUBACCTSEC", "CASH")
            .leaf("SUBACCTFUND", "CASH"),
        Act::Reinvest { security, units_e4, price_e4, total_cents, source } => {
            let node = Node::new("REINVEST")
                .child(invtran)
                .child(sec_id(security))
                .leaf("INCOMETYPE", "DIV")
                // Signed like a purchase (OFX 2.3 §13.9.2.4.4).
                .leaf("TOTAL", figures::amount(manner, -total_cents))
                .leaf("SUBACCTSEC", "CASH")
                .leaf("UNITS", figures::e4(manner, units_e4))
                .leaf("UNITPRICE", figures::e4(manner, price_e4));
            source_tag(node, source)
        }
    }
}

/// SECLISTMSGSRSV1 with every security that the file's investment statements name; it comes unasked (OFX 2.3 §13.8.4).
pub(super) fn security_list(desk: &Desk<'_>, root: &Element) -> Option<Node> {
    let Standing::User(user) = desk.signed.standing else { return None };
    let set = root.child("INVSTMTMSGSRQV1")?;
    let mut named: BTreeMap<&str, &'static Security> = BTreeMap::new();
    let shown = accounts::accounts(desk, user, Asked::Statements);
    for request in set.children.iter().filter_map(|transaction| transaction.child("INVSTMTRQ")) {
        let number = request.child("INVACCTFROM").and_then(|from| from.text("ACCTID")).unwrap_or_default();
        let account = shown.iter().find(|shown| shown.number == number);
        let Some(Ok(holdings)) = account.map(|account| holdings(desk, user, account)) else { continue };
        for security in holdings
            .positions
            .iter()
            .map(|held| held.security)
            .chain(holdings.trades.iter().filter_map(traded))
        {
            named.insert(security.id, security);
            if let SecurityKind::Option { underlying, .. } = security.kind {
                named.insert(underlying, crate::market::security(underlying));
            }
        }
    }
    if named.is_empty() {
        return None;
    }
    let list = Node::new("SECLIST").children(named.values().map(|security| security_info(desk, security)));
    Some(Node::new("SECLISTMSGSRSV1").child(list))
}

fn traded(trade: &Trade) -> Option<&'static Security> {
    match trade.act {
        Act::Deposit(_) => None,
        Act::Buy { security, .. } | Act::Dividend { security } | Act::Reinvest { security, .. } => {
            Some(security)
        }
    }
}

fn security_info(desk: &Desk<'_>, security: &'static Security) -> Node {
    let manner = &desk.institution.manner;
    let price = desk.world.market.price(security, desk.now);
    let info = Node::new("SECINFO")
        .child(sec_id(security))
        .leaf("SECNAME", security.name)
        .leaf("TICKER", security.ticker)
        .leaf("UNITPRICE", figures::e4(manner, price.e4))
        .leaf("DTASOF", date::write(price.as_of));
    match &security.kind {
        SecurityKind::Stock => {
            Node::new("STOCKINFO").child(info).leaf("STOCKTYPE", "COMMON").leaf("ASSETCLASS", "LARGESTOCK")
        }
        SecurityKind::Fund | SecurityKind::MoneyFund => {
            Node::new("MFINFO").child(info).leaf("MFTYPE", "OPENEND")
        }
        SecurityKind::Bond { matures, coupon_millis } => Node::new("DEBTINFO")
            .child(info)
            .leaf("PARVALUE", figures::amount(manner, 100_000))
            .leaf("DEBTTYPE", "COUPON")
            .leaf("DEBTCLASS", if security.name.contains("District") { "MUNICIPAL" } else { "CORPORATE" })
            .leaf("COUPONRT", figures::e3(manner, *coupon_millis))
            .leaf("COUPONFREQ", "SEMIANNUAL")
            .leaf("DTMAT", date::write_date(*matures))
            .leaf("ASSETCLASS", "DOMESTICBOND"),
        SecurityKind::Option { call, strike, expires, underlying } => Node::new("OPTINFO")
            .child(info)
            .leaf("OPTTYPE", if *call { "CALL" } else { "PUT" })
            .leaf("STRIKEPRICE", figures::e4(manner, *strike))
            .leaf("DTEXPIRE", date::write_date(*expires))
            .leaf("SHPERCTRCT", "100")
            .child(sec_id(crate::market::security(underlying))),
        SecurityKind::Other => Node::new("OTHERINFO").child(info).leaf("TYPEDESC", "Private real estate"),
    }
}
