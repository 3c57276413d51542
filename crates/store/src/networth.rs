//! Net worth by day: written anew in the transaction of every change of a value.

use domain::{Currency, Date, HouseholdId, Money, networth::NetWorthPoint};
use jiff::tz::TimeZone;

use crate::{
    Error, Reader, Topic, Tx,
    column::only,
    query::{Text, texts},
    reach,
};

/// The currency of the sums; accounts in another one are left out, as [`domain::networth::NetWorth::of`] does.
const CURRENCY: Currency = Currency::USD;

texts! {
    ZONE = Text::one("SELECT f.zone FROM household h JOIN firm f ON f.id = h.firm_id WHERE h.id = $1");
    // The same accounts that the list of accounts shows.
    COUNTED = Text::one(
        "SELECT amount FROM account WHERE household_id = $1 AND standing = 'added' AND deleted_at IS NULL
            AND counted AND closed_on IS NULL AND currency = $2 AND amount IS NOT NULL"
    );
    KEEP = Text::one(
        "INSERT INTO net_worth_day (household_id, day, currency, assets, debts) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (household_id, day) DO UPDATE SET currency = $3, assets = $4, debts = $5"
    );
    DROP = Text::one("DELETE FROM net_worth_day WHERE household_id = $1 AND day = $2");
    HISTORY = Text::one(concat!(
        "SELECT n.day, n.currency, n.assets, n.debts FROM net_worth_day n JOIN household h ON h.id = n.household_id
         WHERE ", reach!(), " AND n.household_id = $5 AND n.day >= $6 ORDER BY n.day"
    ));
}

impl Reader {
    /// The points of a household within reach from `since` on, the oldest first; days without knowledge have none.
    pub async fn net_worth_history(
        &self,
        household: HouseholdId,
        since: Date,
    ) -> Result<Vec<NetWorthPoint>, Error> {
        self.ask(HISTORY)
            .bind(household)
            .bind(since)
            .all(|row| {
                let (day, currency) = (row.next()?, row.next()?);
                Ok(NetWorthPoint {
                    day,
                    assets: Money { minor: row.next()?, currency },
                    debts: Money { minor: row.next()?, currency },
                })
            })
            .await
    }
}

impl Tx {
    /// Writes today's net worth of a household anew, in the firm's day, and says that the household changed. Every
    /// verb that changes a value, or whether one counts, calls it last before its audit row.
    pub(crate) async fn settle_net_worth(&mut self, household: HouseholdId) -> Result<(), Error> {
        // Else two writers could each miss the other's value.
        self.hold_household(household).await?;
        let zone: String = self.ask(ZONE).bind(household).one(only).await?;
        let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
        let today = self.now().to_zoned_datetime(zone).date();
        let amounts: Vec<i64> = self.ask(COUNTED).bind(household).bind(CURRENCY).all(only).await?;
        self.tell(Topic::Household(household));
        if amounts.is_empty() {
            self.write(DROP).bind(household).bind(today).run_count().await?;
            return Ok(());
        }
        // A sum beyond an i64 of cents is left at its bound rather than failing the change of a value.
        let sum = |wanted: fn(&i64) -> bool| {
            amounts.iter().copied().filter(wanted).fold(0_i64, i64::saturating_add)
        };
        self.write(KEEP)
            .bind(household)
            .bind(today)
            .bind(CURRENCY)
            .bind(sum(|amount| *amount > 0))
            .bind(sum(|amount| *amount < 0))
            .run_count()
            .await?;
        Ok(())
    }
}
