//! The moments at which servers die by their own hand: before and after each commit that the flow has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use crate::clients::Whim;

/// A kind of commit, by the first and the last action that its audit rows tell, and what clients do to bring it about.
struct Commit {
    first: &'static str,
    last: &'static str,
    whim: Whim,
}

const fn commit(first: &'static str, last: &'static str, whim: Whim) -> Commit {
    Commit { first, last, whim }
}

impl Commit {
    /// Whether somebody is to die before or after it.
    fn is(&self, death: &str) -> bool {
        death.split_once(' ').is_some_and(|(_, which)| which == name(self.first, self.last))
    }
}

/// All that the servers of this test commit. One that is missing here is noticed when it is seen ([`Plan::strangers`]).
const COMMITS: [Commit; 15] = [
    // a login is given
    commit("connection.added", "attempt.opened", Whim::BeginAgain),
    // work that a person waits for is taken up; the regular run; a question that nobody answered in time
    commit("connection.claimed", "connection.claimed", Whim::Any),
    commit("connection.claimed", "attempt.opened", Whim::Any),
    commit("connection.claimed", "connection.stepped", Whim::KeepSilent),
    // a step: there is more to do, something is asked, values came, it failed
    commit("connection.stepped", "connection.stepped", Whim::Any),
    commit("challenge.asked", "connection.stepped", Whim::BeginAgain),
    commit("connection.values_fetched", "connection.stepped", Whim::Any),
    commit("attempt.ended", "connection.stepped", Whim::Any),
    // what clients do
    commit("connection.answered", "connection.answered", Whim::BeginAgain),
    commit("account.added", "connection.reviewed", Whim::BeginAgain),
    commit("attempt.opened", "connection.started_again", Whim::KeepSilent),
    commit("attempt.opened", "connection.refresh_asked", Whim::Refresh),
    commit("attempt.opened", "connection.find_new_asked", Whim::FindNew),
    commit("attempt.opened", "connection.login_given", Whim::GiveLogin),
    commit("connection.disconnected", "connection.disconnected", Whim::BeginAgain),
];

/// What a server at its start commits before there is a flow.
const AT_START: &str = "vault.key_used_first";

/// The name of a kind of commit.
pub(crate) fn name(first: &str, last: &str) -> String {
    if first == last { last.to_owned() } else { format!("{first} … {last}") }
}

/// What the clients of a server do that is to die at this moment, so that it comes about.
pub(crate) fn whim(death: &str) -> Whim {
    let aimed = COMMITS.iter().find(|commit| commit.is(death));
    aimed.map_or(Whim::Any, |commit| commit.whim)
}

/// Whether servers die there only when an institution fails.
pub(crate) fn needs_a_failure(death: &str) -> bool {
    commit("attempt.ended", "connection.stepped", Whim::Any).is(death)
}

/// Which moments were had, and whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Plan(Mutex<Turns>);

#[derive(Debug, Default)]
struct Turns {
    turn: usize,
    deaths: BTreeMap<String, usize>,
    seen: BTreeSet<(String, String)>,
}

impl Plan {
    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next moment in turn, before or after each commit.
    pub(crate) fn next(&self) -> String {
        let (missing, mut all) = (self.missing(), all());
        let mut turns = self.turns();
        turns.turn += 1;
        // After two rounds those that were not had yet, until all were.
        if turns.turn > 2 * all.len() && !missing.is_empty() {
            all = missing;
        }
        all[(turns.turn - 1) % all.len()].clone()
    }

    /// A server has died so.
    pub(crate) fn died(&self, how: String) {
        *self.turns().deaths.entry(how).or_default() += 1;
    }

    /// A server was seen to commit this.
    pub(crate) fn saw(&self, first: &str, last: &str) {
        self.turns().seen.insert((first.to_owned(), last.to_owned()));
    }

    /// How often servers died how.
    pub(crate) fn deaths(&self) -> BTreeMap<String, usize> {
        self.turns().deaths.clone()
    }

    /// Moments at which no server has died yet.
    pub(crate) fn missing(&self) -> Vec<String> {
        let turns = self.turns();
        all().into_iter().filter(|moment| !turns.deaths.contains_key(moment)).collect()
    }

    /// Actions that were committed and that no kind of commit above begins or ends with: the flow has a new one.
    pub(crate) fn strangers(&self) -> BTreeSet<String> {
        let known = |action: &String| {
            action == AT_START || COMMITS.iter().any(|commit| action == commit.first || action == commit.last)
        };
        let turns = self.turns();
        turns
            .seen
            .iter()
            .flat_map(|(first, last)| [first, last])
            .filter(|action| !known(action))
            .cloned()
            .collect()
    }
}

/// Every moment, as orders and reports name it.
fn all() -> Vec<String> {
    let names = COMMITS.iter().map(|commit| name(commit.first, commit.last));
    names.flat_map(|name| [format!("before {name}"), format!("after {name}")]).collect()
}
