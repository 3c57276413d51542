//! Clients of the sandbox's institutions, who go on with what they were at whenever a server is there again.

use domain::{
    ConnectionId, Reason, audit::Subject, challenge::Answers, connection::Connection, login::Login,
    reason::State,
};
use engine::{Choice, Decision, Engine, Error, NewConnection};
use secrecy::SecretString;
use store::testing::{self, Sample};

use crate::chaos;

/// What clients do beside what there is to do, so that all of the flow happens again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whim {
    /// One of those below, now and then.
    Any,
    /// Rest, but those with questions connect anew.
    Usual,
    /// Rest.
    Rest,
    /// Disconnect, to connect anew.
    BeginAgain,
    Refresh,
    FindNew,
    /// Give the login again.
    GiveLogin,
    /// Not answer what is asked until the time for it is over.
    KeepSilent,
}

impl Whim {
    /// What it is at the moment.
    pub(crate) fn now(self) -> Self {
        // Connecting anew costs the most, and those with questions do it anyway.
        const OTHERS: [Whim; 5] =
            [Whim::BeginAgain, Whim::Refresh, Whim::FindNew, Whim::GiveLogin, Whim::KeepSilent];
        match self {
            Self::Any => OTHERS.get(chaos::random(60) as usize).copied().unwrap_or(Self::Usual),
            other => other,
        }
    }
}

/// A persona of the sandbox.
pub(crate) struct Persona {
    pub(crate) institution: &'static str,
    pub(crate) login: &'static str,
    password: &'static str,
    /// Asks questions at each new connection.
    asks: bool,
}

/// Plain ones stay connected and are refreshed; those with security questions connect again and again.
pub(crate) const PERSONAS: [Persona; 5] = [
    Persona { institution: "evergreen", login: "alex.plain", password: "sandbox-maple-1001", asks: false },
    Persona { institution: "ironbridge", login: "quinn.rounds", password: "sandbox-girder-3001", asks: true },
    Persona {
        institution: "lakeshore",
        login: "ruth.lindqvist",
        password: "sandbox-heron-3318",
        asks: false,
    },
    Persona { institution: "ironbridge", login: "quinn.both", password: "sandbox-girder-3002", asks: true },
    Persona { institution: "evergreen", login: "alex.wealth", password: "sandbox-maple-1002", asks: false },
];

/// Households: each persona once, then the plain ones again, so that there is always something due. The sandbox keeps
/// one open question for a login, so those with questions have one household each.
pub(crate) const HOUSEHOLDS: usize = 14;

/// The persona of a household.
pub(crate) fn persona_of(household: usize) -> usize {
    if household < PERSONAS.len() { household } else { [0, 2, 4][household % 3] }
}

/// What the personas' institutions ask, by question id (the sandbox's index page tells them).
const ANSWERS: [(&str, &str); 4] =
    [("MFA16", "Sandberg"), ("IBQ-7", "Galileo"), ("MFA5", "blue"), ("IBQ-9", "1987")];

pub(crate) struct Client {
    pub(crate) subject: Subject,
    pub(crate) persona: &'static Persona,
}

impl Client {
    /// A household of its own for a persona.
    pub(crate) async fn new(store: &store::Store, number: usize, word: &str) -> Self {
        let sample = Sample::new(store, word).await;
        Self { subject: sample.as_client(), persona: &PERSONAS[persona_of(number)] }
    }

    /// The client of that household, signed in again in another process.
    pub(crate) async fn find(store: &store::Store, number: usize, word: &str) -> Result<Self, store::Error> {
        let email = format!("client.{}@example.com", word.to_lowercase());
        let login = store.visitor().login(&email).await?.ok_or(store::Error::NotFound)?;
        Ok(Self { subject: testing::subject(&login.person), persona: &PERSONAS[persona_of(number)] })
    }

    fn login(&self) -> Login {
        let field = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        Login::from_fields(vec![
            field("user_id", self.persona.login),
            field("password", self.persona.password),
        ])
    }

    /// Does the next thing that there is to do; `true` when something was done. Whoever loses a race or finds the
    /// server busy looks again later, as a person would.
    pub(crate) async fn go_on(&self, engine: &Engine, whim: Whim, database: &str) -> Result<bool, Error> {
        let household = self.subject.household.expect("a client has a household");
        let connections = engine.store().reader(&self.subject).connections(household).await?;
        let live = connections.iter().find(|connection| connection.reason != Reason::ByPerson);
        let Some(live) = live else {
            let form_key = format!("{} {}", household, connections.len());
            let offering = heldaway::demo::sandbox::offering_id(self.persona.institution);
            let new = NewConnection { offering, login: self.login(), form_key };
            return engine.connect(&self.subject, "client", new).await.map(|_| true);
        };
        self.go_on_with(engine, live.id, whim, database).await
    }

    async fn go_on_with(
        &self,
        engine: &Engine,
        id: ConnectionId,
        whim: Whim,
        database: &str,
    ) -> Result<bool, Error> {
        let progress = engine.progress(&self.subject, id).await?;
        let connection = &progress.connection;
        if let Some(challenge) = progress.challenge {
            if whim == Whim::KeepSilent {
                let_time_pass(database, id).await;
                return Ok(true);
            }
            let answers = challenge.questions.iter().map(|question| {
                let answer = ANSWERS.iter().find(|(id, _)| *id == question.id).expect("a known question").1;
                (question.id.clone(), SecretString::from(answer))
            });
            engine.answer(&self.subject, "client", challenge.id, Answers(answers.collect())).await?;
            return Ok(true);
        }
        if !progress.found.is_empty() {
            let decisions = progress.found.into_iter().map(|account| {
                let (name, kind, owner) = (account.name, account.kind, account.owner);
                Decision { account: account.id, choice: Choice::Add { name, kind, owner, counted: true } }
            });
            engine.review(&self.subject, "client", id, decisions.collect()).await?;
            return Ok(true);
        }
        if connection.is_running() {
            return Ok(false);
        }
        match connection.reason {
            Reason::Ok | Reason::Partial => self.rest(engine, connection, whim).await,
            Reason::TimedOut | Reason::AnswerWrong => {
                engine.start_again(&self.subject, "client", id).await?;
                Ok(true)
            }
            // The portal tried by itself before this client had a first success, and was asked.
            Reason::AttendedOnly => {
                engine.refresh(&self.subject, "client", id).await?;
                Ok(true)
            }
            // A machine that is too busy for its steps is no fault of the books; the client tries again.
            reason if matches!(reason.state(), State::InstitutionTrouble | State::EngineTrouble) => {
                engine.update_login(&self.subject, "client", id, self.login(), true).await?;
                Ok(true)
            }
            reason => {
                panic!("{} at {}: a right login must not end so", reason.code(), self.persona.institution)
            }
        }
    }

    /// A client who has everything: rests, or does what comes to mind.
    async fn rest(&self, engine: &Engine, connection: &Connection, whim: Whim) -> Result<bool, Error> {
        let (subject, id) = (&self.subject, connection.id);
        match whim {
            Whim::FindNew => engine.find_new(subject, "client", id).await?,
            Whim::GiveLogin => engine.update_login(subject, "client", id, self.login(), true).await?,
            Whim::Refresh if connection.manual_refresh_after.is_none() => {
                engine.refresh(subject, "client", id).await?;
            }
            Whim::BeginAgain | Whim::Refresh => engine.disconnect(subject, "client", id).await?,
            Whim::KeepSilent | Whim::Usual if self.persona.asks => {
                engine.disconnect(subject, "client", id).await?;
            }
            Whim::Any | Whim::KeepSilent | Whim::Usual | Whim::Rest => return Ok(false),
        }
        Ok(true)
    }
}

/// The deadline of an open question passes.
async fn let_time_pass(database: &str, id: ConnectionId) {
    let asked = "('question', 'code', 'answer_wrong')";
    let statement = format!("UPDATE connection SET due_at = 1 WHERE id = '{id}' AND reason IN {asked}");
    testing::execute(database, &statement).await;
}
