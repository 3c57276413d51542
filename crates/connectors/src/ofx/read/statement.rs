//! Statements of any family: balances, booked and pending entries, and the parts that investments add.

use std::borrow::Cow;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    investment::{self, Position, Trade},
    reply::{AccountReference, Family, Status},
    tree::Element,
    value::{Moment, amount, moment},
};

type Text<'d> = Cow<'d, str>;

/// BALAMT and DTASOF.
#[derive(Debug, Clone, Copy)]
pub struct Balance {
    pub amount: Option<Decimal>,
    pub as_of: Option<Moment>,
}

/// One booked entry: STMTTRN or LOANSTMTTRN. `None` where the institution's value can't be read.
#[derive(Debug, Default)]
pub struct Entry<'d> {
    pub kind: Option<Text<'d>>,
    pub posted: Option<Moment>,
    pub amount: Option<Decimal>,
    pub id: Option<Text<'d>>,
    pub corrects: Option<Text<'d>>,
    pub correction_deletes: bool,
    pub check_number: Option<Text<'d>>,
    pub name: Option<Text<'d>>,
    pub extended_name: Option<Text<'d>>,
    pub memo: Option<Text<'d>>,
    /// CURRENCY: the amount is in another currency than the statement's; symbol and rate.
    pub currency: Option<(Text<'d>, Option<Decimal>)>,
}

/// One announced entry: STMTTRNP.
#[derive(Debug)]
pub struct PendingEntry<'d> {
    pub initiated: Option<Moment>,
    pub amount: Option<Decimal>,
    pub name: Option<Text<'d>>,
}

/// One statement of one account, of any family.
#[derive(Debug)]
pub struct Statement<'d> {
    pub family: Family,
    pub transaction_id: Option<Text<'d>>,
    pub status: Option<Status<'d>>,
    pub account: Option<AccountReference<'d>>,
    pub currency: Option<Text<'d>>,
    pub as_of: Option<Moment>,
    /// DTSTART and DTEND of the answer's list of entries.
    pub window: (Option<Moment>, Option<Moment>),
    pub entries: Vec<Entry<'d>>,
    /// `None` when the institution sent no list of pending entries.
    pub pending: Option<Vec<PendingEntry<'d>>>,
    pub ledger: Option<Balance>,
    pub available: Option<Balance>,
    pub trades: Vec<Trade<'d>>,
    /// `None` when the institution sent no list of positions.
    pub positions: Option<Vec<Position<'d>>>,
    /// AVAILCASH of INVBAL.
    pub cash: Option<Decimal>,
    /// TOTAL of INV401KBAL.
    pub plan_total: Option<Decimal>,
    /// Whether a list of entries was sent, even an empty one.
    pub has_entries: bool,
}

impl Balance {
    fn of(element: Element<'_>) -> Self {
        Self { amount: decimal(element, "BALAMT"), as_of: date(element, "DTASOF") }
    }
}

/// The readable amount of a child.
pub(super) fn decimal(element: Element<'_>, name: &str) -> Option<Decimal> {
    element.value(name).and_then(|text| amount(&text))
}

/// The readable moment of a child.
pub(super) fn date(element: Element<'_>, name: &str) -> Option<Moment> {
    element.value(name).and_then(|text| moment(&text))
}

impl<'d> Entry<'d> {
    pub(super) fn of(element: Element<'d>) -> Self {
        let mut entry = Self::default();
        for child in element.children() {
            match child.name() {
                "TRNTYPE" | "LOANTRNTYPE" => entry.kind = filled(child),
                "DTPOSTED" => entry.posted = moment(&child.text()),
                "TRNAMT" => entry.amount = amount(&child.text()),
                "FITID" => entry.id = filled(child),
                "CORRECTFITID" => entry.corrects = filled(child),
                "CORRECTACTION" => entry.correction_deletes = child.text() == "DELETE",
                "CHECKNUM" => entry.check_number = filled(child),
                "NAME" => entry.name = filled(child),
                "PAYEE" => {
                    entry.name = entry.name.take().or_else(|| child.value("NAME").or_else(|| filled(child)));
                }
                "EXTDNAME" => entry.extended_name = filled(child),
                "MEMO" => entry.memo = filled(child),
                "CURRENCY" => {
                    entry.currency = child.value("CURSYM").map(|symbol| (symbol, decimal(child, "CURRATE")));
                }
                _ => {}
            }
        }
        entry
    }
}

pub(super) fn filled(element: Element<'_>) -> Option<Text<'_>> {
    Some(element.text()).filter(|text| !text.is_empty())
}

impl<'d> Statement<'d> {
    pub(super) fn empty(family: Family) -> Self {
        Self {
            family,
            transaction_id: None,
            status: None,
            account: None,
            currency: None,
            as_of: None,
            window: (None, None),
            entries: Vec::new(),
            pending: None,
            ledger: None,
            available: None,
            trades: Vec::new(),
            positions: None,
            cash: None,
            plan_total: None,
            has_entries: false,
        }
    }

    /// Walks the statement whatever the order of its parts; several lists of entries add up. Returns how many STMTTRN
    /// it found.
    pub(super) fn fill(&mut self, body: Element<'d>) -> usize {
        let mut placed = 0;
        for element in flatten(body) {
            placed += usize::from(element.name() == "STMTTRN");
            match element.name() {
                "CURDEF" => self.currency = filled(element),
                "DTASOF" => self.as_of = moment(&element.text()),
                "BANKTRANLIST" | "LOANTRANLIST" | "INVTRANLIST" => {
                    self.has_entries = true;
                    let (from, to) = self.window;
                    self.window = (date(element, "DTSTART").or(from), date(element, "DTEND").or(to));
                }
                "BANKTRANLISTP" => self.pending = self.pending.take().or_else(|| Some(Vec::new())),
                "INVPOSLIST" => self.positions = self.positions.take().or_else(|| Some(Vec::new())),
                "STMTTRN" | "LOANSTMTTRN" => self.entries.push(Entry::of(element)),
                "STMTTRNP" => self.pending.get_or_insert_default().push(pending(element)),
                "LEDGERBAL" | "PRINBAL" => self.ledger = Some(Balance::of(element)),
                "AVAILBAL" => self.available = Some(Balance::of(element)),
                "INVBAL" => self.cash = decimal(element, "AVAILCASH"),
                "INV401KBAL" => self.plan_total = decimal(element, "TOTAL"),
                name if investment::is_position(name) => {
                    self.positions.get_or_insert_default().extend(investment::position(element));
                }
                name if investment::is_trade(name) => self.trades.push(investment::trade(element)),
                _ => self.account = self.account.take().or_else(|| AccountReference::of(element)),
            }
        }
        self.has_entries |= !self.entries.is_empty() || !self.trades.is_empty();
        placed
    }

    /// The earliest and the latest date of its entries and trades.
    pub fn dates(&self) -> Option<(Date, Date)> {
        let entries = self.entries.iter().filter_map(|entry| entry.posted);
        let trades = self.trades.iter().filter_map(|trade| trade.traded);
        let dates = entries.chain(trades).map(|moment| moment.date);
        dates.fold(None, |range: Option<(Date, Date)>, day| {
            Some(range.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
        })
    }
}

fn pending(element: Element<'_>) -> PendingEntry<'_> {
    PendingEntry {
        initiated: date(element, "DTTRAN").or_else(|| date(element, "DTPOSTED")),
        amount: decimal(element, "TRNAMT"),
        name: element.value("NAME").or_else(|| element.value("EXTDNAME")).or_else(|| element.value("MEMO")),
    }
}

/// The parts of a statement at any depth, without looking inside an entry, a trade or a position.
fn flatten(body: Element<'_>) -> Vec<Element<'_>> {
    let mut parts = Vec::new();
    let mut open: Vec<_> = body.children().collect();
    open.reverse();
    while let Some(element) = open.pop() {
        parts.push(element);
        let is_list = matches!(
            element.name(),
            "BANKTRANLIST" | "BANKTRANLISTP" | "LOANTRANLIST" | "INVTRANLIST" | "INVPOSLIST" | "INVBANKTRAN"
        );
        if is_list {
            let at = open.len();
            open.extend(element.children());
            open[at..].reverse();
        }
    }
    parts
}
