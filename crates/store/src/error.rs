//! What can go wrong in the store.

/// Why the store could not do something. None of them carries a value of a row, so all may be logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or out of the reach of who asks: the two are never told apart.
    #[error("not there")]
    NotFound,
    /// Somebody else changed it since it was read (compare-and-set lost). Read again and show what is true now.
    #[error("changed by somebody else meanwhile")]
    Conflict,
    /// A unique key is taken: `key` names the table and columns, or the constraint.
    #[error("already there: {key}")]
    Taken { key: String },
    /// A person holds as many of these as one may.
    #[error("no more than {max}")]
    Full { max: usize },
    /// The database did not answer within [`crate::DEADLINE`], or no connection was free. Nothing was changed.
    #[error("the database did not answer in time ({during})")]
    Deadline { during: &'static str },
    /// The answer to a commit did not come: it may have happened. Form keys and versions make a second try safe.
    #[error("unclear whether the change was saved")]
    Unclear,
    /// Two transactions waited for one another, or the database was locked: nothing was changed, try again.
    #[error("the database is busy")]
    Busy,
    /// A transaction wrote something without an audit row, so it was not committed.
    #[error("written without an audit row: {operation}")]
    Unaudited { operation: String },
    /// A statement of this transaction failed before, so it can't be committed.
    #[error("a statement of this transaction failed")]
    Failed,
    /// The database was made by a newer release.
    #[error("the database has schema {found}, this release knows {known}: use a newer release")]
    Newer { found: i64, known: i64 },
    /// An applied migration is not the one that this release has.
    #[error("migration {migration}, statement {statement} is not the one that was applied to this database")]
    Drifted { migration: i64, statement: i64 },
    /// The address of the database is not one.
    #[error("not the address of a database: sqlite:PATH or postgres://…")]
    Address,
    /// A column holds what it must not: NULL, another type, an unknown code.
    #[error("column {index}: {problem}")]
    Column { index: usize, problem: &'static str },
    /// The probe of a test asked for a failure here.
    #[error("failed on demand of a test")]
    Probe,
    /// The file of the database can't be made.
    #[error("the file of the database")]
    File(#[source] std::io::Error),
    /// Anything else that the database said.
    #[error("the database refused")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection to the database is gone.
    #[error("no connection to the database")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether the connection it came over can't be used any more.
    pub(crate) fn breaks_connection(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Deadline { .. } | Self::Unclear)
    }

    /// Whether it is the database's failure, or ours with it: not that something isn't there, is taken or has changed.
    pub(crate) fn is_fault(&self) -> bool {
        !matches!(
            self,
            Self::NotFound | Self::Conflict | Self::Taken { .. } | Self::Full { .. } | Self::Probe
        )
    }

    /// Whether the same call may well succeed in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Deadline { .. } | Self::Busy | Self::Connection(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(said) = error else {
            return Self::Connection(Box::new(error));
        };
        if said.kind() == sqlx::error::ErrorKind::UniqueViolation {
            let key = match said.constraint() {
                Some(constraint) => constraint.to_owned(),
                None => said.message().rsplit(": ").next().unwrap_or_default().to_owned(),
            };
            return Self::Taken { key };
        }
        match said.code().as_deref() {
            // PostgreSQL: serialization failure, deadlock, lock timeout. SQLite: SQLITE_BUSY and its extended codes.
            Some("40001" | "40P01" | "55P03" | "5" | "261" | "517") => Self::Busy,
            // PostgreSQL: statement timeout.
            Some("57014") => Self::Deadline { during: "a statement" },
            // PostgreSQL: shut down, crashed, starting up, too many connections.
            Some("57P01" | "57P02" | "57P03" | "53300") => Self::Connection(said.into_error()),
            _ => Self::Database(said.into_error()),
        }
    }
}
