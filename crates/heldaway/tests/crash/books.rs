//! What the database must say, however it came about.

use std::collections::{BTreeMap, BTreeSet};

use engine::Engine;
use store::testing::{count, execute, texts};

use crate::clients::{Client, HOUSEHOLDS, PERSONAS, persona_of};

/// Whether a run of these clients is still open.
pub(crate) async fn open_runs(engine: &Engine, clients: &[Client]) -> bool {
    for client in clients {
        let household = client.subject.household.expect("a client has a household");
        let connections =
            engine.store().reader(&client.subject).connections(household).await.expect("they are there");
        if connections.iter().any(domain::connection::Connection::is_running) {
            return true;
        }
    }
    false
}

/// Numbers the audit rows in the order in which they are written. Their times don't: each is that of the transaction,
/// from before it waited for others, and a frozen process wakes with an old one. Who writes about a connection holds
/// its household until the commit, so the order of rows is that of commits.
pub(crate) async fn number_rows(url: &str) {
    // SQLite numbers the rows of each table.
    if !url.starts_with("sqlite") {
        execute(url, "ALTER TABLE audit ADD COLUMN rowid BIGSERIAL").await;
    }
}

/// Writes of a worker after another one had claimed the connection: there must be none.
pub(crate) async fn late_writes(url: &str) -> Vec<String> {
    let trail = texts(
        url,
        "SELECT subject || '|' || action || '|' || detail FROM audit
         WHERE action IN ('connection.claimed', 'connection.stepped') ORDER BY rowid",
    )
    .await;
    let mut claimed: BTreeMap<String, i64> = BTreeMap::new();
    let mut late = Vec::new();
    for row in trail {
        let [subject, action, detail] = row.splitn(3, '|').collect::<Vec<_>>()[..] else { continue };
        let lease: i64 = detail.rsplit(' ').next().and_then(|lease| lease.parse().ok()).expect("a lease");
        let latest = claimed.entry(subject.to_owned()).or_default();
        if action == "connection.claimed" {
            assert!(lease > *latest, "leases rise: {row}");
            *latest = lease;
        } else if lease < *latest {
            late.push(format!("{row}, after lease {latest}"));
        }
    }
    late
}

/// What was fetched for each account of each connection, apart from ids.
async fn fetched(url: &str, households: &str) -> Vec<String> {
    texts(
        url,
        &format!(
            "SELECT h.name || '|' || c.id || '|' || a.kind || ' ' || a.listed_name || ' ' || a.last_digits || ' ' || a.standing
                 || ' worth ' || COALESCE(a.amount, 0)
                 || ', values ' || (SELECT COUNT(*) FROM account_value v WHERE v.account_id = a.id)
                 || ', entries ' || (SELECT COUNT(*) FROM entry e WHERE e.account_id = a.id)
                 || ' sum ' || (SELECT COALESCE(SUM(e.amount), 0) FROM entry e WHERE e.account_id = a.id)
                 || ', holdings ' || (SELECT COUNT(*) FROM holding g WHERE g.account_id = a.id)
             FROM account a JOIN connection c ON c.id = a.connection_id JOIN household h ON h.id = a.household_id
             WHERE h.name LIKE '{households}%' ORDER BY 1"
        ),
    )
    .await
}

/// By household, for each connection the set of its accounts.
async fn by_household(url: &str, households: &str) -> BTreeMap<usize, Vec<BTreeSet<String>>> {
    let mut connections: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
    for row in fetched(url, households).await {
        let [name, connection, account] = row.splitn(3, '|').collect::<Vec<_>>()[..] else { continue };
        let number = name.trim_start_matches(households).parse().expect("a number");
        let accounts = connections.entry((number, connection.to_owned())).or_default();
        assert!(accounts.insert(account.to_owned()), "doubled: {row}");
    }
    let mut found: BTreeMap<usize, Vec<BTreeSet<String>>> = BTreeMap::new();
    for ((number, _), accounts) in connections {
        found.entry(number).or_default().push(accounts);
    }
    found
}

/// Everything is there once, nothing is left over, nothing is stuck.
pub(crate) async fn check(url: &str) {
    let control = by_household(url, "Control").await;
    let found = by_household(url, "Household").await;
    assert_eq!((control.len(), found.len()), (PERSONAS.len(), HOUSEHOLDS));
    let mut compared = 0;
    for (household, connections) in found {
        let persona = persona_of(household);
        let [expected] = &control[&persona][..] else { panic!("one connection for a control") };
        for accounts in connections {
            // One that was disconnected before its review has them found, not added.
            let alike = |accounts: &BTreeSet<String>| -> BTreeSet<String> {
                accounts.iter().map(|account| account.replace(" found ", " added ")).collect()
            };
            assert_eq!(alike(&accounts), alike(expected), "persona {persona}");
            compared += 1;
        }
    }
    println!("{compared} connections hold what a run without faults holds");
    let nothing = [
        ("open runs", "attempt WHERE ended_at IS NULL"),
        ("open questions", "challenge WHERE closed_at IS NULL"),
        ("work left over", "connection WHERE work_kind IS NOT NULL"),
        // The lease of a killed worker stays behind on a connection that was then disconnected; it has run out.
        (
            "leases left over",
            "connection WHERE lease_until IS NOT NULL AND reason NOT IN ('by_person', 'removed')",
        ),
        ("answers that were kept", "sealed WHERE purpose = 'answers'"),
        (
            "secrets after a disconnect",
            "sealed s JOIN connection c ON c.id = s.connection_id WHERE c.reason IN ('by_person', 'removed')",
        ),
        (
            "keys after a disconnect",
            "data_key k JOIN connection c ON c.id = k.connection_id WHERE c.reason IN ('by_person', 'removed')",
        ),
        (
            "runs that ended twice",
            "(SELECT subject FROM audit WHERE action = 'attempt.ended' GROUP BY subject HAVING COUNT(*) > 1) t",
        ),
        (
            "ids of entries that are there twice",
            "(SELECT account_id FROM entry GROUP BY account_id, native_id HAVING COUNT(*) > 1) t",
        ),
        (
            "connections of one form",
            "(SELECT form_key FROM connection GROUP BY form_key HAVING COUNT(*) > 1) t",
        ),
        (
            "days with two points",
            "(SELECT household_id FROM net_worth_day GROUP BY household_id HAVING COUNT(*) > 2) t",
        ),
    ];
    for (what, rows) in nothing {
        assert_eq!(count(url, rows).await, 0, "{what}");
    }
}
