//! One step of a run: at most one request, then what it means.

use domain::{
    Reason, Timestamp,
    attempt::{Mode, Stage},
    challenge::{Answers, Question, QuestionKind},
};
use secrecy::ExposeSecret;

use super::{
    harvest::{Collector, can_be_asked},
    memo::{Answer, Batch, KnownAccount, KnownProfile, Next, Received, Remembered, Run},
    parameters::Parameters,
    phrase,
    read::{self, Reply},
    status::{self, Verdict},
    words,
    write::{self, Ask, Signon, Who},
};
use crate::{
    Failure, Input, Memo, Step, Turn,
    net::{self, NetError, Post},
};

/// How often questions are fetched in one run. A server that is never content must not be asked for ever.
const ROUNDS_MAX: u32 = 6;
/// How long a profile is good before a newer one is asked for.
const PROFILE_DAYS: i64 = 7;
/// The question under which an AUTHTOKEN is asked for.
const TOKEN_QUESTION: &str = "AUTHTOKEN";

/// A run's state while one step is taken.
pub(super) struct Session<'a> {
    turn: Turn<'a>,
    parameters: Parameters,
    memory: Remembered,
}

/// Why a request has no reply that could be read.
enum NoReply {
    Net(NetError),
    Read(read::ReadError),
    /// The document ends before its end.
    CutOff,
}

impl NoReply {
    fn reason(&self) -> Reason {
        match self {
            Self::Net(error) => error.reason(),
            Self::Read(_) | Self::CutOff => Reason::BadResponse,
        }
    }

    fn failure(&self, at: &str) -> Failure {
        let detail = match self {
            Self::Net(error) => format!("{at}: {error}"),
            Self::Read(error) => format!("{at}: {error}"),
            Self::CutOff => format!("{at}: the document is cut off"),
        };
        Failure::new(self.reason(), detail)
    }

    /// Whether one account among several may be what the server choked on.
    fn may_be_one_account(&self) -> bool {
        match self {
            Self::Net(NetError::Status(status)) => !matches!(status, 408 | 429 | 503),
            Self::Read(error) => matches!(error, read::ReadError::Html | read::ReadError::NotOfx | read::ReadError::Empty),
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
            (Input::Answers(answers), Some(mut run)) => match take_answers(&mut run, &answers) {
                Ok(()) => run,
                Err(()) => {
                    let step = self.ask(&run, false);
                    self.memory.run = Some(run);
                    return (self.memory.close(), step);
                }
            },
        };
        let step = self.go_on(&mut run).await;
        if matches!(step, Step::Again(_) | Step::Ask { .. }) {
            self.memory.run = Some(run);
        }
        (self.memory.close(), step)
    }

    fn begin(&mut self) -> Run {
        if self.parameters.client_uid && self.parameters.knows_challenges() && self.memory.client_id.is_none() {
            self.memory.client_id = Some(write::uuid(self.turn.entropy));
        }
        let stale = self.memory.profile.as_ref().is_none_or(|profile| is_stale(profile.asked_at, self.turn.now));
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
            return Some(failed(Reason::ConnectorConfig, "the login form declares no user_id or no password"));
        }
        let profile = self.memory.profile.as_ref()?;
        if profile.access_token || profile.type1 {
            let detail = if profile.type1 { "the profile demands TYPE1 security" } else { "the profile demands ACCESSTOKEN" };
            return Some(failed(Reason::LoginKindUnsupported, detail));
        }
        let missing = |demanded: bool, name: &str| demanded && login.get(name).is_none();
        if missing(profile.credential1, "usercred1") || missing(profile.credential2, "usercred2") {
            return Some(failed(Reason::ConnectorConfig, "the profile demands USERCRED1 or USERCRED2; the login form declares none"));
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
        let Some(profile) = reply.profile.filter(|profile| !profile.message_sets.is_empty()) else { return Ok(()) };
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
            tracing::debug!(detail = missing.failure("profile as user").detail, "the anonymous profile stays");
        }
        self.memory.profile.get_or_insert_default().as_user = true;
        run.next = Next::Statements;
        Step::Again(Stage::ReadingValues)
    }

    /// Signs on and asks for the list of accounts, and in the same request for the statements of those that are known.
    async fn accounts(&mut self, run: &mut Run) -> Step {
        let url = self.url_of("SIGNUPMSGSET");
        let before = self.memory.accounts.clone();
        let together = self.together(run, &url);
        let known: Vec<_> = together.accounts.iter().filter_map(|index| before.get(*index)).cloned().collect();
        let ask = Ask::Accounts { known: known.iter().collect(), since: self.turn.since };
        let request = self.request(run, &ask, false);
        let asked = asked_ids(request.transaction_ids.get(1..).unwrap_or_default(), &together, &known);
        let answer = self.post(&url, run, request).await;
        let outcome = answer.as_ref().map_err(|error| NoReply::Net(*error)).and_then(|answer| read_whole(&answer.body));
        let document = match outcome {
            Ok(document) => document,
            Err(missing) if !known.is_empty() && missing.may_be_one_account() => {
                run.apart = true;
                return Step::Again(Stage::SigningIn);
            }
            Err(missing) => return Step::Failed(missing.failure("accounts")),
        };
        let reply = Reply::of(&document);
        if let Some(step) = self.signed_on(run, &reply, Next::Accounts) {
            return step;
        }
        if let Some(step) = self.learn_accounts(run, &reply) {
            return step;
        }
        // The list may have another order now, and other accounts.
        let moved = |(id, index): (String, usize)| {
            let account = before.get(index)?;
            Some((id, self.memory.accounts.iter().position(|known| known.is(account))?))
        };
        let asked: Vec<_> = asked.into_iter().filter_map(moved).collect();
        run.batches = self.batches(&asked);
        if run.batches.is_empty() {
            return self.finish(run, Some((&reply, &asked)));
        }
        if !asked.is_empty() {
            let text = answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).unwrap_or_default();
            run.received.push(Received { text, asked });
        }
        let as_user = self.memory.profile.as_ref().is_some_and(|profile| profile.as_user);
        let again = self.parameters.profile_as_user && !as_user && run.rounds == 0;
        run.next = if again { Next::ProfileAsUser } else { Next::Statements };
        Step::Again(Stage::ReadingValues)
    }

    /// Takes the list of accounts of a reply; `None` means: there are some, go on.
    fn learn_accounts(&mut self, run: &mut Run, reply: &Reply<'_>) -> Option<Step> {
        let Some((status, listed)) = &reply.accounts else {
            return Some(failed(Reason::BadResponse, "accounts: signed on, but no list of accounts"));
        };
        match listed {
            Some(listed) => {
                let mut accounts: Vec<KnownAccount> = Vec::with_capacity(listed.len());
                for account in listed.iter().map(KnownAccount::of) {
                    if !accounts.iter().any(|known| known.is(&account)) {
                        accounts.push(account);
                    }
                }
                self.memory.accounts = accounts;
            }
            // "Nothing newer": the last list still holds.
            None if status.code == 1 && !self.memory.accounts.is_empty() => {}
            None => return Some(failed(Reason::BadResponse, format!("accounts: ACCTINFOTRNRS {}", status.code))),
        }
        run.listed = true;
        let none = self.memory.accounts.is_empty();
        none.then(|| Step::Done(domain::harvest::Harvest { accounts: Vec::new(), complete: true }))
    }

    /// The known accounts whose statements may be asked for together with the list: those served at the same address.
    /// That spares a sign-on, and a second code at institutions that want one each time.
    fn together(&self, run: &Run, url: &url::Url) -> Batch {
        let none = Batch { url: url.to_string(), accounts: Vec::new() };
        if run.apart || self.parameters.one_account_per_request {
            return none;
        }
        self.batches(&[]).into_iter().find(|batch| batch.url == url.as_str()).unwrap_or(none)
    }

    /// The requests for statements that are not asked for yet: one per address, since a file goes to one
    /// (OFX 2.3 §7.1.3).
    fn batches(&self, asked: &[(String, usize)]) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for (index, account) in self.memory.accounts.iter().enumerate() {
            let is_asked = asked.iter().any(|(_, known)| *known == index);
            if is_asked || !can_be_asked(account, &self.parameters) {
                continue;
            }
            let url = self.url_of(message_set(account)).to_string();
            match batches.iter_mut().find(|batch| batch.url == url) {
                Some(batch) if !self.parameters.one_account_per_request => batch.accounts.push(index),
                _ => batches.push(Batch { url, accounts: vec![index] }),
            }
        }
        batches
    }

    /// Asks for the statements of the next batch.
    async fn statements(&mut self, run: &mut Run) -> Step {
        let Some(batch) = run.batches.first().cloned() else { return self.finish(run, None) };
        let url = batch.url.parse().unwrap_or_else(|_| self.parameters.url.clone());
        let accounts: Vec<_> = batch.accounts.iter().filter_map(|index| self.memory.accounts.get(*index)).cloned().collect();
        let ask = Ask::Statements { accounts: accounts.iter().collect(), since: self.turn.since };
        let request = self.request(run, &ask, false);
        let asked = asked_ids(&request.transaction_ids, &batch, &accounts);
        let answer = self.post(&url, run, request).await;
        let outcome = answer.as_ref().map_err(|error| NoReply::Net(*error)).and_then(|answer| read_whole(&answer.body));
        let document = match outcome {
            Ok(document) => document,
            Err(missing) => return self.batch_failed(run, &batch, &missing),
        };
        let reply = Reply::of(&document);
        if let Some(step) = self.signed_on(run, &reply, Next::Statements) {
            return match step {
                Step::Failed(failure) if !run.received.is_empty() => self.give_up(run, failure.reason),
                other => other,
            };
        }
        run.batches.remove(0);
        if run.batches.is_empty() {
            return self.finish(run, Some((&reply, &asked)));
        }
        let text = answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).unwrap_or_default();
        run.received.push(Received { text, asked });
        Step::Again(Stage::ReadingValues)
    }

    /// One account must not lose the others: those of a refused request are asked for one by one.
    fn batch_failed(&self, run: &mut Run, batch: &Batch, missing: &NoReply) -> Step {
        run.batches.remove(0);
        tracing::debug!(detail = missing.failure("statements").detail, accounts = batch.accounts.len(), "no statements");
        if batch.accounts.len() > 1 && missing.may_be_one_account() {
            let single = |index: &usize| Batch { url: batch.url.clone(), accounts: vec![*index] };
            run.batches.splice(0..0, batch.accounts.iter().map(single));
        } else {
            let code = missing.reason().code().to_owned();
            run.failed.extend(batch.accounts.iter().map(|index| (*index, code.clone())));
        }
        if run.batches.is_empty() { self.finish(run, None) } else { Step::Again(Stage::ReadingValues) }
    }

    /// Ends with what is there; the accounts that were not asked for yet have this reason.
    fn give_up(&self, run: &mut Run, reason: Reason) -> Step {
        for batch in std::mem::take(&mut run.batches) {
            run.failed.extend(batch.accounts.iter().map(|index| (*index, reason.code().to_owned())));
        }
        self.finish(run, None)
    }

    fn finish(&self, run: &Run, last: Option<(&Reply<'_>, &[(String, usize)])>) -> Step {
        let mut collector =
            Collector::new(&self.parameters, &self.memory.accounts, self.turn.since, self.turn.now);
        for received in &run.received {
            if let Ok(document) = read::read(received.text.as_bytes()) {
                collector.add(&Reply::of(&document), &received.asked);
            }
        }
        if let Some((reply, asked)) = last {
            collector.add(reply, asked);
        }
        for (index, code) in &run.failed {
            collector.miss(*index, Reason::from_code(code).unwrap_or(Reason::BadResponse));
        }
        for (index, account) in self.memory.accounts.iter().enumerate() {
            if !can_be_asked(account, &self.parameters) {
                collector.miss(index, Reason::Partial);
            }
        }
        match collector.failure() {
            Some(reason) => failed(reason, "statements: no account's statement came"),
            None => Step::Done(collector.finish(run.listed)),
        }
    }

    /// Asks for the questions of a challenge.
    async fn challenge(&mut self, run: &mut Run) -> Step {
        if self.turn.mode == Mode::Unattended {
            return attended_only("a challenge would be needed");
        }
        run.rounds += 1;
        if run.rounds > ROUNDS_MAX {
            return failed(Reason::BadResponse, "challenge: the server never stops asking");
        }
        run.answers.clear();
        let url = match run.after_challenge {
            Next::Statements => run.batches.first().and_then(|batch| batch.url.parse().ok()),
            _ => None,
        };
        let url = url.unwrap_or_else(|| self.url_of("SIGNUPMSGSET"));
        let answer = match self.send(&url, run, &Ask::Challenge, false).await {
            Ok(answer) => answer,
            Err(missing) => return Step::Failed(missing.failure("challenge")),
        };
        let document = match read_whole(&answer.body) {
            Ok(document) => document,
            Err(missing) => return Step::Failed(missing.failure("challenge")),
        };
        let reply = Reply::of(&document);
        let phrases = reply.challenge.as_ref().map(|challenge| challenge.phrases.as_slice()).unwrap_or_default();
        // Some servers repeat the 3000 over the very questions that they send.
        if phrases.is_empty() {
            let code = reply.challenge.as_ref().and_then(|challenge| challenge.status.as_ref()).map(|status| status.code);
            let detail = format!("challenge: no questions, MFACHALLENGETRNRS {code:?}");
            let refused = self.refusal(&reply);
            return refused.unwrap_or_else(|| failed(Reason::BadResponse, detail));
        }
        run.next = run.after_challenge;
        run.accepted = false;
        run.asked.clear();
        for asked in phrases {
            let id = asked.id.trim().to_owned();
            match phrase::answered_by_program(&id, &self.parameters, self.turn.now) {
                Some(answer) => run.answers.push(Answer { id, answer }),
                None => run.asked.push(phrase::Asked { id, label: asked.label.as_deref().map(str::to_owned) }),
            }
        }
        if run.asked.is_empty() { Step::Again(Stage::SigningIn) } else { self.ask(run, false) }
    }

    /// The failure that a reply's sign-on names, if it names one.
    fn refusal(&self, reply: &Reply<'_>) -> Option<Step> {
        let status = &reply.signon.as_ref()?.status;
        match status::signon(status.code, status.severity) {
            Verdict::Failed(reason) => Some(Step::Failed(Failure {
                reason,
                say: status.message.as_deref().map(words::masked).filter(|say| !say.is_empty()),
                detail: format!("SONRS {}", status.code),
            })),
            _ => None,
        }
    }

    /// Takes the sign-on part of a reply; `None` means: signed on, go on reading.
    fn signed_on(&mut self, run: &mut Run, reply: &Reply<'_>, request: Next) -> Option<Step> {
        let Some(signon) = &reply.signon else {
            return Some(failed(Reason::BadResponse, "the answer has no SONRS"));
        };
        if let Some(cookie) = &signon.session_cookie {
            self.memory.keys.session_cookie = Some(cookie.clone().into_owned());
        }
        if let Some(key) = &signon.access_key {
            self.memory.keys.access_key = Some(key.clone().into_owned());
        }
        let mut verdict = status::signon(signon.status.code, signon.status.severity);
        // A one-time code that was right a moment ago and is refused now was used up.
        if verdict == Verdict::AnswersWrong && (run.accepted || run.asked.is_empty()) {
            verdict = Verdict::Challenge;
        }
        match verdict {
            Verdict::Welcome => {
                self.memory.signed_on_before = true;
                run.accepted = true;
                run.token = None;
                if signon.access_key.is_some() {
                    run.answers.clear();
                }
                None
            }
            _ if self.turn.mode == Mode::Unattended && !matches!(verdict, Verdict::Failed(_)) => {
                Some(attended_only(format!("SONRS {}", signon.status.code)))
            }
            Verdict::Challenge => {
                run.after_challenge = request;
                run.next = Next::Challenge;
                Some(Step::Again(Stage::SecurityCheck))
            }
            Verdict::AnswersWrong => {
                let asked: Vec<_> = run.asked.iter().map(|asked| asked.id.clone()).collect();
                run.answers.retain(|answer| !asked.contains(&answer.id));
                Some(self.ask(run, true))
            }
            Verdict::TokenNeeded | Verdict::TokenWrong => {
                run.token = None;
                run.asked = vec![phrase::Asked { id: TOKEN_QUESTION.to_owned(), label: None }];
                Some(self.ask(run, verdict == Verdict::TokenWrong))
            }
            Verdict::Failed(_) => self.refusal(reply),
        }
    }

    /// Puts the open questions to the person.
    fn ask(&self, run: &Run, wrong_before: bool) -> Step {
        let questions = run.asked.iter().map(|asked| match asked.id.as_str() {
            TOKEN_QUESTION => self.token_question(),
            _ => phrase::question(asked),
        });
        Step::Ask { questions: questions.collect(), deadline: None, wrong_before }
    }

    /// The one-time token, in the words of the profile (OFX 2.3 §2.5.1.4.3).
    fn token_question(&self) -> Question {
        let profile = self.memory.profile.as_ref();
        let label = profile.and_then(|profile| profile.token_label.as_deref()).map(words::masked);
        let url = profile.and_then(|profile| profile.token_url.clone());
        // Only an address that a browser may open; the page makes a link of it.
        let help_url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        Question {
            id: TOKEN_QUESTION.to_owned(),
            label: label.unwrap_or_else(|| "One-time code from the institution’s web site".to_owned()),
            kind: QuestionKind::Code,
            options: Vec::new(),
            sent_to: None,
            help_url,
        }
    }

    /// The address of a message set; the directory's own when the profile names none that may be used.
    fn url_of(&self, message_set: &str) -> url::Url {
        let own = || self.parameters.url.clone();
        if !self.parameters.follow_profile_urls {
            return own();
        }
        let named = self.memory.profile.as_ref().and_then(|profile| profile.urls.get(message_set));
        let named = named.and_then(|url| url.trim().parse().ok());
        // Old profiles name addresses without TLS; a password goes only where the network permits.
        named.filter(|url| self.turn.net.permits(url)).unwrap_or_else(own)
    }

    fn request(&self, run: &Run, ask: &Ask<'_>, anonymous: bool) -> write::Request {
        let login = self.turn.login;
        let who = match (login.get("user_id"), login.get("password")) {
            (Some(id), Some(password)) if !anonymous => Who::User { id, password },
            _ => Who::Anonymous,
        };
        let own = |value| if anonymous { None } else { value };
        // Answers belong to the request after the questions, not to the one that asks for them.
        let answers = if anonymous || matches!(ask, Ask::Challenge) { &[][..] } else { run.answers.as_slice() };
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

    async fn send(&self, url: &url::Url, run: &mut Run, ask: &Ask<'_>, anonymous: bool) -> Result<net::Answer, NoReply> {
        let request = self.request(run, ask, anonymous);
        self.post(url, run, request).await.map_err(NoReply::Net)
    }

    async fn post(&self, url: &url::Url, run: &mut Run, request: write::Request) -> Result<net::Answer, NetError> {
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

fn failed(reason: Reason, detail: impl Into<String>) -> Step {
    Step::Failed(Failure::new(reason, detail))
}

fn attended_only(detail: impl Into<String>) -> Step {
    failed(Reason::AttendedOnly, detail)
}

fn is_stale(asked_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(asked_at).as_hours() >= PROFILE_DAYS * 24 || asked_at > now
}

fn read_whole(body: &[u8]) -> Result<read::Document<'_>, NoReply> {
    let document = read::read(body).map_err(NoReply::Read)?;
    // Files that people keep may lack their end; an answer that does was cut off on its way.
    if document.oddities.truncated { Err(NoReply::CutOff) } else { Ok(document) }
}

/// Moves a person's answers into the run; an error when one is missing.
fn take_answers(run: &mut Run, answers: &Answers) -> Result<(), ()> {
    let mut given = Vec::with_capacity(run.asked.len());
    for asked in &run.asked {
        let answer = answers.get(&asked.id).map(|answer| answer.expose_secret().trim()).filter(|answer| !answer.is_empty());
        given.push(Answer { id: asked.id.clone(), answer: answer.ok_or(())?.to_owned() });
    }
    for answer in given {
        if answer.id == TOKEN_QUESTION {
            run.token = Some(answer);
        } else {
            run.answers.retain(|known| known.id != answer.id);
            run.answers.push(answer);
        }
    }
    Ok(())
}

/// Which message set serves an account.
fn message_set(account: &KnownAccount) -> &'static str {
    match account.family {
        read::Family::Bank => "BANKMSGSET",
        read::Family::Card => "CREDITCARDMSGSET",
        read::Family::Loan => "LOANMSGSET",
        read::Family::Investment => "INVSTMTMSGSET",
    }
}

/// TRNUID and account of each transaction: the writer sorts accounts by message set, so the order differs.
fn asked_ids(transaction_ids: &[String], batch: &Batch, accounts: &[KnownAccount]) -> Vec<(String, usize)> {
    let order = |family: read::Family| match family {
        read::Family::Bank => 0,
        read::Family::Card => 1,
        read::Family::Loan => 2,
        read::Family::Investment => 3,
    };
    let mut indices: Vec<_> = batch.accounts.iter().copied().zip(accounts.iter().map(|account| order(account.family))).collect();
    indices.sort_by_key(|(_, order)| *order);
    transaction_ids.iter().cloned().zip(indices.into_iter().map(|(index, _)| index)).collect()
}
