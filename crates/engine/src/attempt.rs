//! One step of a run: open the secrets, let the connector take it outside of any transaction, apply what came.

use std::panic::AssertUnwindSafe;

use connectors::{Connector, Failure, Input, Memo, Step, Turn};
use domain::{
    ChallengeId, Date, Reason, Timestamp,
    account::Standing,
    attempt::{AttemptKind, Mode, Stage},
    challenge::{Answers, Challenge, Question, QuestionKind},
    connection::{Connection, Event, Outcome},
    harvest::Harvest,
    institution::Offering,
    limits,
    login::Login,
};
use futures_util::FutureExt;
use jiff::ToSpan;
use store::{
    Tx,
    attempt::{End, Open},
    connection::Lease,
    reconcile::Changes,
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{Engine, Error, health, vault::Purpose};

mod harvest;
mod news;

/// How often a step is applied again when a person changed the connection meanwhile.
const TRIES: u32 = 4;
/// The longest detail that is kept for data support.
const DETAIL_CHARS_MAX: usize = 500;

/// A claimed run.
pub(crate) struct Run {
    pub(crate) connection: Connection,
    pub(crate) lease: Lease,
    pub(crate) open: Open,
}

/// What a step came to, with the memo to keep.
pub(crate) struct Stepped {
    /// `None`: the connector didn't get that far; the kept one stays.
    memo: Option<Memo>,
    step: Step,
}

impl Stepped {
    fn failed(reason: Reason, detail: impl Into<String>) -> Self {
        Self { memo: None, step: Step::Failed(Failure::new(reason, detail)) }
    }
}

/// The secrets of a connection, open for one step.
struct Secrets {
    login: Login,
    memo: Memo,
    answers: Option<Answers>,
}

impl Engine {
    /// Takes the next step of a run. Never fails because of the institution or the connector: that is an outcome.
    pub(crate) async fn step(&self, run: &Run) -> Result<Stepped, Error> {
        let connection = &run.connection;
        let (offering, connector) = match self.connectable(connection.firm, &connection.offering).await {
            Ok(found) => found,
            Err(Error::UnknownOffering | Error::NotConnectable) => {
                let detail = "the offering or its connector is missing";
                return Ok(Stepped::failed(Reason::ConnectorConfig, detail));
            }
            Err(error) => return Err(error),
        };
        let secrets = match self.secrets(connection).await {
            Ok(Some(secrets)) => secrets,
            Ok(None) => return Ok(Stepped::failed(Reason::Internal, "no login is kept")),
            Err(Error::Vault(error)) => return Ok(Stepped::failed(Reason::Internal, error.to_string())),
            Err(error) => return Err(error),
        };
        let since = self.since(run, connector).await?;
        Ok(self.guarded_step(run, &offering, connector, secrets, since).await)
    }

    /// The step itself, outside of any transaction, with an end to its time and its panics.
    async fn guarded_step(
        &self,
        run: &Run,
        offering: &Offering,
        connector: &'static dyn Connector,
        secrets: Secrets,
        since: Date,
    ) -> Stepped {
        let parameters =
            offering.access.as_ref().map_or(&serde_json::Value::Null, |access| &access.parameters);
        let turn = Turn {
            net: &self.inner.net,
            parameters,
            login: &secrets.login,
            mode: run.open.attempt.mode,
            since,
            now: self.now(),
            entropy: self.entropy(),
        };
        let input = match secrets.answers {
            Some(answers) => Input::Answers(answers),
            None if run.open.steps == 0 => Input::Begin,
            None => Input::Resume,
        };
        // Built within the guard too: a connector may panic before its first await.
        let step = AssertUnwindSafe(async { connector.step(turn, secrets.memo, input).await });
        match timeout(self.inner.options.step_timeout, step.catch_unwind()).await {
            Ok(Ok((memo, step))) => Stepped { memo: Some(memo), step },
            Ok(Err(_)) => Stepped::failed(Reason::Internal, "the connector panicked"),
            Err(_) => Stepped::failed(Reason::NotResponding, "the step took too long"),
        }
    }

    async fn secrets(&self, connection: &Connection) -> Result<Option<Secrets>, Error> {
        let Some(key) = self.data_key(connection).await? else { return Ok(None) };
        let sealed = self.inner.store.engine().sealed(connection.id).await?;
        let open = |purpose: Purpose| sealed.get(purpose.code());
        let Some(login) = open(Purpose::Login) else { return Ok(None) };
        let memo = match open(Purpose::Memo) {
            Some(bytes) => Memo(key.open(Purpose::Memo, bytes)?),
            None => Memo(Zeroizing::default()),
        };
        let answers = open(Purpose::Answers).map(|bytes| key.open_answers(bytes)).transpose()?;
        Ok(Some(Secrets { login: key.open_login(login)?, memo, answers }))
    }

    /// From which day on transactions are wanted: an overlap, or the whole history where an account has none yet.
    async fn since(&self, run: &Run, connector: &dyn Connector) -> Result<Date, Error> {
        let connection = &run.connection;
        let zone = self.zone(connection.firm).await?;
        let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
        let history = day(self.now()).saturating_sub(connector.about().history_days.days());
        let known = self.inner.store.engine().known_accounts(connection.id).await?;
        let fresh = known.iter().any(|account| {
            account.standing != Standing::LeftOut && !account.deleted && account.updated_at.is_none()
        });
        let Some(last) = connection.last_success_at.filter(|_| !fresh && !run.open.attempt.kind.reviews())
        else {
            return Ok(history);
        };
        Ok(day(last).saturating_sub(limits::OVERLAP_DAYS.days()).max(history))
    }

    /// Applies a step in one transaction that checks the lease. `None`: the run was taken away, nothing was written;
    /// else whether there is more to do now.
    pub(crate) async fn apply(&self, run: &mut Run, stepped: Stepped) -> Result<Option<bool>, Error> {
        for _ in 0..TRIES {
            match self.try_apply(run, &stepped).await {
                Ok(more) => return Ok(Some(more)),
                Err(Error::Store(store::Error::Busy)) => {}
                Err(Error::Illegal(_)) => return Ok(None),
                Err(Error::Store(store::Error::Conflict)) => {
                    let now = self.inner.store.engine().connection(run.connection.id).await?;
                    if now.version == run.connection.version {
                        return Ok(None);
                    }
                    // A person did something that doesn't end the run, such as a review: try on what is true now.
                    run.connection = now;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn try_apply(&self, run: &mut Run, stepped: &Stepped) -> Result<bool, Error> {
        let connection = &run.connection;
        let changes = match &stepped.step {
            Step::Done(harvest) => Some(self.changes(connection, harvest).await?),
            _ => None,
        };
        let key = match &stepped.memo {
            Some(_) => self.data_key(connection).await?,
            None => None,
        };
        let now = self.now();
        let mut tx = self.inner.store.begin(&Self::doer(connection), &self.operation(), now).await?;
        self.judge_institution(&mut tx, connection, &stepped.step).await?;
        if let (Some(memo), Some(key)) = (&stepped.memo, key) {
            let sealed = key.seal(Purpose::Memo, &memo.0, self.entropy());
            tx.put_sealed(connection.id, Purpose::Memo.code(), key.id(), &sealed).await?;
        }
        // Used, so gone.
        tx.destroy_sealed(connection.id, Purpose::Answers.code()).await?;
        let (next, until) = match &stepped.step {
            Step::Again(stage) => {
                (self.again(&mut tx, run, *stage).await?, Some(now + self.inner.options.lease))
            }
            Step::Ask { questions, deadline, wrong_before, right_before } => {
                let before = (*wrong_before, *right_before);
                (self.ask(&mut tx, run, questions, *deadline, before).await?, None)
            }
            Step::Done(harvest) => {
                (self.done(&mut tx, run, harvest, &changes.unwrap_or_default()).await?, None)
            }
            Step::Failed(failure) => (self.fail(&mut tx, run, failure).await?, None),
        };
        news::tell_end(&mut tx, run, &next).await?;
        tx.apply_connection(&next, &run.lease, until).await?;
        tx.commit().await?;
        if next.work.is_none() {
            // Counted by whoever listens, such as the figures of the binary.
            let attempt = &run.open.attempt;
            let duration_ms = now.as_millisecond() - attempt.started_at.as_millisecond();
            let (kind, outcome) = (attempt.kind.code(), next.reason.code());
            tracing::info!(target: "heldaway::attempt", kind, outcome, duration_ms, "a run has ended");
        }
        run.connection = Connection { version: next.version + 1, ..next };
        run.open.steps += 1;
        Ok(until.is_some())
    }

    /// Institution, then household, then connection: everybody locks in this order.
    async fn judge_institution(&self, tx: &mut Tx, of: &Connection, step: &Step) -> Result<(), Error> {
        let now = tx.now();
        match step {
            Step::Done(_) => {
                tx.hold_institution(&of.offering).await?;
                tx.set_breaker(&of.offering, health::succeeded(now)).await?;
                tx.hold_household(of.household).await?;
            }
            Step::Failed(failure) => {
                let breaker = tx.hold_institution(&of.offering).await?;
                tx.set_breaker(&of.offering, health::after(breaker, failure.reason, now)).await?;
            }
            Step::Ask { .. } | Step::Again(_) => {}
        }
        Ok(())
    }

    async fn next(&self, run: &Run, event: Event, now: Timestamp) -> Result<Connection, Error> {
        let calendar = self.calendar(run.connection.firm).await?;
        Ok(run.connection.on(event, now, &calendar)?)
    }

    async fn again(&self, tx: &mut Tx, run: &Run, stage: Stage) -> Result<Connection, Error> {
        let next = self.next(run, Event::StepTaken, tx.now()).await?;
        tx.step_attempt(run.open.attempt.id, stage).await?;
        Ok(next)
    }

    async fn ask(
        &self,
        tx: &mut Tx,
        run: &Run,
        questions: &[Question],
        deadline: Option<Timestamp>,
        (wrong_before, right_before): (bool, bool),
    ) -> Result<Connection, Error> {
        if run.open.attempt.mode == Mode::Unattended {
            let failure = Failure::new(Reason::AttendedOnly, "the institution asks although nobody is there");
            return self.fail(tx, run, &failure).await;
        }
        let before = tx.latest_challenge(run.open.attempt.id).await?;
        let tries_left = match &before {
            Some(before) if wrong_before => before.tries_left.saturating_sub(1),
            _ => limits::ANSWER_TRIES_MAX,
        };
        if tries_left == 0 {
            let failure = Failure::new(Reason::AnswerWrong, "as many wrong answers as are permitted");
            return self.fail(tx, run, &failure).await;
        }
        // The same asked anew after an answer that was not called wrong: it came too late.
        let same =
            |before: &Challenge| before.questions.iter().map(|q| &q.id).eq(questions.iter().map(|q| &q.id));
        let expired_before = !wrong_before && !right_before && before.as_ref().is_some_and(same);
        let deadline = deadline.unwrap_or(tx.now() + limits::CHALLENGE_LIFETIME);
        let code = questions.iter().any(|question| question.kind == QuestionKind::Code);
        let next = self.next(run, Event::Asked { code, deadline, wrong_before }, tx.now()).await?;
        let challenge = Challenge {
            id: ChallengeId::new(tx.now(), self.entropy()),
            connection: run.connection.id,
            attempt: run.open.attempt.id,
            round: before.map_or(1, |before| before.round + 1),
            questions: questions.to_vec(),
            asked_at: tx.now(),
            deadline,
            tries_left,
            wrong_before,
            expired_before,
            right_before,
        };
        tx.add_challenge(&challenge).await?;
        tx.step_attempt(run.open.attempt.id, Stage::SecurityCheck).await?;
        Ok(next)
    }

    async fn done(
        &self,
        tx: &mut Tx,
        run: &Run,
        harvest: &Harvest,
        changes: &Changes,
    ) -> Result<Connection, Error> {
        let connection = &run.connection;
        if run.open.attempt.kind == AttemptKind::Repair && is_another_login(changes) {
            let failure = Failure::new(Reason::DifferentLogin, "none of the connection's accounts is listed");
            return self.fail(tx, run, &failure).await;
        }
        tx.apply_changes(connection, changes).await?;
        if !run.open.attempt.kind.reviews() {
            for change in changes.accounts.iter().filter(|change| change.new) {
                tx.announce_found(connection.household, connection, change).await?;
            }
        }
        let outcome = Outcome {
            listed: harvest.accounts.len() as u32,
            undecided: tx.undecided(connection.id).await?,
            missing: tx.flagged_missing(connection.id, limits::MISSING_RUNS_FLAGGED).await?,
            partial: tx.incomplete(connection.id).await?,
            attended_only: harvest.attended_only,
        };
        let next = self.next(run, Event::Succeeded(outcome), tx.now()).await?;
        let detail = format!("{} accounts listed", outcome.listed);
        let end = End { outcome: next.reason, say: None, detail: &detail };
        tx.end_attempt(run.open.attempt.id, Stage::Done, end).await?;
        Ok(next)
    }

    async fn fail(&self, tx: &mut Tx, run: &Run, failure: &Failure) -> Result<Connection, Error> {
        let next = self.next(run, Event::Failed(failure.reason), tx.now()).await?;
        let next = match failure.later {
            Some(later) => next.not_before(later.from(tx.now())),
            None => next,
        };
        let detail: String = failure.detail.chars().take(DETAIL_CHARS_MAX).collect();
        let end = End { outcome: next.reason, say: failure.say.as_deref(), detail: &detail };
        let stage = run.open.attempt.stage;
        tx.end_attempt(run.open.attempt.id, stage, end).await?;
        Ok(next)
    }
}

/// Whether a repair brought accounts, and all of them are strangers beside the ones that the connection has.
fn is_another_login(changes: &Changes) -> bool {
    let listed = !changes.accounts.is_empty() && changes.accounts.iter().all(|change| change.new);
    listed && !changes.missing.is_empty()
}
