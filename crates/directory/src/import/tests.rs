mod properties;

use super::*;
use crate::{
    states,
    table::{Column, Row, Standing},
};

const FDIC_HEADER: &str = "STALP,NAME,CERT,CITY,ASSET,ACTIVE,WEBADDR,ZIP,TE01N528,TE01N529\n";

fn empty() -> Table {
    Table::new("2026-01-01", Vec::new())
}

fn fdic_of(rows: &str) -> String {
    format!("{FDIC_HEADER}{rows}")
}

fn import_fdic(present: &Table, rows: &str) -> (Table, Report) {
    run(present, &Sources { fdic: Some(fdic_of(rows).as_bytes()), ..Sources::default() }).unwrap()
}

fn import_additions(present: &Table, text: &str) -> (Table, Report) {
    run(present, &Sources { additions: Some(text.as_bytes()), ..Sources::default() }).unwrap()
}

const EXAMPLE: &str = "OH,\"First Example Bank, National Association\",9001,Springfield,1500000,1,\
                       HTTP://WWW.First-Example.test/,45501,www.feb-online.test,Example Trust\n";

#[test]
fn a_bank_of_the_fdic_becomes_a_row_with_what_people_call_it() {
    let (table, report) = import_fdic(&empty(), EXAMPLE);
    assert_eq!(report.added, ["first-example-bank-9001"]);
    let row = &table.rows()[0];
    assert_eq!(row.name, "First Example Bank");
    assert_eq!(row.brand, "First Example Bank");
    assert_eq!(row.home_url, "https://www.first-example.test");
    assert_eq!(row.place(), "Springfield, OH");
    assert_eq!((row.assets_usd_thousands, row.popularity), (1_500_000, 4));
    assert_eq!(row.regulator_ids, ["FDIC:9001"]);
    let others = ["First Example Bank, National Association", "Example Trust", "feb-online.test"];
    assert_eq!(row.also_known_as, others);
    assert_eq!(row.purpose, "");
}

#[test]
fn a_renamed_bank_keeps_its_id_and_its_old_name() {
    let (table, _) = import_fdic(&empty(), EXAMPLE);
    let renamed = "OH,Sample Bank,9001,Dayton,1600000,1,www.sample.test,,,\n";
    let (table, report) = import_fdic(&table, renamed);
    let row = table.row("first-example-bank-9001").unwrap();
    assert_eq!((row.name.as_str(), row.brand.as_str()), ("Sample Bank", "Sample Bank"));
    assert!(row.is_called("First Example Bank"));
    assert_eq!((row.city.as_str(), row.home_url.as_str()), ("Dayton", "https://www.sample.test"));
    assert_eq!(report.updated.len(), 1);
    let was: Vec<_> =
        report.updated[0].changes.iter().map(|change| (change.column, change.was.as_str())).collect();
    assert!(was.contains(&("name", "First Example Bank")) && was.contains(&("city", "Springfield")));
    let words = report.to_string();
    assert!(
        words.contains("0 added, 1 updated")
            && words.contains("name was `First Example Bank`, is `Sample Bank`")
    );
    // Capitals alone are no new name.
    let (_, report) = import_fdic(&table, &renamed.replace("Sample Bank", "SAMPLE BANK"));
    assert!(report.is_unchanged(), "{report}");
}

#[test]
fn who_left_the_list_is_closed_and_comes_back_under_the_same_id() {
    let two = format!("{EXAMPLE}TX,Second Bank,9002,Austin,100,1,second.test,,,\n");
    let (table, _) = import_fdic(&empty(), &two);
    let (table, report) = import_fdic(&table, EXAMPLE);
    assert_eq!(report.closed, ["second-bank-9002"]);
    assert_eq!(table.row("second-bank-9002").unwrap().standing, Standing::Closed);
    let (table, report) = import_fdic(&table, &two);
    assert_eq!(report.reopened, ["second-bank-9002"]);
    assert_eq!(table.row("second-bank-9002").unwrap().standing, Standing::Listed);
    let (table, report) = import_fdic(&table, &two.replace("100,1,second", "100,0,second"));
    assert_eq!(report.closed, ["second-bank-9002"]);
    assert_eq!(table.rows().len(), 2);
}

#[test]
fn a_part_of_a_list_closes_nobody() {
    let row = |number: u32| format!("OH,Bank Number {number},{number},Town,1,1,bank{number}.test,,,\n");
    let (table, _) = import_fdic(&empty(), &(1..=60).map(row).collect::<String>());
    let (_, report) = import_fdic(&table, &(1..=10).map(row).collect::<String>());
    assert!(report.closed.is_empty());
    assert!(report.notes[0].contains("leaves out 50 of 60"), "{report}");
}

#[test]
fn what_was_written_by_hand_stays_and_a_gone_charter_is_told() {
    let mut brand = Row::new("example", "Example", "https://example.test");
    brand.regulator_ids = vec!["FDIC:9001".to_owned()];
    for column in [Column::Name, Column::Brand, Column::Purpose, Column::HomeUrl, Column::Popularity] {
        brand.authored.add(column);
    }
    (brand.purpose, brand.popularity) = ("everything".to_owned(), 1);
    let (table, _) = import_fdic(&Table::new("2026-01-01", vec![brand.clone()]), EXAMPLE);
    let row = table.row("example").unwrap();
    assert_eq!((&row.name, &row.brand, &row.home_url), (&brand.name, &brand.brand, &brand.home_url));
    assert_eq!((row.popularity, row.purpose.as_str()), (1, "everything"));
    assert_eq!((row.assets_usd_thousands, row.city.as_str()), (1_500_000, "Springfield"));
    assert!(row.is_called("First Example Bank, National Association"));
    let (table, report) = import_fdic(&table, "TX,Second Bank,9002,Austin,100,1,second.test,,,\n");
    assert_eq!(table.row("example").unwrap().standing, Standing::Listed);
    assert!(report.notes[0].contains("brand by hand"), "{report}");
    // Not a brand: an institution that only has its name by hand.
    (brand.id, brand.name) = ("example-9001".to_owned(), "Example of Ohio".to_owned());
    let (_, report) = import_fdic(
        &Table::new("2026-01-01", vec![brand]),
        "TX,Second Bank,9002,Austin,100,1,second.test,,,\n",
    );
    assert_eq!(report.closed, ["example-9001"]);
}

#[test]
fn one_more_charter_of_a_known_institution_joins_its_row() {
    let (table, _) = import_fdic(&empty(), EXAMPLE);
    let twin = format!("{EXAMPLE}TX,Example Trust,9003,Austin,900,1,first-example.test,,,\n");
    let (table, report) = import_fdic(&table, &twin);
    assert_eq!(table.rows().len(), 1, "{report}");
    assert_eq!(table.rows()[0].regulator_ids, ["FDIC:9001", "FDIC:9003"]);
    assert_eq!(
        (table.rows()[0].city.as_str(), table.rows()[0].assets_usd_thousands),
        ("Springfield", 1_500_900)
    );
    // The first one goes: the second speaks for the row.
    let (table, report) = import_fdic(&table, "TX,Example Trust,9003,Austin,900,1,first-example.test,,,\n");
    assert!(report.closed.is_empty());
    assert_eq!((table.rows()[0].city.as_str(), table.rows()[0].assets_usd_thousands), ("Austin", 900));
}

#[test]
fn lines_that_are_no_institution_are_skipped_with_the_reason() {
    let rows = format!(
        "{EXAMPLE}OH,Nowhere Bank,9004,Lima,5,1,,,,\nOH,Mail Bank,9005,Lima,5,1,info@mail.test,,,\n\
         OH,Uninsured,0,Lima,5,1,un.test,,,\n{EXAMPLE}"
    );
    let (_, report) = import_fdic(&empty(), &rows);
    let skipped: Vec<_> =
        report.skipped.iter().map(|line| (line.line, line.what.as_str(), line.reason)).collect();
    assert!(skipped.contains(&(3, "Nowhere Bank", "no usable web address")), "{report}");
    assert!(skipped.contains(&(4, "Mail Bank", "no usable web address")));
    assert!(skipped.contains(&(5, "Uninsured", "no certificate: not insured")));
    assert!(skipped.contains(&(6, "First Example Bank", "listed twice")));
}

#[test]
fn a_file_without_a_needed_column_is_refused() {
    let refused = |sources: Sources<'_>| run(&empty(), &sources).unwrap_err().to_string();
    let fdic =
        Sources { fdic: Some(b"CERT,NAME,CITY,STNAME,ASSET,ACTIVE\n1,A,B,C,2,1\n"), ..Sources::default() };
    assert_eq!(refused(fdic), "FDIC institutions: the column WEBADDR is missing");
    let foicu = Sources { foicu: Some(b"CU_NUMBER,CU_NAME\n1,A\n"), ..Sources::default() };
    assert_eq!(refused(foicu), "FOICU.txt: the column CU_TYPE is missing");
    let alone = Sources { fs220: Some(b"CU_NUMBER,ACCT_010\n1,2\n"), ..Sources::default() };
    assert!(refused(alone).starts_with("FS220.txt says something"));
    let additions = Sources { additions: Some(b"id\tnmae\nx\tX\n"), ..Sources::default() };
    assert_eq!(refused(additions), "additions: nobody knows the column nmae");
    assert_eq!(
        refused(Sources { as_of: "today", ..Sources::default() }),
        "today is not a day such as 2026-11-22"
    );
}

#[test]
fn the_files_of_a_call_report_make_credit_unions() {
    let foicu = "\"CU_NUMBER\",\"CYCLE_DATE\",\"CU_TYPE\",\"CU_NAME\",\"CITY\",\"STATE\"\n\
                 00071,1/1/2026,\"1\",\"EXAMPLE VALLEY\",\"PO TOWN\",\"TX\"\n\
                 72,1/1/2026,\"2\",\"MCDOE IBEW OF LIMA\",\"LIMA\",\"OH\"\n\
                 73,1/1/2026,\"3\",\"PRIVATE CREDIT UNION, INC.\",\"BOISE\",\"ID\"\n\
                 74,1/1/2026,\"9\",\"WHO KNOWS\",\"BOISE\",\"ID\"\n";
    let sources = Sources {
        foicu: Some(foicu.as_bytes()),
        fs220: Some(b"CU_NUMBER,ACCT_010\n71,2500000500\n72,99\n"),
        fs220d: Some(b"\"CU_NUMBER\",\"Acct_891\"\n71,\"www.evfcu.test\"\n72,\"http://https://limacu.test/\"\n73,x.private-cu.test\n"),
        trade_names: Some(b"CU_NUMBER,TradeName\n71,EVFCU\n71,N/A\n71,www.evfcu.test\n"),
        branches: Some(
            b"CU_NUMBER,MainOffice,PhysicalAddressCity,PhysicalAddressStateCode,PhysicalAddressCountry\n\
              71,No,WACO,TX,United States\n71,Yes,EL PASO,TX,United States\n",
        ),
        ..Sources::default()
    };
    let (table, report) = run(&empty(), &sources).unwrap();
    let row = table.row("example-valley-federal-credit-union-cu71").unwrap();
    assert_eq!(row.name, "Example Valley Federal Credit Union");
    assert_eq!((row.city.as_str(), row.state.as_str()), ("El Paso", "TX"));
    assert_eq!((row.assets_usd_thousands, row.popularity), (2_500_000, 4));
    assert_eq!(
        (&row.regulator_ids[..], &row.also_known_as[..]),
        (&["NCUA:71".to_owned()][..], &["EVFCU".to_owned()][..])
    );
    assert_eq!(
        table.row("mcdoe-ibew-of-lima-credit-union-cu72").unwrap().name,
        "McDoe IBEW of Lima Credit Union"
    );
    assert_eq!(table.row("private-credit-union-cu73").unwrap().regulator_ids, ["ASI:73"]);
    assert_eq!(report.skipped[0].reason, "not a type of credit union that is known");
    assert!(run(&table, &sources).unwrap().1.is_unchanged());
    // Insured by somebody else, the same charter.
    let insured = foicu.replace("73,1/1/2026,\"3\"", "73,1/1/2026,\"2\"");
    let (table, _) = run(&table, &Sources { foicu: Some(insured.as_bytes()), ..sources }).unwrap();
    assert_eq!(table.row("private-credit-union-cu73").unwrap().regulator_ids, ["NCUA:73"]);
}

#[test]
fn a_firms_additions_win_and_stay_won() {
    let (table, _) = import_fdic(&empty(), EXAMPLE);
    let additions = "# ours\nid\tname\thome_url\tlogin_url\talso_known_as\tstate\n\
                     first-example-bank-9001\tOur Example\t\tlogin.first-example.test\tOE\t\n\
                     new-one\tNew One\tWWW.NewOne.test/\t\t\tOhio\n\
                     half\t\twww.half.test\t\t\t\n\
                     another\tAnother\twww.another.test\t\t\tCA\n";
    let (table, report) = import_additions(&table, additions);
    assert_eq!(report.added, ["another"]);
    let reasons: Vec<_> = report.skipped.iter().map(|line| (line.line, line.reason)).collect();
    let expected = [(4, "not two capital letters"), (5, "a new institution needs id, name and home_url")];
    assert_eq!(reasons, expected);
    let (table, _) = import_fdic(&table, &EXAMPLE.replace("First Example", "Third Example"));
    let row = table.row("first-example-bank-9001").unwrap();
    assert_eq!(
        (row.name.as_str(), row.login_url.as_str()),
        ("Our Example", "https://login.first-example.test")
    );
    assert!(row.is_called("OE") && row.is_called("First Example Bank"));
    assert!(row.own.has(Column::Name) && !row.own.has(Column::HomeUrl));
    let (table, _) =
        import_additions(&table, "id\talso_known_as\tstanding\nfirst-example-bank-9001\t-OE\tclosed\n");
    let row = table.row("first-example-bank-9001").unwrap();
    assert!(!row.is_called("OE"));
    // Closed by the firm, whatever the list says.
    let (table, _) = import_fdic(&table, EXAMPLE);
    assert_eq!(table.row("first-example-bank-9001").unwrap().standing, Standing::Closed);
}

#[test]
fn the_research_table_is_read_by_regulator_first_and_keeps_ids() {
    let header = "id\tname\talso_known_as\tkind\thome_url\tlogin_url\tcity\tstate\tcountry\tassets_usd_thousands\tregulator_id\tsource\tas_of\tpopularity_tier\n";
    let first = format!(
        "{header}old-name-9001\tOld Name\tON; \tbank\thttps://on.test\t\tLima\tOH\tUS\t50\tFDIC:9001\tfdic\t\t6\n\
         sample\tSample\t\tbrokerage\thttps://sample.test\thttps://login.sample.test\tLima\tOH\tUS\t\t\tcurated\t\t1\n"
    );
    let import = |present: &Table, text: &str| {
        run(present, &Sources { table: Some(text.as_bytes()), ..Sources::default() }).unwrap()
    };
    let (table, _) = import(&empty(), &first);
    let sample = table.row("sample").unwrap();
    assert!(sample.authored.has(Column::Name) && sample.authored.has(Column::LoginUrl));
    assert_eq!((sample.purpose.as_str(), sample.popularity), ("brokerage and IRA accounts", 1));
    assert_eq!(table.row("old-name-9001").unwrap().login_url, "");
    let second = first.replace("old-name-9001\tOld Name", "new-name-9001\tNew Name");
    let (table, report) = import(&table, &second);
    assert!(report.added.is_empty() && table.row("new-name-9001").is_none());
    assert!(table.row("old-name-9001").unwrap().is_called("Old Name"));
    assert_eq!(table.row("old-name-9001").unwrap().name, "New Name");
    assert!(import(&table, &second).1.is_unchanged());
}

#[test]
fn a_name_that_many_have_is_no_brand() {
    let bank =
        |number: u32, city: &str| format!("OH,First National Bank,{number},{city},5,1,fnb{number}.test,,,\n");
    let rows = [bank(1, "Lima"), bank(2, "Dayton"), bank(3, "Dayton")].concat();
    let (table, _) = import_fdic(&empty(), &rows);
    let brand = |id| table.row(id).unwrap().brand.clone();
    assert_eq!(brand("first-national-bank-1"), "First National Bank, Lima, OH");
    assert_eq!(brand("first-national-bank-2"), "First National Bank, Dayton, OH (first-national-bank-2)");
    assert_ne!(brand("first-national-bank-2"), brand("first-national-bank-3"));
}

#[test]
fn names_are_cut_and_recased_by_rule() {
    for (legal, shown) in [
        ("The Example Bank, N.A.", "Example Bank"),
        ("Example Bank National Association", "Example Bank"),
        ("BankExample, Inc.", "BankExample"),
        ("Example Savings, FSB", "Example Savings"),
        ("THE EXAMPLE STATE BANK OF O'FALLON", "Example State Bank of O'Fallon"),
        ("Example Bank of Tirana", "Example Bank of Tirana"),
    ] {
        assert_eq!(names::bank(legal), shown);
    }
    for (official, federal, shown) in [
        ("EXAMPLE", true, "Example Federal Credit Union"),
        ("EXAMPLE FEDERAL", true, "Example Federal Credit Union"),
        ("THE EXAMPLE", false, "Example Credit Union"),
        ("1ST EXAMPLE-SAMPLE U.S. III FCU", true, "1st Example-Sample U.S. III Federal Credit Union"),
        ("EXAMPLE CU OF LIMA", false, "Example CU of Lima"),
    ] {
        assert_eq!(names::credit_union(official, federal), shown);
    }
    assert_eq!(names::slug("M&T Bank's (U.S.)"), "m-and-t-banks-us");
    assert_eq!(
        (states::code("ohio"), states::code("OH"), states::code("Ontario")),
        (Some("OH"), Some("OH"), None)
    );
}

#[test]
fn addresses_are_cleaned_or_dropped() {
    for (raw, clean) in [
        ("HTTP://WWW.Example.test/", Some("https://www.example.test")),
        ("www.example.test/Path/;www.other.test", Some("https://www.example.test/Path")),
        ("http://https://www.example.test", Some("https://www.example.test")),
        ("www:example.test", Some("https://www.example.test")),
        ("www.first-bank..test", Some("https://www.first-bank.test")),
        ("info@example.test", None),
        ("N/A", None),
        ("none", None),
        ("https://facebook.com/example", None),
        ("192.168.0.1", None),
        ("example.test:8443", None),
        ("ftp://example.test", None),
        ("", None),
    ] {
        assert_eq!(addresses::cleaned(raw).as_deref(), clean, "{raw}");
    }
}

/// The files by hand were changed: write the shipped file again (`data/README.md`).
#[test]
fn the_shipped_file_has_what_was_written_by_hand() {
    let table = Table::embedded().unwrap();
    let (next, report) = run(&table, &Sources::default()).unwrap();
    assert!(report.is_unchanged() && report.skipped.is_empty(), "{report}");
    assert_eq!(next.text(), table.text());
    for sheet in settle::sheets().unwrap() {
        let id = sheet.need(&["id"]).unwrap();
        let mut seen = std::collections::HashSet::new();
        for line in sheet.lines() {
            let (file, id) = (sheet.source(), line.get(id));
            assert!(table.row(id).is_some(), "{file} line {}: nobody is {id}", line.number);
            assert!(seen.insert(id), "{file} line {}: {id} once more", line.number);
        }
    }
}
