//! Measures the search: `cargo run --release -p directory --example eval -- QUERIES.tsv`.

#![expect(clippy::print_stdout, reason = "a report for whoever runs it")]

use std::time::Instant;

use directory::{Directory, eval};

#[path = "../tests/made/mod.rs"]
mod made;

fn main() {
    let started = Instant::now();
    let directory = Directory::load(Vec::new()).expect("the embedded directory");
    println!("load {:?}", started.elapsed());
    let built = Instant::now();
    let directory = directory.with(Vec::new());
    println!("build {:?}, index {} kB", built.elapsed(), directory.index_bytes() / 1000);
    let made = made::queries(&directory, 400, 2026);
    let report = eval::evaluate(&directory, &made, &|| started.elapsed()).expect("queries");
    if std::env::args().nth(1).is_some_and(|first| first == "made") {
        for miss in &report.misses {
            println!("{miss}");
        }
    }
    print!("{report}");
    for path in std::env::args().skip(1) {
        if std::env::args().nth(1).as_deref() == Some("slow") && path != "slow" {
            let text = std::fs::read_to_string(&path).expect("queries");
            let mut times: Vec<_> = text
                .lines()
                .skip(1)
                .map(|line| {
                    let query = line.split('\t').next().unwrap_or_default();
                    let least = (0..5)
                        .map(|_| {
                            let at = Instant::now();
                            std::hint::black_box(directory.search(query, &[]));
                            at.elapsed()
                        })
                        .min();
                    (least.unwrap_or_default(), query)
                })
                .collect();
            times.sort();
            for (time, query) in times.iter().rev().take(40) {
                println!("{time:?} {query}");
            }
            println!("p50 {:?}", times[times.len() / 2].0);
            continue;
        }
        if let Ok(text) = std::fs::read_to_string(&path) {
            let report = eval::evaluate(&directory, &text, &|| started.elapsed()).expect("queries");
            for miss in &report.misses {
                println!("{miss}");
            }
            print!("{report}");
        } else {
            if std::env::args().nth(1).as_deref() == Some("short") {
                let results = directory.search(&path, &[]);
                let ids: Vec<_> = results
                    .by_score()
                    .iter()
                    .take(5)
                    .map(|hit| format!("{}({})", hit.offering.id, hit.matched.text))
                    .collect();
                println!("{path:<22} {}", ids.join("  "));
                continue;
            }
            let results = directory.search(&path, &[]);
            println!("== {path} compare={}", results.compare_addresses);
            for hit in results.by_score().iter().take(8) {
                println!(
                    "{:.3} {} [{}] {:?} {:?} {} {:?}",
                    hit.score.total,
                    hit.offering.id,
                    hit.offering.place,
                    hit.matched.text,
                    hit.matched.spans,
                    hit.matched.forgiven,
                    hit.score.parts
                );
            }
        }
    }
}
