//! What firms change of their directories: a history to which rows are only added.

use domain::{
    EditId, FirmId,
    edit::{Changes, Edit, EditKind},
};

use crate::{
    Engine, Error, Reader, Topic, Tx,
    audit::Trail,
    column::{Bind, Column, Row, Value, only},
    query::{Text, texts},
    reader::in_firm,
};

macro_rules! columns {
    () => {
        "e.offering, e.version, e.kind, e.changes, e.comment, p.name, e.created_at"
    };
}

texts! {
    REVISION = Text::one("SELECT revision FROM firm_directory WHERE firm_id = $1");
    RAISE = Text::one(
        "INSERT INTO firm_directory (firm_id, revision) VALUES ($1, 1)
         ON CONFLICT (firm_id) DO UPDATE SET revision = firm_directory.revision + 1"
    );
    NEWEST = Text::one("SELECT COALESCE(MAX(version), 0) FROM offering_edit WHERE firm_id = $1 AND offering = $2");
    ADD = Text::one(
        "INSERT INTO offering_edit (id, firm_id, offering, version, kind, changes, comment, person_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    CURRENT = Text::one(concat!(
        "SELECT ", columns!(), " FROM offering_edit e JOIN person p ON p.id = e.person_id
         WHERE e.firm_id = $1 AND e.version = (
             SELECT MAX(l.version) FROM offering_edit l WHERE l.firm_id = e.firm_id AND l.offering = e.offering)
         ORDER BY e.created_at DESC, e.offering"
    ));
    HISTORY = Text::one(concat!(
        "SELECT ", columns!(), " FROM offering_edit e JOIN person p ON p.id = e.person_id
         WHERE ", in_firm!("e"), " AND e.offering = $3 ORDER BY e.version DESC"
    ));
    CONNECTIONS = Text::one(concat!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM connection c
         WHERE ", in_firm!("c"), " AND c.offering = $3 AND c.reason <> 'removed'"
    ));
}

/// An edit to be made.
#[derive(Debug, Clone)]
pub struct NewEdit<'a> {
    pub offering: &'a str,
    /// The version that was looked at; 0 for none.
    pub version: u32,
    pub kind: EditKind,
    /// All that the firm has its own way from now on.
    pub changes: &'a Changes,
    pub comment: &'a str,
}

impl Bind for &Changes {
    fn value(self) -> Value {
        // A map of texts can always be written.
        Value::Text(Some(serde_json::to_string(self).unwrap_or_default()))
    }
    fn null() -> Value {
        Value::Text(None)
    }
}

impl Column for Changes {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
        let text = String::read(row, index)?;
        serde_json::from_str(&text).map_err(|_| Error::Column { index, problem: "holds no changes" })
    }
}

impl Engine {
    /// How new a firm's directory is; 0 when nothing was ever changed.
    pub async fn directory_revision(&self, firm: FirmId) -> Result<i64, Error> {
        Ok(self.ask(REVISION).bind(firm).first(only).await?.unwrap_or(0))
    }

    /// What holds of all edits of a firm, the latest first.
    pub async fn current_edits(&self, firm: FirmId) -> Result<Vec<Edit>, Error> {
        self.ask(CURRENT).bind(firm).all(edit).await
    }
}

impl Reader {
    /// The history of an offering in the firm, the newest first.
    pub async fn offering_history(&self, offering: &str) -> Result<Vec<Edit>, Error> {
        self.ask_in_firm(HISTORY).bind(offering).all(edit).await
    }

    /// How many connections of the firm live at an offering.
    pub async fn offering_connections(&self, offering: &str) -> Result<i64, Error> {
        self.ask_in_firm(CONNECTIONS).bind(offering).one(only).await
    }
}

impl Tx {
    /// Makes an edit and returns its version. [`Error::Conflict`] when somebody else edited since `new.version`.
    ///
    /// Nobody else of the firm edits until the end of this transaction.
    pub async fn edit_offering(&mut self, firm: FirmId, new: NewEdit<'_>) -> Result<u32, Error> {
        let (now, person) = (self.now(), self.doer().person());
        self.write(RAISE).bind(firm).run_count().await?;
        let newest: u32 = self.ask(NEWEST).bind(firm).bind(new.offering).one(only).await?;
        if newest != new.version {
            return Err(Error::Conflict);
        }
        let (id, version) = (EditId::new(now, self.entropy()), newest + 1);
        self.write(ADD)
            .bind(id)
            .bind(firm)
            .bind(new.offering)
            .bind(version)
            .bind(new.kind)
            .bind(new.changes)
            .bind(new.comment)
            .bind(person)
            .bind(now)
            .run_count()
            .await?;
        self.tell(Topic::Directory(firm));
        let detail = format!("{} {version}", new.kind.code());
        self.audit(Trail::of("offering.edited", "offering", new.offering).firm(firm).detail(detail)).await?;
        Ok(version)
    }
}

fn edit(row: &mut Row<'_>) -> Result<Edit, Error> {
    Ok(Edit {
        offering: row.next()?,
        version: row.next()?,
        kind: row.next()?,
        changes: row.next()?,
        comment: row.next()?,
        by: row.next()?,
        at: row.next()?,
    })
}
