//! "Tell me when this institution can be connected" and "tell me when it works again".

use domain::PersonId;

use crate::{
    Engine, Error, Reader, Tx,
    audit::Trail,
    column::{Bind, Column, Row, Value, only},
    query::{Text, texts},
};

texts! {
    ADD = Text::one(
        "INSERT INTO wish (person_id, offering, kind, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person_id, offering, kind) DO UPDATE SET created_at = $4, fulfilled_at = NULL"
    );
    OWN = Text::one("SELECT kind FROM wish WHERE person_id = $1 AND offering = $2 AND fulfilled_at IS NULL ORDER BY kind");
    OPEN = Text::one(
        "SELECT person_id FROM wish WHERE offering = $1 AND kind = $2 AND fulfilled_at IS NULL ORDER BY created_at"
    );
    FULFIL = Text::one(
        "UPDATE wish SET fulfilled_at = $1
         WHERE person_id = $2 AND offering = $3 AND kind = $4 AND fulfilled_at IS NULL"
    );
}

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A connector for an institution that has none yet.
    Connectable,
    /// The end of an institution's trouble.
    WorksAgain,
}

impl Kind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connectable => "connectable",
            Self::WorksAgain => "works_again",
        }
    }
}

impl Bind for Kind {
    fn value(self) -> Value {
        Value::Text(Some(self.code().to_owned()))
    }
    fn null() -> Value {
        Value::Text(None)
    }
}

impl Column for Kind {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
        let code = String::read(row, index)?;
        [Self::Connectable, Self::WorksAgain]
            .into_iter()
            .find(|kind| kind.code() == code)
            .ok_or(Error::Column { index, problem: "is an unknown code" })
    }
}

impl Reader {
    /// What who asks wishes to be told about an offering, and has not been told yet.
    pub async fn wishes(&self, offering: &str) -> Result<Vec<Kind>, Error> {
        self.ask_own(OWN).bind(self.subject().person).bind(offering).all(only).await
    }
}

impl Engine {
    /// Who wishes to be told, the first who asked first.
    pub async fn wishers(&self, offering: &str, kind: Kind) -> Result<Vec<PersonId>, Error> {
        self.ask(OPEN).bind(offering).bind(kind).all(only).await
    }
}

impl Tx {
    /// `person` wishes to be told; wishing twice is wishing once.
    pub async fn wish(&mut self, person: PersonId, offering: &str, kind: Kind) -> Result<(), Error> {
        let now = self.now();
        self.write(ADD).bind(person).bind(offering).bind(kind).bind(now).run_count().await?;
        self.audit(Trail::of("wish.added", "offering", offering).detail(kind.code())).await
    }

    /// The wish came true; [`Error::Conflict`] when somebody else told already.
    pub async fn fulfil_wish(&mut self, person: PersonId, offering: &str, kind: Kind) -> Result<(), Error> {
        let now = self.now();
        self.write(FULFIL).bind(now).bind(person).bind(offering).bind(kind).run_or_conflict().await?;
        self.audit(Trail::of("wish.fulfilled", "offering", offering).detail(kind.code())).await
    }
}
