//! What the connector remembers between steps and between runs.
//!
//! Sealed by the engine like a password. Some of it must be kept for ever: a CLIENTUID that changes with each attempt
//! locks the client out of institutions that register it (15510), and the last ACCESSKEY is sent back even after its
//! session has ended (OFX 2.3 §2.5.1.4.4).

use std::{borrow::Cow, collections::BTreeMap};

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    phrase::Asked,
    read::{Family, ListedAccount, Profile},
};
use crate::Memo;

/// The memo's content.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    /// CLIENTUID: made once.
    pub client_id: Option<String>,
    /// SESSCOOKIE and ACCESSKEY: the last ones received.
    pub keys: Keys,
    pub profile: Option<KnownProfile>,
    /// A sign-on succeeded once, so "first sign-on" demands of the profile are met.
    pub signed_on_before: bool,
    /// The accounts of the last list, for servers that answer "nothing newer".
    pub accounts: Vec<KnownAccount>,
    /// The run under way.
    pub run: Option<Run>,
}

#[derive(Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Keys {
    pub session_cookie: Option<String>,
    pub access_key: Option<String>,
}

/// The parts of a profile that matter here.
#[derive(Default, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of OFX 2.3 §7.2.2, one to one")]
pub(super) struct KnownProfile {
    pub asked_at: Timestamp,
    /// Its DTPROFUP, to ask only for a newer one.
    pub updated: Option<String>,
    /// Address by message set, such as `BANKMSGSET`.
    pub urls: BTreeMap<String, String>,
    pub credential1: bool,
    pub credential2: bool,
    pub token_first: bool,
    pub token_label: Option<String>,
    pub token_url: Option<String>,
    pub challenge_first: bool,
    pub access_token: bool,
    pub type1: bool,
    /// It was asked for as the user, successfully or not.
    pub as_user: bool,
}

/// One listed account, as the server spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownAccount {
    pub family: Family,
    pub institution: Option<String>,
    pub branch: Option<String>,
    pub number: String,
    pub kind: Option<String>,
    pub key: Option<String>,
    pub description: Option<String>,
    pub nickname: Option<String>,
    pub balance_only: bool,
    pub product: Option<String>,
    pub ownership: Option<String>,
    pub loan_kind: Option<String>,
}

/// The request that a run makes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Next {
    Profile,
    Accounts,
    ProfileAsUser,
    Statements,
    /// Questions, and then the request named by [`Run::after_challenge`].
    Challenge,
}

/// A run under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub next: Next,
    pub after_challenge: Next,
    /// What waits for a person.
    pub asked: Vec<Asked>,
    /// What is known to be the answer to the questions, by phrase id.
    pub answers: Vec<Answer>,
    /// The one-time AUTHTOKEN for the next sign-on.
    pub token: Option<Answer>,
    /// The answers were accepted in this run.
    pub accepted: bool,
    /// The server refused list and statements in one request.
    pub apart: bool,
    /// What this run has learned about the institution's asking.
    #[serde(default)]
    pub asking: Asking,
    /// How often questions were fetched.
    pub rounds: u32,
    /// HTTP cookies by host and name.
    pub cookies: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the list of accounts is the whole one.
    pub listed: bool,
    /// Requests for statements still to make: indices of accounts.
    pub batches: Vec<Batch>,
    /// Answers that are here already, when there is more than one request.
    pub received: Vec<Received>,
    /// What the requests without an answer failed with: index of account and code of the reason.
    pub failed: Vec<(usize, String)>,
}

/// Whether a person is asked each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asking {
    /// A person answered in this run.
    pub answered: bool,
    /// An ACCESSKEY came with it, which spares the question the next time (OFX 2.3 §2.5.1.4.4).
    pub spared: bool,
    /// The answers before those that are asked for now were accepted, and hold for one sign-on only.
    pub used_up: bool,
}

/// An answer of a person or of the program.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Answer {
    pub id: String,
    pub answer: String,
}

/// The accounts of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Batch {
    pub url: String,
    pub accounts: Vec<usize>,
}

/// A statement answer as text, and which TRNUID asked for which account.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct Received {
    pub text: String,
    #[zeroize(skip)]
    pub asked: Vec<(String, usize)>,
}

impl KnownProfile {
    pub(super) fn of(profile: &Profile<'_>, now: Timestamp) -> Self {
        let owned = |text: &Option<Cow<'_, str>>| text.as_ref().map(|text| text.clone().into_owned());
        let realms = &profile.realms;
        let urls = profile.message_sets.iter();
        let urls =
            urls.filter_map(|set| Some((set.name.to_owned(), set.url.clone()?.into_owned()))).collect();
        // One realm is the rule; with several, what any of them demands is asked for.
        Self {
            asked_at: now,
            updated: owned(&profile.updated),
            urls,
            credential1: realms.iter().any(|realm| realm.credential1_label.is_some()),
            credential2: realms.iter().any(|realm| realm.credential2_label.is_some()),
            token_first: realms.iter().any(|realm| realm.token_first),
            token_label: realms.iter().find_map(|realm| owned(&realm.token_label)),
            token_url: realms.iter().find_map(|realm| owned(&realm.token_url)),
            challenge_first: realms.iter().any(|realm| realm.challenge_first),
            access_token: realms.iter().any(|realm| realm.access_token_required),
            type1: profile.message_sets.iter().any(|set| set.type1),
            as_user: false,
        }
    }
}

impl Run {
    pub(super) fn new(next: Next) -> Self {
        Self {
            next,
            after_challenge: next,
            asked: Vec::new(),
            answers: Vec::new(),
            token: None,
            accepted: false,
            apart: false,
            asking: Asking::default(),
            rounds: 0,
            cookies: BTreeMap::new(),
            listed: false,
            batches: Vec::new(),
            received: Vec::new(),
            failed: Vec::new(),
        }
    }
}

impl Run {
    /// Whether the next run will need a person again. `first_only`: the profile says that only a program's first
    /// sign-on is asked (OFX 2.3 §7.2.2, MFACHALLENGEFIRST and AUTHTOKENFIRST).
    pub(super) fn asks_each_time(&self, first_only: bool) -> bool {
        let Asking { answered, spared, used_up } = self.asking;
        answered && !spared && (used_up || !first_only)
    }
}

impl KnownAccount {
    pub(super) fn of(listed: &ListedAccount<'_>) -> Self {
        let owned = |text: &Option<Cow<'_, str>>| text.as_ref().map(|text| text.clone().into_owned());
        let reference = &listed.reference;
        Self {
            family: reference.family,
            institution: owned(&reference.institution),
            branch: owned(&reference.branch),
            number: reference.number.clone().into_owned(),
            kind: owned(&reference.kind),
            key: owned(&reference.key),
            description: owned(&listed.description),
            nickname: owned(&listed.nickname),
            balance_only: listed.balance_only,
            product: owned(&listed.product),
            ownership: owned(&listed.ownership),
            loan_kind: owned(&listed.loan_kind),
        }
    }

    /// Whether both are the same account at the institution.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.family == other.family
            && self.number == other.number
            && self.institution == other.institution
            && self.kind == other.kind
    }
}

impl Remembered {
    /// Reads a memo. One that can't be read counts as empty: the run starts from the beginning.
    pub(super) fn open(memo: &Memo) -> Self {
        if memo.0.is_empty() {
            return Self::default();
        }
        serde_json::from_slice(&memo.0).unwrap_or_else(|error| {
            tracing::warn!(kind = ?error.classify(), "a memo can't be read; starting without it");
            Self::default()
        })
    }

    pub(super) fn close(&self) -> Memo {
        let bytes = serde_json::to_vec(self).expect("maps have string keys, so this is JSON");
        Memo(Zeroizing::new(bytes))
    }
}
