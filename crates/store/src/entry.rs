//! Transactions of an account, page by page. They are the household's own: nobody of the firm sees single ones until a
//! client shares them (`domain::rights`).

use domain::{AccountId, Currency, Date, Decimal, Money, limits};

use crate::{
    Error, Reader,
    column::{Row, only},
    query::{Text, texts},
    reach,
};

/// What $6 and $7 look for: a part of payee, memo or detail, or an amount of either sign.
macro_rules! found {
    () => {
        "(lower(e.payee) LIKE $6 ESCAPE '!' OR lower(e.memo) LIKE $6 ESCAPE '!' OR lower(e.detail) LIKE $6 ESCAPE '!'
            OR e.amount = $7 OR e.amount = -$7)"
    };
}
macro_rules! of_account {
    () => {
        concat!(
            "FROM entry e JOIN account a ON a.id = e.account_id JOIN household h ON h.id = a.household_id
         WHERE ",
            reach!(),
            " AND e.account_id = $5
            AND a.deleted_at IS NULL"
        )
    };
}
macro_rules! columns {
    () => {
        "e.entry_key, e.posted_on, e.amount, a.currency, e.payee, e.memo, e.detail, e.quantity, e.pending"
    };
}

texts! {
    PAGE = Text::one(concat!(
        "SELECT ", columns!(), " ", of_account!(), " ORDER BY e.posted_on DESC, e.entry_key DESC LIMIT $6 OFFSET $7"
    ));
    COUNT = Text::one(concat!("SELECT CAST(COUNT(*) AS BIGINT) ", of_account!()));
    FOUND_PAGE = Text::one(concat!(
        "SELECT ", columns!(), " ", of_account!(), " AND ", found!(),
        " ORDER BY e.posted_on DESC, e.entry_key DESC LIMIT $8 OFFSET $9"
    ));
    FOUND_COUNT = Text::one(concat!("SELECT CAST(COUNT(*) AS BIGINT) ", of_account!(), " AND ", found!()));
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it within its account.
    pub key: String,
    /// The booking date; of a pending one, the expected date.
    pub posted_on: Date,
    /// What came in is positive.
    pub amount: Money,
    pub payee: String,
    pub memo: String,
    /// What it is in a few words, or empty.
    pub detail: String,
    /// Shares of a trade.
    pub quantity: Option<Decimal>,
    /// Announced, and may still change or vanish.
    pub pending: bool,
}

/// One page of transactions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// From 1.
    pub number: u32,
    /// How many pages there are, at least 1.
    pub pages: u32,
    /// How many transactions there are on all pages.
    pub total: u64,
}

impl Reader {
    /// The transactions of an account of the own household, [`limits::TRANSACTIONS_PER_PAGE`] a page; `number` from 1, a
    /// page beyond the last is the last. `search` finds parts of payee, memo and detail, and amounts of either sign.
    pub async fn entries(&self, account: AccountId, search: &str, number: u32) -> Result<Page, Error> {
        let size = limits::TRANSACTIONS_PER_PAGE;
        let search = search.trim();
        let (like, minor) =
            (pattern(search), Money::parse(search, Currency::USD).ok().map(|money| money.minor));
        let count = match search {
            "" => self.ask_as_household(COUNT).bind(account),
            _ => self.ask_as_household(FOUND_COUNT).bind(account).bind(&*like).bind(minor),
        };
        let total: i64 = count.one(only).await?;
        let total = total.unsigned_abs();
        let pages = u32::try_from(total.div_ceil(u64::from(size))).unwrap_or(u32::MAX).max(1);
        let number = number.clamp(1, pages);
        let offset = i64::from(number - 1) * i64::from(size);
        let page = match search {
            "" => self.ask_as_household(PAGE).bind(account),
            _ => self.ask_as_household(FOUND_PAGE).bind(account).bind(&*like).bind(minor),
        };
        let entries = page.bind(size).bind(offset).all(entry).await?;
        Ok(Page { entries, number, pages, total })
    }
}

/// A LIKE pattern for a part, with its wildcards disarmed. Only ASCII is lower-cased, as `lower()` does on both
/// databases.
fn pattern(search: &str) -> String {
    let mut pattern = String::with_capacity(search.len() + 2);
    pattern.push('%');
    for c in search.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

fn entry(row: &mut Row<'_>) -> Result<Entry, Error> {
    let (key, posted_on, minor) = (row.next()?, row.next()?, row.next()?);
    Ok(Entry {
        key,
        posted_on,
        amount: Money { minor, currency: row.next()? },
        payee: row.next()?,
        memo: row.next()?,
        detail: row.next()?,
        quantity: row.next()?,
        pending: row.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn wildcards_of_a_search_mean_themselves() {
        assert_eq!(pattern("50% Off_Sale!"), "%50!% off!_sale!!%");
        assert_eq!(pattern("\u{c9}CLAIR"), "%\u{c9}clair%");
    }
}
