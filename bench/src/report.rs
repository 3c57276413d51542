//! The report: figures, and each as a ratio to the limit that it is held against.

use std::{fmt::Write as _, time::Duration};

use domain::world::Clock as _;
use heldaway::system::SystemClock;

use crate::{
    import::Imported,
    measure::{Database, Results, Row, What},
    parser::Read,
    seed,
};

/// A figure and what it must keep to.
struct Held {
    measure: String,
    ours: f64,
    limit: f64,
    unit: &'static str,
    more_is_better: bool,
}

impl Held {
    fn at_least(measure: impl Into<String>, ours: f64, limit: f64, unit: &'static str) -> Self {
        Self { measure: measure.into(), ours, limit, unit, more_is_better: true }
    }

    fn below(measure: impl Into<String>, ours: f64, limit: f64, unit: &'static str) -> Self {
        Self { more_is_better: false, ..Self::at_least(measure, ours, limit, unit) }
    }

    /// How many times better than the limit; below 1 it is missed.
    fn ratio(&self) -> f64 {
        if self.more_is_better { self.ours / self.limit } else { self.limit / self.ours }
    }
}

/// The whole report as Markdown.
pub(crate) fn text(results: &Results) -> String {
    let mut text = head(results);
    limits(&mut text, &held(results));
    for database in &results.http {
        load(&mut text, database);
    }
    refreshes(&mut text, results);
    imports(&mut text, &results.imports);
    reader(&mut text, &results.reader);
    text.push_str(METHOD);
    text
}

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let mut text = format!(
        "# How fast it is\n\nMeasured by `bench/run` on {}, commit {}, {}, profile `release`.\n\
         Machine: {}, {} cores shared with the load, {} of memory, {}.\n\n",
        SystemClock.now().strftime("%Y-%m-%d %H:%M UTC"),
        machine.commit,
        machine.compiler,
        machine.processor,
        machine.cores,
        machine.memory,
        machine.kernel,
    );
    if let Some(start) = &results.start {
        let each: Vec<String> =
            start.answered_after.iter().map(|took| format!("{:.0}", milliseconds(*took))).collect();
        line(&mut text, &format!("Cold starts, in ms: {}.", each.join(" ")));
    }
    line(&mut text, &format!("Binary: {:.1} MiB.", results.program.mib()));
    if let Some(ship) = results.ship {
        line(&mut text, &format!("Binary with the profile `ship`: {:.1} MiB.", ship.mib()));
    }
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string");
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// The limits: the best of the open-source peers, measured the same way on such a machine (2026-11-22).
fn held(results: &Results) -> Vec<Held> {
    let mut held = Vec::new();
    if let Some(start) = &results.start {
        let median = start.median().as_secs_f64();
        held.push(Held::below("cold start to the first good answer, median", median, 0.24, "s"));
        held.push(Held::below("memory, idle, one client signed in", start.idle.mib(), 35.0, "MiB"));
    }
    held.push(Held::below("binary", results.program.mib(), 49.0, "MiB"));
    for row in results.http.first().map(|database| &database.rows[..]).unwrap_or_default() {
        held.extend(row_held(row));
    }
    for (_, refreshed) in results.refresh.iter().take(1) {
        let per_second = refreshed.refreshes as f64 / refreshed.took.as_secs_f64();
        held.push(Held::at_least("refreshes, OFX (Actual, SimpleFIN: 13.9)", per_second, 14.0, "/s"));
        let cpu = milliseconds(refreshed.portal_cpu) / refreshed.refreshes.max(1) as f64;
        held.push(Held::below("processor time of a refresh (Kresus: 480)", cpu, 480.0, "ms"));
    }
    for imported in &results.imports {
        held.extend(import_held(imported));
    }
    held
}

fn row_held(row: &Row) -> Vec<Held> {
    let Row { what, connections, figures } = row;
    let name =
        format!("{}, {connections} connection{}", name(*what), if *connections == 1 { "" } else { "s" });
    let (p50, p99) = (milliseconds(figures.p50), milliseconds(figures.p99));
    let (least, most50, most99) = match (what, connections) {
        (What::Accounts | What::AccountsWithEntries, 1) => (9_000.0, 0.107, 0.25),
        (What::Accounts | What::AccountsWithEntries, _) => (12_400.0, 1.2, 4.8),
        (What::NetWorth | What::NetWorthWithEntries, 1) => (612.0, 1.53, 45.0),
        (What::NetWorth | What::NetWorthWithEntries, _) => (941.0, 17.0, 30.0),
        (What::Keystroke, 16) => return vec![Held::below(format!("{name}, p99"), p99, 5.0, "ms")],
        // No peer has such a page, or was asked for nothing.
        (What::Page | What::Keystroke | What::Nothing, _) => return Vec::new(),
    };
    vec![
        Held::at_least(name.clone(), figures.per_second, least, "/s"),
        Held::below(format!("{name}, p50"), p50, most50, "ms"),
        Held::below(format!("{name}, p99"), p99, most99, "ms"),
    ]
}

fn import_held(imported: &Imported) -> Vec<Held> {
    let (first, again, peak_mib) =
        if imported.entries <= 10_000 { (0.63, 0.12, 80.0) } else { (10.0, 1.5, 399.0) };
    let named = |what: &str| format!("import of {}, {what}", thousands(imported.entries as f64));
    let mut held = vec![
        Held::below(named("first"), imported.first.as_secs_f64(), first, "s"),
        Held::below(named("all of it again"), imported.again.as_secs_f64(), again, "s"),
        Held::below(named("again under new ids"), imported.under_new_ids.as_secs_f64(), 2.0 * again, "s"),
    ];
    let peak = crate::process::Bytes(imported.peak_after_first).mib();
    held.push(Held::below(named("peak memory of the first"), peak, peak_mib, "MiB"));
    held
}

fn limits(text: &mut String, held: &[Held]) {
    text.push_str(
        "\n## Against the limits\n\nThe limit is the best that an open-source peer showed in the same kind of run \
         (most are Wealthfolio 3.2.1, which checked no login and\nhas one tenant; ours checks both on every call). \
         The ratio says how many times better; below 1 the limit is missed.\n\n\
         | measure | ours | limit | ratio |\n| --- | --- | --- | --- |\n",
    );
    for one in held {
        let sign = if one.more_is_better { ">" } else { "<" };
        let ratio = one.ratio();
        let ratio = if ratio < 1.0 { format!("**{ratio:.2}**") } else { format!("{ratio:.2}") };
        let (ours, limit) = (figure(one.ours), figure(one.limit));
        line(
            text,
            &format!("| {} | {ours} {} | {sign} {limit} {} | {ratio} |", one.measure, one.unit, one.unit),
        );
    }
}

pub(crate) fn name(what: What) -> String {
    let accounts = seed::ACCOUNTS;
    match what {
        What::Accounts => format!("list of {accounts} accounts"),
        What::AccountsWithEntries => format!("list of {accounts} accounts, 100,000 transactions"),
        What::NetWorth => format!("net worth of {accounts} accounts"),
        What::NetWorthWithEntries => format!("net worth of {accounts} accounts, 100,000 transactions"),
        What::Page => format!("page of {} accounts", seed::ACCOUNTS_ON_PAGE),
        What::Keystroke => "search for an institution, a letter".to_owned(),
        What::Nothing => "`/healthz`, which does nothing".to_owned(),
    }
}

fn load(text: &mut String, database: &Database) {
    let (runs, seconds) = database.effort;
    let Database { name: database_name, entries, resident, .. } = database;
    writeln!(
        text,
        "\n## {database_name}\n\n`wrk`, one thread, the best of {runs} runs of {seconds} s. {} transactions in the \
         household that has many.\nMemory of the portal after all of it: {:.1} MiB.\n\n\
         | asked for | connections | requests/s | p50 ms | p99 ms | processor time of a request, µs |\n\
         | --- | --- | --- | --- | --- | --- |",
        thousands(*entries as f64),
        resident.mib(),
    )
    .expect("a string");
    for Row { what, connections, figures } in &database.rows {
        let (p50, p99) = (milliseconds(figures.p50), milliseconds(figures.p99));
        let cpu = figures.cpu.as_secs_f64() * 1e6;
        let per_second = thousands(figures.per_second);
        line(
            text,
            &format!("| {} | {connections} | {per_second} | {p50:.3} | {p99:.2} | {cpu:.0} |", name(*what)),
        );
    }
}

fn refreshes(text: &mut String, results: &Results) {
    for (database, refreshed) in &results.refresh {
        let seconds = refreshed.took.as_secs_f64();
        let count = refreshed.refreshes.max(1) as f64;
        writeln!(
            text,
            "\n## Refreshes\n\n`heldaway serve` on {database} and the sandbox's process over HTTP, on the same cores; {} \
             connections, all due\nall the time; each account has {} transactions of its first 90 days, and a refresh \
             asks for the last ten days again.\n{} refreshes in {seconds:.1} s: **{:.1} a second**. Processor time of \
             a refresh: **{:.2} ms** in the portal,\nand {:.2} ms in the sandbox, which isn't part of the product. \
             None failed, and no transaction was added twice.",
            refreshed.connections,
            refreshed.entries,
            thousands(count),
            count / seconds,
            milliseconds(refreshed.portal_cpu) / count,
            milliseconds(refreshed.sandbox_cpu) / count,
        )
        .expect("a string");
    }
}

fn imports(text: &mut String, imports: &[Imported]) {
    if imports.is_empty() {
        return;
    }
    text.push_str(
        "\n## Imports of one account\n\nFrom the request to the institution to the committed rows: OFX 1.0.2 over HTTP, \
         reader, reconcile, SQLite.\n\n| entries | first, s | again, s | added | under new ids, s | added | peak of the \
         first, MiB | peak, MiB |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for one in imports {
        let mib = |bytes| crate::process::Bytes(bytes).mib();
        line(
            text,
            &format!(
                "| {} | {:.2} | {:.2} | {} | {:.2} | {} | {:.0} | {:.0} |",
                thousands(one.entries as f64),
                one.first.as_secs_f64(),
                one.again.as_secs_f64(),
                one.added_again,
                one.under_new_ids.as_secs_f64(),
                one.added_under_new_ids,
                mib(one.peak_after_first),
                mib(one.peak),
            ),
        );
    }
}

fn reader(text: &mut String, read: &[Read]) {
    if read.is_empty() {
        return;
    }
    text.push_str(
        "\n## The OFX reader alone\n\n| format | size, MB | MB/s, median of 9 |\n| --- | --- | --- |\n",
    );
    for one in read {
        let format = if one.xml { "OFX 2.1.1 (XML)" } else { "OFX 1.0.2 (SGML)" };
        let size = one.bytes as f64 / 1e6;
        line(text, &format!("| {format} | {size:.1} | {:.0} |", one.megabytes_per_second()));
    }
}

/// Three digits that say something.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => thousands(value),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

/// A whole number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const METHOD: &str = "
## How it is measured

- The portal is `heldaway serve` with its usual settings (the log goes to a file); households, connections and entries are
  made with the product's own verbs: connections through the engine against the sandbox, the rest of the accounts by hand.
- Load and portal share the cores, as they did for the peers. The best of several runs counts, since other work of the
  machine only ever makes a run worse.
- `/healthz` asks nothing of the database: what is left of a request is the machine's own cost of two processes that wake
  each other over loopback. Where the cores rest between requests (one connection) that cost is most of the time, and the
  question to SQLite, which is answered by a thread of its own, adds a second pair of wake-ups.
- A cold start is the time from starting the process on a seeded data folder to the first list of accounts that it answers.
- Memory is what the kernel counts as resident (`VmRSS`, the program's own pages included; the peak is `VmHWM`). Processor
  time is user and system time of the portal's process alone.
- The importing process is this tool with the portal's engine, connector, store and allocator in it; the institution is
  another process, and sends all entries each time.
- Nothing here is a test: figures depend on the machine, so a limit is a ratio to look at.

Again: `bench/run` (about eight minutes; `bench/run --help` tells how to measure parts, or with PostgreSQL).
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(thousands(12_361.4), "12,361");
        assert_eq!(thousands(999.6), "1,000");
        assert_eq!(figure(0.1074), "0.107");
        assert_eq!(figure(35.0), "35.0");
    }

    #[test]
    fn a_ratio_above_one_keeps_to_the_limit() {
        assert!(Held::at_least("", 13_000.0, 12_400.0, "/s").ratio() > 1.0);
        assert!(Held::below("", 0.2, 0.24, "s").ratio() > 1.0);
        assert!(Held::below("", 0.3, 0.24, "s").ratio() < 1.0);
    }
}
