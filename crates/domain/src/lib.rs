//! What things are and which changes are legal.
//!
//! Floor 0: no I/O, no clock, no randomness, no async. Time comes in as `now`, randomness as bytes. One file a noun;
//! the ones to read first are [`connection`] (the life of a login at one institution), [`reason`] (everything that
//! can be the matter with it, who acts and how) and [`rights`] (who may do what).

pub mod account;
pub mod attempt;
pub mod audit;
pub mod challenge;
pub mod connection;
pub mod edit;
pub mod freshness;
pub mod harvest;
pub mod holding;
pub mod id;
pub mod institution;
pub mod invitation;
pub mod limits;
pub mod login;
pub mod money;
pub mod networth;
pub mod person;
pub mod reason;
pub mod rights;
pub mod sought;
pub mod time;
pub mod transaction;
pub mod world;

pub use id::{
    AccountId, AttemptId, AuditId, ChallengeId, ConnectionId, EditId, FirmId, HouseholdId, InvitationId,
    MessageId, PersonId, RequestId, SessionId, TokenId,
};
pub use jiff::{Timestamp, civil::Date};
pub use money::{Currency, Money};
pub use reason::Reason;
pub use rust_decimal::Decimal;
