//! The list of accounts (OFX 2.3 §8.5), which is what "Find New" asks for.

use super::request::Element;
use super::write::Node;
use super::{Body, Desk, Status, date, figures, loans};
use crate::account::Kind;
use crate::fault;
use crate::ledger::FIRST_DAY;
use crate::loan::Terms;
use crate::persona::{self, Asked, Shown, User};

use super::signon::Standing;

/// ACCTINFORS, or status 1 without it when nothing has changed since DTACCTUP.
pub(super) fn respond(desk: &Desk<'_>, transaction: &Element) -> Body {
    let Standing::User(user) = desk.signed.standing else {
        return Err(Status::error(15500, "Signon invalid"));
    };
    let shown = accounts(desk, user, Asked::List);
    let changed_at = note_list(desk, user);
    let since =
        transaction.child("ACCTINFORQ").and_then(|request| request.text("DTACCTUP")).and_then(date::read);
    if since.is_some_and(|since| since >= changed_at) {
        return Err(Status::UP_TO_DATE);
    }
    let answer = Node::new("ACCTINFORS").leaf("DTACCTUP", date::write(changed_at));
    Ok(Some(answer.children(shown.iter().map(|account| account_info(desk, account)))))
}

/// The accounts of the signed-on user now, after faults.
pub(super) fn accounts(desk: &Desk<'_>, user: User, asked: Asked) -> Vec<Shown> {
    let mut changing = desk.world.lock();
    let state = changing.user(desk.institution, user);
    let mut shown = persona::accounts(user.persona, state, asked, desk.now);
    match desk.fault {
        Some(fault::Kind::NoAccounts) => shown.clear(),
        Some(fault::Kind::HalfList) => shown.truncate(shown.len() / 2),
        Some(fault::Kind::ZeroBalances) => shown.iter_mut().for_each(|account| account.zeroed = true),
        _ => {}
    }
    shown
}

/// Counts the list and returns since when it has been as it is.
fn note_list(desk: &Desk<'_>, user: User) -> jiff::Timestamp {
    let mut changing = desk.world.lock();
    let state = changing.user(desk.institution, user);
    let is_later = state.is_later(&user.persona.later, Asked::List, desk.now);
    if is_later != state.listed_changed {
        state.listed_changed = is_later;
        state.list_changed_at = Some(desk.now);
    }
    state.first_list_at.get_or_insert(desk.now);
    state.counters.account_lists += 1;
    state.list_changed_at.unwrap_or_else(|| crate::ledger::start_of_day(FIRST_DAY))
}

fn account_info(desk: &Desk<'_>, shown: &Shown) -> Node {
    let info = Node::new("ACCTINFO");
    let nickname = desk.form.has_2_2() && desk.institution.manner.nicknames;
    let info = info.leaf_if("NAME", nickname.then_some(shown.name));
    let info = info.leaf("DESC", shown.name).leaf("PHONE", "555-0100");
    match &shown.account.kind {
        Kind::Bank { account_type, .. } => info
            .child(serviced(Node::new("BANKACCTINFO").child(bank_account(desk, shown.number, account_type)))),
        Kind::Card { .. } => info.child(serviced(Node::new("CCACCTINFO").child(card_account(shown.number)))),
        Kind::Loan(terms) if desk.form.has_loans() => info.child(loan_info(desk, shown, terms)),
        Kind::Loan(_) => info.child(serviced(Node::new("BANKACCTINFO").child(bank_account(
            desk,
            shown.number,
            "CREDITLINE",
        )))),
        Kind::Investment { product, .. } => info.child(
            Node::new("INVACCTINFO")
                .child(investment_account(desk, shown.number))
                .leaf("USPRODUCTTYPE", *product)
                .flag("CHECKING", false)
                .leaf("SVCSTATUS", "ACTIVE")
                .leaf("INVACCTTYPE", if *product == "TRUST" { "TRUST" } else { "INDIVIDUAL" }),
        ),
    }
}

fn serviced(info: Node) -> Node {
    info.flag("SUPTXDL", true).flag("XFERSRC", false).flag("XFERDEST", false).leaf("SVCSTATUS", "ACTIVE")
}

fn loan_info(desk: &Desk<'_>, shown: &Shown, terms: &'static Terms) -> Node {
    let manner = &desk.institution.manner;
    let payments = terms.payments_until(desk.now);
    let info = Node::new("LOANACCTINFO")
        .child(loan_account(shown.number, terms))
        .leaf("LOANTYPE", "FIXED")
        .leaf("LOANINITNUMPMTS", terms.payments.to_string())
        .leaf("LOANINITBAL", figures::amount(manner, terms.principal_cents))
        .leaf("LOANFREQ", "MONTHLY")
        .child(loans::principal(desk, shown, terms))
        .child(
            Node::new("LOANIRATE")
                .leaf("LOANINTRATE", figures::e3(manner, terms.rate))
                .leaf("RATETYPE", "FIXED")
                .leaf("DTASOF", date::write(desk.now)),
        )
        .child(
            Node::new("LOANPMT")
                .leaf("PMTAMT", figures::amount(manner, terms.payment_cents + terms.escrow_cents))
                .leaf("DTPMTDUE", date::write(terms.due(payments.len() as u16 + 1)))
                .leaf("LOANPMTTYPE", "PRNANDINT"),
        )
        .leaf("LOANRMNPMTS", (usize::from(terms.payments) - payments.len()).to_string());
    serviced(info)
}

pub(super) fn bank_account(desk: &Desk<'_>, number: &str, account_type: &str) -> Node {
    Node::new("BANKACCTFROM")
        .leaf("BANKID", desk.institution.bank_id())
        .leaf("ACCTID", number)
        .leaf("ACCTTYPE", account_type)
}

pub(super) fn card_account(number: &str) -> Node {
    Node::new("CCACCTFROM").leaf("ACCTID", number)
}

pub(super) fn loan_account(number: &str, terms: &Terms) -> Node {
    Node::new("LOANACCTFROM").leaf("LOANACCTID", number).leaf("LOANACCTTYPE", terms.kind)
}

pub(super) fn investment_account(desk: &Desk<'_>, number: &str) -> Node {
    Node::new("INVACCTFROM").leaf("BROKERID", desk.institution.broker_id()).leaf("ACCTID", number)
}

/// Finds the account that a statement request names; else 2003 (OFX 2.3 §11.4.2.3).
pub(super) fn find(
    desk: &Desk<'_>,
    from: Option<&Element>,
    id_tag: &str,
    fits: impl Fn(&Kind) -> bool,
) -> Result<(User, Shown), Status> {
    let Standing::User(user) = desk.signed.standing else {
        return Err(Status::error(15500, "Signon invalid"));
    };
    let number = from.and_then(|from| from.text(id_tag)).unwrap_or_default();
    let shown = accounts(desk, user, Asked::Statements);
    let at = shown.iter().position(|shown| shown.number == number && fits(&shown.account.kind));
    let at = at.ok_or(Status::error(2003, "Account not found"))?;
    if desk.fault == Some(fault::Kind::StatementError) && at + 1 == shown.len() {
        return Err(Status::error(2002, "General account error"));
    }
    desk.world.lock().user(desk.institution, user).counters.statements += 1;
    Ok((user, shown[at]))
}
