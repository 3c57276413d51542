//! One step of a run: at most one request, then what it means.

use domain::{
    Reason, Timestamp,
    attempt::{Mode, Stage},
};

use super::{
    memo::{KnownProfile, Next, Remembered, Run},
    parameters::Parameters,
    phrase,
    read::{self, Reply},
    sign_on::{TOKEN_QUESTION, take_answers},
    write::{self, Ask, Signon, Who},
};
use crate::{
    Failure, Input, Later, Memo, Step, Turn,
    net::{self, NetError, Post},
};

/// How long a profile is good before a newer one is asked for.
const PROFILE_DAYS: i64 = 7;

/// A run's state while one step is taken.
pub(super) struct Session<'a> {
    pub(super) turn: Turn<'a>,
    pub(super) parameters: Parameters,
    pub(super) memory: Remembered,
}

/// Why a request has no reply that could be read.
pub(super) enum NoReply {
    Net(NetError),
    Read(read::ReadError),
    /// The document ends before its end.
    CutOff,
}

impl NoReply {
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Net(error) => error.reason(),
            Self::Read(_) | Self::CutOff => Reason::BadResponse,
        }
    }

    pub(super) fn failure(&self, at: &str) -> Failure {
        let detail = match self {
            Self::Net(error) => format!("{at}: {error}"),
            Self::Read(error) => format!("{at}: {error}"),
            Self::CutOff => format!("{at}: the document is cut off"),
        };
        Failure { later: self.later(), ..Failure::new(self.reason(), detail) }
    }

    /// When the server wants to be asked again, if it said so.
    pub(super) fn later(&self) -> Option<Later> {
        if let Self::Net(error) = self { error.later() } else { None }
    }

    /// Whether one account among several may be what the server choked on.
    pub(super) fn may_be_one_account(&self) -> bool {
        match self {
            Self::Net(NetError::Status(status)) => !matches!(status, 408 | 429 | 503),
            Self::Read(error) => {
                matches!(error, read::ReadError::Html | read::ReadError::NotOfx | read::ReadError::Empty)
            }
            _ => false,
        }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(turn: Turn<'a>, parameters: Parameters, memo: &Memo) -> Self {
        Self { turn, parameters, memory: Remembered::open(memo) }
    }

    /// Takes one step; returns the memo to store in any case.
    pub(super) async fn step(mut self, input: Input) -> (Memo, Step) {
        let mut run = match (input, self.memory.run.take()) {
            (Input::Begin, _) | (_, None) => self.begin(),
            (Input::Resume, Some(run)) => run,
            (Input::Answers(answers), Some(mut run)) => {
                if !take_answers(&mut run, &answers) {
                    let step = self.ask(&run, false);
                    self.memory.run = Some(run);
                    return (self.memory.close(), step);
                }
                run
            }
        };
        let step = self.go_on(&mut run).await;
        if matches!(step, Step::Again(_) | Step::Ask { .. }) {
            self.memory.run = Some(run);
        }
        (self.memory.close(), step)
    }

    fn begin(&mut self) -> Run {
        if self.parameters.client_uid && self.parameters.knows_challenges() && self.memory.client_id.is_none()
        {
            self.memory.client_id = Some(write::uuid(self.turn.entropy));
        }
        let stale =
            self.memory.profile.as_ref().is_none_or(|profile| is_stale(profile.asked_at, self.turn.now));
        Run::new(if self.parameters.profile && stale { Next::Profile } else { Next::Accounts })
    }

    async fn go_on(&mut self, run: &mut Run) -> Step {
        if run.next == Next::Profile {
            return self.profile(run).await;
        }
        if let Some(step) = self.before_sign_on(run) {
            return step;
        }
        match run.next {
            Next::Profile | Next::Accounts => self.accounts(run).await,
            Next::ProfileAsUser => self.profile_as_user(run).await,
            Next::Statements => self.statements(run).await,
            Next::Challenge => self.challenge(run).await,
        }
    }

    /// What the profile demands before a password is sent.
    fn before_sign_on(&mut self, run: &mut Run) -> Option<Step> {
        let login = self.turn.login;
        if login.get("user_id").is_none() || login.get("password").is_none() {
            return Some(failed(
                Reason::ConnectorConfig,
                "the login form declares no user_id or no password",
            ));
        }
        let profile = self.memory.profile.as_ref()?;
        if profile.access_token || profile.type1 {
            let detail = if profile.type1 {
                "the profile demands TYPE1 security"
            } else {
                "the profile demands ACCESSTOKEN"
            };
            return Some(failed(Reason::LoginKindUnsupported, detail));
        }
        let missing = |demanded: bool, name: &str| demanded && login.get(name).is_none();
        if missing(profile.credential1, "usercred1") || missing(profile.credential2, "usercred2") {
            return Some(failed(
                Reason::ConnectorConfig,
                "the profile demands USERCRED1 or USERCRED2; the login form declares none",
            ));
        }
        let first = !self.memory.signed_on_before && self.memory.keys.access_key.is_none();
        let proven = run.token.is_some() || run.rounds > 0 || run.next == Next::Challenge;
        if !first || proven || !(profile.token_first || profile.challenge_first) {
            return None;
        }
        if self.turn.mode == Mode::Unattended {
            return Some(attended_only("the profile demands proof at the first sign-on"));
        }
        if profile.token_first {
            run.asked = vec![phrase::Asked { id: TOKEN_QUESTION.to_owned(), label: None }];
            return Some(self.ask(run, false));
        }
        run.after_challenge = run.next;
        run.next = Next::Challenge;
        None
    }

    /// Asks for the profile anonymously. A server without one, or with a broken one, is used without.
    async fn profile(&mut self, run: &mut Run) -> Step {
        let updated = self.memory.profile.as_ref().and_then(|profile| profile.updated.clone());
        let url = self.parameters.url.clone();
        let answer = self.send(&url, run, &Ask::Profile { updated: updated.as_deref() }, true).await;
        run.next = Next::Accounts;
        match answer.and_then(|answer| self.learn_profile(&answer)) {
            // Nobody is there: the next request would only wait for the same.
            Err(NoReply::Net(error)) if error.reason() != Reason::BadResponse => {
                return Step::Failed(NoReply::Net(error).failure("profile"));
            }
            Err(missing) => {
                tracing::debug!(detail = missing.failure("profile").detail, "no profile; going on without");
                self.memory.profile.get_or_insert_default().asked_at = self.turn.now;
            }
            Ok(()) => {}
        }
        Step::Again(Stage::SigningIn)
    }

    fn learn_profile(&mut self, answer: &net::Answer) -> Result<(), NoReply> {
        let document = read_whole(&answer.body)?;
        let reply = Reply::of(&document);
        let known = self.memory.profile.get_or_insert_default();
        known.asked_at = self.turn.now;
        let Some(profile) = reply.profile.filter(|profile| !profile.message_sets.is_empty()) else {
            return Ok(());
        };
        let as_user = known.as_user;
        *known = KnownProfile::of(&profile, self.turn.now);
        known.as_user = as_user;
        Ok(())
    }

    /// OFX 2.3 §7.1.4 wants the profile asked for again as the user; servers that can't are forgiven.
    async fn profile_as_user(&mut self, run: &mut Run) -> Step {
        let url = self.parameters.url.clone();
        let answer = self.send(&url, run, &Ask::Profile { updated: None }, false).await;
        if let Err(missing) = answer.and_then(|answer| self.learn_profile(&answer)) {
            tracing::debug!(
                detail = missing.failure("profile as user").detail,
                "the anonymous profile stays"
            );
        }
        self.memory.profile.get_or_insert_default().as_user = true;
        run.next = Next::Statements;
        Step::Again(Stage::ReadingValues)
    }
    /// The address of a message set; the directory's own when the profile names none that may be used.
    pub(super) fn url_of(&self, message_set: &str) -> url::Url {
        let own = || self.parameters.url.clone();
        if !self.parameters.follow_profile_urls {
            return own();
        }
        let named = self.memory.profile.as_ref().and_then(|profile| profile.urls.get(message_set));
        let named = named.and_then(|url| url.trim().parse().ok());
        // Old profiles name addresses without TLS; a password goes only where the network permits.
        named.filter(|url| self.turn.net.permits(url)).unwrap_or_else(own)
    }

    pub(super) fn request(&self, run: &Run, ask: &Ask<'_>, anonymous: bool) -> write::Request {
        let login = self.turn.login;
        let who = match (login.get("user_id"), login.get("password")) {
            (Some(id), Some(password)) if !anonymous => Who::User { id, password },
            _ => Who::Anonymous,
        };
        let own = |value| if anonymous { None } else { value };
        // Answers belong to the request after the questions, not to the one that asks for them.
        let answers =
            if anonymous || matches!(ask, Ask::Challenge) { &[][..] } else { run.answers.as_slice() };
        let signon = Signon {
            who,
            session_cookie: own(self.memory.keys.session_cookie.as_deref()),
            client_id: self.memory.client_id.as_deref().filter(|_| self.parameters.client_uid),
            credential1: if anonymous { None } else { login.get("usercred1") },
            credential2: if anonymous { None } else { login.get("usercred2") },
            auth_token: own(run.token.as_ref().map(|token| token.answer.as_str())),
            access_key: own(self.memory.keys.access_key.as_deref()),
            answers: answers.iter().map(|answer| (answer.id.as_str(), answer.answer.as_str())).collect(),
        };
        write::request(&self.parameters, &signon, ask, self.turn.now, self.turn.entropy)
    }

    pub(super) async fn send(
        &self,
        url: &url::Url,
        run: &mut Run,
        ask: &Ask<'_>,
        anonymous: bool,
    ) -> Result<net::Answer, NoReply> {
        let request = self.request(run, ask, anonymous);
        self.post(url, run, request).await.map_err(NoReply::Net)
    }

    pub(super) async fn post(
        &self,
        url: &url::Url,
        run: &mut Run,
        request: write::Request,
    ) -> Result<net::Answer, NetError> {
        let mut headers = vec![
            ("content-type".to_owned(), "application/x-ofx".to_owned()),
            ("accept".to_owned(), self.parameters.accept.clone()),
        ];
        if !self.parameters.user_agent.is_empty() {
            headers.push(("user-agent".to_owned(), self.parameters.user_agent.clone()));
        }
        let origin = url.origin().ascii_serialization();
        if let Some(cookies) = run.cookies.get(&origin).filter(|cookies| !cookies.is_empty()) {
            let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("cookie".to_owned(), pairs.join("; ")));
        }
        let answer = self.turn.net.post(url, Post { headers, body: request.body }).await?;
        let jar = run.cookies.entry(origin).or_default();
        for (name, value) in answer.cookies.iter().filter_map(|cookie| cookie.split_once('=')) {
            if jar.len() < COOKIES_MAX {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// Cookies kept for one origin during a run.
const COOKIES_MAX: usize = 20;

pub(super) fn failed(reason: Reason, detail: impl Into<String>) -> Step {
    Step::Failed(Failure::new(reason, detail))
}

pub(super) fn attended_only(detail: impl Into<String>) -> Step {
    failed(Reason::AttendedOnly, detail)
}

fn is_stale(asked_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(asked_at).as_hours() >= PROFILE_DAYS * 24 || asked_at > now
}

pub(super) fn read_whole(body: &[u8]) -> Result<read::Document<'_>, NoReply> {
    let document = read::read(body).map_err(NoReply::Read)?;
    // Files that people keep may lack their end; an answer that does was cut off on its way.
    if document.oddities.truncated { Err(NoReply::CutOff) } else { Ok(document) }
}
