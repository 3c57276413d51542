//! Every OFX file of the corpus of real statements must read to the facts that independent readers agreed on.
//!
//! The corpus is not part of the project: it is looked for in the folder of the environment variable HELDAWAY_CORPUS,
//! then beside the checkout. The project's own fixtures, one a deviation, are always read.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use connectors::ofx::{Family, Reply, Statement, read};
use rust_decimal::Decimal;
use serde_json::Value;

/// Facts of the corpus's `expected.json` that are no facts: end of the file's name, field, reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "BancodoBrasil.ofc",
        "statements",
        "OFC, the format before OFX, with other elements: refused as not OFX",
    ),
    (
        "CaixaEconomicaFederal.ofc",
        "statements",
        "OFC, the format before OFX, with other elements: refused as not OFX",
    ),
    (
        "test_ofx_wrong.ofx",
        "last_date",
        "one entry has no date; the recorded `unde-fi-ne` is a reader's artefact",
    ),
    (
        "ofxdata-banking-xml200.ofx",
        "first_date",
        "the only entry has no date; `unde-fi-ne` is a reader's artefact",
    ),
    (
        "ofxdata-banking-xml200.ofx",
        "last_date",
        "the only entry has no date; `unde-fi-ne` is a reader's artefact",
    ),
    ("ofx-js/test/data/example2.ofx", "first_date", "dates are masked with asterisks, so there is none"),
    ("ofx-js/test/data/example2.ofx", "last_date", "dates are masked with asterisks, so there is none"),
    ("fail_nice/date_missing.ofx", "first_date", "dates are empty, so there is none"),
    ("fail_nice/date_missing.ofx", "last_date", "dates are empty, so there is none"),
    (
        "ofx-files/nubank.ofx",
        "sum_amounts",
        "entries stand outside BANKTRANLIST and most readers lose them; there are five",
    ),
];

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("HELDAWAY_CORPUS").map_or(beside, PathBuf::from);
    folder.join("expected.json").is_file().then_some(folder)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What the corpus records of one account in one file.
#[derive(Debug, Default)]
struct Facts {
    kind: &'static str,
    account_id: Option<String>,
    currency: Option<String>,
    dates: Option<(String, String)>,
    ledger_balance: Option<Decimal>,
    transactions: usize,
    sum: Decimal,
    positions: usize,
}

fn kind(family: Family) -> &'static str {
    match family {
        Family::Bank => "bank",
        Family::Card => "cc",
        Family::Loan => "loan",
        Family::Investment => "inv",
    }
}

/// One entry per account; several statements of one account add up, as several periods do.
fn facts(reply: &Reply<'_>) -> Vec<Facts> {
    let mut found: Vec<Facts> = Vec::new();
    for statement in &reply.statements {
        let number = statement.account.as_ref().map(|account| account.number.clone().into_owned());
        let same = |facts: &Facts| facts.kind == kind(statement.family) && facts.account_id == number;
        let at = found.iter().position(same).unwrap_or_else(|| {
            found.push(Facts {
                kind: kind(statement.family),
                account_id: number.clone(),
                ..Facts::default()
            });
            found.len() - 1
        });
        add(&mut found[at], statement);
    }
    let listed = reply.accounts.iter().filter_map(|(_, accounts)| accounts.as_ref()).flatten();
    found.extend(listed.map(|account| Facts {
        kind: kind(account.reference.family),
        account_id: Some(account.reference.number.clone().into_owned()),
        ..Facts::default()
    }));
    found
}

fn add(facts: &mut Facts, statement: &Statement<'_>) {
    facts.currency =
        statement.currency.as_ref().map(|code| code.clone().into_owned()).or(facts.currency.take());
    if let Some((first, last)) = statement.dates() {
        let (first, last) = (first.to_string(), last.to_string());
        facts.dates = Some(match facts.dates.take() {
            None => (first, last),
            Some((earlier, later)) => (first.min(earlier), last.max(later)),
        });
    }
    facts.ledger_balance = statement.ledger.and_then(|balance| balance.amount).or(facts.ledger_balance);
    facts.transactions += statement.entries.len() + statement.trades.len();
    facts.sum += statement.entries.iter().filter_map(|entry| entry.amount).sum::<Decimal>();
    facts.positions += statement.positions.as_ref().map_or(0, Vec::len);
}

/// `field: expected … found …` for each agreed fact that the reading doesn't match.
fn differences(expected: &Value, found: &Facts) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut compare = |field: &str, ours: Option<String>| {
        let Some(theirs) = expected.get(field) else { return };
        let theirs = match theirs {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        // The corpus records amounts to four places.
        let decimal = |text: &Option<String>| Some(text.as_ref()?.parse::<Decimal>().ok()?.round_dp(4));
        let is_amount = matches!(field, "ledger_balance" | "sum_amounts");
        let same = if is_amount { decimal(&theirs) == decimal(&ours) } else { theirs == ours };
        if !same {
            wrong.push((field.to_owned(), format!("expected {theirs:?}, read {ours:?}")));
        }
    };
    compare("kind", Some(found.kind.to_owned()));
    compare("account_id", found.account_id.clone());
    compare("currency", found.currency.clone());
    compare("first_date", found.dates.clone().map(|dates| dates.0));
    compare("last_date", found.dates.clone().map(|dates| dates.1));
    compare("ledger_balance", found.ledger_balance.map(|amount| amount.to_string()));
    compare("n_transactions", Some(found.transactions.to_string()));
    compare("sum_amounts", Some(found.sum.to_string()));
    compare("positions", Some(found.positions.to_string()));
    wrong
}

/// How many STMTTRN start tags the raw text holds, counted without our reader.
fn entry_tags(bytes: &[u8]) -> usize {
    let ascii: String =
        bytes.iter().filter(|byte| byte.is_ascii() && **byte != 0).map(|byte| char::from(*byte)).collect();
    let mut text = ascii.to_ascii_uppercase();
    let body_at = text.find("<OFX").unwrap_or_default();
    text.drain(..body_at);
    while let Some(from) = text.find("<!--") {
        let to = text[from..].find("-->").map_or(text.len(), |length| from + length + 3);
        text.replace_range(from..to, "");
    }
    text.matches("<STMTTRN>").count()
}

fn check(path: &Path, expected: &Value) -> Vec<(String, String)> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let statements = expected.get("statements").and_then(Value::as_array).cloned().unwrap_or_default();
    let document = match read(&bytes) {
        Ok(document) => document,
        Err(_) if statements.is_empty() => return Vec::new(),
        Err(error) => return vec![("statements".to_owned(), format!("refused: {error}"))],
    };
    let reply = Reply::of(&document);
    let mut wrong = Vec::new();
    let tags = entry_tags(&bytes);
    let returned: usize = reply.statements.iter().map(|statement| statement.entries.len()).sum();
    if tags != returned + reply.unplaced {
        wrong.push(("STMTTRN".to_owned(), format!("{tags} in the text, {returned} returned")));
    }
    let found = facts(&reply);
    if !statements.is_empty() && statements.len() != found.len() {
        wrong.push((
            "statements".to_owned(),
            format!("expected {}, read {}: {found:?}", statements.len(), found.len()),
        ));
    }
    let mut left: Vec<_> = found.iter().collect();
    for expected in &statements {
        let number = expected.get("account_id").and_then(Value::as_str);
        let at = left.iter().position(|facts| facts.account_id.as_deref() == number).unwrap_or(0);
        if at < left.len() {
            wrong.extend(differences(expected, left.remove(at)));
        }
    }
    wrong
}

/// Reads every file of a folder that its `expected.json` lists and that is there; returns how many.
fn check_folder(folder: &Path, exceptions: &[(&str, &str, &str)]) -> usize {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json is readable");
    let mut all: BTreeMap<String, Value> = serde_json::from_str(&text).expect("expected.json is JSON");
    let ofx = all.remove("ofx").unwrap_or_default();
    let listed: BTreeMap<String, Value> = serde_json::from_value(ofx).expect("facts by file name");
    let (mut files, mut failures) = (0, Vec::new());
    for (name, facts) in &listed {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        files += 1;
        let differences = check(&path, facts);
        let excuse =
            |field: &str| exceptions.iter().find(|(file, what, _)| name.ends_with(file) && *what == field);
        for (field, difference) in &differences {
            if excuse(field).is_none() {
                failures.push(format!("{name}: {field}: {difference}"));
            }
        }
        for (_, field, reason) in exceptions.iter().filter(|(file, ..)| name.ends_with(file)) {
            if !differences.iter().any(|(different, _)| different == field) {
                failures.push(format!(
                    "{name}: {field} reads as recorded; the exception is not needed: {reason}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} differences in {files} files:\n{}", failures.len(), failures.join("\n"));
    files
}

#[test]
fn every_file_of_the_corpus_reads_to_the_agreed_facts() {
    let Some(corpus) = corpus() else {
        eprintln!("no corpus beside the checkout: only the project's own fixtures are read");
        return;
    };
    let files = check_folder(&corpus, EXCEPTIONS);
    assert!(files > 0, "the corpus has no OFX file");
    eprintln!("{files} files read as agreed");
}

#[test]
fn every_deviation_that_real_files_show_is_read() {
    let files = check_folder(&fixtures(), &[]);
    let there = std::fs::read_dir(fixtures()).expect("fixtures are there").count() - 1;
    assert_eq!(files, there, "expected.json lists every fixture");
}
