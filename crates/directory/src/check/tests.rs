use super::*;
use crate::table::Column;

fn row(id: &str, name: &str, home_url: &str) -> Row {
    let mut row = Row::new(id, name, home_url);
    row.set(Column::City, "Springfield").unwrap();
    row.set(Column::State, "OH").unwrap();
    row
}

fn found(rows: Vec<Row>) -> Vec<(Fault, Vec<String>)> {
    let findings = check(&Table::new("2026-11-22", rows));
    findings.into_iter().map(|finding| (finding.fault, finding.ids)).collect()
}

#[test]
fn the_shipped_directory_has_nothing_severe() {
    let table = Table::embedded().unwrap();
    let severe: Vec<String> = check(&table)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Severe)
        .map(|finding| finding.to_string())
        .collect();
    assert!(severe.is_empty(), "{severe:#?}");
}

/// Unrelated institutions that share a name share no brand, and offerings of one house say what they are for.
#[test]
fn brands_of_the_shipped_directory_are_houses() {
    let table = Table::embedded().unwrap();
    let mut by_brand: HashMap<&str, Vec<&Row>> = HashMap::new();
    for row in table.rows() {
        by_brand.entry(&row.brand).or_default().push(row);
    }
    for (brand, rows) in by_brand.iter().filter(|(_, rows)| rows.len() > 1) {
        let purposes: HashSet<&str> = rows.iter().map(|row| row.purpose.as_str()).collect();
        assert_eq!(purposes.len(), rows.len(), "{brand}: {purposes:?}");
        assert!(rows.iter().all(|row| row.authored.has(Column::Brand)), "{brand}");
        assert!(!purposes.contains(""), "{brand}");
    }
    assert!(by_brand["Fidelity"].len() >= 6 && by_brand["Schwab"].len() >= 5);
    let stranger = |id: &str, brand: &str| assert_ne!(table.row(id).unwrap().brand, brand);
    stranger("empower-federal-credit-union-cu3025", "Empower");
    stranger("fidelity-bank-11507", "Fidelity");
}

#[test]
fn duplicates_are_found() {
    let mut a = row("a", "Example Bank", "https://www.example-bank.test");
    let mut b = row("b", "Example  BANK", "https://example-bank.test/");
    let twice = (Fault::Twice, vec!["a".to_owned(), "b".to_owned()]);
    assert!(found(vec![a.clone(), b.clone()]).contains(&twice));
    // One of them is closed: no longer twice.
    b.standing = Standing::Closed;
    assert!(!found(vec![a.clone(), b.clone()]).contains(&twice));
    (a.regulator_ids, b.regulator_ids) = (vec!["FDIC:1".to_owned()], vec!["FDIC:1".to_owned()]);
    assert!(found(vec![a.clone(), b]).iter().any(|(fault, _)| *fault == Fault::SameRegulatorId));
    assert!(found(vec![a.clone(), a]).iter().any(|(fault, _)| *fault == Fault::SameId));
}

#[test]
fn a_crd_number_is_a_houses() {
    let mut a = row("a", "A", "https://a.test");
    let mut b = row("b", "B", "https://b.test");
    (a.regulator_ids, b.regulator_ids) = (vec!["CRD:1".to_owned()], vec!["CRD:1".to_owned()]);
    assert_eq!(found(vec![a.clone(), b.clone()]).len(), 1);
    (a.brand, b.brand) = ("House".to_owned(), "House".to_owned());
    assert!(found(vec![a, b]).is_empty());
}

#[test]
fn dead_shapes_of_addresses_are_found() {
    for dead in [
        "http://example-bank.test",
        "https://localhost",
        "https://10.0.0.1/login",
        "https://[::1]/",
        "https://info@example-bank.test",
        "https://example-bank.test:8443",
        "https://example bank.test",
        "https://co.uk",
        "https://www.facebook.com/example-bank",
        "https://www.example.com",
        "https://gmail.com",
        "https://example-.test",
        "https://example..test",
        "https://example.9",
    ] {
        let mut row = row("a", "A", "https://a.test");
        row.login_url = dead.to_owned();
        assert_eq!(found(vec![row]), [(Fault::DeadAddress, vec!["a".to_owned()])], "{dead}");
    }
    for alive in
        ["https://a.co.uk", "https://a.bank/path?x=1", "https://xn--bcher-kva.test", "https://x.company.test"]
    {
        assert!(found(vec![row("a", "A", alive)]).is_empty(), "{alive}");
    }
}

#[test]
fn offerings_of_a_brand_at_one_login_need_a_purpose_each() {
    let mut a = row("a", "House Cards", "https://cards.house.test");
    let mut b = row("b", "House Loans", "https://loans.house.test");
    for row in [&mut a, &mut b] {
        row.brand = "House".to_owned();
        row.login_url = "https://login.house.test".to_owned();
    }
    assert_eq!(found(vec![a.clone(), b.clone()])[0].0, Fault::NotToldApart);
    (a.purpose, b.purpose) = ("credit cards".to_owned(), "loans".to_owned());
    assert!(found(vec![a.clone(), b.clone()]).is_empty());
    // Two houses at one login address.
    b.brand = "Other".to_owned();
    assert_eq!(found(vec![a, b])[0].0, Fault::SharedAddress);
}

#[test]
fn names_that_collide_need_a_place_and_borrowed_names_are_told() {
    let a = row("a", "First Bank", "https://a.test");
    let mut b = row("b", "First Bank", "https://b.test");
    b.brand = "First Bank, Dayton".to_owned();
    assert!(found(vec![a.clone(), b.clone()]).is_empty());
    (b.city, b.state) = (String::new(), String::new());
    assert_eq!(found(vec![a.clone(), b])[0].0, Fault::NameWithoutPlace);
    let mut c = row("c", "Second Bank", "https://c.test");
    c.also_known_as = vec!["First Bank".to_owned()];
    let findings = check(&Table::new("2026-11-22", vec![a, c]));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Look);
    assert_eq!(
        findings[0].to_string(),
        "look: another name of one is the name of another: First Bank (c, a)"
    );
}
