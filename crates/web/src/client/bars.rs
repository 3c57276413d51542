//! The notification bars: first what the client can fix, then what others are on.

use domain::{PersonId, Reason, Timestamp, connection::Connection, reason::Mark};
use jiff::tz::TimeZone;

use super::words::{Step, Trouble, counted, mark};

/// So many institutions in trouble have a bar each; more share one.
const WRENCH_BARS_MAX: usize = 2;

/// So many of the client's own are named in their bar.
const NAMED_MAX: usize = 3;

/// One bar.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    /// `key` or `wrench`, which is also its icon.
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) headline: String,
    /// Folded away on phones.
    pub(crate) rest: String,
    pub(crate) step: Option<Step>,
}

/// The connections that `me` can fix now, in the order in which the queue walks through them.
pub(crate) fn fixable<'a>(
    connections: &'a [Connection],
    me: PersonId,
    now: Timestamp,
    zone: &TimeZone,
) -> impl Iterator<Item = &'a Connection> {
    connections.iter().filter(move |connection| {
        connection.owner == me
            && mark(connection, now, zone) == Mark::Key
            // Switched off by the client is no trouble to be reminded of.
            && connection.reason != Reason::ByPerson
    })
}

/// The bars for a household's connections, as `me` sees them.
pub(crate) fn bars(connections: &[Connection], me: PersonId, now: Timestamp, zone: &TimeZone) -> Vec<Bar> {
    let mut bars = Vec::new();
    let mine: Vec<&Connection> = fixable(connections, me, now, zone).collect();
    if !mine.is_empty() {
        let told = mine.iter().take(NAMED_MAX);
        let mut rest: Vec<String> =
            told.map(|connection| one_line(&super::words::title(connection), &connection.name())).collect();
        if mine.len() > NAMED_MAX {
            rest.push(format!("And {} more.", mine.len() - NAMED_MAX));
        }
        bars.push(Bar {
            class: "key",
            icon: "key",
            headline: format!("Fix {}", counted(mine.len(), "connection")),
            rest: rest.join(" "),
            step: Some(Step { label: "Click to Fix", href: "/fix".to_owned(), post: false }),
        });
    }
    let others: Vec<(Trouble, &Connection)> = connections
        .iter()
        .filter_map(|connection| Some((Trouble::of(connection, now, zone)?, connection)))
        .filter(|(trouble, _)| trouble.class == "wrench")
        .collect();
    if others.len() > WRENCH_BARS_MAX {
        bars.push(wrench(
            "Unable to get the recent account values".to_owned(),
            format!("{} institutions are in trouble. We try again by ourselves.", others.len()),
            "/accounts".to_owned(),
        ));
        return bars;
    }
    for (trouble, connection) in others {
        bars.push(wrench(trouble.title, trouble.sentence, format!("/connections/{}", connection.id)));
    }
    bars
}

fn wrench(headline: String, rest: String, href: String) -> Bar {
    let step = Some(Step { label: "Click to Fix", href, post: false });
    Bar { class: "wrench", icon: "wrench", headline, rest, step }
}

/// A title that names its institution stands alone; any other gets the name in front.
fn one_line(title: &str, institution: &str) -> String {
    if title.contains(institution) { format!("{title}.") } else { format!("{institution}: {title}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn what_the_client_can_fix_comes_first_and_counts_only_own_logins() {
        let (now, zone) = (samples::now(), samples::zone());
        let connections = [
            samples::connection(1, "Granite State Mortgage", Reason::Down),
            samples::connection(2, "Meridian Retirement", Reason::CredentialsRejected),
            samples::connection(3, "Fidelity Investments", Reason::NewAccounts),
            samples::connection(4, "Lakeshore Credit Union", Reason::Ok),
        ];
        let mine = bars(&connections, samples::person_id(1), now, &zone);
        assert_eq!(mine.len(), 2);
        assert_eq!((mine[0].class, mine[0].headline.as_str()), ("key", "Fix 2 connections"));
        assert_eq!(
            mine[0].rest,
            "Meridian Retirement: The institution rejected your credentials. A new account at Fidelity Investments."
        );
        assert_eq!(mine[1].headline, "Unable to get the recent account values");
        assert_eq!(mine[1].step.as_ref().unwrap().label, "Click to Fix");
        assert!(mine[1].rest.contains("It began at"), "{}", mine[1].rest);
        let another = bars(&connections, samples::person_id(2), now, &zone);
        assert_eq!(another.len(), 1, "another person's login is not theirs to fix");
    }
}
