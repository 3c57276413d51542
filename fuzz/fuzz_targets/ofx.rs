//! The OFX reader on any bytes: no panic, and every entry's tag is either returned or counted as unplaced.

#![no_main]

use connectors::ofx::{Reply, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = read(bytes) else { return };
    let reply = Reply::of(&document);
    let returned: usize = reply.statements.iter().map(|statement| statement.entries.len()).sum();
    // LOANSTMTTRN are entries too, so the sum is at least the number of STMTTRN.
    assert!(returned + reply.unplaced >= document.count("STMTTRN"));
    for element in document.elements() {
        assert!(element.children().count() <= element.descendants().count());
        let _ = element.text();
    }
    for statement in &reply.statements {
        let _ = statement.dates();
    }
});
