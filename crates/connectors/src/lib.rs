//! Connectors: code that speaks one institution protocol, one short step at a time.
//!
//! Floor 1: knows the domain and the network, neither database nor pages. A run of work is a chain of
//! [`Connector::step`] calls; between two of them nothing is held in memory. All that a connector wants to remember
//! goes into its [`Memo`], which the engine seals and stores, so that any node can take the next step, also after a
//! restart in the middle of a question.
//!
//! A new connector is one folder here and one line in [`registry`].

pub mod net;
pub mod ofx;
pub mod registry;

use std::{future::Future, pin::Pin};

use domain::{
    Date, Reason, Timestamp,
    attempt::{Mode, Stage},
    challenge::{Answers, Question},
    harvest::Harvest,
    login::Login,
    world::Entropy,
};
use zeroize::Zeroizing;

pub use net::{Later, Net};

/// What a connector says about itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its stable name, as rows of the directory and connections keep it: `ofx`.
    pub name: &'static str,
    /// What it speaks, for staff: `OFX 1.0.2–2.3 direct connect`.
    pub title: &'static str,
    /// How many days of transactions a first run asks for.
    pub history_days: i32,
}

/// Everything a step may use. Opened for this step only.
pub struct Turn<'a> {
    /// The guarded network.
    pub net: &'a Net,
    /// The parameters of the offering's directory row, in the connector's own schema.
    pub parameters: &'a serde_json::Value,
    /// The client's login.
    pub login: &'a Login,
    /// Whether somebody is there to answer.
    pub mode: Mode,
    /// Transactions are wanted from this day on.
    pub since: Date,
    pub now: Timestamp,
    pub entropy: &'a dyn Entropy,
}

/// What the connector remembers between steps and between runs: protocol session, cookies, client ids.
///
/// Opaque to everybody else, sealed like a password at rest, wiped from memory when dropped.
#[derive(Clone, Default)]
pub struct Memo(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memo({} bytes)", self.0.len())
    }
}

/// Why a step is taken.
#[derive(Debug, Clone)]
pub enum Input {
    /// A run starts; the memo is the one the last run of this connection left, or empty.
    Begin,
    /// Go on where the last step returned [`Step::Again`].
    Resume,
    /// A person answered the last [`Step::Ask`].
    Answers(Answers),
}

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// The institution asks a person. Never returned in [`Mode::Unattended`].
    Ask {
        questions: Vec<Question>,
        /// Until when the institution takes the answer, when it says so.
        deadline: Option<Timestamp>,
        /// The answers just given were not accepted.
        wrong_before: bool,
        /// They were accepted and used up: the institution wants one more.
        right_before: bool,
    },
    /// There is more to do; call again with [`Input::Resume`].
    Again(Stage),
    /// The run is complete.
    Done(Harvest),
    /// The run is over without values.
    Failed(Failure),
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    /// The institution's sentence, only where the protocol marks it as meant for the end user.
    pub say: Option<String>,
    /// For data support: codes and shapes, no secrets, no account numbers.
    pub detail: String,
    /// Before this the institution doesn't want to be asked again, where it said so.
    pub later: Option<Later>,
}

impl Failure {
    /// A failure with a detail for data support.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, say: None, detail: detail.into(), later: None }
    }

    /// Adds the institution's own sentence.
    #[must_use]
    pub fn saying(mut self, say: impl Into<String>) -> Self {
        self.say = Some(say.into());
        self
    }
}

/// The future of a step.
pub type StepFuture<'a> = Pin<Box<dyn Future<Output = (Memo, Step)> + Send + 'a>>;

/// One protocol.
pub trait Connector: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Takes one step of a run. Always returns the memo to store, also with a failure, since protocols demand that
    /// some of it is kept for ever (OFX 2.3 §2.5.1.2 CLIENTUID).
    fn step<'a>(&'a self, turn: Turn<'a>, memo: Memo, input: Input) -> StepFuture<'a>;
}
