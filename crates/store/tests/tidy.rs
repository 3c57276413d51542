//! Rules about the sources of this crate that the compiler doesn't know.

use std::{collections::BTreeSet, fs, path::Path};

/// The sources by file name, without their tests.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), text)
        })
        .collect();
    sources.sort();
    sources
}

fn changes_rows(text: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| text.trim_start().starts_with(verb))
}

/// Every text that changes rows without `write`, and so without an audit row of its own: each is bookkeeping that changes
/// nothing a person would ask about, or the audit row itself. A new one must be argued for here.
#[test]
fn only_bookkeeping_goes_without_an_audit_row() {
    let argued: BTreeSet<&str> = [
        // the audit row
        "audit::ADD",
        // locks and marks of versions
        "health::HOLD",
        "listing::RAISE",
        // last seen, last used, and forgetting what can't be used any more
        "guard::FORGET",
        "session::FORGET",
        "session::TOUCH",
        "housekeeping::FORGET_ATTEMPTS",
        "housekeeping::FORGET_CHALLENGES",
        "housekeeping::FORGET_LINKS",
        "search::FORGET",
        // a count without a person: an audit row would tell who searched
        "search::COUNT",
        // who keeps house
        "housekeeping::CLAIM",
        "token::TOUCH",
        // how far a run is, within an audited one
        "attempt::STAGE",
        "attempt::TRY",
        // the breaker of an institution, over all firms
        "health::PUT",
        // who works on a connection at the moment
        "connection::RELEASE",
        "connection::RELEASE_ALL",
    ]
    .into();
    let mut unaudited = BTreeSet::new();
    for (file, source) in sources() {
        for (of, name, text) in store::texts() {
            let asked = [format!(".ask({name})"), format!(".note({name})")];
            let asks = asked.iter().any(|ask| source.contains(ask.as_str()));
            if of == file && changes_rows(text.both()[0]) && asks {
                unaudited.insert(format!("{file}::{name}"));
            }
        }
    }
    assert_eq!(unaudited.iter().map(String::as_str).collect::<BTreeSet<_>>(), argued);
}

/// A text that a person's reader asks carries the reach, or names the person who asks.
#[test]
fn a_readers_text_carries_its_reach() {
    for (file, source) in sources() {
        for (of, name, text) in store::texts() {
            let [sqlite, _] = text.both();
            let within = [format!("self.ask({name})"), format!("ask_as_household({name})")];
            let in_reader = source
                .split("\nimpl ")
                .filter(|part| part.starts_with("Reader {"))
                .any(|part| within.iter().any(|ask| part.contains(ask.as_str())));
            if of == file && in_reader {
                let reach = "h.firm_id = $1 AND (h.id = $2 OR h.advisor_id = $3 OR $4)";
                assert!(sqlite.contains(reach), "{file}::{name}");
            }
        }
    }
}

/// What a reader asks about the firm as a whole is for those who see how its directory is kept.
#[test]
fn a_text_about_the_firm_carries_its_own_reach() {
    let mut asked = 0;
    for (file, source) in sources() {
        for (of, name, text) in store::texts() {
            if of == file && source.contains(&format!("ask_in_firm({name})")) {
                assert!(text.both()[0].contains(".firm_id = $1 AND $2"), "{file}::{name}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 5, "{asked}");
}

/// Every file that declares texts has them in the list that the other tests go through.
#[test]
fn every_file_with_texts_is_listed() {
    let listed: BTreeSet<&str> = store::texts().map(|(file, _, _)| file).collect();
    let declaring: Vec<String> = sources()
        .into_iter()
        .filter(|(_, source)| source.contains("\ntexts! {") || source.contains("const TEXTS"))
        .map(|(file, _)| file)
        .filter(|file| file != "query")
        .collect();
    assert_eq!(declaring.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}
