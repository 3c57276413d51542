//! The hand that kills and pauses.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::world::Entropy;
use engine::Schedule;
use heldaway::system::SystemEntropy;
use rustix::process::{Pid, Signal, kill_process};
use sandbox::Sandbox;
use store::testing::Database;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::Mutex,
};

use crate::{
    books,
    clients::{Client, HOUSEHOLDS, PERSONAS},
    server::{self, LEASE, Orders, word},
};

/// Servers that are up at the same time.
const SERVERS: usize = 3;
/// The longest a server lives that was told to kill itself and doesn't get to it.
const LIFE: Duration = Duration::from_millis(1_000);

/// A whole number below `below`, from the kernel.
fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    u64::from_be_bytes(bytes) % below
}

/// The institutions, with a clock that stands still so that every run finds the same books.
async fn institutions() -> Sandbox {
    use domain::world::Clock as _;
    let now = heldaway::system::SystemClock.now();
    let options = sandbox::Options { clock: Some(now), clock_stopped: true, ..sandbox::Options::default() };
    Sandbox::start(options).await.expect("the sandbox starts")
}

/// Starts a server; its lines tell when it serves and at which moment it killed itself.
fn start(orders: &Orders) -> (Child, tokio::io::Lines<BufReader<tokio::process::ChildStdout>>) {
    let program = std::env::current_exe().expect("this executable");
    let mut command = Command::new(program);
    command.args(["--exact", "server", "--nocapture"]).envs(orders.environment());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("a server starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    (child, lines)
}

type Deaths = Arc<Mutex<BTreeMap<String, usize>>>;

/// Kills servers `kills` times and settles the books.
pub(crate) async fn kills(database: Database, kills: usize) {
    let institutions = institutions().await;
    for number in 0..HOUSEHOLDS {
        Client::new(&database.store, number, &word(number)).await;
    }
    let begun = Instant::now();
    let (left, deaths) = (Arc::new(AtomicUsize::new(kills)), Deaths::default());
    let mut slots = Vec::new();
    for slot in 0..SERVERS {
        let orders = Orders {
            database: database.url.clone(),
            sandbox: institutions.address(),
            node: String::new(),
            clients: (0..HOUSEHOLDS).filter(|number| number % SERVERS == slot).collect(),
            death: String::new(),
        };
        slots.push(tokio::spawn(kill_again_and_again(slot, orders, Arc::clone(&left), Arc::clone(&deaths))));
    }
    for slot in slots {
        slot.await.expect("the hand that kills lives");
    }
    let deaths = deaths.lock().await.clone();
    println!("{database:?}: {kills} kills in {:?}: {deaths:#?}", begun.elapsed());
    assert_eq!(books::late_writes(&database.url).await, Vec::<String>::new());
    settle(&database, &institutions).await;
}

async fn kill_again_and_again(slot: usize, orders: Orders, left: Arc<AtomicUsize>, deaths: Deaths) {
    let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok();
    while let Some(number) = take() {
        // A third each: at any moment, at a statement, at a commit.
        let death = match number % 3 {
            0 => String::new(),
            1 => format!("statement {}", 1 + random(70)),
            _ => format!("{} {}", if random(2) == 0 { "before" } else { "after" }, 1 + random(7)),
        };
        let by_itself = !death.is_empty();
        let orders = Orders { node: format!("server {slot}, life {number}"), death, ..orders.clone() };
        let (mut child, mut lines) = start(&orders);
        let mut how = "at any moment".to_owned();
        if by_itself {
            let ended = tokio::time::timeout(LIFE, async {
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some((_, moment)) = line.split_once("died ") {
                        how = moment.to_owned();
                    }
                }
            });
            if ended.await.is_err() {
                "after a while".clone_into(&mut how);
            }
        } else {
            tokio::time::sleep(Duration::from_millis(40 + random(500))).await;
        }
        // SIGKILL; one that killed itself is only collected.
        child.kill().await.expect("it is dead");
        *deaths.lock().await.entry(how).or_default() += 1;
    }
}

/// Pauses servers for longer than their lease, `pauses` times, and tells which writes came late.
pub(crate) async fn pauses(database: Database, pauses: usize) -> Vec<String> {
    let institutions = institutions().await;
    for number in 0..HOUSEHOLDS {
        Client::new(&database.store, number, &word(number)).await;
    }
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(pauses));
    let mut slots = Vec::new();
    for slot in 0..2 * SERVERS {
        let orders = Orders {
            database: database.url.clone(),
            sandbox: institutions.address(),
            node: format!("server {slot}"),
            clients: (0..HOUSEHOLDS).filter(|number| number % (2 * SERVERS) == slot).collect(),
            death: String::new(),
        };
        slots.push(tokio::spawn(pause_again_and_again(orders, Arc::clone(&left))));
    }
    for slot in slots {
        slot.await.expect("the hand that pauses lives");
    }
    println!("{database:?}: {pauses} pauses in {:?}", begun.elapsed());
    let late = books::late_writes(&database.url).await;
    if late.is_empty() {
        settle(&database, &institutions).await;
    }
    late
}

async fn pause_again_and_again(orders: Orders, left: Arc<AtomicUsize>) {
    let (mut child, mut lines) = start(&orders);
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("serving") {
            break;
        }
    }
    let pid = i32::try_from(child.id().expect("it runs")).expect("a process id");
    let pid = Pid::from_raw(pid).expect("a process id");
    let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok();
    while take().is_some() {
        tokio::time::sleep(Duration::from_millis(random(400))).await;
        kill_process(pid, Signal::STOP).expect("it is stopped");
        // Long enough that another has it, short enough that the other is still at it.
        tokio::time::sleep(LEASE + Duration::from_millis(random(150))).await;
        kill_process(pid, Signal::CONT).expect("it goes on");
    }
    // What it still holds must come to nothing as well.
    tokio::time::sleep(LEASE).await;
    assert!(child.try_wait().expect("its state").is_none(), "{} ended by itself", orders.node);
    child.kill().await.expect("it is dead");
}

/// Without any more faults everything comes to rest, and the books are those of households that never saw a fault.
async fn settle(database: &Database, institutions: &Sandbox) {
    let schedule = Schedule::BusinessDays;
    let engine = server::engine(database.store.clone(), &institutions.address(), "calm", schedule).await;
    let mut clients = Vec::new();
    for number in 0..HOUSEHOLDS {
        clients.push(Client::find(&database.store, number, &word(number)).await.expect("it is there"));
    }
    rest(&engine, &clients).await;
    let mut controls = Vec::new();
    for persona in 0..PERSONAS.len() {
        controls.push(Client::new(&database.store, persona, &format!("Control{persona}")).await);
    }
    rest(&engine, &controls).await;
    books::check(&database.url).await;
}

async fn rest(engine: &engine::Engine, clients: &[Client]) {
    let begun = Instant::now();
    let mut quiet = 0;
    while quiet < 5 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "everything rests within a minute of the last fault"
        );
        let mut busy = !engine.tick(engine.now()).await.expect("the store answers").is_idle();
        for client in clients {
            busy |= client.go_on(engine, false).await.expect("nothing is in its way");
        }
        // Leases of the dead run out.
        let open = books::open_runs(engine, clients).await;
        quiet = if busy || open { 0 } else { quiet + 1 };
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
