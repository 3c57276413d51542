//! Statements of bank and card accounts (OFX 2.3 §11.4).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::request::Element;
use super::write::Node;
use super::{Body, Desk, Status, accounts, date, figures, loans};
use crate::account::Kind;
use crate::ledger::{Correction, Ledger, Plan, Row, RowId, start_of_day};
use crate::persona::{Shown, User};
use crate::random::dice;

/// Where a window without a start begins: nothing here is older.
const EARLIEST: Date = jiff::civil::date(2015, 1, 1);
/// How long before posting an entry is pending.
const PENDING_SECONDS: i64 = 2 * 86_400;

/// The entries that a request wants: from, inclusive, to, exclusive (OFX 2.3 §3.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Window {
    /// Reads INCTRAN. Nothing when no entries are wanted.
    pub(super) fn read(request: &Element, now: Timestamp) -> Result<Option<Self>, Status> {
        let Some(wanted) = request.child("INCTRAN").filter(|wanted| wanted.text("INCLUDE") != Some("N"))
        else {
            return Ok(None);
        };
        let bound = |tag| {
            wanted
                .text(tag)
                .map(|text| date::read(text).ok_or(Status::error(2020, "Invalid date")))
                .transpose()
        };
        let start = bound("DTSTART")?.unwrap_or_else(|| start_of_day(EARLIEST));
        // The answer's DTEND is where the next request starts: nothing after now has been looked at.
        let just_after_now = now + SignedDuration::from_secs(1);
        let asked = bound("DTEND")?;
        if asked.is_some_and(|end| end < start) {
            return Err(Status::error(2027, "Invalid date range"));
        }
        Ok(Some(Self { start, end: asked.unwrap_or(just_after_now).min(just_after_now).max(start) }))
    }

    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// STMTRQ. In versions without loans, a loan is a CREDITLINE account here (OFX 2.3 §11.1.1).
pub(super) fn bank(desk: &Desk<'_>, transaction: &Element) -> Body {
    let request = transaction.child("STMTRQ").ok_or(Status::error(2000, "There is no STMTRQ"))?;
    let from = request.child("BANKACCTFROM");
    let loans_here = !desk.form.has_loans();
    let (user, shown) = accounts::find(desk, from, "ACCTID", |kind| {
        matches!(kind, Kind::Bank { .. }) || (loans_here && matches!(kind, Kind::Loan(_)))
    })?;
    let window = Window::read(request, desk.now)?;
    if let Kind::Loan(terms) = &shown.account.kind {
        return Ok(Some(loans::credit_line(desk, &shown, terms, window)));
    }
    let Kind::Bank { account_type, plan, balance_cents } = shown.account.kind else {
        return Err(Status::error(2002, "General account error"));
    };
    let book = Book::open(desk, user, shown, plan, balance_cents);
    let answer = Node::new("STMTRS")
        .leaf("CURDEF", desk.institution.manner.currency)
        .child(accounts::bank_account(desk, shown.number, account_type))
        .child_if(window.map(|window| book.entries(desk, window)))
        .child_if(request.flag("INCLUDEPENDING").then(|| book.pending(desk)).flatten())
        .children(book.balances(desk, 0));
    Ok(Some(answer))
}

/// CCSTMTRQ. The balance is negative while money is owed.
pub(super) fn card(desk: &Desk<'_>, transaction: &Element) -> Body {
    let request = transaction.child("CCSTMTRQ").ok_or(Status::error(2000, "There is no CCSTMTRQ"))?;
    let from = request.child("CCACCTFROM");
    let (user, shown) = accounts::find(desk, from, "ACCTID", |kind| matches!(kind, Kind::Card { .. }))?;
    let window = Window::read(request, desk.now)?;
    let Kind::Card { plan, balance_cents, limit_cents } = shown.account.kind else {
        return Err(Status::error(2002, "General account error"));
    };
    let book = Book::open(desk, user, shown, plan, balance_cents);
    let answer = Node::new("CCSTMTRS")
        .leaf("CURDEF", desk.institution.manner.currency)
        .child(accounts::card_account(shown.number))
        .child_if(window.map(|window| book.entries(desk, window)))
        .child_if(request.flag("INCLUDEPENDING").then(|| book.pending(desk)).flatten())
        .children(book.balances(desk, limit_cents));
    Ok(Some(answer))
}

/// An account's ledger, split at now.
struct Book {
    posted: Vec<Row>,
    pending: Vec<Row>,
    ledger_cents: i64,
    seed: u64,
}

impl Book {
    fn open(desk: &Desk<'_>, user: User, shown: Shown, plan: &Plan, balance_cents: i64) -> Self {
        let seed = desk.world.user_seed(desk.institution, user);
        if shown.zeroed {
            return Self { posted: Vec::new(), pending: Vec::new(), ledger_cents: 0, seed };
        }
        let soon = desk.now + SignedDuration::from_secs(PENDING_SECONDS);
        let ledger = Ledger::open(seed, shown.account.key, plan, balance_cents, soon);
        let ledger_cents = ledger.balance_at(desk.now);
        let (mut posted, mut pending): (Vec<Row>, Vec<Row>) =
            ledger.rows.into_iter().partition(|row| row.at <= desk.now);
        posted.drain(..posted.len().saturating_sub(desk.institution.manner.rows_max));
        // Only what a card reader starts is known before it posts.
        pending.retain(|row| row.kind == "POS" && row.corrects.is_none());
        Self { posted, pending, ledger_cents, seed }
    }

    fn entries(&self, desk: &Desk<'_>, window: Window) -> Node {
        Node::new("BANKTRANLIST")
            .leaf("DTSTART", date::write(window.start))
            .leaf("DTEND", date::write(window.end))
            .children(self.posted.iter().filter(|row| window.holds(row.at)).map(|row| self.entry(desk, row)))
    }

    fn entry(&self, desk: &Desk<'_>, row: &Row) -> Node {
        let manner = &desk.institution.manner;
        let corrects = row.corrects.map(|(id, action)| (self.id(desk, id), action));
        let node = Node::new("STMTTRN")
            .leaf("TRNTYPE", row.kind)
            .leaf("DTPOSTED", date::write_as(manner.dates, row.at))
            .leaf("TRNAMT", figures::amount(manner, row.amount_cents))
            .leaf("FITID", self.id(desk, row.id));
        let node = match corrects {
            Some((id, action)) => node.leaf("CORRECTFITID", id).leaf(
                "CORRECTACTION",
                match action {
                    Correction::Replace => "REPLACE",
                    Correction::Delete => "DELETE",
                },
            ),
            None => node,
        };
        node.leaf_if("CHECKNUM", row.check_number.map(|number| number.to_string())).leaf("NAME", row.name)
    }

    /// The FITID, another one at each download where the institution is like that.
    fn id(&self, desk: &Desk<'_>, id: RowId) -> String {
        let id = id.to_string();
        if desk.institution.manner.changing_ids {
            return format!("{:016X}", dice(self.seed ^ desk.download, &id));
        }
        id
    }

    /// BANKTRANLISTP, from 2.2 on. A pending entry has no FITID (OFX 2.3 §11.4.4.2).
    fn pending(&self, desk: &Desk<'_>) -> Option<Node> {
        if !desk.form.has_2_2() {
            return None;
        }
        let manner = &desk.institution.manner;
        let entries = self.pending.iter().map(|row| {
            Node::new("STMTTRNP")
                .leaf("TRNTYPE", row.kind)
                .leaf("DTTRAN", date::write_as(manner.dates, desk.now))
                .leaf("TRNAMT", figures::amount(manner, row.amount_cents))
                .leaf("NAME", row.name)
        });
        Some(Node::new("BANKTRANLISTP").leaf("DTASOF", date::write(desk.now)).children(entries))
    }

    /// LEDGERBAL and AVAILBAL; what is pending is no longer available. `limit_cents` is a card's.
    fn balances(&self, desk: &Desk<'_>, limit_cents: i64) -> [Node; 2] {
        let pending: i64 = self.pending.iter().map(|row| row.amount_cents).sum();
        let balance = |tag, cents| {
            Node::new(tag)
                .leaf("BALAMT", figures::amount(&desk.institution.manner, cents))
                .leaf("DTASOF", date::write(desk.now))
        };
        [
            balance("LEDGERBAL", self.ledger_cents),
            balance("AVAILBAL", self.ledger_cents + pending + limit_cents),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::request;
    use super::*;

    fn window(inctran: &str) -> Result<Option<Window>, u32> {
        let file = format!("OFXHEADER:100\r\nVERSION:102\r\n\r\n<OFX>{inctran}<X>1</OFX>");
        let root = request::read(file.as_bytes()).unwrap().root;
        Window::read(&root, "2026-11-20T12:00:00Z".parse().unwrap()).map_err(|status| status.code)
    }

    #[test]
    fn a_window_includes_its_start_and_not_its_end() {
        let window =
            window("<INCTRAN><DTSTART>20261101<DTEND>20261110<INCLUDE>Y</INCTRAN>").unwrap().unwrap();
        assert!(window.holds("2026-11-01T00:00:00Z".parse().unwrap()));
        assert!(window.holds("2026-11-09T23:59:59Z".parse().unwrap()));
        assert!(!window.holds("2026-11-10T00:00:00Z".parse().unwrap()));
        assert!(!window.holds("2026-10-31T23:59:59Z".parse().unwrap()));
    }

    #[test]
    fn a_window_ends_now_at_the_latest() {
        let window = window("<INCTRAN><DTEND>20300101<INCLUDE>Y</INCTRAN>").unwrap().unwrap();
        assert_eq!(window.end.to_string(), "2026-11-20T12:00:01Z");
    }

    #[test]
    fn odd_windows_have_their_codes() {
        assert_eq!(window("<INCTRAN><INCLUDE>N</INCTRAN>"), Ok(None));
        assert_eq!(window("<Y>1"), Ok(None));
        assert_eq!(window("<INCTRAN><DTSTART>nonsense<INCLUDE>Y</INCTRAN>"), Err(2020));
        assert_eq!(window("<INCTRAN><DTSTART>20261102<DTEND>20261101<INCLUDE>Y</INCTRAN>"), Err(2027));
    }
}
