//! Searches that found nothing or were corrected, counted by day.
//!
//! No row tells who searched. So a count is written without an audit row, which would tell it.

use domain::{
    Date, FirmId, limits,
    sought::{Miss, Search},
};

use crate::{
    Engine, Error, Reader,
    column::Row,
    query::{Text, texts},
    reader::in_firm,
};

/// Searches on one page.
const LISTED_MAX: u32 = 200;

texts! {
    // One more of what is known today, or a new one while there is room.
    COUNT = Text::one(
        "INSERT INTO directory_search (firm_id, day, text, kind, offering, count)
         SELECT f.id, $2, $3, $4, $5, 1 FROM firm f
         WHERE f.id = $1 AND (
             (SELECT COUNT(*) FROM directory_search s WHERE s.firm_id = f.id AND s.day = $2) < $6
             OR EXISTS (SELECT 1 FROM directory_search s WHERE s.firm_id = f.id AND s.day = $2 AND s.text = $3
                 AND s.kind = $4 AND s.offering = $5)
         )
         ON CONFLICT (firm_id, day, text, kind, offering) DO UPDATE SET count = directory_search.count + 1"
    );
    SINCE = Text::one(concat!(
        "SELECT s.text, s.kind, s.offering, CAST(SUM(s.count) AS BIGINT), MAX(s.day) FROM directory_search s
         WHERE ", in_firm!("s"), " AND s.day >= $3
         GROUP BY s.text, s.kind, s.offering ORDER BY 4 DESC, 1, 2, 3 LIMIT $4"
    ));
    FORGET = Text::one("DELETE FROM directory_search WHERE day < $1");
}

impl Reader {
    /// The searches of the firm from `since` on, the most frequent first.
    pub async fn searches(&self, since: Date) -> Result<Vec<Search>, Error> {
        self.ask_in_firm(SINCE).bind(since).bind(LISTED_MAX).all(search).await
    }
}

impl Engine {
    /// Counts a search. `text` as [`domain::sought::kept_text`] returns it.
    pub async fn count_search(
        &self,
        firm: FirmId,
        day: Date,
        text: &str,
        miss: Miss,
        chosen: Option<&str>,
    ) -> Result<(), Error> {
        let most = limits::SEARCHES_A_DAY_MAX;
        self.note(COUNT)
            .bind(firm)
            .bind(day)
            .bind(text)
            .bind(miss)
            .bind(chosen.unwrap_or_default())
            .bind(most)
            .run_count()
            .await
            .map(drop)
    }

    /// Forgets the searches of days before `day`.
    pub async fn forget_searches(&self, day: Date) -> Result<u64, Error> {
        self.note(FORGET).bind(day).run_count().await
    }
}

fn search(row: &mut Row<'_>) -> Result<Search, Error> {
    let (text, miss, offering): (String, Miss, String) = (row.next()?, row.next()?, row.next()?);
    let offering = (!offering.is_empty()).then_some(offering);
    Ok(Search { text, miss, offering, count: row.next()?, last: row.next()? })
}
