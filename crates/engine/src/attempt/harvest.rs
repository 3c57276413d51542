//! What a harvest changes: everything is read and decided before the transaction that writes it.

use std::borrow::Cow;

use domain::{
    AccountId, Currency, Date, Reason, Timestamp,
    account::Standing,
    connection::Connection,
    harvest::{Balance, FoundAccount, Harvest, Statement},
    holding::Holding,
};
use jiff::ToSpan;
use store::reconcile::{AccountChange, Changes, EntryChanges, KnownAccount};

use crate::{
    Engine, Error,
    reconcile::{
        accounts::{self, Listed},
        entries,
    },
};

impl Engine {
    /// Compares a harvest with what is kept.
    pub(super) async fn changes(&self, connection: &Connection, harvest: &Harvest) -> Result<Changes, Error> {
        let engine = self.inner.store.engine();
        let zone = self.zone(connection.firm).await?;
        let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
        let today = day(self.now());
        let known = engine.known_accounts(connection.id).await?;
        let hashes = |number: &_| self.inner.vault.number_hashes(connection.firm, number);
        let listed = harvest.accounts.iter();
        let listed = listed.map(|found| Listed::new(Cow::Borrowed(found), hashes)).collect();
        let listed = accounts::merge_repeats(listed);
        let recognized = accounts::recognize(&known, &listed, harvest.complete);
        let missing = accounts::missing(&known, &recognized, harvest.complete);
        let mut changes = Changes {
            missing: missing.into_iter().map(|index| known[index].id).collect(),
            ..Changes::default()
        };
        for (account, is) in listed.iter().zip(recognized) {
            let known = is.map(|index| &known[index]);
            let last_update = known.and_then(|known| known.updated_at).map(day);
            changes.accounts.push(self.account_change(account, known, (today, last_update)).await?);
        }
        Ok(changes)
    }

    async fn account_change(
        &self,
        listed: &Listed<'_>,
        known: Option<&KnownAccount>,
        (today, last_update): (Date, Option<Date>),
    ) -> Result<AccountChange, Error> {
        let found = &listed.found;
        let id = known.map_or_else(|| AccountId::new(self.now(), self.entropy()), |known| known.id);
        let mut change = AccountChange {
            id,
            new: known.is_none(),
            identified: listed.identified(),
            balance: None,
            holdings: None,
            entries: EntryChanges::default(),
            entries_since: None,
            incomplete: found.incomplete,
        };
        // What the client doesn't want is not fetched into the books.
        if known.is_some_and(|known| known.deleted || known.standing == Standing::LeftOut) {
            change.incomplete = None;
            return Ok(change);
        }
        let currency = known.filter(|known| known.amount.is_some()).map(|known| known.currency);
        change.balance = balance(found, currency, today);
        if change.balance.is_none() && found.balance.is_some() {
            change.incomplete = Some(Reason::BadResponse);
        }
        change.holdings = holdings(found, known);
        if change.holdings.is_none() && found.holdings.is_some() {
            change.incomplete = change.incomplete.or(Some(Reason::Partial));
        }
        if let Some(statement) = &found.transactions {
            change.entries = self.entry_changes(id, known.is_none(), statement).await?;
            let since = known.and_then(|known| known.entries_since);
            change.entries_since = entries_since(statement.from, since, last_update);
        }
        Ok(change)
    }

    async fn entry_changes(
        &self,
        account: AccountId,
        new: bool,
        statement: &Statement,
    ) -> Result<EntryChanges, Error> {
        if new {
            return Ok(entries::changes(&[], statement));
        }
        let engine = self.inner.store.engine();
        // Without a window there are no booked entries to compare, but there may be pending ones.
        let (from, to) = entries::window(statement).unwrap_or((Date::MAX, Date::MAX));
        let mut kept = engine.entries_between(account, from, to).await?;
        let corrected = entries::corrected_ids(statement);
        if !corrected.is_empty() {
            for row in engine.entries_by_native_id(account, &corrected).await? {
                if !kept.iter().any(|other| other.key == row.key) {
                    kept.push(row);
                }
            }
        }
        Ok(entries::changes(&kept, statement))
    }
}

/// From which day on the entries are known without a gap, where a statement that begins at `from` changes it. One that
/// begins after the last update leaves days out of which nothing is known, so what went before no longer counts.
fn entries_since(from: Option<Date>, since: Option<Date>, last_update: Option<Date>) -> Option<Date> {
    let from = from?;
    let goes_on = last_update.is_some_and(|day| from <= day);
    let now = since.filter(|_| goes_on).map_or(from, |since| since.min(from));
    (since != Some(now)).then_some(now)
}

/// The balance, unless its currency is not that of the account. A date in the future is a mistake of the institution;
/// left alone it would make the account look current for ever.
fn balance(found: &FoundAccount, currency: Option<Currency>, today: Date) -> Option<Balance> {
    let balance = found.balance?;
    if currency.is_some_and(|currency| currency != balance.amount.currency) {
        return None;
    }
    let tomorrow = today.saturating_add(1.day());
    Some(Balance { as_of: balance.as_of.min(tomorrow), ..balance })
}

/// The holdings, which replace those that are kept. An empty list where there were some, beside a value, is taken only
/// when it comes a second time (R34: an institution may answer with nothing).
fn holdings(found: &FoundAccount, known: Option<&KnownAccount>) -> Option<Vec<Holding>> {
    let holdings = found.holdings.as_ref()?;
    let worth = found.balance.is_some_and(|balance| balance.amount.minor != 0);
    let suspicious =
        known.is_some_and(|known| known.holdings > 0 && known.incomplete != Some(Reason::Partial));
    if holdings.is_empty() && worth && suspicious {
        return None;
    }
    Some(holdings.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_known_since_the_first_window_that_has_no_gap_behind_it() {
        let november = |day| Some(Date::constant(2026, 11, day));
        let first = entries_since(november(3), None, None);
        assert_eq!(first, november(3));
        assert_eq!(entries_since(november(10), november(3), november(20)), None, "it goes on");
        assert_eq!(entries_since(november(1), november(3), november(20)), november(1), "more was asked for");
        assert_eq!(entries_since(november(22), november(3), november(20)), november(22), "two days are lost");
        assert_eq!(entries_since(None, november(3), november(20)), None, "nothing is said");
    }
}
