//! Writes the directory's file, until `heldaway directory import` does it:
//! `cargo run -p directory --example import -- OUT [--fresh] [--present FILE] [--as-of DAY] [--table FILE] [--fdic FILE]
//! [--foicu FILE] [--fs220 FILE] [--fs220d FILE] [--trade-names FILE] [--branches FILE] [--additions FILE]`

use std::{collections::HashMap, error::Error, fs};

use directory::{
    check,
    import::{Sources, run},
    table::Table,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let out = given.next().ok_or("where to?")?;
    let mut files: HashMap<String, Vec<u8>> = HashMap::new();
    let (mut fresh, mut as_of) = (false, String::new());
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--fresh" => fresh = true,
            "--as-of" => as_of = given.next().ok_or("which day?")?,
            _ => {
                let path = given.next().ok_or("which file?")?;
                files.insert(flag, fs::read(path)?);
            }
        }
    }
    let file = |flag: &str| files.get(flag).map(Vec::as_slice);
    let present = match file("--present") {
        _ if fresh => Table::new("2000-01-01", Vec::new()),
        Some(bytes) => Table::read(bytes)?,
        None => Table::embedded()?,
    };
    let sources = Sources {
        as_of: &as_of,
        table: file("--table"),
        fdic: file("--fdic"),
        foicu: file("--foicu"),
        fs220: file("--fs220"),
        fs220d: file("--fs220d"),
        trade_names: file("--trade-names"),
        branches: file("--branches"),
        additions: file("--additions"),
    };
    let (table, report) = run(&present, &sources)?;
    fs::write(out, table.write())?;
    print!("{report}");
    for finding in check::check(&table) {
        println!("{finding}");
    }
    Ok(())
}
