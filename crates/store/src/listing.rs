//! The list of a household's accounts, which every page and the API ask for.
//!
//! The accounts are kept in memory and hold as long as the household's revision in the database, which each
//! transaction raises that writes an audit row of the household ([`Tx::commit`]). So the list costs one small question:
//! reach, revision and connections. Nothing kept is ever trusted without it, on whichever node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::HouseholdId;

use crate::{
    Error, Reader, Store, Tx,
    account::{Listed, Source, account, account_columns, source, source_columns},
    query::{Ask, Text, texts},
    reach,
};

/// Households whose lists are kept: some 20 kB each.
const HOUSEHOLDS_MAX: usize = 1_000;

texts! {
    SOURCES = Text::one(concat!(
        "SELECT h.revision, ", source_columns!(), "
         FROM household h LEFT JOIN connection c ON c.household_id = h.id
         WHERE ", reach!(), " AND h.id = $5"
    ));
    ACCOUNTS = Text::one(concat!(
        "SELECT h.revision, a.id IS NOT NULL, ", account_columns!(), ", a.incomplete, a.holdings_as_of, a.entries_since
         FROM household h LEFT JOIN account a
            ON a.household_id = h.id AND a.standing = 'added' AND a.deleted_at IS NULL
         WHERE h.id = $1 ORDER BY a.institution, a.name, a.id"
    ));
    // Holds the row until the end of the transaction.
    RAISE = Text::one("UPDATE household SET revision = revision + 1 WHERE id = $1");
}

/// The lists that are kept, by household.
#[derive(Default)]
pub(crate) struct Listings(Mutex<HashMap<HouseholdId, Kept>>);

#[derive(Clone)]
struct Kept {
    revision: i64,
    /// Without their connections.
    accounts: Arc<[Listed]>,
}

impl Listings {
    fn get(&self, household: HouseholdId, revision: i64) -> Option<Kept> {
        let listings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listings.get(&household).filter(|kept| kept.revision == revision).cloned()
    }

    fn keep(&self, household: HouseholdId, kept: Kept) {
        let mut listings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if listings.len() >= HOUSEHOLDS_MAX && !listings.contains_key(&household) {
            // Any other one: who is asked for often comes back at once.
            let other = listings.keys().next().copied();
            other.and_then(|other| listings.remove(&other));
        }
        listings.insert(household, kept);
    }
}

impl Reader {
    /// The accounts of a household within reach, by institution and name; none when it is out of reach.
    pub async fn accounts(&self, household: HouseholdId) -> Result<Vec<Listed>, Error> {
        let sources: Vec<(i64, Option<Source>)> =
            self.ask(SOURCES).bind(household).all(|row| Ok((row.next()?, source(row)?))).await?;
        let Some((revision, _)) = sources.first() else { return Ok(Vec::new()) };
        let kept = match self.store().listings().get(household, *revision) {
            Some(kept) => kept,
            None => read(self.store(), household).await?,
        };
        let source = |listed: &Listed| {
            let id = listed.account.connection?;
            sources.iter().filter_map(|(_, source)| source.as_ref()).find(|source| source.id == id).cloned()
        };
        Ok(kept
            .accounts
            .iter()
            .map(|listed| Listed { connection: source(listed), ..listed.clone() })
            .collect())
    }
}

/// Reads accounts and revision in one statement, so that they belong together, and keeps them.
async fn read(store: &Store, household: HouseholdId) -> Result<Kept, Error> {
    let rows: Vec<(i64, Option<Listed>)> = Ask::on_pool(store, ACCOUNTS)
        .bind(household)
        .all(|row| {
            let (revision, is_account): (i64, bool) = (row.next()?, row.next()?);
            if !is_account {
                return Ok((revision, None));
            }
            let account = account(row)?;
            let (incomplete, holdings_as_of, entries_since) = (row.next()?, row.next()?, row.next()?);
            let listed = Listed { account, incomplete, holdings_as_of, entries_since, connection: None };
            Ok((revision, Some(listed)))
        })
        .await?;
    let revision = rows.first().ok_or(Error::NotFound)?.0;
    let kept = Kept { revision, accounts: rows.into_iter().filter_map(|(_, listed)| listed).collect() };
    store.listings().keep(household, kept.clone());
    Ok(kept)
}

impl Tx {
    /// Makes other writers of a household wait for the end of this transaction, and raises its revision.
    ///
    /// Call it before writing any of its connections and accounts: everybody takes the household first, so two can't
    /// wait for one another, and a sum over its rows misses none.
    pub async fn hold_household(&mut self, household: HouseholdId) -> Result<(), Error> {
        if !self.holds(household) && self.ask(RAISE).bind(household).run_count().await? == 0 {
            return Err(Error::NotFound);
        }
        self.now_holds(household);
        Ok(())
    }

    /// Raises the revision of what has an audit row of this transaction and isn't held yet.
    pub(crate) async fn raise_revisions(&mut self) -> Result<(), Error> {
        for household in self.changed_households() {
            // The audit row of a household that isn't there changed none.
            self.ask(RAISE).bind(household).run_count().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counted, now};

    #[test]
    fn no_more_lists_are_kept_than_allowed_and_none_of_another_revision() {
        let (listings, entropy) = (Listings::default(), Counted::default());
        let ids: Vec<_> = (0..=HOUSEHOLDS_MAX).map(|_| HouseholdId::new(now(), &entropy)).collect();
        for id in &ids {
            listings.keep(*id, Kept { revision: 7, accounts: Arc::new([]) });
            assert!(listings.get(*id, 7).is_some());
            assert!(listings.get(*id, 8).is_none());
        }
        assert_eq!(listings.0.lock().unwrap().len(), HOUSEHOLDS_MAX);
        listings.keep(ids[HOUSEHOLDS_MAX], Kept { revision: 8, accounts: Arc::new([]) });
        assert_eq!(listings.0.lock().unwrap().len(), HOUSEHOLDS_MAX);
    }
}
