//! Refreshes: `heldaway serve` with many connections due all the time, against the sandbox's process over HTTP.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use domain::{ConnectionId, reason::Reason};
use engine::Schedule;

use crate::{
    firm::{Client, Credentials, Firm, Place},
    process::{Portal, Request, Sandbox},
};

/// An institution of the sandbox and a login with one checking account. It is listed as several institutions, since the
/// engine asks no institution for more than a few accounts at a time.
const INSTITUTION: &str = "pinegrove";
const LOGIN: &str = "uma.twins";
const LOGIN_PASSWORD: &str = "sandbox-cone-1403";
const INSTITUTIONS: u32 = 8;
/// Each with a connection to each institution.
const HOUSEHOLDS: u32 = 60;
/// Before counting begins.
const WARM_UP: Duration = Duration::from_secs(3);

/// What the refreshes came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refreshed {
    pub(crate) connections: usize,
    /// Entries of one account.
    pub(crate) entries: u64,
    pub(crate) refreshes: u64,
    pub(crate) took: Duration,
    pub(crate) portal_cpu: Duration,
    pub(crate) sandbox_cpu: Duration,
}

/// Connects everything, lets it all be due at all times, and counts what the institutions were asked in `counted`.
pub(crate) async fn run(
    place: &Place<'_>,
    sandbox: &Sandbox,
    counted: Duration,
) -> anyhow::Result<Refreshed> {
    let directory = publish(listing(sandbox)?)?;
    let offerings = heldaway::demo::sandbox::offerings(&directory).await?;
    // A day of a second after a clock that stands still: nothing is due while connecting, everything afterwards.
    let firm = Firm::new(place, offerings, Schedule::Every(Duration::from_secs(1))).await?;
    let connections = connect_all(&firm).await?;
    let (client, first) = &connections[0];
    let access_key = firm.access_key(client).await?;
    let account = firm.account(client, *first).await?;
    let entries = firm.entries(client, account).await?;
    let settings = [
        ("HELDAWAY_ENGINE_DAY_SECONDS", "1"),
        ("HELDAWAY_CONNECTORS_LOOPBACK_HTTP", "true"),
        ("HELDAWAY_CONNECTORS_SANDBOX_DIRECTORY", &directory),
    ];
    let portal = Portal::start(place, &access_key, &settings).await?;
    tokio::time::sleep(WARM_UP).await;
    let before = Moment::now(&portal, sandbox)?;
    tokio::time::sleep(counted).await;
    let after = Moment::now(&portal, sandbox)?;
    drop(portal);
    for (client, id) in &connections {
        let reason = firm.reason(client, *id).await?;
        ensure!(reason == Reason::Ok, "a refresh ended with: {}", reason.title());
    }
    ensure!(firm.entries(client, account).await? == entries, "refreshing added entries");
    Ok(Refreshed {
        connections: connections.len(),
        entries,
        refreshes: after.refreshes - before.refreshes,
        took: after.at - before.at,
        portal_cpu: after.portal_cpu - before.portal_cpu,
        sandbox_cpu: after.sandbox_cpu - before.sandbox_cpu,
    })
}

/// The sandbox's row of the institution under several names.
fn listing(sandbox: &Sandbox) -> anyhow::Result<String> {
    let answer = Request::get("/directory.json").send(&sandbox.address)?;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&answer.body).context("the sandbox's list")?;
    let row = rows.into_iter().find(|row| row["id"] == INSTITUTION).context(INSTITUTION)?;
    let named = |number: u32| {
        let mut row = row.clone();
        row["id"] = offering(number).into();
        row["name"] = format!("Pinegrove Bank {number}").into();
        row
    };
    Ok(serde_json::to_string(&(1..=INSTITUTIONS).map(named).collect::<Vec<_>>())?)
}

fn offering(number: u32) -> String {
    format!("{INSTITUTION}-{number}")
}

/// Lets everybody on this machine read a list, as long as this process lives; returns its address.
fn publish(list: String) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/directory.json", listener.local_addr()?);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 2048];
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", list.len());
            // Who leaves early doesn't want it.
            let _ = stream.read(&mut request).and_then(|_| stream.write_all((head + &list).as_bytes()));
        }
    });
    Ok(address)
}

async fn connect_all(firm: &Firm) -> anyhow::Result<Vec<(Client, ConnectionId)>> {
    let mut connections = Vec::new();
    for household in 0..HOUSEHOLDS {
        let client = firm.client(&format!("household{household}")).await?;
        for number in 1..=INSTITUTIONS {
            let offering = heldaway::demo::sandbox::offering_id(&offering(number));
            let user = format!("{LOGIN}+{}", household * INSTITUTIONS + number);
            let with = Credentials { offering: &offering, user: &user, password: LOGIN_PASSWORD };
            connections.push((client.clone(), firm.connect(&client, &with).await?));
        }
    }
    firm.work().await?;
    for (client, id) in &connections {
        firm.add_found(client, *id).await?;
    }
    Ok(connections)
}

/// What the counters say at a moment.
struct Moment {
    at: Instant,
    refreshes: u64,
    portal_cpu: Duration,
    sandbox_cpu: Duration,
}

impl Moment {
    fn now(portal: &Portal, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let answer = Request::get("/api/counters").send(&sandbox.address)?;
        let counters: serde_json::Value =
            serde_json::from_str(&answer.body).context("the sandbox's counters")?;
        // Each run signs on once, with the list of accounts, and asks for the statement in the same request.
        let personas = counters["personas"].as_object().context("the personas' counters")?;
        let lists = personas.values().filter_map(|persona| persona["account_lists"].as_u64());
        let refreshes = lists.sum();
        Ok(Self {
            at: Instant::now(),
            refreshes,
            portal_cpu: portal.process.cpu()?,
            sandbox_cpu: sandbox.process.cpu()?,
        })
    }
}
