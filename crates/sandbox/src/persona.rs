//! A login at an institution and the story it plays; and where in the story it is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::account::Account;

/// A login as the catalog writes it down.
#[derive(Debug)]
pub(crate) struct Persona {
    pub login: &'static str,
    pub password: &'static str,
    /// The third credential, where the institution wants one.
    pub credential: Option<&'static str>,
    /// What happens, for the index page.
    pub story: &'static str,
    /// What the portal should show.
    pub expect: &'static str,
    pub accounts: &'static [Account],
    pub later: Later,
    pub condition: Condition,
    pub proof: Proof,
    /// The password is another one after so many account lists.
    pub password_changes_after: Option<u32>,
}

impl Persona {
    pub(crate) const PLAIN: Self = Self {
        login: "",
        password: "",
        credential: None,
        story: "",
        expect: "",
        accounts: &[],
        later: Later::NOTHING,
        condition: Condition::Open,
        proof: Proof::None,
        password_changes_after: None,
    };

    /// The password that the site's "set new password" offers.
    pub(crate) fn next_password(&self) -> String {
        format!("{}-new", self.password)
    }
}

/// Who signs on: a persona, or a further person with the same story. `ruth.lindqvist+17` has the password, the story and the accounts
/// of `ruth.lindqvist`, but entries and progress of its own, so that many households can play a story at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub persona: &'static Persona,
    /// 0 is the persona itself.
    pub number: u32,
}

impl User {
    /// Splits a login; the persona is looked up by the caller's function.
    pub(crate) fn find(login: &str, persona: impl Fn(&str) -> Option<&'static Persona>) -> Option<Self> {
        let Some((name, number)) = login.split_once('+') else {
            return Some(Self { persona: persona(login)?, number: 0 });
        };
        Some(Self { persona: persona(name)?, number: number.parse().ok().filter(|number| *number > 0)? })
    }

    pub(crate) fn login(self) -> String {
        match self.number {
            0 => self.persona.login.to_owned(),
            number => format!("{}+{number}", self.persona.login),
        }
    }
}

/// What stands between a right password and the data. Each has its signon status code (OFX 2.3 §2.5.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    Open,
    /// 15502.
    Locked,
    /// 15000, which is a success that asks for a new password.
    PasswordExpiring,
    /// 15507.
    PasswordExpired,
    /// 15501, for half an hour after it was first told.
    InUse,
    /// 15511.
    TermsOpen,
    /// 13505.
    Maintenance,
}

/// What the institution wants beyond the password.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proof {
    None,
    /// Rounds of questions: each a list of phrase id, label (none for a known id) and the answer.
    Questions(&'static [&'static [Question]]),
    /// A code to the phone.
    Code {
        minutes: i64,
        /// No ACCESSKEY is given, so that every connection asks anew.
        every_time: bool,
    },
    /// AUTHTOKEN, fetched at the institution's site.
    Token {
        minutes: i64,
    },
}

#[derive(Debug)]
pub(crate) struct Question {
    pub id: &'static str,
    pub label: Option<&'static str>,
    pub answer: &'static str,
}

/// How the list of accounts changes as time goes by.
#[derive(Debug)]
pub(crate) struct Later {
    /// Account lists that are still answered the old way.
    pub after_lists: u32,
    /// Or seconds of the sandbox's clock since the first list.
    pub after_seconds: Option<i64>,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// No accounts before, all after.
    Opens,
    /// The last account appears.
    Gains,
    /// The last account vanishes.
    Loses,
    /// The first account gets this name.
    Renames(&'static str),
    /// The last account gets this number.
    Renumbers(&'static str),
    /// The list is empty.
    Empties,
    /// Only the first half of the list is sent.
    Halves,
    /// Every balance is zero and no entry is sent.
    Zeroes,
}

impl Later {
    pub(crate) const NOTHING: Self = Self { after_lists: 0, after_seconds: None, change: Change::Nothing };

    pub(crate) const fn after(lists: u32, change: Change) -> Self {
        Self { after_lists: lists, after_seconds: None, change }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The list of accounts.
    List,
    Statements,
}

/// Where a persona's story is. All of it is in memory, under institution and login.
#[derive(Debug)]
pub(crate) struct State {
    pub password: String,
    pub condition: Condition,
    pub rejected_in_a_row: u32,
    pub challenge: Option<Challenge>,
    /// Rounds of questions answered right, on the way to an access key, and until when that counts.
    pub rounds_passed: Option<(usize, Timestamp)>,
    pub access_keys: BTreeSet<String>,
    pub token: Option<Token>,
    pub confirmed_clients: BTreeSet<String>,
    pub waiting_clients: BTreeSet<String>,
    /// When the condition InUse was first told; it ends half an hour later.
    pub in_use_since: Option<Timestamp>,
    pub first_list_at: Option<Timestamp>,
    /// Set by the control page: the change of `Later` has come.
    pub changed: bool,
    /// When the list was last seen to change, for DTACCTUP.
    pub list_changed_at: Option<Timestamp>,
    /// Whether the last list was the changed one.
    pub listed_changed: bool,
    pub counters: Counters,
}

/// A challenge that waits for its answer.
#[derive(Debug, Clone)]
pub(crate) struct Challenge {
    pub round: usize,
    /// Only for codes.
    pub code: Option<String>,
    pub expires_at: Timestamp,
    pub wrong_answers: u32,
}

/// A one-time value fetched at the site.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub value: String,
    pub expires_at: Timestamp,
}

/// What tests count (never a secret).
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Counters {
    pub requests: u32,
    /// Every signon as this user, right or wrong.
    pub logins: u32,
    pub logins_ok: u32,
    pub logins_rejected: u32,
    pub challenges: u32,
    pub codes_sent: u32,
    pub answers_wrong: u32,
    pub account_lists: u32,
    pub statements: u32,
}

impl State {
    pub(crate) fn new(persona: &Persona) -> Self {
        Self {
            password: persona.password.to_owned(),
            condition: persona.condition,
            rejected_in_a_row: 0,
            challenge: None,
            rounds_passed: None,
            access_keys: BTreeSet::new(),
            token: None,
            confirmed_clients: BTreeSet::new(),
            waiting_clients: BTreeSet::new(),
            in_use_since: None,
            first_list_at: None,
            changed: false,
            list_changed_at: None,
            listed_changed: false,
            counters: Counters::default(),
        }
    }

    /// Whether the change of the persona's `later` has come: for the next list, or for statements, which go by the last
    /// list that was sent.
    pub(crate) fn is_later(&self, later: &Later, asked: Asked, now: Timestamp) -> bool {
        if later.change == Change::Nothing {
            return false;
        }
        let long_ago = later.after_seconds.zip(self.first_list_at);
        let by_clock =
            long_ago.is_some_and(|(seconds, first)| now.duration_since(first).as_secs() >= seconds);
        let lists = self.counters.account_lists + u32::from(asked == Asked::List);
        let by_count = later.after_seconds.is_none() && lists > later.after_lists;
        self.changed || by_clock || by_count
    }
}

/// An account as it is shown now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub account: &'static Account,
    pub number: &'static str,
    pub name: &'static str,
    /// Balances read zero and nothing has ever happened.
    pub zeroed: bool,
}

/// The accounts that the persona has now.
pub(crate) fn accounts(persona: &Persona, state: &State, asked: Asked, now: Timestamp) -> Vec<Shown> {
    let is_later = state.is_later(&persona.later, asked, now);
    let mut shown: Vec<Shown> = persona
        .accounts
        .iter()
        .map(|account| Shown { account, number: account.number, name: account.name, zeroed: false })
        .collect();
    match (persona.later.change, is_later) {
        (Change::Opens, false) | (Change::Empties, true) => shown.clear(),
        (Change::Gains, false) | (Change::Loses, true) => {
            shown.pop();
        }
        (Change::Renames(name), true) => shown.iter_mut().take(1).for_each(|first| first.name = name),
        (Change::Renumbers(number), true) => {
            if let Some(last) = shown.last_mut() {
                last.number = number;
            }
        }
        (Change::Halves, true) => shown.truncate(shown.len() / 2),
        (Change::Zeroes, true) => shown.iter_mut().for_each(|account| account.zeroed = true),
        _ => {}
    }
    shown
}
