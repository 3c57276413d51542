//! Replays what the fuzzer keeps: seeds, and every input that once failed.

use std::path::Path;

use connectors::ofx::{Reply, read};

#[test]
fn every_input_the_fuzzer_keeps_is_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ofx");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is part of the checkout") {
        let path = entry.expect("a readable folder").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        files += 1;
        let Ok(document) = read(&bytes) else { continue };
        let reply = Reply::of(&document);
        let returned: usize = reply.statements.iter().map(|statement| statement.entries.len()).sum();
        assert!(returned + reply.unplaced >= document.count("STMTTRN"), "{}", path.display());
        document.elements().for_each(|element| drop(element.text()));
    }
    assert!(files > 0);
}
