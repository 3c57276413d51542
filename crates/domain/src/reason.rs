//! Reasons: everything that can be the matter with a connection.
//!
//! One table. Each reason has exactly one state, one actor, one fix, one retry rule, one sentence for the client and
//! one for staff. Codes are stable: they stand in the database, in the API and small on the pages.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a connection needs, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Connecting,
    Active,
    NeedsInput,
    NeedsLogin,
    NeedsVisit,
    NoData,
    InstitutionTrouble,
    EngineTrouble,
    Paused,
    Ended,
}

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    Nobody,
    /// The client, here in the portal.
    Client,
    /// The client, at the institution's own site.
    ClientAtInstitution,
    /// The institution; we wait.
    Institution,
    /// The engine; it retries alone.
    Engine,
    /// Data support of the firm.
    Support,
}

/// The one next step a page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fix {
    /// Nothing to do but wait.
    Wait,
    Refresh,
    FindNew,
    UpdateLogin,
    /// Answer the open question.
    Answer,
    /// Start the same run again; the password is kept.
    StartAgain,
    /// Clear something at the institution's site, then refresh.
    VisitThenRefresh,
    /// Clear something at the institution's site, then give the new login.
    VisitThenUpdateLogin,
    /// Switch updates on again.
    Resume,
    /// Confirm at the institution that the login works, then give it again.
    ConfirmThenUpdateLogin,
    /// Say whether an account is closed.
    ReviewAccounts,
    /// Connect anew.
    AddAgain,
}

/// When the engine may try by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At the next business day's window.
    NextDay,
    /// After this long.
    After(Duration),
    /// Not before a person did something.
    Never,
}

/// The mark of a message; never the colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A quiet dot: all is well.
    Good,
    /// A key: you can fix this.
    Key,
    /// A wrench: we are on it.
    Wrench,
}

macro_rules! reasons {
    ($($variant:ident $code:literal $state:ident $actor:ident $fix:ident $title:literal $client:literal $staff:literal;)+) => {
        /// What is the matter with a connection, exactly.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $(#[doc = $staff] #[serde(rename = $code)] $variant),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The state it belongs to.
            pub fn state(self) -> State {
                match self { $(Self::$variant => State::$state),+ }
            }

            /// Who must act.
            pub fn actor(self) -> Actor {
                match self { $(Self::$variant => Actor::$actor),+ }
            }

            /// The one next step.
            pub fn fix(self) -> Fix {
                match self { $(Self::$variant => Fix::$fix),+ }
            }

            /// The headline of a message. `{X}` stands for the institution's name.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// What happened, who acts, whether waiting helps, for the client. `{X}` stands for the institution's name.
            pub fn client_sentence(self) -> &'static str {
                match self { $(Self::$variant => $client),+ }
            }

            /// The same for staff.
            pub fn staff_sentence(self) -> &'static str {
                match self { $(Self::$variant => $staff),+ }
            }
        }
    };
}

// state · actor · fix · headline · client · staff: see docs/connection-states.md, made from this table.
reasons! {
    Started "started" Connecting Engine Wait
        "Connecting to {X}" "We are connecting to {X}. This usually takes less than a minute." "A run is under way.";
    Slow "slow" Connecting Engine Wait
        "{X} takes longer than usual" "{X} takes longer than usual. You may leave this page; your home page will show how it ended." "A run has been under way for more than 60 seconds.";
    Ok "ok" Active Nobody Refresh
        "Up to date" "Values from {X} are up to date." "The last run fetched everything.";
    Partial "partial" Active Engine Refresh
        "Some values from {X} are older" "{X} did not send everything this time. What is missing keeps its last value and date; we ask again by ourselves." "The last run fetched some data sets; the engine retries the others.";
    NewAccounts "new_accounts" Active Client FindNew
        "A new account at {X}" "We found an account at {X} that you have not added. Have a look and decide." "The institution lists an account the client has not decided about.";
    AttendedOnly "attended_only" Active Client Refresh
        "{X} asks for a code every time" "{X} asks for a code or an answer every time, so its values update when you press Refresh and answer." "Unattended runs would trigger a challenge; only the client's own refresh works.";
    QuestionAsked "question" NeedsInput Client Answer
        "{X} has a question for you" "{X} asks a question before it shows your accounts. Please answer it here." "A challenge is open.";
    CodeAsked "code" NeedsInput Client Answer
        "{X} sent you a code" "{X} asks for an access code. Please enter it here." "A challenge for a one-time code is open.";
    AnswerWrong "answer_wrong" NeedsInput Client Answer
        "That answer was not accepted" "{X} did not accept that answer. Please try again." "The institution refused an answer; it is never resent by itself.";
    TimedOut "timed_out" NeedsInput Client StartAgain
        "The code was not entered in time" "The code was not entered in time. Start again and {X} will ask anew; your password is kept." "The challenge ran out; the login is kept.";
    CredentialsRejected "credentials_rejected" NeedsLogin Client UpdateLogin
        "The institution rejected your credentials" "{X} did not accept the user name or password. Check that they work at {X}, then enter them here. Waiting does not help." "The institution rejected the login. Never retried by itself.";
    CredentialsChanged "credentials_changed" NeedsLogin Client UpdateLogin
        "The institution rejected your credentials" "{X} no longer accepts the login that it accepted before. If you changed your password there, enter the new one here. Waiting does not help." "A login that worked is now rejected.";
    TooManyFailures "too_many_failures" NeedsLogin Client ConfirmThenUpdateLogin
        "We stopped so that {X} does not lock you out" "{X} rejected the login three times. Sign in at {X} first to make sure it works, then confirm that here." "Three rejected logins in a row; nothing is sent until the client confirms.";
    DifferentLogin "different_login" NeedsLogin Client UpdateLogin
        "This is another login than the saved one" "{X} lists other accounts under the login you entered than the ones you have here. Nothing was changed. Enter the login of these accounts, or add the other login as a second connection." "The login given for a repair lists none of the connection's accounts; nothing was applied.";
    Locked "locked" NeedsVisit ClientAtInstitution VisitThenUpdateLogin
        "{X} has locked your online access" "{X} has locked your online access. Unlock it at {X}, then come back and connect again." "The institution locked the login (OFX 15502).";
    PasswordReset "password_reset" NeedsVisit ClientAtInstitution VisitThenUpdateLogin
        "{X} wants you to set a new password" "{X} wants you to set a new password on its own site. Then enter the new one here." "The institution demands a password change (OFX 15000, 15507).";
    ActionNeeded "action_needed" NeedsVisit ClientAtInstitution VisitThenRefresh
        "{X} needs you to do something there" "{X} shows you a message or asks for a confirmation on its own site. Clear it there, then press Refresh here." "The institution wants the client on its site (OFX 15510, 15511).";
    NoAccounts "no_accounts" NoData Client FindNew
        "No accounts found at the institution" "Your login at {X} works, but {X} shows no accounts. If you just opened one, it can take a day; then press Find New." "The login works and the list of accounts is empty. What was there is kept.";
    AccountMissing "account_missing" NoData Client ReviewAccounts
        "An account is no longer listed at {X}" "An account is no longer listed at {X}. If it was closed, say so: its history stays. If it has another number now, press Find New." "An account was missing in three complete lists in a row; it is never deleted.";
    Down "down" InstitutionTrouble Institution Refresh
        "Unable to get the recent account values" "{X} can't be reached. This is not about your login. We try again by ourselves; you can also try now." "The institution can't be reached.";
    Maintenance "maintenance" InstitutionTrouble Institution Refresh
        "Unable to get the recent account values" "{X} is under maintenance. This is not about your login. We try again by ourselves afterwards." "The institution says it is under maintenance (OFX 13505).";
    NotResponding "not_responding" InstitutionTrouble Institution Refresh
        "Unable to get the recent account values" "{X} is slow to answer. This is not about your login. We try again by ourselves." "The institution accepted the connection and did not answer in time.";
    SessionConflict "session_conflict" InstitutionTrouble Engine Refresh
        "Unable to get the recent account values" "You seem to be signed in at {X} right now. We try again in half an hour." "The login is in use elsewhere (OFX 15501).";
    BadResponse "bad_response" EngineTrouble Support Refresh
        "Unable to get the recent account values" "{X} answered in a way we could not read. The problem is on our side, and your advisor's data support can see it." "The answer could not be read.";
    Internal "internal" EngineTrouble Support Refresh
        "Unable to get the recent account values" "Something went wrong on our side. We try again by ourselves." "A fault of the portal.";
    ConnectorConfig "connector_config" EngineTrouble Support Wait
        "Connections to {X} are being set up" "Connections to {X} are being set up. There is nothing for you to do." "The parameters of the offering are wrong (OFX 13504, 15505, 15506, 2021) or its connector is missing.";
    ByPerson "by_person" Paused Client Resume
        "Updates are switched off" "You switched updates from {X} off. Its values stay as they are until you switch them on again." "Disconnected by the client; the login is destroyed, accounts and history are kept.";
    Suspended "suspended" Paused Client Resume
        "We stopped after repeated failures" "Updates from {X} failed many times in a row, so we stopped. Try again, or ask your advisor." "Ten failures in a row.";
    LoginKindUnsupported "login_kind_unsupported" Ended Nobody AddAgain
        "{X}'s security setting can't be used here" "{X} asks for a kind of sign-in that can't be used here. Change it at {X}, or keep the accounts by hand." "The institution demands a sign-in that no connector has (OFX TYPE1 security, 15504, 15514).";
    Removed "removed" Ended Nobody AddAgain
        "Connection removed" "This connection was removed. You can add it again at any time." "Removed by the client; secrets are destroyed.";
}

impl Reason {
    /// The reason of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// What the engine does by itself after the `failures`-th failure in a row with this reason (1 = first).
    pub fn retry(self, failures: u32) -> Retry {
        match self {
            Self::Down | Self::NotResponding | Self::Internal => match failures {
                0 | 1 => Retry::After(Duration::from_mins(15)),
                2 => Retry::After(Duration::from_hours(1)),
                3 => Retry::After(Duration::from_hours(4)),
                _ => Retry::NextDay,
            },
            Self::Maintenance => Retry::After(Duration::from_hours(2)),
            Self::SessionConflict => Retry::After(Duration::from_mins(30)),
            Self::BadResponse if failures <= 1 => Retry::After(Duration::from_mins(15)),
            // Also where our set-up is wrong: once it is put right, nobody has to press anything.
            Self::Ok
            | Self::Partial
            | Self::NewAccounts
            | Self::NoAccounts
            | Self::AccountMissing
            | Self::BadResponse
            | Self::ConnectorConfig => Retry::NextDay,
            Self::Started | Self::Slow => Retry::After(Duration::ZERO),
            _ => Retry::Never,
        }
    }

    /// Whether the last successful values are still being kept up (no trouble mark).
    pub fn is_healthy(self) -> bool {
        matches!(self.state(), State::Active | State::Connecting)
    }

    /// Whose failure it is, for the health of an institution.
    pub fn blames_institution(self) -> bool {
        self.state() == State::InstitutionTrouble && self != Self::SessionConflict
    }

    /// The mark a page puts beside it.
    pub fn mark(self) -> Mark {
        match self.actor() {
            Actor::Client | Actor::ClientAtInstitution => Mark::Key,
            Actor::Institution | Actor::Support => Mark::Wrench,
            Actor::Engine if self == Self::SessionConflict => Mark::Wrench,
            Actor::Engine | Actor::Nobody => Mark::Good,
        }
    }

    /// A sentence with the institution's name in it.
    pub fn fill(sentence: &str, institution: &str) -> String {
        sentence.replace("{X}", institution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
            assert_eq!(
                Reason::ALL.iter().filter(|other| other.code() == reason.code()).count(),
                1,
                "{reason:?}"
            );
        }
    }

    /// A person is asked to act only where a person can, and then the engine stays still unless values still come.
    #[test]
    fn nobody_is_asked_to_do_what_another_must_do() {
        for reason in Reason::ALL {
            let (state, retry) = (reason.state(), reason.retry(1));
            match state {
                State::NeedsInput | State::NeedsLogin | State::NeedsVisit | State::Paused | State::Ended => {
                    assert_eq!(retry, Retry::Never, "{reason:?}");
                }
                State::InstitutionTrouble => {
                    assert_ne!(retry, Retry::Never, "{reason:?}");
                    assert!(
                        matches!(reason.fix(), Fix::Refresh),
                        "{reason:?}: a broken bank is no cause to retype a password"
                    );
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_sentence_is_one_that_a_client_may_read() {
        for reason in Reason::ALL {
            for sentence in [reason.title(), reason.client_sentence()] {
                for word in ["!", "Oops", "token", "OAuth", "MFA", "sync", "API", "OFX"] {
                    assert!(!sentence.contains(word), "{reason:?} says {word:?}");
                }
            }
            assert!(!reason.staff_sentence().is_empty());
        }
    }

    #[test]
    fn the_three_sentences_of_the_mission_stand_to_the_letter() {
        assert_eq!(Reason::Down.title(), "Unable to get the recent account values");
        assert_eq!(Reason::CredentialsRejected.title(), "The institution rejected your credentials");
        assert_eq!(Reason::NoAccounts.title(), "No accounts found at the institution");
    }
}
