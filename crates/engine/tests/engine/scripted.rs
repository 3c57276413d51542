//! A connector that does what a test tells it, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use connectors::{About, Connector, Failure, Input, Later, Memo, Step, StepFuture, Turn};
use domain::{
    Currency, Date, Money, Reason, Timestamp,
    account::AccountKind,
    attempt::{Mode, Stage},
    challenge::{Question, QuestionKind},
    harvest::{Balance, FoundAccount, Harvest, Identity, Statement},
    transaction::Posted,
};
use secrecy::{ExposeSecret, SecretString};

static ABOUT: About = About { name: "scripted", title: "A connector of the tests", history_days: 90 };

/// What the next step does.
pub(crate) enum Act {
    Step(Step),
    Panic,
    /// Never answers.
    Hang,
}

#[derive(Default)]
pub(crate) struct Scripted {
    plan: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<String>>,
    since: Mutex<Vec<Date>>,
}

impl Scripted {
    /// The next steps, in their order. Where the plan ends, the run ends without accounts.
    pub(crate) fn will(&self, acts: impl IntoIterator<Item = Act>) {
        lock(&self.plan).extend(acts);
    }

    /// What it was asked since the last call: mode, input and login of each step.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.seen))
    }

    /// From which days on transactions were asked for, since the last call.
    pub(crate) fn since(&self) -> Vec<Date> {
        std::mem::take(&mut lock(&self.since))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Connector for Scripted {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn step<'a>(&'a self, turn: Turn<'a>, mut memo: Memo, input: Input) -> StepFuture<'a> {
        let mode = if turn.mode == Mode::Attended { "attended" } else { "unattended" };
        let input = match input {
            Input::Begin => "begin".to_owned(),
            Input::Resume => "resume".to_owned(),
            Input::Answers(answers) => {
                let told = |(id, answer): &(String, SecretString)| format!("{id}={}", answer.expose_secret());
                answers.0.iter().map(told).collect::<Vec<_>>().join(" ")
            }
        };
        let login = turn.login.get("password").map_or("no login", |password| password.expose_secret());
        lock(&self.seen).push(format!("{mode} {input} {login} memo {}", memo.0.len()));
        lock(&self.since).push(turn.since);
        memo.0.push(b'.');
        let act = lock(&self.plan)
            .pop_front()
            .unwrap_or(Act::Step(Step::Done(Harvest { complete: true, ..Harvest::default() })));
        Box::pin(async move {
            match act {
                Act::Step(step) => (memo, step),
                Act::Panic => panic!("as the test wants it"),
                Act::Hang => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn again() -> Act {
    Act::Step(Step::Again(Stage::ReadingAccounts))
}

pub(crate) fn ask(kind: QuestionKind, deadline: Option<Timestamp>, wrong_before: bool) -> Act {
    let question = Question {
        id: "MFA1".to_owned(),
        label: "What was your first car?".to_owned(),
        kind,
        options: vec![],
        sent_to: None,
        help_url: None,
    };
    Act::Step(Step::Ask { questions: vec![question], deadline, wrong_before, right_before: false })
}

pub(crate) fn fail(reason: Reason) -> Act {
    Act::Step(Step::Failed(Failure::new(reason, "as the test wants it")))
}

/// Down, and says when to come again.
pub(crate) fn busy(later: Later) -> Act {
    Act::Step(Step::Failed(Failure {
        later: Some(later),
        ..Failure::new(Reason::Down, "as the test wants it")
    }))
}

pub(crate) fn done(accounts: Vec<FoundAccount>) -> Act {
    Act::Step(Step::Done(Harvest { accounts, complete: true, attended_only: false }))
}

/// Accounts of an institution that asks for a code each time.
pub(crate) fn done_asking(accounts: Vec<FoundAccount>) -> Act {
    Act::Step(Step::Done(Harvest { accounts, complete: true, attended_only: true }))
}

pub(crate) fn half_list(accounts: Vec<FoundAccount>) -> Act {
    Act::Step(Step::Done(Harvest { accounts, complete: false, attended_only: false }))
}

pub(crate) fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

/// An account with a balance of `minor` cents as of `day`.
pub(crate) fn account(number: &str, name: &str, kind: AccountKind, minor: i64, day: Date) -> FoundAccount {
    FoundAccount {
        identity: Identity {
            persistent_key: None,
            number: SecretString::from(number),
            qualifier: format!("bank {}", kind.code()),
            name: name.to_owned(),
            kind,
            kind_guessed: false,
            currency: Currency::USD,
        },
        balance: Some(Balance { amount: usd(minor), available: None, as_of: day }),
        holdings: None,
        transactions: None,
        incomplete: None,
    }
}

pub(crate) fn checking(minor: i64, day: Date) -> FoundAccount {
    account("000123456789", "Everyday Checking", AccountKind::Checking, minor, day)
}

/// `count` entries on the days up to `to`.
pub(crate) fn entries(count: usize, to: Date) -> Statement {
    use jiff::ToSpan;
    let posted: Vec<Posted> = (0..count)
        .map(|number| Posted {
            native_id: Some(format!("fit-{number}")),
            posted_on: to.saturating_sub(i64::try_from(number % 80).unwrap().days()),
            amount: usd(-(i64::try_from(number).unwrap() % 997) - 1),
            payee: format!("Shop {}", number % 313),
            memo: String::new(),
            detail: String::new(),
            corrects: None,
            quantity: None,
        })
        .collect();
    Statement { from: Some(to.saturating_sub(90.days())), to: Some(to), posted, pending: None }
}
