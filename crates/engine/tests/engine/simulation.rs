//! Turn-based simulation: a seed decides who moves, when the clock jumps, what the bank answers, which node dies between
//! two calls of the store, and which one is paused in the middle of its step. After each turn the books must be in order;
//! when the faults stop, everything comes to rest.
//!
//! `HELDAWAY_SEEDS` sets how many seeds are run, `HELDAWAY_SEED` runs a single one.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use connectors::{About, Connector, Failure, Input, Memo, Step, StepFuture, Turn};
use domain::{
    ConnectionId, Date, Reason,
    attempt::{Mode, Stage as At},
    audit::Subject,
    challenge::{Question, QuestionKind},
    harvest::{FoundAccount, Harvest, Statement},
    transaction::Posted,
};
use engine::{Choice, Decision, Engine, Error, NewConnection, Options};
use jiff::civil::date;
use store::{
    Fault, Probe,
    testing::{self, Database, Sample},
};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    scripted::{checking, usd},
    stage::{Manual, answers, login, options, parts},
};

static ABOUT: About = About { name: "scripted", title: "A bank of the simulation", history_days: 90 };

/// Small numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % below
    }
}

/// A bank whose books only grow.
struct Bank {
    dice: Mutex<Dice>,
    entries: AtomicI64,
    calm: AtomicBool,
    /// While closed, steps wait in the middle.
    closed: AtomicBool,
    opened: Notify,
}

impl Bank {
    fn harvest(&self) -> Harvest {
        let today: Date = date(2026, 11, 23);
        let count = self.entries.load(Ordering::SeqCst);
        let posted = (0..count).map(|number| Posted {
            native_id: Some(format!("fit-{number}")),
            posted_on: today,
            amount: usd(-100 - number % 3),
            payee: "Shop".to_owned(),
            memo: String::new(),
            detail: String::new(),
            corrects: None,
            quantity: None,
        });
        let statement =
            Statement { from: Some(today), to: Some(today), posted: posted.collect(), pending: None };
        let account = FoundAccount { transactions: Some(statement), ..checking(1_000 + count, today) };
        Harvest { accounts: vec![account], complete: true, attended_only: false }
    }

    fn answer(&self, mode: Mode) -> Step {
        let roll = self.dice.lock().unwrap().roll(if self.calm.load(Ordering::SeqCst) { 8 } else { 16 });
        match roll {
            0..4 => Step::Again(At::ReadingAccounts),
            6 if mode == Mode::Attended => {
                let question = Question {
                    id: "MFA1".to_owned(),
                    label: "Which?".to_owned(),
                    kind: QuestionKind::Text,
                    options: vec![],
                    sent_to: None,
                    help_url: None,
                };
                Step::Ask {
                    questions: vec![question],
                    deadline: None,
                    wrong_before: false,
                    right_before: false,
                }
            }
            8 => Step::Failed(Failure::new(Reason::Down, "")),
            9 => Step::Failed(Failure::new(Reason::CredentialsRejected, "")),
            10 => Step::Failed(Failure::new(Reason::BadResponse, "")),
            11 => panic!("as the simulation wants it"),
            _ => {
                self.entries.fetch_add(1, Ordering::SeqCst);
                Step::Done(self.harvest())
            }
        }
    }
}

impl Connector for Bank {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn step<'a>(&'a self, turn: Turn<'a>, memo: Memo, _: Input) -> StepFuture<'a> {
        Box::pin(async move {
            while self.closed.load(Ordering::SeqCst) {
                self.opened.notified().await;
            }
            (memo, self.answer(turn.mode))
        })
    }
}

struct World {
    database: Database,
    clock: Arc<Manual>,
    bank: &'static Bank,
    nodes: Vec<Engine>,
    /// Moments of the store until the next fault; negative: none.
    fuse: Arc<AtomicI64>,
    clients: Vec<Subject>,
    paused: Vec<JoinHandle<()>>,
    dice: Dice,
}

impl World {
    async fn new(database: Database, seed: u64) -> Self {
        let clock = Arc::new(Manual::at(testing::now()));
        let bank: &'static Bank = Box::leak(Box::new(Bank {
            dice: Mutex::new(Dice(seed ^ 0xBA27)),
            entries: AtomicI64::new(3),
            calm: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            opened: Notify::new(),
        }));
        let fuse = Arc::new(AtomicI64::new(-1));
        let mut nodes = Vec::new();
        for number in 0..3 {
            let burning = Arc::clone(&fuse);
            let probe: Probe = Arc::new(move |_| match burning.fetch_sub(1, Ordering::SeqCst) {
                0 => Err(Fault),
                _ => Ok(()),
            });
            let store = database.another_with(Some(probe)).await;
            let options = Options { step_timeout: Duration::from_hours(1), tries_max: 50, ..options() };
            let scripted = Box::leak(Box::default());
            let mut parts = parts(store, &clock, scripted, &format!("node-{number} {seed}"), options);
            parts.connectors = vec![bank];
            nodes.push(Engine::new(parts));
        }
        let mut clients = Vec::new();
        for word in ["Ash", "Birch", "Cedar"] {
            clients.push(Sample::new(&database.store, word).await.as_client());
        }
        Self { database, clock, bank, nodes, fuse, clients, paused: vec![], dice: Dice(seed) }
    }

    async fn turn(&mut self) {
        let node = self.nodes[self.dice.roll(3) as usize].clone();
        match self.dice.roll(20) {
            0..6 => self.work(&node).await,
            6..8 => {
                self.fuse.store(self.dice.roll(60) as i64, Ordering::SeqCst);
                self.work(&node).await;
                self.fuse.store(-1, Ordering::SeqCst);
            }
            8 => self.pause(node).await,
            9..11 => self.resume().await,
            11 => {
                if let Some(dead) = self.paused.pop() {
                    dead.abort();
                }
            }
            12..14 => {
                let seconds = [1, 30, 121, 900, 4_000, 90_000][self.dice.roll(6) as usize];
                self.clock.pass(Duration::from_secs(seconds));
            }
            _ => self.act(&node).await,
        }
    }

    async fn work(&self, node: &Engine) {
        // A fault of the store is an error of this round, or of one connection in it; the queue is still there.
        let _ = node.tick(node.now()).await;
    }

    /// A worker that stops in the middle of its step; meanwhile its lease may run out.
    async fn pause(&mut self, node: Engine) {
        self.bank.closed.store(true, Ordering::SeqCst);
        self.paused.push(tokio::spawn(async move {
            let _ = node.tick(node.now()).await;
        }));
        tokio::time::sleep(Duration::from_millis(30)).await;
        self.bank.closed.store(false, Ordering::SeqCst);
    }

    async fn resume(&mut self) {
        self.bank.opened.notify_waiters();
        for late in self.paused.drain(..) {
            let _ = late.await;
        }
    }

    /// A person does something; what the state doesn't permit is refused.
    async fn act(&mut self, node: &Engine) {
        let subject = self.clients[self.dice.roll(3) as usize].clone();
        let connections =
            node.store().reader(&subject).connections(subject.household.unwrap()).await.unwrap();
        let Some(connection) = connections.first() else {
            let new = NewConnection {
                offering: "maple".to_owned(),
                login: login("right"),
                // Now and then the form is one that was sent before.
                form_key: format!("{} {}", subject.person, self.dice.roll(8)),
            };
            node.connect(&subject, "op", new).await.unwrap();
            return;
        };
        let id = connection.id;
        let outcome = match self.dice.roll(12) {
            0 => node.refresh(&subject, "op", id).await,
            1 => node.find_new(&subject, "op", id).await,
            2 => node.update_login(&subject, "op", id, login("new"), self.dice.roll(2) == 0).await,
            3 => node.start_again(&subject, "op", id).await,
            4 => node.disconnect(&subject, "op", id).await,
            _ => go_on(node, &subject, id).await,
        };
        assert!(matches!(outcome, Ok(()) | Err(Error::Illegal(_))), "{outcome:?}");
    }

    /// Names what is out of order.
    async fn disorder(&self) -> Vec<String> {
        let rules = [
            ("an entry twice", "(SELECT account_id FROM entry GROUP BY account_id, native_id HAVING COUNT(*) > 1) x".to_owned()),
            ("an account twice", "(SELECT connection_id FROM account WHERE connection_id IS NOT NULL GROUP BY connection_id HAVING COUNT(*) > 1) x".to_owned()),
            ("work without an open run", "connection c WHERE c.work_kind IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.connection_id = c.id AND a.ended_at IS NULL)".to_owned()),
            ("an open run without work", "attempt a JOIN connection c ON c.id = a.connection_id WHERE a.ended_at IS NULL AND c.work_kind IS NULL".to_owned()),
            ("a lost question", "connection c WHERE c.work_kind IS NOT NULL AND c.reason IN ('code', 'question', 'answer_wrong') AND NOT EXISTS (SELECT 1 FROM challenge q WHERE q.connection_id = c.id AND q.closed_at IS NULL)".to_owned()),
            ("a question that nobody waits for", "challenge q JOIN connection c ON c.id = q.connection_id WHERE q.closed_at IS NULL AND c.reason NOT IN ('code', 'question', 'answer_wrong')".to_owned()),
            ("a secret after a disconnect", "sealed s JOIN connection c ON c.id = s.connection_id WHERE c.reason IN ('by_person', 'removed')".to_owned()),
            ("a key after a disconnect", "data_key k JOIN connection c ON c.id = k.connection_id WHERE c.reason IN ('by_person', 'removed')".to_owned()),
            ("no login though it runs", "connection c WHERE c.work_kind IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sealed s WHERE s.connection_id = c.id AND s.purpose = 'login')".to_owned()),
            ("answers that nobody waits for", "sealed s JOIN connection c ON c.id = s.connection_id WHERE s.purpose = 'answers' AND c.work_kind IS NULL".to_owned()),
            ("work that is never due", "connection c WHERE c.work_kind IS NOT NULL AND c.due_at IS NULL".to_owned()),
            ("a run that ended twice", "(SELECT subject FROM audit WHERE action = 'attempt.ended' GROUP BY subject HAVING COUNT(*) > 1) x".to_owned()),
        ];
        let question: Vec<String> =
            rules.iter().map(|(name, rows)| format!("SELECT '{name}' FROM {rows}")).collect();
        let mut disorder = testing::texts(&self.database.url, &question.join(" UNION ALL ")).await;
        // Read before the bank's books, which a worker in the background may be adding to.
        let counts = "SELECT CAST(COUNT(*) AS TEXT) FROM entry GROUP BY account_id";
        let most = testing::texts(&self.database.url, counts).await;
        let most = most.iter().filter_map(|count| count.parse::<i64>().ok()).max().unwrap_or(0);
        if most > self.bank.entries.load(Ordering::SeqCst) {
            disorder.push("more entries than the bank has".to_owned());
        }
        disorder
    }

    /// Without faults, with a person who goes on, everything comes to rest with all of the bank's entries.
    async fn rest(&mut self) {
        self.bank.calm.store(true, Ordering::SeqCst);
        self.resume().await;
        for subject in self.clients.clone() {
            let node = self.nodes[0].clone();
            let household = subject.household.unwrap();
            for round in 0.. {
                assert!(round < 200, "it never rests");
                self.clock.pass(Duration::from_secs(200));
                self.work(&node).await;
                let connections = node.store().reader(&subject).connections(household).await.unwrap();
                let Some(connection) = connections.first() else { break };
                if connection.reason == Reason::Ok && !connection.is_running() {
                    break;
                }
                let id = connection.id;
                let _ = node.update_login(&subject, "op", id, login("right"), true).await;
                let _ = go_on(&node, &subject, id).await;
            }
        }
    }
}

/// What a person does who follows the page.
async fn go_on(node: &Engine, subject: &Subject, id: ConnectionId) -> Result<(), Error> {
    let progress = node.progress(subject, id).await?;
    if let Some(challenge) = progress.challenge {
        return node.answer(subject, "op", challenge.id, answers("this")).await;
    }
    let decisions = progress.found.into_iter().map(|account| {
        let (name, kind, owner) = (account.name, account.kind, account.owner);
        Decision { account: account.id, choice: Choice::Add { name, kind, owner, counted: true } }
    });
    node.review(subject, "op", id, decisions.collect()).await
}

async fn simulate(database: Database, seed: u64) {
    let kind = database.kind();
    let mut world = World::new(database, seed).await;
    for turn in 0..60 {
        world.turn().await;
        let disorder = world.disorder().await;
        assert!(disorder.is_empty(), "{kind}, seed {seed}, turn {turn}: {disorder:?}");
    }
    world.rest().await;
    let disorder = world.disorder().await;
    assert!(disorder.is_empty(), "{kind}, seed {seed}, at rest: {disorder:?}");
}

fn seeds(otherwise: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("HELDAWAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("HELDAWAY_SEEDS").unwrap_or(otherwise),
    }
}

#[tokio::test]
async fn any_order_of_moves_on_sqlite() {
    for seed in seeds(30) {
        simulate(testing::sqlite().await, seed).await;
    }
}

#[tokio::test]
async fn any_order_of_moves_on_postgres() {
    for seed in seeds(10) {
        simulate(testing::postgres().await, seed).await;
    }
}
