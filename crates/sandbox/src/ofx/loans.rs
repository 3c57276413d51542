//! Loans: a message set of their own from 2.1 (OFX 2.3 §11.4.5), CREDITLINE bank accounts before.

use super::request::Element;
use super::statement::Window;
use super::write::Node;
use super::{Body, Desk, Status, accounts, date, figures};
use crate::account::Kind;
use crate::loan::{Payment, Terms};
use crate::persona::Shown;

/// LOANSTMTRQ.
pub(super) fn respond(desk: &Desk<'_>, transaction: &Element) -> Body {
    if !desk.form.has_loans() {
        return Err(Status::error(2000, "Loans aren't offered in this version"));
    }
    let request = transaction.child("LOANSTMTRQ").ok_or(Status::error(2000, "There is no LOANSTMTRQ"))?;
    let from = request.child("LOANACCTFROM");
    let (_, shown) = accounts::find(desk, from, "LOANACCTID", |kind| matches!(kind, Kind::Loan(_)))?;
    let Kind::Loan(terms) = shown.account.kind else {
        return Err(Status::error(2002, "General account error"));
    };
    let window = Window::read(request, desk.now)?;
    let list = window.map(|window| {
        let payments = payments(desk, &shown, terms, window);
        Node::new("LOANTRANLIST")
            .leaf("DTSTART", date::write(window.start))
            .leaf("DTEND", date::write(window.end))
            .children(payments.iter().map(|payment| entry(desk, payment)))
    });
    let answer = Node::new("LOANSTMTRS")
        .leaf("CURDEF", desk.institution.manner.currency)
        .child(accounts::loan_account(shown.number, terms))
        .child_if(list)
        .child(principal(desk, &shown, terms));
    Ok(Some(answer))
}

fn payments(desk: &Desk<'_>, shown: &Shown, terms: &Terms, window: Window) -> Vec<Payment> {
    if shown.zeroed {
        return Vec::new();
    }
    terms.payments_until(desk.now).into_iter().filter(|payment| window.holds(payment.at)).collect()
}

/// LOANSTMTTRN: a payment is positive, and the sum of its parts (OFX 2.3 §11.4.6).
fn entry(desk: &Desk<'_>, payment: &Payment) -> Node {
    let manner = &desk.institution.manner;
    let amount = |cents| figures::amount(manner, cents);
    let escrow = (payment.escrow_cents > 0).then(|| {
        Node::new("ESCRWAMT")
            .leaf("ESCRWTOTAL", amount(payment.escrow_cents))
            .leaf("ESCRWTAX", amount(payment.escrow_cents))
    });
    let total = payment.principal_cents + payment.interest_cents + payment.escrow_cents;
    Node::new("LOANSTMTTRN")
        .leaf("LOANTRNTYPE", "PAYMENT")
        .leaf("DTPOSTED", date::write_as(manner.dates, payment.at))
        .leaf("TRNAMT", amount(total))
        .child(
            Node::new("LOANTRNAMT")
                .leaf("PRINAMT", amount(payment.principal_cents))
                .leaf("INTAMT", amount(payment.interest_cents))
                .child_if(escrow),
        )
        .leaf("FITID", format!("PMT{:05}", payment.number))
        .leaf("NAME", "LOAN PAYMENT THANK YOU")
}

/// PRINBAL: the principal that is owed, positive (OFX 2.3 §11.3.8.2 and its example).
pub(super) fn principal(desk: &Desk<'_>, shown: &Shown, terms: &Terms) -> Node {
    let owed = if shown.zeroed { 0 } else { terms.owed_at(desk.now) };
    Node::new("PRINBAL")
        .leaf("BALAMT", figures::amount(&desk.institution.manner, owed))
        .leaf("DTASOF", date::write(desk.now))
}

/// The loan as a CREDITLINE account: what is owed is a negative balance. Interest is charged and the payment credited the same
/// day, so that the entries add up to the change of the balance.
pub(super) fn credit_line(desk: &Desk<'_>, shown: &Shown, terms: &Terms, window: Option<Window>) -> Node {
    let manner = &desk.institution.manner;
    let owed = if shown.zeroed { 0 } else { terms.owed_at(desk.now) };
    let entry = |kind: &str, payment: &Payment, cents: i64, id: String, name: &str| {
        Node::new("STMTTRN")
            .leaf("TRNTYPE", kind)
            .leaf("DTPOSTED", date::write_as(manner.dates, payment.at))
            .leaf("TRNAMT", figures::amount(manner, cents))
            .leaf("FITID", id)
            .leaf("NAME", name)
    };
    let list = window.map(|window| {
        let entries = payments(desk, shown, terms, window).into_iter().flat_map(|payment| {
            let paid = payment.principal_cents + payment.interest_cents;
            [
                entry(
                    "INT",
                    &payment,
                    -payment.interest_cents,
                    format!("INT{:05}", payment.number),
                    "INTEREST CHARGED",
                ),
                entry(
                    "PAYMENT",
                    &payment,
                    paid,
                    format!("PMT{:05}", payment.number),
                    "LOAN PAYMENT THANK YOU",
                ),
            ]
        });
        Node::new("BANKTRANLIST")
            .leaf("DTSTART", date::write(window.start))
            .leaf("DTEND", date::write(window.end))
            .children(entries)
    });
    Node::new("STMTRS")
        .leaf("CURDEF", manner.currency)
        .child(accounts::bank_account(desk, shown.number, "CREDITLINE"))
        .child_if(list)
        .child(
            Node::new("LEDGERBAL")
                .leaf("BALAMT", figures::amount(manner, -owed))
                .leaf("DTASOF", date::write(desk.now)),
        )
}
