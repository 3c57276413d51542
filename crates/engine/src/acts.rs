//! What people do to connections. Each act: rights, then the state machine, then one transaction that compares and
//! sets; who loses the comparison sees what is true now.

use domain::{
    AttemptId, ChallengeId, ConnectionId, Reason,
    attempt::{Attempt, AttemptKind, Mode, Stage},
    audit::{Doer, Subject},
    challenge::{Answers, Challenge},
    connection::{Around, Connection, Event, IllegalMove, Work},
    limits,
    login::Login,
    rights::Act,
};
use secrecy::ExposeSecret;
use store::{Tx, challenge::Closed, sealed};

use crate::{
    Engine, Error, permit,
    vault::{DataKey, Place, Purpose, Wrapped},
};

/// How often an act is tried when another transaction is in its way.
const TRIES: u32 = 6;

/// A connection to be made.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// The offering's id in the directory.
    pub offering: String,
    /// The filled-in form of that offering.
    pub login: Login,
    /// Made with the form: the same form sent twice makes one connection.
    pub form_key: String,
}

/// What a person does to a connection that is there.
enum Deed<'a> {
    UpdateLogin { login: &'a Login, confirmed: bool },
    Refresh,
    FindNew,
    StartAgain,
    Answer { challenge: &'a Challenge, answers: &'a Answers },
    Disconnect,
}

impl Deed<'_> {
    fn act(&self) -> Act {
        match self {
            Self::UpdateLogin { .. } | Self::StartAgain | Self::Answer { .. } => Act::UseLogin,
            Self::Refresh => Act::Refresh,
            Self::FindNew => Act::FindNew,
            Self::Disconnect => Act::Disconnect,
        }
    }

    fn event(&self, attended: bool, keeps_accounts: bool) -> Event {
        match self {
            Self::UpdateLogin { confirmed, .. } => Event::LoginGiven { confirmed: *confirmed },
            Self::Refresh => Event::RefreshAsked { attended },
            Self::StartAgain => Event::StartAgainAsked,
            Self::FindNew => Event::FindNewAsked,
            Self::Answer { .. } => Event::Answered,
            Self::Disconnect => Event::Disconnected { keeps_accounts },
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::UpdateLogin { .. } => "connection.login_given",
            Self::Refresh => "connection.refresh_asked",
            Self::FindNew => "connection.find_new_asked",
            Self::StartAgain => "connection.started_again",
            Self::Answer { .. } => "connection.answered",
            Self::Disconnect => "connection.disconnected",
        }
    }
}

impl Engine {
    /// Connects an offering for the subject's household. The same form key again returns the connection it made.
    pub async fn connect(
        &self,
        subject: &Subject,
        operation: &str,
        new: NewConnection,
    ) -> Result<ConnectionId, Error> {
        // Nobody of the firm types a client's login, so there is no household to choose.
        let household = subject.household.ok_or(Error::Forbidden)?;
        let resource = self.inner.store.reader(subject).resource(household, None).await?;
        permit(subject, Act::AddConnection, &resource)?;
        let (offering, _) = self.connectable(subject.firm, &new.offering).await?;
        for _ in 1..TRIES {
            match self.try_connect(subject, operation, &new, &offering.name).await {
                Err(Error::Store(store::Error::Taken { .. } | store::Error::Busy)) => {}
                other => return other,
            }
        }
        self.try_connect(subject, operation, &new, &offering.name).await
    }

    async fn try_connect(
        &self,
        subject: &Subject,
        operation: &str,
        new: &NewConnection,
        institution: &str,
    ) -> Result<ConnectionId, Error> {
        let now = self.now();
        let mut tx = self.inner.store.begin(&Doer::Person(subject.clone()), operation, now).await?;
        if let Some(made) = tx.connection_of_form(&new.form_key, subject.person).await? {
            return Ok(made.id);
        }
        let connection = Connection {
            id: ConnectionId::new(now, self.entropy()),
            firm: subject.firm,
            household: subject.household.ok_or(Error::Forbidden)?,
            owner: subject.person,
            offering: new.offering.clone(),
            institution: institution.to_owned(),
            reason: Reason::Started,
            since: now,
            work: Some(Work { kind: AttemptKind::Connect, attended: true }),
            due_at: Some(now),
            last_attempt_at: Some(now),
            last_success_at: None,
            manual_refresh_after: None,
            rejected_in_row: 0,
            failures_in_row: 0,
            attended_only: false,
            version: 1,
            around: Around::default(),
        };
        tx.add_connection(&connection, &new.form_key).await?;
        self.seal_login(&mut tx, &connection, None, &new.login).await?;
        self.open_attempt(&mut tx, &connection).await?;
        tx.commit().await?;
        Ok(connection.id)
    }

    /// Takes a new login for a connection and runs with it. `confirmed`: the client says that it works at the
    /// institution, demanded after three rejections.
    pub async fn update_login(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        login: Login,
        confirmed: bool,
    ) -> Result<(), Error> {
        self.carry_out(subject, operation, id, Deed::UpdateLogin { login: &login, confirmed }).await
    }

    /// Fetches the values now. Questions can be asked only when it is the subject's own login.
    pub async fn refresh(&self, subject: &Subject, operation: &str, id: ConnectionId) -> Result<(), Error> {
        self.carry_out(subject, operation, id, Deed::Refresh).await
    }

    /// Looks for accounts that were not there before.
    pub async fn find_new(&self, subject: &Subject, operation: &str, id: ConnectionId) -> Result<(), Error> {
        self.carry_out(subject, operation, id, Deed::FindNew).await
    }

    /// Starts a run again whose question was not answered in time, or wrongly; the login is kept.
    pub async fn start_again(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
    ) -> Result<(), Error> {
        self.carry_out(subject, operation, id, Deed::StartAgain).await
    }

    /// Lets a connection rest: its secrets are destroyed, accounts and history stay.
    pub async fn disconnect(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
    ) -> Result<(), Error> {
        self.carry_out(subject, operation, id, Deed::Disconnect).await
    }

    /// Gives the answers to an open question. Of two that answer the second gets
    /// [`IllegalMove::NothingAsked`]; so does one who comes after the deadline.
    pub async fn answer(
        &self,
        subject: &Subject,
        operation: &str,
        id: ChallengeId,
        answers: Answers,
    ) -> Result<(), Error> {
        let challenge = self.inner.store.reader(subject).challenge(id).await?;
        let deed = Deed::Answer { challenge: &challenge, answers: &answers };
        self.carry_out(subject, operation, challenge.connection, deed).await
    }

    async fn carry_out(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        deed: Deed<'_>,
    ) -> Result<(), Error> {
        let reader = self.inner.store.reader(subject);
        let connection = reader.connection(id).await?;
        let resource = reader.resource(connection.household, Some(connection.owner)).await?;
        permit(subject, deed.act(), &resource)?;
        if let Deed::Answer { challenge, answers } = &deed {
            check_answers(challenge, answers)?;
        }
        for _ in 1..TRIES {
            match self.try_deed(subject, operation, id, &deed).await {
                Err(Error::Store(
                    store::Error::Conflict | store::Error::Taken { .. } | store::Error::Busy,
                )) => {}
                other => return other,
            }
        }
        self.try_deed(subject, operation, id, &deed).await
    }

    async fn try_deed(
        &self,
        subject: &Subject,
        operation: &str,
        id: ConnectionId,
        deed: &Deed<'_>,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut tx = self.inner.store.begin(&Doer::Person(subject.clone()), operation, now).await?;
        let connection = tx.connection(id).await?;
        let calendar = self.calendar(connection.firm).await?;
        let attended = subject.person == connection.owner;
        let keeps_accounts = tx.keeps_accounts(id).await?;
        let next = connection.on(deed.event(attended, keeps_accounts), now, &calendar)?;
        match deed {
            Deed::UpdateLogin { login, .. } => {
                self.end_run(&mut tx, id, "a new login was given").await?;
                let key = self.data_key(&connection).await?;
                self.seal_login(&mut tx, &next, key, login).await?;
                self.open_attempt(&mut tx, &next).await?;
            }
            Deed::StartAgain => {
                self.end_run(&mut tx, id, "the client started again").await?;
                self.open_attempt(&mut tx, &next).await?;
            }
            Deed::Refresh | Deed::FindNew => {
                self.open_attempt(&mut tx, &next).await?;
            }
            Deed::Answer { challenge, answers } => {
                self.keep_answers(&mut tx, &connection, challenge, answers).await?;
            }
            Deed::Disconnect => {
                self.end_run(&mut tx, id, "disconnected by the client").await?;
                tx.destroy_secrets(id).await?;
            }
        }
        tx.move_connection(&next, deed.action()).await?;
        Ok(tx.commit().await?)
    }

    async fn keep_answers(
        &self,
        tx: &mut Tx,
        connection: &Connection,
        challenge: &Challenge,
        answers: &Answers,
    ) -> Result<(), Error> {
        let open = tx.open_challenge(connection.id).await?;
        let open = open.filter(|open| open.id == challenge.id && open.deadline > tx.now());
        open.ok_or(IllegalMove::NothingAsked)?;
        let key = self.data_key(connection).await?.ok_or(IllegalMove::NotNow)?;
        let sealed = key.seal_answers(answers, self.entropy());
        tx.put_sealed(connection.id, Purpose::Answers.code(), key.id(), &sealed).await?;
        if !tx.close_challenge(connection.id, Closed::Answered).await? {
            return Err(IllegalMove::NothingAsked.into());
        }
        Ok(())
    }

    /// Ends an open run with its question and its answers, because a person began something else.
    async fn end_run(&self, tx: &mut Tx, id: ConnectionId, why: &str) -> Result<(), Error> {
        tx.close_challenge(id, Closed::Ended).await?;
        tx.destroy_sealed(id, Purpose::Answers.code()).await?;
        Ok(tx.supersede_attempt(id, Reason::ByPerson, why).await?)
    }

    /// Opens the attempt of the work that `next` has, so that the page shows it at once.
    pub(crate) async fn open_attempt(&self, tx: &mut Tx, next: &Connection) -> Result<Attempt, Error> {
        let work = next.work.ok_or(IllegalMove::NotNow)?;
        let attempt = Attempt {
            id: AttemptId::new(tx.now(), self.entropy()),
            connection: next.id,
            kind: work.kind,
            mode: if work.attended { Mode::Attended } else { Mode::Unattended },
            stage: Stage::Queued,
            started_at: tx.now(),
            ended_at: None,
            outcome: None,
            added: None,
            say: None,
            detail: String::new(),
        };
        tx.add_attempt(&attempt).await?;
        Ok(attempt)
    }

    /// Seals a login, under a new data key when the connection has none.
    async fn seal_login(
        &self,
        tx: &mut Tx,
        connection: &Connection,
        key: Option<DataKey>,
        login: &Login,
    ) -> Result<(), Error> {
        let key = if let Some(key) = key {
            key
        } else {
            let (wrapped, key) = self.inner.vault.new_key(place(connection), self.entropy());
            let Wrapped { id, master_key, bytes } = wrapped;
            tx.add_data_key(connection.id, &sealed::DataKey { id, master_key, wrapped: bytes }).await?;
            key
        };
        let sealed = key.seal_login(login, self.entropy());
        Ok(tx.put_sealed(connection.id, Purpose::Login.code(), key.id(), &sealed).await?)
    }

    /// A connection's data key, open; `None` once its secrets are destroyed.
    pub(crate) async fn data_key(&self, connection: &Connection) -> Result<Option<DataKey>, Error> {
        let Some(key) = self.inner.store.engine().data_key(connection.id).await? else { return Ok(None) };
        let wrapped = Wrapped { id: key.id, master_key: key.master_key, bytes: key.wrapped };
        Ok(Some(self.inner.vault.open_key(place(connection), &wrapped)?))
    }
}

/// Where a connection's secrets belong.
pub(crate) fn place(connection: &Connection) -> Place<'_> {
    Place {
        firm: connection.firm,
        household: connection.household,
        connection: connection.id,
        offering: &connection.offering,
    }
}

fn check_answers(challenge: &Challenge, answers: &Answers) -> Result<(), Error> {
    for question in &challenge.questions {
        let length = answers.get(&question.id).map_or(0, |answer| answer.expose_secret().trim().len());
        if length == 0 || length > limits::ANSWER_BYTES_MAX {
            return Err(Error::Answer { question: question.id.clone() });
        }
    }
    Ok(())
}
