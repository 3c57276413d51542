//! The hand that kills and pauses.

use std::{
    collections::BTreeSet,
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
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

use crate::{
    books,
    clients::{Client, HOUSEHOLDS, PERSONAS, Persona, Whim, persona_of},
    moments::{self, Plan},
    server::{self, LEASE, Orders, word},
};

/// Servers that are up at the same time.
const SERVERS: usize = 3;
/// The longest that a server may take until it serves.
const START: Duration = Duration::from_secs(30);
/// The longest that a server serves that was told to kill itself and doesn't get to it.
const LIFE: Duration = Duration::from_secs(4);
/// How often the books are looked at while servers are paused.
const LOOK: Duration = Duration::from_secs(2);
/// Kills beyond those asked for, in search of the moments that were not had.
const FURTHER_KILLS_MAX: usize = 300;

/// A whole number below `below`, from the kernel.
pub(crate) fn random(below: u64) -> u64 {
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

/// Starts a server; its lines tell when it serves, what it commits and at which moment it killed itself.
fn start(orders: &Orders) -> (Child, Said) {
    let program = std::env::current_exe().expect("this executable");
    let mut command = Command::new(program);
    command.args(["--exact", "server", "--nocapture"]).envs(orders.environment());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("a server starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    (child, lines)
}

type Said = Lines<BufReader<ChildStdout>>;

/// The hand that kills, shared by all slots.
struct Hand {
    institutions: Sandbox,
    plan: Plan,
    /// Kills still to come, then those permitted for moments that were not had.
    left: AtomicUsize,
    further: AtomicUsize,
}

impl Hand {
    /// The number of the next kill, as long as there is a reason for one.
    fn next(&self) -> Option<usize> {
        let take = |from: &AtomicUsize| {
            from.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok()
        };
        take(&self.left).or_else(|| {
            let missing = !self.plan.missing().is_empty();
            // Only at chosen moments: a number that a third of the kills has.
            missing.then(|| take(&self.further)).flatten().map(|further| 3 * further + 2)
        })
    }

    /// A third each: at any moment, at a statement, before or after the next kind of commit in turn.
    fn death(&self, number: usize) -> String {
        match number % 3 {
            0 => String::new(),
            1 => format!("statement {}", 1 + random(70)),
            _ => self.plan.next(),
        }
    }
}

/// Kills servers `kills` times and settles the books. Each moment is had at least once.
pub(crate) async fn kills(database: Database, kills: usize) {
    let hand = Arc::new(Hand {
        institutions: institutions().await,
        plan: Plan::default(),
        left: AtomicUsize::new(kills),
        further: AtomicUsize::new(FURTHER_KILLS_MAX),
    });
    books::number_rows(&database.url).await;
    for number in 0..HOUSEHOLDS {
        Client::new(&database.store, number, &word(number)).await;
    }
    let begun = Instant::now();
    let mut slots = Vec::new();
    for slot in 0..SERVERS {
        let orders = Orders {
            database: database.url.clone(),
            sandbox: hand.institutions.address(),
            node: String::new(),
            clients: (0..HOUSEHOLDS).filter(|number| number % SERVERS == slot).collect(),
            death: String::new(),
        };
        slots.push(tokio::spawn(kill_again_and_again(slot, orders, Arc::clone(&hand))));
    }
    for slot in slots {
        slot.await.expect("the hand that kills lives");
    }
    let deaths = hand.plan.deaths();
    let total: usize = deaths.values().sum();
    println!("{database:?}: {total} kills in {:?}: {deaths:#?}", begun.elapsed());
    assert_eq!(books::late_writes(&database.url).await, Vec::<String>::new());
    fail_once(&hand.institutions, None).await;
    settle(&database, &hand.institutions).await;
    assert_eq!(hand.plan.missing(), Vec::<String>::new(), "moments at which no server was killed");
    assert_eq!(hand.plan.strangers(), BTreeSet::new(), "commits that moments.rs doesn't know");
}

async fn kill_again_and_again(slot: usize, orders: Orders, hand: Arc<Hand>) {
    while let Some(number) = hand.next() {
        let death = hand.death(number);
        if moments::needs_a_failure(&death) {
            let client = orders.clients[random(orders.clients.len() as u64) as usize];
            fail_once(&hand.institutions, Some(&PERSONAS[persona_of(client)])).await;
        }
        let orders = Orders { node: format!("server {slot}, life {number}"), death, ..orders.clone() };
        let (mut child, mut lines) = start(&orders);
        let how = if orders.death.is_empty() {
            tokio::time::sleep(Duration::from_millis(40 + random(500))).await;
            "at any moment".to_owned()
        } else {
            by_itself(&mut lines, &hand.plan).await.unwrap_or_else(|| "after a while".to_owned())
        };
        // SIGKILL; one that killed itself is only collected.
        child.kill().await.expect("it is dead");
        hand.plan.died(how);
    }
}

/// Waits until a server has killed itself, and tells at which moment; `None` when it didn't get to it.
async fn by_itself(lines: &mut Said, plan: &Plan) -> Option<String> {
    let mut died = None;
    // A busy machine may take long to start it: only what it then serves is its life.
    let mut until = tokio::time::Instant::now() + START;
    while let Ok(Ok(Some(line))) = tokio::time::timeout_at(until, lines.next_line()).await {
        // What the test harness prints around it has no end of line.
        if let Some((_, moment)) = line.split_once("died ") {
            died = Some(moment.to_owned());
        } else if let Some((_, commit)) = line.split_once("commits ") {
            let (first, last) = commit.split_once('|').expect("first and last action");
            plan.saw(first, last);
        }
        if line.contains("serving") {
            until = tokio::time::Instant::now() + LIFE;
        }
    }
    died
}

/// The institution refuses one request of a persona: it seems to be signed in elsewhere (OFX 15501). Without one,
/// whatever was not refused yet is answered.
async fn fail_once(institutions: &Sandbox, persona: Option<&Persona>) {
    let address = institutions.address();
    let host = address.trim_start_matches("http://");
    let (method, body) = match persona {
        None => ("DELETE", String::new()),
        Some(Persona { institution, login, .. }) => (
            "POST",
            format!(
                r#"{{"institution":"{institution}","login":"{login}","fault":"status","code":15501,"count":1}}"#
            ),
        ),
    };
    let length = body.len();
    let request = format!(
        "{method} /api/faults HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let mut socket = TcpStream::connect(host).await.expect("the sandbox listens");
    socket.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

/// Pauses servers for longer than their lease, `pauses` times or until a write came late, and tells which did.
pub(crate) async fn pauses(database: Database, pauses: usize) -> Vec<String> {
    let institutions = institutions().await;
    books::number_rows(&database.url).await;
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
    while left.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(LOOK).await;
        if !books::late_writes(&database.url).await.is_empty() {
            left.store(0, Ordering::SeqCst);
        }
    }
    for slot in slots {
        slot.await.expect("the hand that pauses lives");
    }
    println!("{database:?}: at most {pauses} pauses in {:?}", begun.elapsed());
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
            busy |= client.go_on(engine, Whim::Rest, "").await.expect("nothing is in its way");
        }
        // Leases of the dead run out.
        let open = books::open_runs(engine, clients).await;
        quiet = if busy || open { 0 } else { quiet + 1 };
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
