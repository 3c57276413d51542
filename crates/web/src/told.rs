//! The word at the top of a page about the runs that somebody asked for a moment ago. It tells the present truth, so that
//! an address that is loaded again later says nothing that is over.

use domain::{Timestamp, connection::Connection, reason::State};

/// A run that ended longer ago is no news any more.
const NEWS_SECONDS: i64 = 120;

/// `templates/part/told.html` shows it.
pub(crate) struct Told {
    /// Sentences.
    pub(crate) words: Vec<String>,
    /// While something is under way: the address that tells how it goes on. The page asks there by itself.
    pub(crate) again: Option<String>,
    /// The page around this word is older than the word: the address that shows it anew.
    pub(crate) newest: Option<String>,
}

/// Where a run that was asked for is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// A person must answer first.
    Waits,
    Running,
    /// Values came a moment ago.
    Came,
    /// Refreshed a while ago: refused before this time.
    Later(Timestamp),
    /// Something else must be done first, or it has just failed.
    Failed,
    /// Nothing to tell.
    Rests,
}

impl Went {
    pub(crate) fn of(connection: &Connection, now: Timestamp) -> Self {
        let later = connection.manual_refresh_after.filter(|at| *at > now);
        let ended =
            connection.last_attempt_at.is_some_and(|at| now.as_second() - at.as_second() < NEWS_SECONDS);
        match (connection.is_running(), connection.reason.is_healthy(), later) {
            _ if connection.state() == State::NeedsInput => Self::Waits,
            (true, ..) => Self::Running,
            (_, true, _) if ended => Self::Came,
            (_, false, _) => Self::Failed,
            (_, true, Some(at)) => Self::Later(at),
            (_, true, None) => Self::Rests,
        }
    }
}

/// `A`, `A and B`, `A, B, C and 11 more`.
pub(crate) fn named(names: &[&str]) -> String {
    const NAMED_MAX: usize = 3;
    let shown = &names[..names.len().min(NAMED_MAX)];
    match (shown, names.len() - shown.len()) {
        (shown, more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        ([], _) => String::new(),
        ([one], _) => (*one).to_owned(),
        ([rest @ .., last], _) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_named_and_the_others_counted() {
        assert_eq!(named(&[]), "");
        assert_eq!(named(&["A"]), "A");
        assert_eq!(named(&["A", "B"]), "A and B");
        assert_eq!(named(&["A", "B", "C"]), "A, B and C");
        assert_eq!(named(&["A", "B", "C", "D", "E"]), "A, B, C and 2 more");
    }
}
