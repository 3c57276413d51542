//! From statements to what the domain knows: accounts with balances, entries and holdings.

use std::collections::HashMap;

use domain::{
    Currency, Date, Decimal, Money, Reason, Timestamp,
    account::Category,
    harvest::{Balance, FoundAccount, Harvest, Identity, Statement as Window},
    transaction::{Correction, Pending, Posted},
};
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::{
    holdings, kind,
    memo::KnownAccount,
    parameters::{Parameters, Sign},
    read::{Entry, Family, Moment, Reply, Security, Statement},
    status, words,
};

/// Collects the answers of a run, account by account.
pub(super) struct Collector<'a> {
    parameters: &'a Parameters,
    known: &'a [KnownAccount],
    /// The first day that was asked for, and today in the institution's zone.
    since: Date,
    today: Date,
    zone: Option<TimeZone>,
    found: Vec<FoundAccount>,
    /// Accounts for which anything came, a refusal included.
    answered: Vec<bool>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        parameters: &'a Parameters,
        known: &'a [KnownAccount],
        since: Date,
        now: Timestamp,
    ) -> Self {
        let zone = parameters.zone();
        let today = now.to_zoned_datetime(zone.clone().unwrap_or(TimeZone::UTC)).date();
        let found = known.iter().map(|account| nothing_yet(account, parameters.currency)).collect();
        Self { parameters, known, since, today, zone, found, answered: vec![false; known.len()] }
    }

    /// Adds one answer. `asked` tells which TRNUID asked for which account.
    pub(super) fn add(&mut self, reply: &Reply<'_>, asked: &[(String, usize)]) {
        let securities: HashMap<&str, &Security<'_>> =
            reply.securities.iter().map(|security| (security.id.as_ref(), security)).collect();
        for statement in &reply.statements {
            // One question and one answer belong together, however the answer is labelled.
            let only = if let ([(_, only)], [_]) = (asked, reply.statements.as_slice()) {
                Some(*only)
            } else {
                None
            };
            if let Some(index) = self.account_of(statement, asked).or(only) {
                self.answered[index] = true;
                self.add_statement(index, statement, &securities);
            }
        }
        for (_, index) in asked {
            // Entries that belong to no statement could be anybody's.
            if !self.answered[*index] || reply.unplaced > 0 {
                self.miss(*index, Reason::BadResponse);
            }
        }
    }

    /// Notes why an account's statement did not come.
    pub(super) fn miss(&mut self, index: usize, reason: Reason) {
        if let Some(found) = self.found.get_mut(index) {
            // The first trouble is the cause; what follows is its consequence.
            found.incomplete.get_or_insert(reason);
        }
    }

    pub(super) fn finish(self, complete: bool, attended_only: bool) -> Harvest {
        Harvest { accounts: self.found, complete, attended_only }
    }

    /// Whether nothing at all came, and why.
    pub(super) fn failure(&self) -> Option<Reason> {
        let empty = |found: &FoundAccount| {
            found.balance.is_none() && found.transactions.is_none() && found.holdings.is_none()
        };
        if self.found.is_empty() || !self.found.iter().all(empty) {
            return None;
        }
        // An account that is closed or not switched on is an answer; a broken answer is not.
        let broken = |found: &FoundAccount| {
            found.incomplete.filter(|reason| {
                !matches!(reason, Reason::AccountMissing | Reason::ActionNeeded | Reason::Partial)
            })
        };
        let reasons: Option<Vec<Reason>> = self.found.iter().map(broken).collect();
        reasons.and_then(|reasons| reasons.first().copied())
    }

    /// The account of a statement: by the block that names it, else by TRNUID. Servers are known to send a TRNUID that
    /// nobody asked for, and to mask the number in the statement.
    fn account_of(&self, statement: &Statement<'_>, asked: &[(String, usize)]) -> Option<usize> {
        let named = statement.account.as_ref().and_then(|reference| {
            let mut same = asked.iter().map(|(_, index)| *index).filter(|index| {
                let known = &self.known[*index];
                known.family == reference.family && known.number == reference.number
            });
            let first = same.next()?;
            // Several accounts can share a number and differ by type.
            let typed = std::iter::once(first).chain(same).find(|index| {
                let known = &self.known[*index];
                known.kind.as_deref() == reference.kind.as_deref()
                    && known.institution.as_deref() == reference.institution.as_deref()
            });
            typed.or(Some(first))
        });
        let by_id =
            statement.transaction_id.as_deref().and_then(|id| asked.iter().find(|(sent, _)| sent == id));
        named.or(by_id.map(|(_, index)| *index))
    }

    fn add_statement(
        &mut self,
        index: usize,
        statement: &Statement<'_>,
        securities: &HashMap<&str, &Security<'_>>,
    ) {
        if let Some(status) = &statement.status {
            if let Some(reason) = status::account(status.code, status.severity) {
                self.miss(index, reason);
            }
            if status.is_error() {
                return;
            }
        }
        let currency = statement
            .currency
            .as_deref()
            .and_then(|code| code.parse().ok())
            .unwrap_or(self.parameters.currency);
        self.found[index].identity.currency = currency;
        let balance = if statement.family == Family::Investment {
            self.investment(index, statement, securities, currency)
        } else {
            self.ledger(index, statement, currency)
        };
        self.keep_balance(index, balance);
        if statement.has_entries || statement.pending.is_some() {
            self.entries(index, statement, securities, currency);
        }
    }

    /// Of several statements of one account the newest balance counts.
    fn keep_balance(&mut self, index: usize, balance: Option<Balance>) {
        let Some(balance) = balance else { return };
        let kept = &mut self.found[index].balance;
        if kept.is_none_or(|kept| kept.as_of <= balance.as_of) {
            *kept = Some(balance);
        }
    }

    /// LEDGERBAL or PRINBAL, with what is owed turned negative.
    fn ledger(&mut self, index: usize, statement: &Statement<'_>, currency: Currency) -> Option<Balance> {
        let ledger = statement.ledger?;
        let as_of = ledger.as_of.map_or(self.today, |moment| self.day(moment));
        let signed = ledger.amount.map(|amount| self.signed(index, statement.family, amount));
        let amount = signed.and_then(|amount| Money::from_decimal(amount, currency).ok());
        let Some(amount) = amount else {
            self.miss(index, Reason::BadResponse);
            return None;
        };
        let available = statement.available.and_then(|balance| balance.amount);
        let available = available.and_then(|amount| Money::from_decimal(amount, currency).ok());
        Some(Balance { amount, available, as_of })
    }

    fn signed(&self, index: usize, family: Family, amount: Decimal) -> Decimal {
        let is_debt = self.found[index].identity.kind.category() == Category::Debts;
        let sign = match family {
            Family::Card => self.parameters.card_balance,
            Family::Loan => self.parameters.loan_balance,
            Family::Bank if is_debt => self.parameters.loan_balance,
            Family::Bank | Family::Investment => Sign::OwedNegative,
        };
        match sign {
            Sign::OwedNegative => amount,
            Sign::OwedPositive => -amount,
            Sign::AlwaysOwed => -amount.abs(),
        }
    }

    fn investment(
        &mut self,
        index: usize,
        statement: &Statement<'_>,
        securities: &HashMap<&str, &Security<'_>>,
        currency: Currency,
    ) -> Option<Balance> {
        let day = |moment: Moment| self.day(moment);
        let as_of = statement.as_of.map_or(self.today, day);
        let valued = holdings::value(statement, securities, currency, &day);
        if valued.unreadable {
            self.miss(index, Reason::BadResponse);
        }
        if let Some(holdings) = valued.holdings {
            self.found[index].holdings.get_or_insert_default().extend(holdings);
        }
        valued.total.map(|amount| Balance { amount, available: valued.cash, as_of })
    }

    fn entries(
        &mut self,
        index: usize,
        statement: &Statement<'_>,
        securities: &HashMap<&str, &Security<'_>>,
        currency: Currency,
    ) {
        let day = |moment: Moment| self.day(moment);
        let entries = statement.entries.iter().map(|entry| posted(entry, currency, &day));
        let trades = statement.trades.iter().map(|trade| holdings::traded(trade, securities, currency, &day));
        let all: Vec<Option<Posted>> = entries.chain(trades).collect();
        let asked = all.len();
        let posted: Vec<Posted> = all.into_iter().flatten().collect();
        let lost = posted.len() < asked;
        let pending: Option<Vec<Pending>> = statement.pending.as_ref().map(|entries| {
            entries
                .iter()
                .filter_map(|entry| {
                    pending(entry.initiated, entry.amount, entry.name.as_deref(), currency, &day)
                })
                .collect()
        });
        let from = statement.window.0.map_or(self.since, day).max(self.since);
        let to = statement.window.1.map_or(self.today, day).max(from);
        if lost {
            self.miss(index, Reason::BadResponse);
        }
        let window = self.found[index].transactions.get_or_insert_with(Window::default);
        window.from = Some(window.from.map_or(from, |earlier| earlier.min(from)));
        window.to = Some(window.to.map_or(to, |later| later.max(to)));
        window.posted.extend(posted);
        if let Some(pending) = pending {
            window.pending.get_or_insert_default().extend(pending);
        }
    }

    /// The civil date in the institution's zone. As written, unless the zone is known and the time is in GMT: then
    /// midnight in New York is not the next day.
    fn day(&self, moment: Moment) -> Date {
        let in_gmt = moment.time.is_some() && moment.offset_seconds.unwrap_or(0) == 0;
        match &self.zone {
            Some(zone) if in_gmt => {
                let utc = moment.civil().to_zoned_datetime(TimeZone::UTC);
                utc.map_or(moment.date, |utc| utc.with_time_zone(zone.clone()).date())
            }
            _ => moment.date,
        }
    }
}

fn nothing_yet(account: &KnownAccount, currency: Currency) -> FoundAccount {
    let (kind, kind_guessed) = kind::of(account);
    let name = account.nickname.as_deref().or(account.description.as_deref()).unwrap_or_default();
    FoundAccount {
        identity: Identity {
            persistent_key: account.key.clone(),
            number: SecretString::from(account.number.clone()),
            qualifier: qualifier(account),
            name: words::masked(name),
            kind,
            kind_guessed,
            currency,
        },
        balance: None,
        holdings: None,
        transactions: None,
        incomplete: None,
    }
}

/// The institution's own name for the account without its number: `bank/000111222/CHECKING`.
fn qualifier(account: &KnownAccount) -> String {
    let family = match account.family {
        Family::Bank => "bank",
        Family::Card => "card",
        Family::Loan => "loan",
        Family::Investment => "investment",
    };
    let parts =
        [Some(family), account.institution.as_deref(), account.branch.as_deref(), account.kind.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

/// The amount of an entry in the statement's currency. CURRENCY means that it is in another one, and tells the rate
/// (OFX 2.3 §5.2); without a rate the amount can't be told.
pub(super) fn in_currency(
    amount: Decimal,
    other: Option<&(std::borrow::Cow<'_, str>, Option<Decimal>)>,
    currency: Currency,
) -> Option<Decimal> {
    match other {
        Some((symbol, rate)) if symbol.trim() != currency.code() => amount.checked_mul((*rate)?),
        _ => Some(amount),
    }
}

/// `None` when date or amount can't be read.
fn posted(entry: &Entry<'_>, currency: Currency, day: &dyn Fn(Moment) -> Date) -> Option<Posted> {
    let amount = in_currency(entry.amount?, entry.currency.as_ref(), currency)?;
    let name = entry.name.as_deref().or(entry.extended_name.as_deref());
    let payee = name.or(entry.memo.as_deref()).unwrap_or_default();
    let memo = if name.is_some() { entry.memo.as_deref().unwrap_or_default() } else { "" };
    let correction = if entry.correction_deletes { Correction::Delete } else { Correction::Replace };
    Some(Posted {
        native_id: entry.id.as_deref().map(str::to_owned),
        posted_on: day(entry.posted?),
        amount: Money::from_decimal(amount, currency).ok()?,
        payee: words::label(payee),
        memo: words::label(memo),
        detail: detail(entry),
        corrects: entry.corrects.as_deref().map(|id| (id.to_owned(), correction)),
        quantity: None,
    })
}

/// What an entry is, where TRNTYPE or LOANTRNTYPE says more than its name (OFX 2.3 §11.4.4.3, §11.4.6.1).
fn detail(entry: &Entry<'_>) -> String {
    let check = entry.check_number.as_deref().map(str::trim).filter(|number| !number.is_empty());
    let detail = match entry.kind.as_deref().unwrap_or_default() {
        "CHECK" => return check.map_or_else(|| "Check".to_owned(), |number| format!("Check {number}")),
        "INT" => "Interest",
        "DIV" => "Dividend",
        "FEE" | "SRVCHG" => "Fee",
        "LATE" => "Late fee",
        "DEP" => "Deposit",
        "ATM" => "ATM",
        "XFER" => "Transfer",
        "PAYMENT" => "Payment",
        "CASH" => "Cash withdrawal",
        "DIRECTDEP" => "Direct deposit",
        "DIRECTDEBIT" => "Direct debit",
        "REPEATPMT" => "Repeating payment",
        "ADVANCE" => "Cash advance",
        "BALLOON" => "Balloon payment",
        _ => "",
    };
    detail.to_owned()
}

fn pending(
    initiated: Option<Moment>,
    amount: Option<Decimal>,
    name: Option<&str>,
    currency: Currency,
    day: &dyn Fn(Moment) -> Date,
) -> Option<Pending> {
    Some(Pending {
        expected_on: day(initiated?),
        amount: Money::from_decimal(amount?, currency).ok()?,
        payee: words::label(name.unwrap_or_default()),
    })
}

/// Whether statements of an account can be asked for at all in this version.
pub(super) fn can_be_asked(account: &KnownAccount, parameters: &Parameters) -> bool {
    account.family != Family::Loan || parameters.knows_loans()
}

#[cfg(test)]
mod tests;
