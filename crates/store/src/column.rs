//! Columns: how the values of the domain are written and read, alike on both databases.
//!
//! A NULL where none may be is an error here, because sqlx reads SQLite's NULL into an integer as 0.

use std::str::FromStr;

use domain::{
    AccountId, AttemptId, AuditId, ChallengeId, ConnectionId, Currency, Date, Decimal, EditId, FirmId,
    HouseholdId, InvitationId, MessageId, PersonId, Reason, RequestId, SessionId, Timestamp, TokenId,
    account::{AccountKind, Owner, Standing},
    attempt::{AttemptKind, Stage},
    edit::EditKind,
    holding::SecurityKind,
    person::Role,
    sought::{Miss, RequestState},
};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

use crate::Error;

/// What is bound to a placeholder. `None` is NULL, with the type that PostgreSQL must be told.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Bool(Option<bool>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// Something that can be bound.
pub(crate) trait Bind {
    fn value(self) -> Value;
    fn null() -> Value
    where
        Self: Sized;
}

/// Something that can be read from one column.
pub(crate) trait Column: Sized {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error>;
}

/// A row that is read from left to right: `row.next()?` is the next column of the SELECT list.
pub(crate) struct Row<'r> {
    side: Side<'r>,
    next: usize,
}

enum Side<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> Row<'r> {
    pub(crate) fn sqlite(row: &'r SqliteRow) -> Self {
        Self { side: Side::Sqlite(row), next: 0 }
    }

    pub(crate) fn postgres(row: &'r PgRow) -> Self {
        Self { side: Side::Postgres(row), next: 0 }
    }

    /// The next column. NULL is an error unless `T` is an `Option`.
    pub(crate) fn next<T: Column>(&mut self) -> Result<T, Error> {
        let index = self.next;
        self.next += 1;
        T::read(self, index)
    }
}

/// Reads a row of one column: `.one(only)`.
pub(crate) fn only<T: Column>(row: &mut Row<'_>) -> Result<T, Error> {
    row.next()
}

macro_rules! native {
    ($name:ident, $type:ty) => {
        impl<'r> Row<'r> {
            fn $name(&self, index: usize) -> Result<Option<$type>, Error> {
                match self.side {
                    Side::Sqlite(row) => row.try_get(index),
                    Side::Postgres(row) => row.try_get(index),
                }
                .map_err(|_| Error::Column { index, problem: "holds another type" })
            }
        }
    };
}
native!(int, i64);
native!(bool, bool);
native!(text, &'r str);
native!(bytes, &'r [u8]);

fn there<T>(value: Option<T>, index: usize) -> Result<T, Error> {
    value.ok_or(Error::Column { index, problem: "is NULL and must not be" })
}

impl<T: Bind> Bind for Option<T> {
    fn value(self) -> Value {
        self.map_or_else(T::null, Bind::value)
    }

    fn null() -> Value {
        T::null()
    }
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
        if row.is_null(index)? { Ok(None) } else { T::read(row, index).map(Some) }
    }
}

impl Row<'_> {
    fn is_null(&self, index: usize) -> Result<bool, Error> {
        use sqlx::ValueRef as _;
        match self.side {
            Side::Sqlite(row) => row.try_get_raw(index).map(|value| value.is_null()),
            Side::Postgres(row) => row.try_get_raw(index).map(|value| value.is_null()),
        }
        .map_err(|_| Error::Column { index, problem: "is missing" })
    }
}

macro_rules! plain {
    ($type:ty, $variant:ident, $read:ident) => {
        impl Bind for $type {
            fn value(self) -> Value {
                Value::$variant(Some(self))
            }
            fn null() -> Value {
                Value::$variant(None)
            }
        }
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
                Ok(there(row.$read(index)?, index)?.to_owned())
            }
        }
    };
}
plain!(i64, Int, int);
plain!(bool, Bool, bool);
plain!(String, Text, text);
plain!(Vec<u8>, Bytes, bytes);

impl Bind for &str {
    fn value(self) -> Value {
        Value::Text(Some(self.to_owned()))
    }
    fn null() -> Value {
        Value::Text(None)
    }
}

impl Bind for &[u8] {
    fn value(self) -> Value {
        Value::Bytes(Some(self.to_owned()))
    }
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl<const N: usize> Bind for &[u8; N] {
    fn value(self) -> Value {
        Value::Bytes(Some(self.to_vec()))
    }
    fn null() -> Value {
        Value::Bytes(None)
    }
}

impl Bind for u32 {
    fn value(self) -> Value {
        Value::Int(Some(i64::from(self)))
    }
    fn null() -> Value {
        Value::Int(None)
    }
}

impl Column for u32 {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
        let value = there(row.int(index)?, index)?;
        Self::try_from(value).map_err(|_| Error::Column { index, problem: "is no count" })
    }
}

/// Microseconds UTC.
impl Bind for Timestamp {
    fn value(self) -> Value {
        Value::Int(Some(self.as_microsecond()))
    }
    fn null() -> Value {
        Value::Int(None)
    }
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
        let value = there(row.int(index)?, index)?;
        Self::from_microsecond(value).map_err(|_| Error::Column { index, problem: "is no time" })
    }
}

macro_rules! as_text {
    ($problem:literal: $($type:ty),+ $(,)?) => {$(
        impl Bind for $type {
            fn value(self) -> Value {
                Value::Text(Some(self.to_string()))
            }
            fn null() -> Value {
                Value::Text(None)
            }
        }
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
                let text = there(row.text(index)?, index)?;
                <$type>::from_str(text).map_err(|_| Error::Column { index, problem: $problem })
            }
        }
    )+};
}
as_text!("is no id":
    AccountId, AttemptId, AuditId, ChallengeId, ConnectionId, EditId, FirmId, HouseholdId, InvitationId, MessageId, PersonId,
    RequestId, SessionId, TokenId,
);
as_text!("is no date": Date);
as_text!("is no decimal number": Decimal);
as_text!("is no currency": Currency);

/// Enums of the domain, stored by their stable codes.
macro_rules! as_code {
    ($($type:ty),+ $(,)?) => {$(
        impl Bind for $type {
            fn value(self) -> Value {
                Value::Text(Some(self.code().to_owned()))
            }
            fn null() -> Value {
                Value::Text(None)
            }
        }
        impl Column for $type {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, Error> {
                let code = there(row.text(index)?, index)?;
                <$type>::from_code(code).ok_or(Error::Column { index, problem: "is an unknown code" })
            }
        }
    )+};
}
as_code!(
    AccountKind,
    AttemptKind,
    EditKind,
    Miss,
    Owner,
    Reason,
    RequestState,
    Role,
    SecurityKind,
    Stage,
    Standing
);
