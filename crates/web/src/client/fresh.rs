//! "How fresh is this?": what of the household's values is current, what is not and why, and what comes next.

use domain::{
    PersonId, Reason,
    account::Account,
    connection::Connection,
    freshness::Currentness,
    reason::{Actor, Mark},
    time::date_words,
};

use super::{
    home::Now,
    words::{coming, counted, moment},
};

/// A line of "How fresh is this?".
pub(super) struct Fact {
    pub(super) class: &'static str,
    pub(super) icon: &'static str,
    pub(super) words: String,
    /// Below it, in muted letters.
    pub(super) note: String,
    pub(super) link: Option<(String, String)>,
}

/// So many causes of either kind have a line each; the others share one.
const CAUSES_MAX: usize = 3;

/// How fresh the values are, one line a cause.
pub(super) fn fresh(added: &[Account], connections: &[Connection], me: PersonId, now: &Now<'_>) -> Vec<Fact> {
    let current = Currentness::of(added, now.at, now.zone);
    let mut facts = vec![Fact {
        class: "good",
        icon: "dot",
        words: format!("{} current", counted(current.current as usize, "account")),
        note: String::new(),
        link: None,
    }];
    let resting = connections
        .iter()
        .filter(|connection| !connection.is_running() || connection.reason.actor() == Actor::Client);
    let marked = |mark: Mark| {
        let troubled = resting
            .clone()
            .filter(move |connection| super::words::mark(connection, now.at, now.zone) == mark);
        troubled.filter(|connection| connection.reason != Reason::ByPerson)
    };
    let keys: Vec<Fact> = marked(Mark::Key).map(|connection| key(connection, me)).collect();
    facts.extend(few(keys, |more| Fact {
        class: "key",
        icon: "key",
        words: format!("{more} more that you can fix"),
        note: String::new(),
        link: Some(("/fix".to_owned(), "Click to Fix".to_owned())),
    }));
    let wrenches: Vec<Fact> = marked(Mark::Wrench).map(|connection| wrench(connection, now)).collect();
    facts.extend(few(wrenches, |more| Fact {
        class: "wrench",
        icon: "wrench",
        words: format!("{more} more that we are on"),
        note: String::new(),
        link: Some(("/accounts".to_owned(), "See all".to_owned())),
    }));
    facts.extend(resting.filter(|connection| connection.reason == Reason::ByPerson).map(switched_off));
    facts.extend(by_hand(added));
    facts.extend(next_update(connections, now));
    facts
}

/// The first ones, and one line that counts the others.
fn few(mut facts: Vec<Fact>, line: impl Fn(usize) -> Fact) -> Vec<Fact> {
    let more = facts.len().saturating_sub(CAUSES_MAX);
    facts.truncate(CAUSES_MAX);
    facts.extend((more > 0).then(|| line(more)));
    facts
}

fn key(connection: &Connection, me: PersonId) -> Fact {
    let (at, institution) = (format!("/connections/{}", connection.id), connection.name());
    let mine = connection.owner == me;
    Fact {
        class: "key",
        icon: if connection.reason == Reason::NewAccounts { "plus" } else { "key" },
        words: super::words::title(connection),
        note: if mine { String::new() } else { "It is another person’s login".to_owned() },
        link: Some(match connection.reason {
            _ if !mine => (at, "See why".to_owned()),
            Reason::NewAccounts if connection.around.added == 0 => {
                (format!("{at}/review"), "Continue".to_owned())
            }
            Reason::NewAccounts => (format!("{at}/review"), format!("Find New at {institution}")),
            _ => (at, format!("Fix {institution}")),
        }),
    }
}

fn wrench(connection: &Connection, now: &Now<'_>) -> Fact {
    Fact {
        class: "wrench",
        icon: "wrench",
        words: format!("{}: we are on it", connection.name()),
        note: connection
            .due_at
            .map(|due| format!("Next try at {}", moment(due, now.at, now.zone)))
            .unwrap_or_default(),
        link: Some((format!("/connections/{}", connection.id), "See why".to_owned())),
    }
}

fn switched_off(connection: &Connection) -> Fact {
    Fact {
        class: "",
        icon: "clock",
        words: format!("{} is switched off", connection.name()),
        note: String::new(),
        link: Some((format!("/connections/{}", connection.id), "Switch on".to_owned())),
    }
}

fn by_hand(added: &[Account]) -> Option<Fact> {
    let by_hand: Vec<&Account> = added.iter().filter(|account| account.connection.is_none()).collect();
    let oldest = by_hand.iter().filter_map(|account| account.value).map(|value| value.as_of).min()?;
    Some(Fact {
        class: "",
        icon: "hand",
        words: format!("{} entered by hand", counted(by_hand.len(), "value")),
        note: format!("The oldest is of {}", date_words(oldest)),
        link: None,
    })
}

/// The next run that nobody has to ask for.
fn next_update(connections: &[Connection], now: &Now<'_>) -> Option<Fact> {
    let healthy =
        connections.iter().filter(|connection| connection.reason.is_healthy() && !connection.is_running());
    let due = healthy.filter_map(|connection| connection.due_at).filter(|due| *due > now.at).min()?;
    Some(Fact {
        class: "",
        icon: "clock",
        words: "Next update".to_owned(),
        note: coming(due, now.zone),
        link: None,
    })
}
