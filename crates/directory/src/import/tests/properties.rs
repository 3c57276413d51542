//! Whatever is imported, in whatever order.

use std::collections::HashSet;

use proptest::{collection::vec, option, prelude::*};

use super::{super::*, fdic_of};

/// Few names, towns and numbers, so that they collide.
fn fdic() -> impl Strategy<Value = String> {
    let row = (1u32..8, 0usize..5, 0usize..3, 0u32..3, 0usize..4);
    vec(row, 0..8).prop_map(|rows| {
        let line = |(cert, name, city, active, site): (u32, usize, usize, u32, usize)| {
            let name = ["First Bank", "FIRST BANK", "Second Bank, N.A.", "The Third Bank", "Sample"][name];
            let site = ["www.first.test", "second.test", "", "junk"][site];
            format!(
                "OH,\"{name}\",{cert},{},{cert}000,{},{site},,,Trade {cert}\n",
                ["Lima", "Dayton", ""][city],
                u32::from(active > 0)
            )
        };
        fdic_of(&rows.into_iter().map(line).collect::<String>())
    })
}

fn foicu() -> impl Strategy<Value = String> {
    vec((1u32..6, 1u32..5, 0usize..3), 0..6).prop_map(|rows| {
        let line = |(number, kind, name): (u32, u32, usize)| {
            format!("{number},{kind},{},LIMA,OH\n", ["EXAMPLE", "SAMPLE FEDERAL", "THE FIRST"][name])
        };
        format!("CU_NUMBER,CU_TYPE,CU_NAME,CITY,STATE\n{}", rows.into_iter().map(line).collect::<String>())
    })
}

fn table() -> impl Strategy<Value = String> {
    let row = (0usize..6, 0usize..4, 0u32..8, 0u32..4, any::<bool>());
    vec(row, 0..7).prop_map(|rows| {
        let mut ids = HashSet::new();
        let line = |(id, name, cert, charter, by_hand): (usize, usize, u32, u32, bool)| {
            let id = ["first-bank-1", "second-bank-2", "first-bank", "sample", "chase", "x"][id];
            let name = ["First Bank", "Second Bank", "Sample", "First Bank (Ohio)"][name];
            let regulator = match (cert, charter) {
                (0, 0) => String::new(),
                (0, _) => format!("NCUA:{charter}"),
                (7, _) => "CRD:5".to_owned(),
                (_, 3) => format!("FDIC:{cert}; FDIC:{}", cert + 1),
                _ => format!("FDIC:{cert}"),
            };
            let source = if by_hand { "curated" } else { "fdic" };
            let line = format!("{id}\t{name}\tFB; {cert} Name\tbank\thttps://first.test\t\tLima\tOH\tUS\t{cert}\t{regulator}\t{source}\t5\n");
            if ids.insert(id) { line } else { String::new() }
        };
        let rows: String = rows.into_iter().map(line).collect();
        format!("id\tname\talso_known_as\tkind\thome_url\tlogin_url\tcity\tstate\tcountry\tassets_usd_thousands\tregulator_id\tsource\tpopularity_tier\n{rows}")
    })
}

fn additions() -> impl Strategy<Value = String> {
    vec((0usize..5, 0usize..4, 0u32..8, 0usize..3), 0..5).prop_map(|rows| {
        let line = |(id, name, cert, more): (usize, usize, u32, usize)| {
            let id = ["first-bank-1", "own", "sample", "Not An Id", "chase"][id];
            let name = ["", "Own Name", "First Bank", "Sample"][name];
            let regulator = if cert == 0 { String::new() } else { format!("FDIC:{cert}") };
            let more = ["\tclosed", "Other; -FB\t", "\t"][more];
            format!("{id}\t{name}\twww.own.test\t{regulator}\t{more}\n")
        };
        format!(
            "id\tname\thome_url\tregulator_id\talso_known_as\tstanding\n{}",
            rows.into_iter().map(line).collect::<String>()
        )
    })
}

type Files = (Option<String>, Option<String>, Option<String>, Option<String>);

fn import(present: &Table, (table, fdic, foicu, additions): &Files) -> Table {
    let bytes = |text: &'_ Option<String>| text.clone().map(String::into_bytes);
    let (table, fdic, foicu, additions) = (bytes(table), bytes(fdic), bytes(foicu), bytes(additions));
    let sites = b"CU_NUMBER,ACCT_891\n1,one.test\n2,two.test\n3,first.test\n4,four.test\n";
    let sources = Sources {
        as_of: "2026-02-02",
        table: table.as_deref(),
        fdic: fdic.as_deref(),
        fs220d: foicu.as_ref().map(|_| &sites[..]),
        foicu: foicu.as_deref(),
        additions: additions.as_deref(),
        ..Sources::default()
    };
    run(present, &sources).unwrap().0
}

fn files() -> impl Strategy<Value = Files> {
    (option::of(table()), option::of(fdic()), option::of(foicu()), option::of(additions()))
}

proptest! {
    #[test]
    fn no_import_loses_an_id_and_each_is_the_same_the_second_time(steps in vec(files(), 1..4)) {
        let mut present = Table::new("2026-01-01", Vec::new());
        for step in &steps {
            let next = import(&present, step);
            let ids: HashSet<&str> = next.rows().iter().map(|row| row.id.as_str()).collect();
            prop_assert_eq!(ids.len(), next.rows().len());
            for row in present.rows() {
                prop_assert!(ids.contains(row.id.as_str()), "{} is lost", row.id);
            }
            let again = import(&next, step);
            prop_assert_eq!(next.text(), again.text());
            prop_assert_eq!(&Table::read(&next.write()).unwrap(), &next);
            present = next;
        }
    }

    #[test]
    fn whatever_stands_in_a_file_is_taken_skipped_or_refused(text in "\\PC*") {
        let present = Table::new("2026-01-01", Vec::new());
        for header in ["", "CERT,NAME,CITY,STALP,ASSET,WEBADDR,ACTIVE\n", "CU_NUMBER,CU_TYPE,CU_NAME,CITY,STATE\n", "id\tname\thome_url\n"] {
            let text = format!("{header}{text}");
            let bytes = Some(text.as_bytes());
            for sources in [
                Sources { table: bytes, ..Sources::default() },
                Sources { fdic: bytes, ..Sources::default() },
                Sources { foicu: bytes, ..Sources::default() },
                Sources { additions: bytes, ..Sources::default() },
            ] {
                let imported = run(&present, &sources);
                if let Ok((table, _)) = imported {
                    prop_assert_eq!(&Table::read(&table.write()).unwrap(), &table);
                }
            }
        }
    }
}
