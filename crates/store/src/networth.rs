//! Net worth by day: written anew in the transaction of every change of a value.

use domain::{AccountId, Currency, Date, HouseholdId, Money, networth::NetWorthPoint};
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
    // Of an account that counts: what it was worth on a day, and until when.
    COUNTS = Text::one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM account WHERE id = $1 AND standing = 'added' AND deleted_at IS NULL
            AND counted AND closed_on IS NULL AND currency = $2"
    );
    VALUE_ON = Text::one(
        "SELECT amount FROM account_value WHERE account_id = $1 AND day <= $2 ORDER BY day DESC LIMIT 1"
    );
    NEXT_VALUE = Text::one("SELECT MIN(day) FROM account_value WHERE account_id = $1 AND day > $2");
    LATEST = Text::one(
        "SELECT assets, debts FROM net_worth_day WHERE household_id = $1 AND day <= $2 ORDER BY day DESC LIMIT 1"
    );
    BEGIN = Text::one(
        "INSERT INTO net_worth_day (household_id, day, currency, assets, debts) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (household_id, day) DO NOTHING"
    );
    // Sums stay within an i64. $2 is what assets gain, $3 what debts gain; either may be negative.
    SHIFT = Text::one(
        "UPDATE net_worth_day SET
            assets = CASE WHEN CAST($2 AS BIGINT) > 0 AND assets > 9223372036854775807 - $2
                THEN 9223372036854775807 ELSE assets + $2 END,
            debts = CASE WHEN CAST($3 AS BIGINT) < 0 AND debts < -9223372036854775807 - $3
                THEN -9223372036854775807 ELSE debts + $3 END
         WHERE household_id = $1 AND day >= $4 AND day < $5"
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

/// What an account's value on past days becomes, before it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dated {
    pub household: HouseholdId,
    pub account: AccountId,
    pub day: Date,
    pub minor: i64,
}

impl Tx {
    /// Today in the zone of a household's firm.
    async fn today(&mut self, household: HouseholdId) -> Result<Date, Error> {
        let zone: String = self.ask(ZONE).bind(household).one(only).await?;
        let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
        Ok(self.now().to_zoned_datetime(zone).date())
    }

    /// Changes the net worth of past days by a value that is dated back: from its day until the account's next known
    /// value, or yesterday. Call it before the value is kept, with the household held; today is settled afterwards
    /// ([`Tx::settle_net_worth`]).
    pub(crate) async fn date_back(&mut self, value: Dated) -> Result<(), Error> {
        let Dated { household, account, day, minor } = value;
        let today = self.today(household).await?;
        let counts: i64 = self.ask(COUNTS).bind(account).bind(CURRENCY).one(only).await?;
        if day >= today || counts == 0 {
            return Ok(());
        }
        let before: Option<i64> = self.ask(VALUE_ON).bind(account).bind(day).first(only).await?;
        let next: Option<Date> = self.ask(NEXT_VALUE).bind(account).bind(day).one(only).await?;
        let until = next.map_or(today, |next| next.min(today));
        // From that day on something is known, so it has a point: what was known last, if anything was.
        let known = self.ask(LATEST).bind(household).bind(day);
        let known: Option<(i64, i64)> = known.first(|row| Ok((row.next()?, row.next()?))).await?;
        let (assets, debts) = known.unwrap_or_default();
        let begin = self.write(BEGIN).bind(household).bind(day).bind(CURRENCY);
        begin.bind(assets).bind(debts).run_count().await?;
        let before = before.unwrap_or(0);
        self.write(SHIFT)
            .bind(household)
            .bind(minor.max(0).saturating_sub(before.max(0)))
            .bind(minor.min(0).saturating_sub(before.min(0)))
            .bind(day)
            .bind(until)
            .run_count()
            .await
            .map(drop)
    }

    /// Writes today's net worth of a household anew, in the firm's day, and says that the household changed. Every
    /// verb that changes a value, or whether one counts, calls it last before its audit row.
    pub(crate) async fn settle_net_worth(&mut self, household: HouseholdId) -> Result<(), Error> {
        // Else two writers could each miss the other's value.
        self.hold_household(household).await?;
        let today = self.today(household).await?;
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
