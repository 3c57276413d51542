//! `directory import`, `check`, `eval` and `search`, and a portal that uses a firm's own file.

use std::{fs, path::Path};

use crate::child::{heldaway, output};

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let all: Vec<&str> = [&["directory"], arguments].concat();
    output(heldaway(folder, &all))
}

#[test]
fn what_is_shipped_has_nothing_severe() {
    let folder = tempfile::tempdir().unwrap();
    let (fine, said) = run(folder.path(), &["check"]);
    assert!(fine && said.contains(", 0 severe"), "{said}");
}

const ADDED: &str = "id\tname\thome_url\talso_known_as\n\
    tideway-trust\tTideway Trust\thttps://www.tideway-trust.example\tTWT\n";

#[test]
fn a_firms_file_is_written_checked_and_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.tsv"), ADDED).unwrap();
    let import = ["import", "--additions", "own.tsv", "--out", "directory.gz"];
    let (fine, said) = run(folder.path(), &[&import[..], &["--dry-run"]].concat());
    assert!(fine && said.contains("added    tideway-trust"), "{said}");
    assert!(!folder.path().join("directory.gz").exists(), "a dry run writes nothing");
    let (fine, said) = run(folder.path(), &import);
    assert!(fine && said.contains("1 added"), "{said}");
    // What was there is still there, and the same once more changes nothing.
    let again = ["import", "--present", "directory.gz", "--additions", "own.tsv", "--out", "again.gz"];
    let (fine, said) = run(folder.path(), &again);
    assert!(fine && said.contains("0 added, 0 updated"), "{said}");
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("directory.gz") == read("again.gz"));
    assert!(!run(folder.path(), &["search", "tideway trust"]).0, "the one in the binary doesn't know it");
    fs::write(folder.path().join("heldaway.toml"), "[directory]\nfile = \"directory.gz\"\n").unwrap();
    let (fine, said) = run(folder.path(), &["search", "tideway", "trust"]);
    assert!(fine && said.contains("tideway-trust.example"), "{said}");
    let (_, said) = output(heldaway(folder.path(), &["check"]));
    assert!(said.contains("ok      directory: "), "{said}");
}

#[test]
fn a_file_that_is_none_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.gz"), "no directory").unwrap();
    let (fine, said) = run(folder.path(), &["check", "bad.gz"]);
    assert!(!fine && said.contains("bad.gz"), "{said}");
    fs::write(folder.path().join("bad.tsv"), "id\tnonsense\nx\ty\n").unwrap();
    let (fine, said) = run(folder.path(), &["import", "--additions", "bad.tsv", "--out", "out.gz"]);
    assert!(!fine && said.contains("nonsense"), "{said}");
    assert!(!folder.path().join("out.gz").exists());
}

#[test]
fn queries_with_known_answers_end_with_a_line_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let queries = "query\ttop1_ids\ttop3_ids\tfamily_ids_top8\tcategory\n\
        chase\tchase\tchase\t\texact\n\
        chase\twells-fargo\twells-fargo; citi\t\twrong\n\
        zzqxv\t\t\t\tno_match\n";
    fs::write(folder.path().join("queries.tsv"), queries).unwrap();
    let (fine, said) = run(folder.path(), &["eval", "queries.tsv", "--misses"]);
    assert!(fine && said.contains("\"chase\" (wrong): wanted wells-fargo"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("top1=0.500 top3=0.500 mrr=0."), "{last}");
    let names: Vec<&str> = last.split(' ').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    assert_eq!(names, ["top1", "top3", "mrr", "family8", "nomatch", "p50_us", "p99_us"]);
    let (fine, said) = run(folder.path(), &["eval", "nowhere.tsv"]);
    assert!(!fine && said.contains("nowhere.tsv"), "{said}");
}
