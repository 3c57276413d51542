//! `bench measure`: one measurement after the other, with nothing else running.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};

use crate::{
    firm::{PASSWORD, Place},
    import::{self, Imported},
    load::{self, Asked as Load, Effort, Figures},
    machine::Machine,
    parser::{self, Read},
    process::{Bytes, Portal, Sandbox, program, size},
    refresh::{self, Refreshed},
    report,
    seed::{self, Asking, Seeded},
    statement::Shape,
    today,
};

/// Cold starts whose median counts.
const STARTS: usize = 10;
/// After a client has signed in, before the memory is read.
const IDLE: Duration = Duration::from_secs(10);
const CONNECTIONS: [u32; 2] = [1, 16];
/// Names, slips, an address and a place, as people type them.
const TYPED: [&str; 8] = [
    "fidelity",
    "wels fargo",
    "first national bank omaha",
    "vangaurd",
    "netbenefits.com",
    "navy federal",
    "401k",
    "zzqxv bank",
];
const IMPORTS: [u32; 2] = [10_000, 100_000];
/// Entries of the statement that the reader reads.
const READ: u32 = 100_000;

/// `bench measure`
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// An empty folder for data, and for the log of the portal.
    #[arg(long)]
    folder: PathBuf,
    /// Where the report goes; without it the report is printed only.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measure only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// An empty PostgreSQL database, to measure the same with.
    #[arg(long, default_value = "")]
    postgres: String,
    /// A program built with the profile for handing out, to tell its size.
    #[arg(long)]
    ship: Option<PathBuf>,
    /// How long each run of wrk takes.
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// Of so many runs of wrk the best one counts.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// How long refreshes are counted.
    #[arg(long, default_value_t = 30)]
    refresh_seconds: u64,
}

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Start,
    Http,
    Refresh,
    Import,
    Reader,
}

/// All figures; parts that were not asked for are empty.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) program: Bytes,
    pub(crate) ship: Option<Bytes>,
    pub(crate) start: Option<Start>,
    pub(crate) http: Vec<Database>,
    pub(crate) refresh: Vec<(&'static str, Refreshed)>,
    pub(crate) imports: Vec<Imported>,
    pub(crate) reader: Vec<Read>,
}

/// A start, and the memory afterwards.
#[derive(Debug)]
pub(crate) struct Start {
    /// Sorted.
    pub(crate) answered_after: Vec<Duration>,
    pub(crate) idle: Bytes,
}

impl Start {
    pub(crate) fn median(&self) -> Duration {
        self.answered_after[self.answered_after.len() / 2]
    }
}

/// The load on one database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: &'static str,
    pub(crate) effort: (u32, u32),
    pub(crate) entries: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) resident: Bytes,
}

/// One line of the load.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: What,
    pub(crate) connections: u32,
    pub(crate) figures: Figures,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Accounts,
    AccountsWithEntries,
    NetWorth,
    NetWorthWithEntries,
    Page,
    /// The part of the search page that answers a letter.
    Keystroke,
    /// An answer without a sign-in check or a question to the database: the least that a request costs here.
    Nothing,
}

const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";

/// Measures what is asked for.
pub(crate) async fn run(asked: Asked) -> anyhow::Result<()> {
    let wanted = |part: Part| asked.only.is_empty() || asked.only.contains(&part);
    let mut results = Results {
        machine: Machine::look(),
        program: size(&program("heldaway")?)?,
        ship: asked.ship.as_deref().map(size).transpose()?,
        start: None,
        http: Vec::new(),
        refresh: Vec::new(),
        imports: Vec::new(),
        reader: Vec::new(),
    };
    let sandbox = Sandbox::start()?;
    if wanted(Part::Start) || wanted(Part::Http) {
        let folder = inside(&asked.folder, "portal")?;
        let place = Place { folder: &folder, database: "" };
        say("seeding three households");
        let seeded = seed::seed(&place, &sandbox).await?;
        if wanted(Part::Start) {
            results.start = Some(start(&place, &seeded.few).await?);
        }
        if wanted(Part::Http) {
            let effort = Effort { runs: asked.runs, seconds: asked.seconds };
            results.http.push(http(SQLITE, &place, &seeded, effort).await?);
        }
        if wanted(Part::Http) && !asked.postgres.is_empty() {
            results.http.push(postgres(&asked, &sandbox).await?);
        }
    }
    if wanted(Part::Refresh) {
        say("refreshes");
        let folder = inside(&asked.folder, "refresh")?;
        let counted = Duration::from_secs(asked.refresh_seconds);
        let refreshed = refresh::run(&Place { folder: &folder, database: "" }, &sandbox, counted).await?;
        results.refresh.push((SQLITE, refreshed));
    }
    drop(sandbox);
    if wanted(Part::Import) {
        for entries in IMPORTS {
            say(&format!("importing {entries} entries"));
            let folder = inside(&asked.folder, &format!("import-{entries}"))?;
            results.imports.push(import::in_own_process(&folder, entries)?);
        }
    }
    if wanted(Part::Reader) {
        say("reading");
        for xml in [false, true] {
            results.reader.push(parser::run(Shape { xml, entries: READ, generation: 0, today: today() })?);
        }
    }
    let text = report::text(&results);
    println!("{text}");
    if let Some(out) = &asked.out {
        std::fs::write(out, text)?;
    }
    Ok(())
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}

fn inside(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let inside = folder.join(name);
    heldaway::open::data_folder(&inside)?;
    // The portal runs in a folder of its own.
    Ok(inside.canonicalize()?)
}

async fn start(place: &Place<'_>, asking: &Asking) -> anyhow::Result<Start> {
    say("cold starts");
    let mut answered_after = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        answered_after.push(Portal::start(place, &asking.access_key, &[]).await?.answered_after);
    }
    answered_after.sort_unstable();
    let portal = Portal::start(place, &asking.access_key, &[]).await?;
    portal.sign_in(&asking.email, PASSWORD)?;
    tokio::time::sleep(IDLE).await;
    Ok(Start { answered_after, idle: portal.process.resident()? })
}

/// The same as with SQLite, in shorter runs: a second table, not the one that limits are for.
async fn postgres(asked: &Asked, sandbox: &Sandbox) -> anyhow::Result<Database> {
    let folder = inside(&asked.folder, "postgres")?;
    let place = Place { folder: &folder, database: &asked.postgres };
    say("seeding three households in PostgreSQL");
    let seeded = seed::seed(&place, sandbox).await?;
    let effort = Effort { runs: 1, seconds: asked.seconds.min(4) };
    http(POSTGRES, &place, &seeded, effort).await
}

async fn http(
    name: &'static str,
    place: &Place<'_>,
    seeded: &Seeded,
    effort: Effort,
) -> anyhow::Result<Database> {
    let portal = Portal::start(place, &seeded.few.access_key, &[]).await?;
    let session = portal.sign_in(&seeded.page.email, PASSWORD)?;
    let key = |asking: &Asking| ("Authorization", format!("Bearer {}", asking.access_key));
    let loads = [
        (What::Accounts, Load::one("/api/v1/accounts", key(&seeded.few))),
        (What::AccountsWithEntries, Load::one("/api/v1/accounts", key(&seeded.many))),
        (What::NetWorth, Load::one("/api/v1/net-worth", key(&seeded.few))),
        (What::NetWorthWithEntries, Load::one("/api/v1/net-worth", key(&seeded.many))),
        (What::Page, Load::one("/accounts", ("Cookie", session.clone()))),
        (What::Keystroke, Load::typing(&TYPED, session)),
        (What::Nothing, Load::one("/healthz", ("Accept", "*/*".to_owned()))),
    ];
    let mut rows = Vec::new();
    for (what, load) in loads {
        for connections in CONNECTIONS {
            say(&format!("{name}: {}, {connections} connections", report::name(what)));
            let figures = load::best(&portal, &load, connections, effort)?;
            rows.push(Row { what, connections, figures });
        }
    }
    let effort = (effort.runs, effort.seconds);
    Ok(Database { name, effort, entries: seeded.many.entries, rows, resident: portal.process.resident()? })
}
