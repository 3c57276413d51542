//! OFX direct connect: banking, credit cards, loans and investments, OFX 1.0.2 to 2.3.
//!
//! A run: profile (anonymous, kept for a week) → sign-on with the list of accounts → perhaps questions → statements of all
//! accounts in as few requests as the institution permits → harvest. Each step makes at most one request.
//!
//! Sections are those of the OFX Banking Specification 2.3 unless another version is named.

mod harvest;
mod holdings;
mod kind;
mod memo;
mod parameters;
mod phrase;
mod read;
mod session;
mod sign_on;
mod statements;
mod status;
mod words;
mod write;

pub use parameters::{DateForm, Layout, Parameters, Sign};
pub use read::{
    AccountReference, Balance, Challenge, DEPTH_MAX, Document, ELEMENTS_MAX, Element, Entry, FIELD_BYTES_MAX,
    Family, INPUT_BYTES_MAX, ListedAccount, MessageSet, Moment, NAME_BYTES_MAX, Oddities, PendingEntry,
    Phrase, Position, Profile, ReadError, Realm, Reply, Security, Severity, Signon, Statement, Status, Trade,
    amount, moment, read,
};

use domain::Reason;

use crate::{About, Connector, Failure, Input, Memo, Step, StepFuture, Turn};

/// The connector.
#[derive(Debug)]
pub struct Ofx;

static ABOUT: About =
    About {
        name: "ofx", title: "OFX 1.0.2–2.3 direct connect", history_days: domain::limits::HISTORY_DAYS
    };

impl Connector for Ofx {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn step<'a>(&'a self, turn: Turn<'a>, memo: Memo, input: Input) -> StepFuture<'a> {
        Box::pin(async move {
            match Parameters::read(turn.parameters) {
                Ok(parameters) => session::Session::new(turn, parameters, &memo).step(input).await,
                // What is remembered stays: the parameters will be mended.
                Err(wrong) => (
                    memo,
                    Step::Failed(Failure::new(Reason::ConnectorConfig, format!("parameters: {wrong}"))),
                ),
            }
        })
    }
}
