//! `docs/connection-states.md` is made from the table in `domain::reason`, and this test keeps the two alike.
//! `UPDATE_DOCS=1 cargo test -p domain --test reasons_document` writes the file anew.

use std::{fmt::Write as _, path::Path};

use domain::{Reason, reason::Retry};

fn told(retry: Retry) -> String {
    match retry {
        Retry::NextDay => "next business day".to_owned(),
        Retry::Never => "not before somebody acts".to_owned(),
        Retry::After(pause) if pause.is_zero() => "at once".to_owned(),
        Retry::After(pause) => format!("after {} min", pause.as_secs() / 60),
    }
}

#[test]
fn the_document_tells_what_the_table_says() {
    let mut text = String::from(
        "# States and reasons of a connection\n\n\
         Made from the table in `crates/domain/src/reason.rs`; a test keeps them alike. Each reason has one state, one actor,\n\
         one fix and one retry rule (shown: after the first, second, third and fourth failure in a row, as far as they differ).\n\n\
         | state | reason | actor | fix | the client reads | the engine tries again |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let mut retries: Vec<String> = (1..=4).map(|failures| told(reason.retry(failures))).collect();
        retries.dedup();
        writeln!(
            text,
            "| {:?} | `{}` | {:?} | {:?} | **{}** · {} | {} |",
            reason.state(),
            reason.code(),
            reason.actor(),
            reason.fix(),
            Reason::fill(reason.title(), "X"),
            Reason::fill(reason.client_sentence(), "X"),
            retries.join(", ")
        )
        .expect("writing to a string");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connection-states.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("the document can be written");
    }
    let written = std::fs::read_to_string(&path).expect("docs/connection-states.md is there");
    assert_eq!(written, text, "run with UPDATE_DOCS=1");
}
