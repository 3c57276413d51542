//! Investments: trades, positions and the list of securities (OFX 2.3 §13).

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{
    statement::{date, decimal},
    tree::Element,
    value::Moment,
};

type Text<'d> = Cow<'d, str>;

/// One trade of INVTRANLIST, of any of its kinds.
#[derive(Debug)]
pub struct Trade<'d> {
    /// The element's name, such as `BUYSTOCK`.
    pub kind: &'d str,
    pub id: Option<Text<'d>>,
    pub reverses: Option<Text<'d>>,
    pub traded: Option<Moment>,
    pub memo: Option<Text<'d>>,
    pub security: Option<Text<'d>>,
    pub units: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    /// What it did to the account's cash; absent for transfers, splits and the like.
    pub total: Option<Decimal>,
    /// DIV, INTEREST, CGLONG, CGSHORT or MISC.
    pub income: Option<Text<'d>>,
    /// TFERACTION is OUT.
    pub outward: bool,
    /// CURRENCY: the amounts are in another currency than the statement's; symbol and rate.
    pub currency: Option<(Text<'d>, Option<Decimal>)>,
}

/// One position of INVPOSLIST.
#[derive(Debug)]
pub struct Position<'d> {
    /// The element's name, such as `POSSTOCK`.
    pub kind: &'d str,
    pub security: Option<Text<'d>>,
    pub short: bool,
    pub units: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    pub market_value: Option<Decimal>,
    pub average_cost: Option<Decimal>,
    pub price_as_of: Option<Moment>,
    /// CURRENCY: the amounts are in another currency than the statement's; symbol and rate.
    pub currency: Option<(Text<'d>, Option<Decimal>)>,
    pub memo: Option<Text<'d>>,
}

/// One security of SECLIST.
#[derive(Debug)]
pub struct Security<'d> {
    /// The element's name, such as `STOCKINFO`.
    pub kind: &'d str,
    /// UNIQUEID.
    pub id: Text<'d>,
    pub name: Option<Text<'d>>,
    pub ticker: Option<Text<'d>>,
    pub unit_price: Option<Decimal>,
    pub price_as_of: Option<Moment>,
}

/// Whether an element is one of the kinds of trade (OFX 2.3 §13.9.2.4.4).
pub(super) fn is_trade(name: &str) -> bool {
    matches!(
        name,
        "BUYDEBT"
            | "BUYMF"
            | "BUYOPT"
            | "BUYOTHER"
            | "BUYSTOCK"
            | "CLOSUREOPT"
            | "INCOME"
            | "INVEXPENSE"
            | "JRNLFUND"
            | "JRNLSEC"
            | "MARGININTEREST"
            | "REINVEST"
            | "RETOFCAP"
            | "SELLDEBT"
            | "SELLMF"
            | "SELLOPT"
            | "SELLOTHER"
            | "SELLSTOCK"
            | "SPLIT"
            | "TRANSFER"
    )
}

/// Whether an element is one of the kinds of position (OFX 2.3 §13.9.2.6.2).
pub(super) fn is_position(name: &str) -> bool {
    matches!(name, "POSMF" | "POSSTOCK" | "POSDEBT" | "POSOPT" | "POSOTHER")
}

/// Reads a trade. INVBUY, INVSELL and INVTRAN are looked for at any depth, since kinds nest them differently.
pub(super) fn trade(element: Element<'_>) -> Trade<'_> {
    let common = element.find("INVTRAN").unwrap_or(element);
    let body = element.child("INVBUY").or_else(|| element.child("INVSELL")).unwrap_or(element);
    Trade {
        kind: element.name(),
        id: common.value("FITID"),
        reverses: common.value("REVERSALFITID"),
        traded: date(common, "DTTRADE").or_else(|| date(common, "DTSETTLE")),
        memo: common.value("MEMO"),
        security: element.find("SECID").and_then(|id| id.value("UNIQUEID")),
        units: decimal(body, "UNITS"),
        unit_price: decimal(body, "UNITPRICE"),
        total: decimal(body, "TOTAL"),
        income: element.value("INCOMETYPE"),
        outward: element.value("TFERACTION").is_some_and(|action| action == "OUT"),
        currency: currency(body),
    }
}

/// CURRENCY of an element: symbol and rate (OFX 2.3 §5.2).
fn currency(element: Element<'_>) -> Option<(Text<'_>, Option<Decimal>)> {
    let currency = element.child("CURRENCY")?;
    Some((currency.value("CURSYM")?, decimal(currency, "CURRATE")))
}

/// Reads a position; `None` for one without INVPOS.
pub(super) fn position(element: Element<'_>) -> Option<Position<'_>> {
    let common = element.find("INVPOS")?;
    Some(Position {
        kind: element.name(),
        security: common.find("SECID").and_then(|id| id.value("UNIQUEID")),
        short: common.value("POSTYPE").is_some_and(|kind| kind == "SHORT"),
        units: decimal(common, "UNITS"),
        unit_price: decimal(common, "UNITPRICE"),
        market_value: decimal(common, "MKTVAL"),
        average_cost: decimal(common, "AVGCOSTBASIS"),
        price_as_of: date(common, "DTPRICEASOF"),
        currency: currency(common),
        memo: common.value("MEMO"),
    })
}

/// Reads a security; `None` for an element without one.
pub(super) fn security(element: Element<'_>) -> Option<Security<'_>> {
    let info = element.find("SECINFO")?;
    let id = info.find("UNIQUEID").map(Element::text).filter(|id| !id.is_empty())?;
    Some(Security {
        kind: element.name(),
        id,
        name: info.value("SECNAME"),
        ticker: info.value("TICKER"),
        unit_price: decimal(info, "UNITPRICE"),
        price_as_of: date(info, "DTASOF"),
    })
}
