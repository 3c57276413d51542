//! Reading OFX: bytes → text → tree → typed messages.
//!
//! One tolerant tokenizer reads OFX 1 (SGML) and OFX 2 (XML) alike. It never panics, its time is linear in the input,
//! and what it can't read it refuses with a [`ReadError`] or marks in [`Oddities`]: nothing is dropped in silence.

mod build;
mod decode;
mod investment;
mod names;
mod reply;
mod statement;
mod tree;
mod value;

pub use investment::{Position, Security, Trade};
pub use reply::{
    AccountReference, Challenge, Family, ListedAccount, MessageSet, Phrase, Profile, Realm, Reply, Severity,
    Signon, Status,
};
pub use statement::{Balance, Entry, PendingEntry, Statement};
pub use tree::{Document, Element, Oddities};
pub use value::{Moment, amount, moment};

/// The largest input, in bytes.
pub const INPUT_BYTES_MAX: usize = domain::limits::RESPONSE_BYTES_MAX;
/// How deep elements may nest. The deepest message of OFX 2.3 needs 12; unclosed empty leaves count while their
/// parent is open.
pub const DEPTH_MAX: usize = 100;
/// The longest value of one element, in bytes. OFX 2.3 §2.5.1.5 allows 10,000 characters for an ACCESSTOKEN.
pub const FIELD_BYTES_MAX: usize = 64 * 1024;
/// The longest name of an element, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// How many elements one input may have: about 200,000 transactions.
pub const ELEMENTS_MAX: usize = 2_000_000;

/// Why an input is refused. Never holds a part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing but white space; gateways that filter a client answer so.
    #[error("the input is empty")]
    Empty,
    /// A web page where OFX was expected; gateways answer so with status 200.
    #[error("the input is a web page")]
    Html,
    /// No `<OFX>` element.
    #[error("the input is not OFX")]
    NotOfx,
    /// A document type or entity declaration: never needed, and the way into entity bombs.
    #[error("the input declares a document type or an entity")]
    Declaration,
    /// Larger than [`INPUT_BYTES_MAX`].
    #[error("the input is larger than {INPUT_BYTES_MAX} bytes")]
    TooLarge,
    /// Deeper than [`DEPTH_MAX`].
    #[error("elements nest deeper than {DEPTH_MAX}")]
    TooDeep,
    /// More than [`ELEMENTS_MAX`].
    #[error("more than {ELEMENTS_MAX} elements")]
    TooManyElements,
    /// A value longer than [`FIELD_BYTES_MAX`] or a name longer than [`NAME_BYTES_MAX`].
    #[error("a value is longer than {FIELD_BYTES_MAX} bytes or a name longer than {NAME_BYTES_MAX}")]
    FieldTooLong,
}

/// Reads one OFX answer or file into its tree.
pub fn read(bytes: &[u8]) -> Result<Document<'_>, ReadError> {
    let decoded = decode::decode(bytes)?;
    build::build(decoded)
}
