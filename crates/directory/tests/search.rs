//! The search over the directory that ships.

mod made;

use std::{collections::HashSet, sync::LazyLock, time::Duration};

use directory::{Directory, Field, Hit, QUERY_CHARS_MAX, RESULTS_MAX, eval};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(|| Directory::load(Vec::new()).unwrap());
const KNOWN: &str = include_str!("known.tsv");

fn ids(directory: &Directory, typed: &str, chosen: &[&str]) -> Vec<String> {
    let results = directory.search(typed, chosen);
    results.by_score().iter().map(|hit| hit.offering.id.clone()).collect()
}

fn names(typed: &str) -> Vec<String> {
    DIRECTORY.search(typed, &[]).by_score().iter().map(|hit| hit.offering.name.clone()).collect()
}

/// What is highlighted of a hit's text.
fn shown(hit: &Hit<'_>) -> Vec<String> {
    hit.matched.spans.iter().map(|span| hit.matched.text[span.clone()].to_owned()).collect()
}

#[test]
fn what_people_type_is_found_first() {
    let report = eval::evaluate(&DIRECTORY, KNOWN, &|| Duration::ZERO).unwrap();
    let misses: Vec<String> = report.misses.iter().map(ToString::to_string).collect();
    assert!(report.all.top1 >= 0.975 && report.all.top3 >= 0.99, "{report}\n{}", misses.join("\n"));
    assert!((report.no_match - 1.0).abs() < f64::EPSILON, "{}", misses.join("\n"));
}

#[test]
fn any_row_is_found_by_its_name_with_a_slip_a_part_or_its_address() {
    let made = made::queries(&DIRECTORY, 40, 7);
    let report = eval::evaluate(&DIRECTORY, &made, &|| Duration::ZERO).unwrap();
    assert_eq!(report.categories.len(), made::KINDS.len());
    for kind in &report.categories {
        // Many share their initials, and some their beginning; of these the best-known comes first.
        let (top1, top3) = match kind.name.as_str() {
            "initials" => (0.6, 0.85),
            "beginning" => (0.85, 0.92),
            _ => (0.92, 0.95),
        };
        assert!(kind.top1 >= top1 && kind.top3 >= top3, "{report}\n{:?}", report.misses);
    }
}

#[test]
fn fidelity_shows_all_that_could_be_meant_and_asks_to_compare() {
    let results = DIRECTORY.search("fidelity", &[]);
    assert!(results.compare_addresses);
    assert_eq!(results.groups[0].brand, "Fidelity");
    assert!(results.groups[0].hits.len() >= 3);
    let found = names("fidelity");
    assert_eq!(found[0], "Fidelity Investments");
    for name in ["Fidelity NetBenefits", "Fidelity Bank"] {
        assert!(found.iter().any(|other| other == name), "{name} in {found:?}");
    }
}

#[test]
fn addresses_are_compared_only_when_several_could_be_meant() {
    for (typed, compare) in [
        ("fidelity", true),
        ("vanguard", true),
        ("farmers state bank", true),
        ("navy federal", false),
        ("bank of hawaii", false),
        ("https://www.usaa.com/", false),
        ("zzqxv", false),
    ] {
        assert_eq!(DIRECTORY.search(typed, &[]).compare_addresses, compare, "{typed}: {:?}", names(typed));
    }
}

#[test]
fn each_hit_says_which_text_answered_and_where() {
    for (typed, field, text, spans, forgiven) in [
        ("fidel", Field::Name, "Fidelity Investments", &["Fidel"][..], false),
        ("ameritrade td", Field::Alias, "TD Ameritrade", &["TD", "Ameritrade"], false),
        ("td ameratrade", Field::Alias, "TD Ameritrade", &["TD", "Ameritrade"], true),
        ("netben", Field::Name, "Fidelity NetBenefits", &["NetBen"], false),
        ("netbenefits", Field::Alias, "NetBenefits", &["NetBenefits"], false),
        ("wellsfa", Field::Name, "Wells Fargo", &["Wells", "Fa"], false),
        ("t rowe p", Field::Name, "T. Rowe Price", &["T", "Rowe", "P"], false),
        ("nb.fidelity.com", Field::Address, "nb.fidelity.com", &["nb.fidelity.com"], false),
        ("https://www.netbenefits.com/login", Field::Address, "netbenefits.com", &["netbenefits.com"], false),
        ("fidelitybankn", Field::Address, "fidelitybanknc.com", &["fidelitybankn"], false),
        (
            "orange countys",
            Field::Name,
            "Orange County's Federal Credit Union",
            &["Orange", "County's"],
            false,
        ),
    ] {
        let results = DIRECTORY.search(typed, &[]);
        let hits = results.by_score();
        let matched = &hits[0].matched;
        assert_eq!(
            (matched.field, matched.text.as_str(), matched.forgiven),
            (field, text, forgiven),
            "{typed}"
        );
        assert_eq!(shown(hits[0]), spans, "{typed}");
    }
}

#[test]
fn scores_add_up_and_order_everything() {
    for typed in ["fi", "fidelity bank nc", "fidelity hsa", "first national bank omaha", "chase.com"] {
        let results = DIRECTORY.search(typed, &["fidelity-bank-28316"]);
        let hits = results.by_score();
        assert!(hits.windows(2).all(|pair| pair[0].score.total >= pair[1].score.total), "{typed}");
        for hit in &hits {
            let sum: f32 = hit.score.parts.iter().map(|(_, part)| part).sum();
            assert!((sum - hit.score.total).abs() < 1e-4, "{typed}: {:?}", hit.score);
        }
        let best: Vec<f32> = results.groups.iter().map(|group| group.hits[0].score.total).collect();
        assert!(best.is_sorted_by(|a, b| a >= b), "{typed}: {best:?}");
    }
    let results = DIRECTORY.search("fidelity bank fuquay", &[]);
    let parts = &results.groups[0].hits[0].score.parts;
    assert!(parts.iter().any(|(part, _)| *part == "place"), "{parts:?}");
}

#[test]
fn words_that_the_name_leaves_over_are_city_or_state() {
    for (typed, place) in [
        ("citizens state bank hudson wi", "Hudson, WI"),
        ("first state bank nebraska", "NE"),
        ("fidelity bank new orleans", "New Orleans, LA"),
    ] {
        let results = DIRECTORY.search(typed, &[]);
        assert!(results.by_score()[0].offering.place.ends_with(place), "{typed}: {:?}", names(typed));
    }
}

#[test]
fn what_the_household_chose_comes_first_at_equal_relevance() {
    let twins = ids(&DIRECTORY, "farmers state bank", &[]);
    let last = twins.iter().rev().find(|id| DIRECTORY.offering(id).unwrap().name == "Farmers State Bank");
    let last = last.unwrap().as_str();
    assert_ne!(twins[0], last);
    assert_eq!(ids(&DIRECTORY, "farmers state bank", &[last, "unknown-id"])[0], last);
    // Whoever is known best: the household knows better.
    assert_eq!(ids(&DIRECTORY, "fid", &["fidelity-bank-28316"])[0], "fidelity-bank-28316");
    // Another name altogether isn't lifted above the one that was typed.
    assert_eq!(ids(&DIRECTORY, "wells fargo", &["chase", "wells-fargo-advisors"])[0], "wells-fargo");
}

#[test]
fn an_offering_that_is_not_listed_is_known_but_never_shown() {
    let mut hidden = DIRECTORY.offering("chase").unwrap().clone();
    hidden.listed = false;
    let directory = DIRECTORY.with(vec![hidden]);
    assert_eq!(directory.len(), DIRECTORY.len());
    assert!(directory.offering("chase").is_some());
    for typed in ["chase", "chase.com", "jpmc", "wamu", "chse"] {
        assert!(!ids(&directory, typed, &["chase"]).contains(&"chase".to_owned()), "{typed}");
    }
    assert!(directory.popular(500).iter().all(|offering| offering.listed));
}

#[test]
fn a_firms_own_offering_replaces_the_one_of_the_same_id() {
    let mut own = DIRECTORY.offering("chase").unwrap().clone();
    own.name = "Chase (our agreement)".to_owned();
    let mut new = own.clone();
    (new.id, new.name, new.brand) =
        ("own".to_owned(), "Quillfeather Trust".to_owned(), "Quillfeather".to_owned());
    let directory = DIRECTORY.with(vec![own, new]);
    assert_eq!(directory.len(), DIRECTORY.len() + 1);
    assert_eq!(directory.offering("chase").unwrap().name, "Chase (our agreement)");
    assert_eq!(ids(&directory, "quilfeather", &[])[0], "own");
    assert_eq!(ids(&directory, "chase our agreement", &[])[0], "chase");
}

#[test]
fn a_small_directory_and_an_empty_one_answer_too() {
    let chase = DIRECTORY.offering("chase").unwrap().clone();
    assert_eq!(ids(&Directory::of(vec![chase]), "chase", &[]), ["chase"]);
    let empty = Directory::of(Vec::new());
    assert!(empty.search("chase", &["chase"]).is_empty() && empty.search("chase.com", &[]).is_empty());
    assert!(empty.popular(5).is_empty());
}

#[test]
fn the_best_known_are_there_before_anything_is_typed() {
    let popular = DIRECTORY.popular(12);
    assert_eq!(popular.len(), 12);
    assert!(popular.iter().all(|offering| offering.popularity == 1));
}

#[test]
fn nothing_before_the_second_letter_and_nothing_for_nonsense() {
    for typed in [
        "",
        " ",
        "f",
        " f ",
        "qqqzzzxxkk",
        "\u{0}\u{1}",
        "!!!",
        "https://",
        "www.",
        "://@:/?#",
        "\u{301}\u{301}",
    ] {
        assert!(DIRECTORY.search(typed, &[]).is_empty(), "{typed:?}: {:?}", names(typed));
    }
}

#[test]
fn any_input_is_answered_within_bounds() {
    let hostile = [
        "fidelity ".repeat(10_000),
        "a ".repeat(200),
        "first national bank of ".repeat(50),
        "x".repeat(10_000),
        "federalcreditunion".repeat(11),
        "e\u{301}".repeat(5_000),
        "🏦".repeat(300),
        "fidelity🏦bank\u{0}\u{7f}\u{202e}nc".to_owned(),
        "İstanbul ß ﬁdelity ǅ".to_owned(),
        format!("https://{}.com/", "a.".repeat(80)),
        format!("https://{}@chase.com", "é".repeat(20)),
        "(((((***'''''".to_owned(),
    ];
    for typed in
        hostile.iter().map(String::as_str).chain(KNOWN.lines().filter_map(|line| line.split('\t').next()))
    {
        let results = DIRECTORY.search(typed, &[]);
        assert!(results.len() <= RESULTS_MAX);
        let unique: HashSet<&str> = results.by_score().iter().map(|hit| hit.offering.id.as_str()).collect();
        assert_eq!(unique.len(), results.len(), "{typed}");
        for hit in results.by_score() {
            let matched = &hit.matched;
            assert!(!matched.text.is_empty(), "{typed}: {}", hit.offering.id);
            let mut end = 0;
            for span in &matched.spans {
                assert!(span.start >= end && span.start < span.end, "{typed}: {matched:?}");
                assert!(matched.text.get(span.clone()).is_some(), "{typed}: {matched:?}");
                end = span.end;
            }
        }
    }
    let long = "chase ".repeat(QUERY_CHARS_MAX);
    assert!(!DIRECTORY.search(&long, &[]).is_empty());
}

#[test]
fn every_row_has_an_address_to_compare_and_an_id_of_its_own() {
    assert!(DIRECTORY.len() > 8_000);
    let unique: HashSet<&str> = DIRECTORY.offerings().iter().map(|offering| offering.id.as_str()).collect();
    assert_eq!(unique.len(), DIRECTORY.len());
    for offering in DIRECTORY.offerings() {
        let address = offering.address();
        assert!(offering.home_url.starts_with("https://") && address.contains('.'), "{}", offering.id);
    }
}

#[test]
fn a_table_of_queries_that_cant_be_used_says_where() {
    let run =
        |table: &str| eval::evaluate(&DIRECTORY, table, &|| Duration::ZERO).map(|report| report.to_string());
    let head = "category\tquery\ttop1_ids\n";
    for (table, message) in [
        (String::new(), "no column query in the header line"),
        ("query\tcategory\n".to_owned(), "no column top1_ids in the header line"),
        (
            format!("{head}name\tchase\tchase\nname\tx\tno-such\n"),
            "line 3: no institution has the id no-such",
        ),
        (format!("{head}name\tchase\n"), "line 2: fewer columns than the header line"),
        (format!("{head}name\tchase\t\n"), "line 2: neither ids that are right nor the category no_match"),
    ] {
        assert_eq!(run(&table).unwrap_err().to_string(), message);
    }
    let report =
        run(&format!("{head}name\tchase\tchase ; citi\nno_match\tzzqxv\t\nname\tcoinbase\tchase\n")).unwrap();
    let last = report.lines().last().unwrap();
    assert_eq!(last, "top1=0.500 top3=0.500 mrr=0.500 family8=1.000 nomatch=1.000 p50_us=0 p99_us=0");
}
