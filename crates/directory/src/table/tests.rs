use super::*;

fn row(id: &str) -> Row {
    let mut row = Row::new(id, "First Example Bank", "https://www.first-example.example");
    row.set(Column::AlsoKnownAs, "FEB; Example Trust").unwrap();
    row.set(Column::RegulatorId, "FDIC:9000001; FDIC:9000002").unwrap();
    row.set(Column::City, "Springfield").unwrap();
    row.set(Column::State, "OH").unwrap();
    row.authored.add(Column::Purpose);
    row
}

#[test]
fn what_is_written_is_read_and_the_same_facts_give_the_same_bytes() {
    let mut large = row("large");
    large.assets_usd_thousands = 7;
    let table = Table::new("2026-11-22", vec![row("b"), row("a"), large.clone()]);
    let bytes = table.write();
    assert_eq!(Table::read(&bytes).unwrap(), table);
    assert_eq!(Table::read(table.text().as_bytes()).unwrap(), table);
    assert_eq!(Table::read(&bytes).unwrap().write(), bytes);
    let otherwise = Table::new("2026-11-22", vec![large, row("a"), row("b")]);
    assert_eq!(otherwise.write(), bytes);
    // gzip keeps a time in bytes 4 to 8.
    assert_eq!(bytes[4..8], [0; 4]);
}

#[test]
fn the_embedded_table_is_what_its_own_writer_writes() {
    let table = Table::embedded().unwrap();
    assert_eq!(table.text(), unpacked(INSTITUTIONS).unwrap());
    assert_eq!(embedded_as_of().unwrap(), table.as_of());
    assert!(is_day(table.as_of()));
}

#[test]
fn an_offering_has_place_size_and_a_login_address() {
    let mut closed = row("closed");
    closed.standing = Standing::Closed;
    closed.assets_usd_thousands = 12;
    let offering = closed.into_offering();
    assert_eq!(offering.place, "Springfield, OH");
    assert_eq!(offering.login_url, offering.home_url);
    assert_eq!(offering.assets_usd_thousands, 12);
    assert_eq!(offering.also_known_as, ["FEB", "Example Trust"]);
    assert!(!offering.listed);
    let mut abroad = row("abroad");
    (abroad.city, abroad.state, abroad.country) = ("Toronto".to_owned(), String::new(), "CA".to_owned());
    assert_eq!(abroad.place(), "Toronto, Canada");
}

#[test]
fn a_damaged_file_says_line_and_column() {
    let text = Table::new("2026-11-22", vec![row("a"), row("b")]).text();
    let damaged = |from: &str, to: &str| Table::read(text.replacen(from, to, 1).as_bytes()).unwrap_err();
    let value = |line, column, wrong| Damaged::Value { line, column, wrong };
    assert_eq!(damaged("\nb\t", "\na\t"), value(4, "id", "another row has it"));
    assert_eq!(damaged("\nb\t", "\nB\t"), value(4, "id", "an id has small letters, digits and hyphens"));
    assert_eq!(damaged("\tother\t", "\tpawnshop\t"), value(3, "kind", "not a kind of institution"));
    assert_eq!(damaged("https://", "http://"), value(3, "home_url", "an address begins with https://"));
    assert_eq!(damaged("\tlisted\t", "\tlost\t"), value(3, "standing", "neither listed nor closed"));
    assert_eq!(damaged("\tOH\t", "\tOhio\t"), value(3, "state", "not two capital letters"));
    assert_eq!(
        damaged("\t6\t", "\t7\t").to_string(),
        "line 3 of the directory, popularity: not from 1 (household name) to 6 (tiny)"
    );
    assert_eq!(damaged("\tlisted", ""), Damaged::Width { line: 3, found: 16, expected: 17 });
    assert!(matches!(damaged(" 2 ", " 3 "), Damaged::Edition { .. }));
    assert!(matches!(damaged("2026-11-22", "2026-13-22"), Damaged::Edition { .. }));
    assert!(matches!(damaged("\tbrand\t", "\tbrands\t"), Damaged::Header { .. }));
    assert!(matches!(Table::read(&[0x1f, 0x8b, 1, 2, 3]), Err(Damaged::Packed(_))));
    assert!(matches!(Table::read(&[0xff, 0xfe]), Err(Damaged::Packed(_))));
    assert!(matches!(Table::read(b""), Err(Damaged::Edition { .. })));
    let packed = Table::new("2026-11-22", vec![row("a")]).write();
    assert!(Table::read(&packed[..packed.len() / 2]).is_err());
}
