//! Measures the search: how right, how fast, and how both grow.
//!
//! `cargo run --release -p directory --example eval -- crates/directory/tests/known.tsv` runs the queries of a table,
//! queries made from the directory itself, and the table once more over a directory of twenty times the size.

#![expect(clippy::print_stdout, reason = "a report for whoever runs it")]

#[path = "../tests/made/mod.rs"]
mod made;

use std::time::Instant;

use directory::{Directory, eval};
use domain::institution::Offering;

const TIMES: usize = 20;

fn main() {
    let started = Instant::now();
    let clock = || started.elapsed();
    let directory = Directory::load(Vec::new()).expect("the embedded directory");
    let read = clock();
    directory.prepare();
    println!("read in {read:.0?}, index built in {:.0?}", clock().saturating_sub(read));
    println!("{} offerings, index {} kB", directory.len(), directory.index_bytes() / 1_000);

    let made = made::queries(&directory, 400, 2_026);
    show("made from the directory", &eval::evaluate(&directory, &made, &clock).expect("made queries"));
    let tables: Vec<(String, String)> = std::env::args()
        .skip(1)
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path, text)
        })
        .collect();
    for (path, text) in &tables {
        let report =
            eval::evaluate(&directory, text, &clock).unwrap_or_else(|error| panic!("{path}: {error}"));
        for miss in &report.misses {
            println!("{miss}");
        }
        show(path, &report);
    }

    let before = clock();
    let large = directory.with(crossed(directory.offerings(), TIMES - 1));
    large.prepare();
    println!("\n{} offerings, index {} kB", large.len(), large.index_bytes() / 1_000);
    println!("built in {:.0?}", clock().saturating_sub(before));
    for (path, text) in &tables {
        let report = eval::evaluate(&large, text, &clock).expect("ids that are still there");
        println!("{path}: p50 {:?}, p99 {:?}", report.p50, report.p99);
    }
}

fn show(title: &str, report: &eval::Report) {
    print!("\n{title}\n{report}");
}

/// Each offering again `times` times, its name crossed with another's: the beginning of one, the end of the other.
fn crossed(offerings: &[Offering], times: usize) -> Vec<Offering> {
    let mut large = Vec::with_capacity(offerings.len() * times);
    for time in 1..=times {
        for (at, offering) in offerings.iter().enumerate() {
            let other = &offerings[(at * 31 + time * 1_009) % offerings.len()];
            let first = offering.name.split(' ').next().unwrap_or_default();
            let name = format!("{first} {}", other.name);
            let host: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
            large.push(Offering {
                id: format!("{}-{time}", offering.id),
                brand: name.clone(),
                also_known_as: Vec::new(),
                home_url: format!("https://www.{host}.com"),
                login_url: format!("https://login.{host}.com"),
                place: other.place.clone(),
                popularity: 6,
                name,
                ..offering.clone()
            });
        }
    }
    large
}
