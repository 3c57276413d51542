//! One server process: an engine, and the clients that are at its pages.

use std::{
    collections::BTreeSet,
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connectors::{Net, net::Policy, registry};
use directory::Directory;
use engine::{Engine, MasterKey, Options, Parts, Schedule, Vault};
use heldaway::system::{SystemClock, SystemEntropy};
use rustix::process::{Signal, getpid, kill_process};
use store::{At, Probe, Store};

use crate::{clients::Client, moments};

/// The same key in all processes, as several nodes have.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(crate) const LEASE: Duration = Duration::from_millis(1_000);
/// How often each connection is due.
const DAY: Duration = Duration::from_millis(600);

/// What a server must know; handed over in its environment.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    pub(crate) database: String,
    pub(crate) sandbox: String,
    pub(crate) node: String,
    /// Which clients are at its pages.
    pub(crate) clients: Vec<usize>,
    /// At which moment of its transactions it dies: `statement 17`, or before or after a commit of a kind, such as
    /// `before connection.disconnected`.
    pub(crate) death: String,
}

const VARIABLES: [&str; 5] = ["DATABASE", "SANDBOX", "NODE", "CLIENTS", "DEATH"];

impl Orders {
    /// The environment of the process that follows them.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let clients: Vec<String> = self.clients.iter().map(usize::to_string).collect();
        let values = [
            self.database.clone(),
            self.sandbox.clone(),
            self.node.clone(),
            clients.join(","),
            self.death.clone(),
        ];
        VARIABLES.iter().map(|name| format!("HELDAWAY_CRASH_{name}")).zip(values).collect()
    }

    fn read() -> Option<Self> {
        let [database, sandbox, node, clients, death] =
            VARIABLES.map(|name| std::env::var(format!("HELDAWAY_CRASH_{name}")).unwrap_or_default());
        let clients = clients.split(',').filter_map(|number| number.parse().ok()).collect();
        (!database.is_empty()).then_some(Self { database, sandbox, node, clients, death })
    }
}

/// The name of a household.
pub(crate) fn word(household: usize) -> String {
    format!("Household{household}")
}

pub(crate) async fn engine(store: Store, sandbox: &str, node: &str, schedule: Schedule) -> Engine {
    let url = format!("{sandbox}/directory.json");
    let offerings =
        heldaway::demo::sandbox::offerings(&url).await.expect("the sandbox lists its institutions");
    Engine::new(Parts {
        store,
        vault: Vault::new(MasterKey::parse(KEY).expect("a key"), []),
        net: Net::new(Policy::WITH_SANDBOX).expect("a network"),
        directory: Arc::new(Directory::of(offerings)),
        connectors: registry::all(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        schedule,
        node: node.to_owned(),
        options: Options {
            lease: LEASE,
            step_timeout: LEASE - Duration::from_millis(100),
            workers: 4,
            institution_concurrency_max: 16,
            // Here it is not the run that kills its workers.
            tries_max: 1_000,
            poll: Duration::from_millis(20),
        },
    })
}

/// Follows the orders in the environment until it is killed.
pub(crate) fn run_if_asked() {
    let Some(orders) = Orders::read() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(serve(orders));
}

async fn serve(orders: Orders) {
    let mut options = store::Options::new(Arc::new(SystemEntropy));
    options.probe = death(&orders.death);
    let store = patiently(|| Store::open(&orders.database, options.clone())).await;
    let engine = engine(store.clone(), &orders.sandbox, &orders.node, Schedule::Every(DAY)).await;
    patiently(|| engine.check_key()).await;
    let whim = moments::whim(&orders.death);
    for number in orders.clients {
        let word = word(number);
        let client = patiently(|| Client::find(&store, number, &word)).await;
        let (engine, database) = (engine.clone(), orders.database.clone());
        tokio::spawn(async move {
            loop {
                let _ = client.go_on(&engine, whim.now(), &database).await;
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        });
    }
    say("serving");
    engine.run(std::future::pending()).await;
}

/// A neighbour that is paused in the middle of a transaction may hold the database for longer than a call waits; what
/// starts a real server would start it again.
async fn patiently<T, E, F>(call: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, E>>,
    E: std::fmt::Debug,
{
    let mut tries = 0;
    loop {
        match call().await {
            Ok(done) => return done,
            Err(error) if tries == 20 => panic!("not after {tries} tries: {error:?}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A probe that kills this process at the wanted moment, says at which one, and tells what kinds of commits it sees.
fn death(wanted: &str) -> Option<Probe> {
    let (kind, which) = wanted.split_once(' ')?;
    let (kind, which) = (kind.to_owned(), which.to_owned());
    let statements = AtomicU32::new(0);
    let seen = Mutex::new(BTreeSet::new());
    Some(Arc::new(move |moment| {
        let (this, here) = match moment.at {
            At::Statement(_) => ("statement", (statements.fetch_add(1, Ordering::SeqCst) + 1).to_string()),
            At::BeforeCommit => ("before", moments::name(moment.first, moment.action)),
            At::AfterCommit => ("after", moments::name(moment.first, moment.action)),
        };
        if this == "before" && seen.lock().expect("nobody panics with it").insert(here.clone()) {
            say(&format!("commits {}|{}", moment.first, moment.action));
        }
        if this == kind && here == which {
            let how = if this == "statement" { format!("after {}", moment.action) } else { here };
            say(&format!("died {this} {how}"));
            let _ = kill_process(getpid(), Signal::KILL);
        }
        Ok(())
    }))
}

fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}
