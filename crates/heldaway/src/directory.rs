//! `heldaway directory`: the institutions that a search finds, brought up to date, looked over and measured.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use directory::{
    Directory,
    check::{self, Severity},
    eval,
    import::{self, Sources},
    table::Table,
};

use crate::config::Config;

/// The longest query table that is read, in bytes.
const QUERIES_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// `heldaway directory`
#[derive(Debug, Args)]
pub struct Asked {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Read official files and own additions into the directory, and write it to a file for `directory.file`.
    Import(Box<Import>),
    /// Report duplicates, dead addresses and offerings that nobody can tell apart; ends with 1 if something is severe.
    Check {
        /// A directory's file. Without it the one that this installation uses.
        file: Option<PathBuf>,
    },
    /// Measure how well and how fast queries with known answers are answered.
    Eval {
        /// A table with the columns query, top1_ids, top3_ids, family_ids_top8 and category; ids with ; between them.
        queries: PathBuf,
        /// List what went wrong.
        #[arg(long)]
        misses: bool,
    },
    /// Search as a client would, and tell why each row is where it is.
    Search {
        /// What is typed.
        #[arg(required = true)]
        typed: Vec<String>,
    },
}

/// `heldaway directory import`
#[derive(Debug, Args)]
struct Import {
    /// Where the new directory is written; may be the present one.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The directory to bring up to date. Without it the one that this installation uses.
    #[arg(long, value_name = "FILE")]
    present: Option<PathBuf>,
    /// Begin with nothing instead: for making the project's own file.
    #[arg(long, conflicts_with = "present")]
    fresh: bool,
    /// The day of these facts, such as 2026-11-22.
    #[arg(long, value_name = "DAY", default_value = "")]
    as_of: String,
    /// FDIC BankFind: the institutions as CSV.
    #[arg(long, value_name = "FILE")]
    fdic: Option<PathBuf>,
    /// NCUA call report: FOICU.txt.
    #[arg(long, value_name = "FILE")]
    foicu: Option<PathBuf>,
    /// NCUA call report: FS220.txt, total assets.
    #[arg(long, value_name = "FILE")]
    fs220: Option<PathBuf>,
    /// NCUA call report: FS220D.txt, web addresses.
    #[arg(long, value_name = "FILE")]
    fs220d: Option<PathBuf>,
    /// NCUA call report: TradeNames.txt.
    #[arg(long, value_name = "FILE")]
    trade_names: Option<PathBuf>,
    /// NCUA call report: Credit Union Branch Information.txt.
    #[arg(long, value_name = "FILE")]
    branches: Option<PathBuf>,
    /// A table in the format of the project's research.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// The firm's own additions and corrections.
    #[arg(long, value_name = "FILE")]
    additions: Option<PathBuf>,
    /// Tell what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Does what is asked. False when a check found something severe.
pub fn run(config: &Config, asked: &Asked) -> anyhow::Result<bool> {
    match &asked.act {
        Act::Import(import) => run_import(config, import).map(|()| true),
        Act::Check { file } => {
            let table = table(config, file.as_deref())?;
            Ok(tell_findings(&table) == 0)
        }
        Act::Eval { queries, misses } => run_eval(config, queries, *misses).map(|()| true),
        Act::Search { typed } => search(&load(config, Vec::new())?, &typed.join(" ")).map(|()| true),
    }
}

/// The directory of these settings with `more` offerings: the embedded one, or the file's.
pub(crate) fn load(config: &Config, more: Vec<domain::institution::Offering>) -> anyhow::Result<Directory> {
    let Some(file) = config.directory_file() else {
        return Directory::load(more).context("the directory");
    };
    let bytes = read(file)?;
    Directory::read(&bytes, more).with_context(|| format!("directory.file: {}", file.display()))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The table of a named file, else the one that this installation uses.
pub(crate) fn table(config: &Config, file: Option<&Path>) -> anyhow::Result<Table> {
    match file.or_else(|| config.directory_file()) {
        Some(file) => Table::read(&read(file)?).with_context(|| format!("in {}", file.display())),
        None => Ok(Table::embedded()?),
    }
}

fn run_import(config: &Config, asked: &Import) -> anyhow::Result<()> {
    let present = if asked.fresh {
        Table::empty()
    } else {
        table(config, asked.present.as_deref())?.completed_by(&Table::embedded()?)
    };
    let taken = |file: &Option<PathBuf>| file.as_deref().map(read).transpose();
    let (table, fdic, foicu) = (taken(&asked.table)?, taken(&asked.fdic)?, taken(&asked.foicu)?);
    let (fs220, fs220d) = (taken(&asked.fs220)?, taken(&asked.fs220d)?);
    let (trade_names, branches) = (taken(&asked.trade_names)?, taken(&asked.branches)?);
    let additions = taken(&asked.additions)?;
    let sources = Sources {
        as_of: &asked.as_of,
        table: table.as_deref(),
        fdic: fdic.as_deref(),
        foicu: foicu.as_deref(),
        fs220: fs220.as_deref(),
        fs220d: fs220d.as_deref(),
        trade_names: trade_names.as_deref(),
        branches: branches.as_deref(),
        additions: additions.as_deref(),
    };
    let (table, report) = import::run(&present, &sources)?;
    print!("{report}");
    let severe = tell_findings(&table);
    if asked.dry_run {
        println!("Nothing was written.");
        return Ok(());
    }
    write(&asked.out, &table.write())?;
    println!("{} institutions written to {}.", table.rows().len(), asked.out.display());
    ensure!(severe == 0, "what is severe above should be corrected before clients see it");
    Ok(())
}

/// All or nothing: a portal that starts meanwhile reads the old file or the new one.
fn write(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut beside = out.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, out).with_context(|| format!("cannot write {}", out.display()))
}

/// Tells all findings, and how many are severe.
fn tell_findings(table: &Table) -> usize {
    let findings = check::check(table);
    for finding in &findings {
        println!("{finding}");
    }
    let severe = findings.iter().filter(|finding| finding.severity == Severity::Severe).count();
    let listed = table.rows().len();
    println!(
        "{listed} institutions of {}: {} to look at, {severe} severe",
        table.as_of(),
        findings.len() - severe
    );
    severe
}

fn run_eval(config: &Config, queries: &Path, misses: bool) -> anyhow::Result<()> {
    let size = fs::metadata(queries).with_context(|| format!("cannot read {}", queries.display()))?.len();
    ensure!(size <= QUERIES_BYTES_MAX, "{} is too large for a table of queries", queries.display());
    let text = fs::read_to_string(queries).with_context(|| format!("cannot read {}", queries.display()))?;
    let directory = load(config, Vec::new())?;
    let started = Instant::now();
    directory.prepare();
    let (built, megabytes) = (started.elapsed().as_millis(), directory.index_bytes() as f64 / 1e6);
    println!("{} offerings, index of {megabytes:.1} MB built in {built} ms", directory.len());
    let report = eval::evaluate(&directory, &text, &|| started.elapsed())
        .with_context(|| format!("in {}", queries.display()))?;
    if misses {
        for miss in &report.misses {
            println!("{miss}");
        }
    }
    print!("{report}");
    Ok(())
}

fn search(directory: &Directory, typed: &str) -> anyhow::Result<()> {
    let results = directory.search(typed, &[]);
    ensure!(!results.is_empty(), "nothing found for {typed}");
    for hit in results.by_score() {
        let offering = hit.offering;
        println!("{:7.3}  {}  {}  {}", hit.score.total, offering.name, offering.address(), offering.id);
        let parts: Vec<String> =
            hit.score.parts.iter().map(|(what, part)| format!("{what} {part:+.3}")).collect();
        let forgiven = if hit.matched.forgiven { ", a slip forgiven" } else { "" };
        println!("         by “{}”{forgiven}: {}", hit.matched.text, parts.join(", "));
    }
    if results.compare_addresses {
        println!("The page asks to compare the address.");
    }
    Ok(())
}
