//! A connection: one household's login at one offering, and its life as a state machine.
//!
//! [`Connection::on`] is the only way its state changes. It is pure; the store writes the result by compare-and-set on
//! `version`, so of two that act at once one wins and the other sees what happened.

use jiff::Timestamp;

use crate::{
    ConnectionId, FirmId, HouseholdId, PersonId, Reason,
    attempt::AttemptKind,
    limits,
    reason::{Retry, State},
};

/// What the engine has to do next for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub kind: AttemptKind,
    /// Somebody is there to answer questions.
    pub attended: bool,
}

/// A login of a household at an offering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnectionId,
    pub firm: FirmId,
    pub household: HouseholdId,
    /// The person whose login it is: only they may touch it.
    pub owner: PersonId,
    /// The offering of the directory.
    pub offering: String,
    /// The offering's name when it was connected, for all sentences.
    pub institution: String,
    /// What the matter is; its state follows from it.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// What the engine has been asked to do; `None` when nothing is under way.
    pub work: Option<Work>,
    /// When the engine looks at it next; `None`: not before somebody acts.
    pub due_at: Option<Timestamp>,
    pub last_attempt_at: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
    /// Before this a refresh by hand is refused.
    pub manual_refresh_after: Option<Timestamp>,
    /// Rejected logins in a row.
    pub rejected_in_row: u32,
    /// Failures in a row, of any kind.
    pub failures_in_row: u32,
    /// The institution asks a person each time, as its last run has shown: nothing is fetched by itself.
    pub attended_only: bool,
    /// Rises with each change: compare-and-set.
    pub version: i64,
    /// For sentences only.
    pub around: Around,
}

/// What stands around a connection in its household, as far as sentences name it. Read along with it by those who show
/// it, never written, and empty for the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// Its accounts in the household's picture, those that were closed included.
    pub added: u32,
    /// Accounts that were found and that nobody decided about.
    pub found: u32,
    /// Accounts that the client left out and that the institution still lists.
    pub left_out: u32,
    /// Its accounts that are no longer listed: `Rainy day savings •••9120`.
    pub missing: Vec<String>,
    /// What tells it from another login of the household at the same institution: `Ruth`, `•••0447`, `second login`.
    /// Empty when it is the only one.
    pub login: String,
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The client gave a new login for it.
    LoginGiven {
        /// The client says that this login works at the institution; demanded after three rejections.
        confirmed: bool,
    },
    /// Somebody pressed Refresh.
    RefreshAsked { attended: bool },
    /// The client pressed Find New.
    FindNewAsked,
    /// The client starts a run again whose question ran out, was answered wrongly too often, or brought no code.
    StartAgainAsked,
    /// The engine took it up because it was due.
    RunStarted,
    /// A run goes on at the next step without delay.
    StepTaken,
    /// The institution asks a person until the deadline.
    Asked { code: bool, deadline: Timestamp, wrong_before: bool },
    /// A person answered.
    Answered,
    /// The deadline of a question passed without an answer.
    DeadlinePassed,
    /// Values came.
    Succeeded(Outcome),
    /// No values came.
    Failed(Reason),
    /// The client decided about accounts: which are added, left out, offered again or closed.
    Reviewed(Review),
    /// The client wants it to rest: secrets are destroyed, accounts and history are kept. Without accounts there is
    /// nothing to keep, and it is removed.
    Disconnected { keeps_accounts: bool },
}

/// What a successful run found, as far as it matters for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Accounts listed by the institution.
    pub listed: u32,
    /// Listed accounts that nobody decided about, to be announced.
    pub undecided: u32,
    /// Added accounts missing for [`limits::MISSING_RUNS_FLAGGED`] runs.
    pub missing: u32,
    /// A data set did not come.
    pub partial: bool,
    /// A person was asked, and the institution gave nothing that spares the question the next time.
    pub attended_only: bool,
}

/// How a connection's accounts stand after a decision of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Review {
    /// Found accounts that still wait for a decision.
    pub undecided: u32,
    /// Added accounts missing for [`limits::MISSING_RUNS_FLAGGED`] runs and not closed.
    pub missing: u32,
    /// Something of the added accounts has not come.
    pub partial: bool,
    /// An added account never had a value: it is fetched now; true when who decides can answer questions.
    pub fetch: Option<bool>,
}

/// An event that the connection's state doesn't permit. Not a fault: another tab, a double click or a late worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// A run is under way.
    #[error("a run is under way already")]
    Busy,
    /// Nothing is asked.
    #[error("no question is open")]
    NothingAsked,
    /// Refreshed a short while ago.
    #[error("refreshed a short while ago")]
    TooSoon { next: Timestamp },
    /// The state needs something else first, such as a new login.
    #[error("not possible in this state")]
    NotNow,
    /// Three rejections: the client must confirm that the login works at the institution.
    #[error("confirm first that the login works at the institution")]
    Unconfirmed,
}

/// When runs that nobody asked for are due: the institution's window of the next business day, with a jitter of its
/// own for each connection, so that they don't come all at once.
pub trait Calendar {
    /// The instant of the next regular run after `now`.
    fn next_run(&self, connection: ConnectionId, now: Timestamp) -> Timestamp;
    /// `after`, plus a small jitter of the connection.
    fn jittered(&self, connection: ConnectionId, after: Timestamp) -> Timestamp;
}

impl Connection {
    /// The state that pages and filters use.
    pub fn state(&self) -> State {
        self.reason.state()
    }

    /// The institution's name, with what tells this login from another one there: `Juniper Street Bank (Ruth)`.
    pub fn name(&self) -> String {
        let (institution, login) = (&self.institution, &self.around.login);
        match institution.strip_suffix(')') {
            _ if login.is_empty() => institution.clone(),
            Some(open) => format!("{open}, {login})"),
            None => format!("{institution} ({login})"),
        }
    }

    /// Whether a run is under way or waits for a person.
    pub fn is_running(&self) -> bool {
        self.work.is_some()
    }

    /// Whether somebody may start a run without giving a new login; the pause after the last one aside.
    pub fn can_run(&self) -> bool {
        self.may_run().is_ok()
    }

    /// Whether the institution would ask somebody, so that a run without anybody is no use.
    pub fn needs_a_person(&self) -> bool {
        self.attended_only || self.state() == State::NeedsInput || self.reason == Reason::AttendedOnly
    }

    /// The connection after `event`, or why that can't happen now. Nothing is changed in place; `version` is the
    /// store's to raise.
    pub fn on(&self, event: Event, now: Timestamp, calendar: &dyn Calendar) -> Result<Self, IllegalMove> {
        let mut next = self.clone();
        match event {
            Event::LoginGiven { confirmed } => next.take_login(confirmed, now)?,
            Event::RefreshAsked { attended } => {
                self.may_run()?;
                // Where the institution asks somebody, a run without anybody would only take the client's place.
                if !attended && self.needs_a_person() {
                    return Err(IllegalMove::NotNow);
                }
                if let Some(at) = self.manual_refresh_after.filter(|at| *at > now) {
                    return Err(IllegalMove::TooSoon { next: at });
                }
                next.begin(Work { kind: self.kind_by_hand(), attended }, now);
                next.manual_refresh_after = Some(now + limits::MANUAL_REFRESH_PAUSE);
            }
            Event::FindNewAsked => {
                self.may_run()?;
                next.begin(Work { kind: AttemptKind::FindNew, attended: true }, now);
            }
            Event::StartAgainAsked => next.start_again(now)?,
            Event::RunStarted => {
                if self.is_running() {
                    return Err(IllegalMove::Busy);
                }
                // Where a person must act first nothing is tried, whatever the due time says: a rejected login that
                // is tried again locks the client out.
                let due = self.due_at.is_some_and(|due| due <= now);
                if !due || self.reason.retry(self.failures_in_row) == Retry::Never {
                    return Err(IllegalMove::NotNow);
                }
                // The reason stays: yesterday's trouble is still the truth until this run says otherwise.
                next.work = Some(Work { kind: AttemptKind::Refresh, attended: false });
                next.due_at = Some(now);
                next.last_attempt_at = Some(now);
            }
            Event::StepTaken => {
                self.stepping()?;
                next.due_at = Some(now);
            }
            Event::Asked { code, deadline, wrong_before } => {
                if !self.stepping()?.attended {
                    return Err(IllegalMove::NotNow);
                }
                next.turn(ask_reason(code, wrong_before), now);
                next.due_at = Some(deadline);
            }
            Event::Answered => {
                if self.state() != State::NeedsInput || self.work.is_none() {
                    return Err(IllegalMove::NothingAsked);
                }
                next.turn(Reason::Started, now);
                next.due_at = Some(now);
            }
            Event::DeadlinePassed => {
                if self.state() != State::NeedsInput || self.work.is_none() {
                    return Err(IllegalMove::NothingAsked);
                }
                next.end_run(Reason::TimedOut, now);
                // Starting again must be possible at once: the wait was the client's.
                next.manual_refresh_after = None;
            }
            Event::Succeeded(outcome) => {
                self.stepping()?;
                next.succeed(outcome, now, calendar);
            }
            Event::Failed(reason) => {
                self.stepping()?;
                next.fail(reason, now, calendar);
            }
            Event::Reviewed(review) => next.settle(review, now),
            Event::Disconnected { keeps_accounts } => {
                if matches!(self.reason, Reason::ByPerson | Reason::Removed) {
                    return Err(IllegalMove::NotNow);
                }
                next.end_run(if keeps_accounts { Reason::ByPerson } else { Reason::Removed }, now);
                next.manual_refresh_after = None;
                next.rejected_in_row = 0;
                next.failures_in_row = 0;
            }
        }
        Ok(next)
    }

    /// The same, not taken up by itself before `earliest`: an institution has asked to be left alone until then.
    #[must_use]
    pub fn not_before(self, earliest: Timestamp) -> Self {
        Self { due_at: self.due_at.map(|due| due.max(earliest)), ..self }
    }

    /// The work that is being stepped: a run that waits for a person isn't.
    fn stepping(&self) -> Result<Work, IllegalMove> {
        self.work.filter(|_| self.state() != State::NeedsInput).ok_or(IllegalMove::NotNow)
    }

    /// Whether a run by hand can start: none is under way, and no other step is needed first.
    fn may_run(&self) -> Result<(), IllegalMove> {
        if self.is_running() {
            return Err(IllegalMove::Busy);
        }
        match self.state() {
            State::NeedsLogin | State::Ended => Err(IllegalMove::NotNow),
            _ if matches!(self.reason, Reason::ByPerson | Reason::Locked | Reason::PasswordReset) => {
                Err(IllegalMove::NotNow)
            }
            _ => Ok(()),
        }
    }

    fn take_login(&mut self, confirmed: bool, now: Timestamp) -> Result<(), IllegalMove> {
        if self.reason == Reason::TooManyFailures && !confirmed {
            return Err(IllegalMove::Unconfirmed);
        }
        if self.is_running() && self.state() != State::NeedsInput {
            return Err(IllegalMove::Busy);
        }
        if self.reason == Reason::Removed {
            return Err(IllegalMove::NotNow);
        }
        if self.reason == Reason::TooManyFailures {
            self.rejected_in_row = 0;
        }
        let kind = if self.last_success_at.is_none() { AttemptKind::Connect } else { AttemptKind::Repair };
        self.begin(Work { kind, attended: true }, now);
        Ok(())
    }

    fn start_again(&mut self, now: Timestamp) -> Result<(), IllegalMove> {
        if self.state() != State::NeedsInput {
            return Err(IllegalMove::NotNow);
        }
        let next_at = self.since + limits::SEND_AGAIN_PAUSE;
        if self.is_running() && now < next_at {
            return Err(IllegalMove::TooSoon { next: next_at });
        }
        let kind = self.work.map_or_else(|| self.kind_by_hand(), |work| work.kind);
        self.begin(Work { kind, attended: true }, now);
        self.manual_refresh_after = Some(now + limits::MANUAL_REFRESH_PAUSE);
        Ok(())
    }

    /// What a run by hand is for: as long as no accounts came, it still is the first.
    fn kind_by_hand(&self) -> AttemptKind {
        if self.last_success_at.is_none() && self.reason != Reason::NoAccounts {
            AttemptKind::Connect
        } else {
            AttemptKind::Refresh
        }
    }

    fn begin(&mut self, work: Work, now: Timestamp) {
        self.work = Some(work);
        self.turn(Reason::Started, now);
        self.due_at = Some(now);
        self.last_attempt_at = Some(now);
    }

    fn turn(&mut self, reason: Reason, now: Timestamp) {
        if self.reason != reason {
            self.reason = reason;
            self.since = now;
        }
    }

    fn end_run(&mut self, reason: Reason, now: Timestamp) {
        self.work = None;
        self.due_at = None;
        self.turn(reason, now);
    }

    fn succeed(&mut self, outcome: Outcome, now: Timestamp, calendar: &dyn Calendar) {
        self.attended_only = outcome.attended_only;
        let Outcome { undecided, missing, partial, .. } = outcome;
        let reason = match outcome.listed {
            0 => Reason::NoAccounts,
            _ => self.resting(Review { undecided, missing, partial, fetch: None }),
        };
        self.end_run(reason, now);
        // An empty list proves that the login works, not that the values are current (R34).
        if outcome.listed > 0 {
            self.last_success_at = Some(now);
        }
        self.rejected_in_row = 0;
        self.failures_in_row = 0;
        // Without anybody there the next run could only fail. An empty list asks nobody.
        let alone = !self.attended_only || reason == Reason::NoAccounts;
        self.due_at = alone.then(|| calendar.next_run(self.id, now));
    }

    /// What is the matter while values come, by its weight.
    fn resting(&self, accounts: Review) -> Reason {
        match accounts {
            Review { missing: 1.., .. } => Reason::AccountMissing,
            Review { undecided: 1.., .. } => Reason::NewAccounts,
            _ if self.attended_only => Reason::AttendedOnly,
            Review { partial: true, .. } => Reason::Partial,
            _ => Reason::Ok,
        }
    }

    /// A decision about accounts changes what is said of them; any other trouble, and a run under way, stay.
    fn settle(&mut self, review: Review, now: Timestamp) {
        use Reason::{AccountMissing, AttendedOnly, NewAccounts, Ok, Partial};
        let about_accounts =
            matches!(self.reason, AccountMissing | AttendedOnly | NewAccounts | Ok | Partial);
        if !about_accounts || self.is_running() {
            return;
        }
        self.turn(self.resting(review), now);
        if self.reason == AttendedOnly {
            // Whatever run was due before, it would be one that nobody can answer.
            self.due_at = None;
        }
        match review.fetch {
            Some(true) if review.undecided == 0 => {
                self.begin(Work { kind: AttemptKind::Refresh, attended: true }, now);
            }
            Some(_) if !self.attended_only => self.due_at = Some(now),
            _ => {}
        }
    }

    fn fail(&mut self, reason: Reason, now: Timestamp, calendar: &dyn Calendar) {
        self.failures_in_row += 1;
        self.attended_only |= reason == Reason::AttendedOnly;
        let reason = match reason {
            Reason::CredentialsRejected => self.count_rejection(),
            Reason::BadResponse | Reason::Internal if self.failures_in_row >= limits::FAILURES_IN_ROW_MAX => {
                Reason::Suspended
            }
            other => other,
        };
        self.end_run(reason, now);
        if reason.state() == State::NeedsInput || reason == Reason::AttendedOnly {
            // A refused answer, or one that only the client can give: that must be possible at once.
            self.manual_refresh_after = None;
        }
        self.due_at = match reason.retry(self.failures_in_row) {
            Retry::Never => None,
            Retry::NextDay => Some(calendar.next_run(self.id, now)),
            Retry::After(pause) => Some(calendar.jittered(self.id, now + pause)),
        };
    }

    fn count_rejection(&mut self) -> Reason {
        self.rejected_in_row += 1;
        if self.rejected_in_row >= limits::REJECTED_LOGINS_MAX {
            Reason::TooManyFailures
        } else if self.last_success_at.is_some() && self.rejected_in_row == 1 {
            Reason::CredentialsChanged
        } else {
            Reason::CredentialsRejected
        }
    }
}

fn ask_reason(code: bool, wrong_before: bool) -> Reason {
    if wrong_before {
        Reason::AnswerWrong
    } else if code {
        Reason::CodeAsked
    } else {
        Reason::QuestionAsked
    }
}
