use domain::{
    Currency,
    holding::{Holding, SecurityKind},
};
use jiff::civil::date;

use super::{frame::short, *};

fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

fn values(points: &[(Date, i64)]) -> Vec<ValuePoint> {
    points.iter().map(|(day, minor)| ValuePoint { day: *day, amount: usd(*minor) }).collect()
}

const TODAY: Date = date(2026, 11, 23);

#[test]
fn nothing_known_draws_nothing() {
    assert!(value(&[], false, Range::Year, TODAY, "/x").is_none());
    let old = values(&[(date(2020, 1, 1), 100)]);
    assert!(value(&old, false, Range::Year, TODAY, "/x").is_none());
    assert!(value(&old, false, Range::All, TODAY, "/x").is_some());
}

#[test]
fn a_time_of_which_nothing_is_known_is_a_gap() {
    let days =
        |from: Date, count: i32, minor: i64| (0..count).map(move |n| (from.saturating_add(n.days()), minor));
    let points: Vec<(Date, i64)> =
        days(date(2026, 3, 1), 12, 100_000).chain(days(date(2026, 4, 1), 30, 120_000)).collect();
    let chart = value(&values(&points), false, Range::Year, TODAY, "/accounts/1").unwrap();
    assert_eq!(chart.line.matches('M').count(), 2, "two lines, nothing between them");
    assert!(
        chart.summary.contains("Nothing is known between Mar 12, 2026 and Apr 1, 2026."),
        "{}",
        chart.summary
    );
    assert!(
        chart.summary.starts_with("The value rose by 200.00, from 1,000.00 to 1,200.00"),
        "{}",
        chart.summary
    );
    // A weekend is no gap.
    let weekend = values(&[(date(2026, 11, 20), 1_000), (date(2026, 11, 23), 2_000)]);
    assert_eq!(value(&weekend, false, Range::Year, TODAY, "/x").unwrap().line.matches('M').count(), 1);
}

#[test]
fn the_drawing_fills_its_frame() {
    let chart =
        value(&values(&[(date(2026, 11, 16), 0), (TODAY, 100_000)]), false, Range::Month, TODAY, "/x")
            .unwrap();
    assert_eq!(chart.line, "M0.0 256.0L1000.0 24.0");
    assert_eq!(chart.area, "M0.0 256.0L0.0 256.0L1000.0 24.0V256.0Z");
    assert_eq!(chart.end, Some(("100.00%".to_owned(), "24.0".to_owned())));
    let labels: Vec<&str> = chart.grid.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["0", "200", "400", "600", "800", "1000"]);
    assert_eq!(chart.stops[0].strip_x, "0.00%");
    assert_eq!(chart.stops[1].strip_width, "50.00%");
    assert_eq!(chart.stops.iter().filter(|stop| stop.last).count(), 1, "one stop for the Tab key");
}

#[test]
fn what_is_kept_by_hand_holds_until_the_next_value() {
    let points = values(&[(date(2025, 6, 1), 50_000_000), (date(2026, 9, 1), 54_500_000)]);
    let chart = value(&points, true, Range::Year, TODAY, "/x").unwrap();
    assert!(
        chart.line.contains('H') && chart.line.contains('V') && !chart.line.contains('L'),
        "{}",
        chart.line
    );
    assert!(chart.summary.contains("between Nov 23, 2025 and Nov 23, 2026"), "{}", chart.summary);
}

#[test]
fn net_worth_has_debts_below_zero() {
    let points = [
        NetWorthPoint { day: date(2026, 11, 20), assets: usd(159_661_539), debts: usd(-31_230_487) },
        NetWorthPoint { day: TODAY, assets: usd(160_000_000), debts: usd(-31_000_000) },
    ];
    let chart = net_worth(&points, Range::Month, TODAY, "/").unwrap();
    assert_eq!(chart.grid.iter().filter(|line| line.zero).count(), 1);
    assert_eq!(chart.grid[0].label, "\u{2212}500k");
    assert!(chart.grid.iter().any(|line| line.label == "1.5M"));
    let html = chart.to_string();
    for text in [
        "Show as a table",
        "1,290,000.00",
        "1M",
        "aria-current=\"true\"",
        "net worth 1,290,000.00, assets 1,600,000.00",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("style="));
}

#[test]
fn ten_years_of_days_stay_readable() {
    let first = date(2016, 11, 23);
    let points: Vec<(Date, i64)> =
        (0..3653).map(|n| (first.saturating_add(n.days()), 1_000_000 + i64::from(n))).collect();
    let chart = value(&values(&points), false, Range::All, TODAY, "/x").unwrap();
    assert!(chart.stops.len() <= STOPS_MAX);
    assert!(chart.line.matches('L').count() <= DRAWN_MAX);
    assert_eq!(chart.line.matches('M').count(), 1, "thinning makes no gaps");
    assert!((3..=8).contains(&chart.ticks.len()), "{:?}", chart.ticks);
    assert!(!chart.grid[0].zero, "far from zero the axis begins elsewhere");
}

#[test]
fn axis_labels_are_short_and_exact() {
    for (amount, step, label) in [
        (1_500_000.0, 500_000.0, "1.5M"),
        (500_000.0, 500_000.0, "500k"),
        (-12_500.0, 2_500.0, "\u{2212}12.5k"),
        (0.0, 20.0, "0"),
        (980.0, 20.0, "980"),
        (0.5, 0.5, "0.5"),
    ] {
        assert_eq!(short(amount, step), label);
    }
}

fn holding(name: &str, kind: SecurityKind, minor: i64) -> Holding {
    Holding {
        security_id: String::new(),
        symbol: String::new(),
        name: name.to_owned(),
        kind,
        quantity: 1.into(),
        price: None,
        price_as_of: None,
        value: usd(minor),
        cost_basis: None,
    }
}

#[test]
fn a_first_day_is_told_in_words_and_what_is_owned_in_a_ring() {
    let first = value(&values(&[(TODAY, 100)]), false, Range::Year, TODAY, "/x").unwrap();
    assert!(first.begins);
    let html = first.to_string();
    assert!(html.contains("known since Nov 23, 2026") && !html.contains("<svg"), "{html}");
    let groups = [("Cash", usd(25_000)), ("Property", usd(75_000)), ("Retirement", usd(0))];
    let owned = owned(&groups, 4).unwrap();
    assert_eq!(owned.shares.len(), 2);
    assert_eq!((owned.shares[0].name.as_str(), owned.shares[0].percent.as_str()), ("Property", "75.0%"));
    assert!(owned.to_string().contains('4') && owned.to_string().contains("accounts"));
}

#[test]
fn allocation_is_by_kind_or_by_name() {
    use SecurityKind::{Bond, Fund, Stock};
    let mixed = [
        holding("A", Fund, 50_000),
        holding("B", Fund, 25_000),
        holding("C", Bond, 25_000),
        holding("D", Stock, -5_000),
    ];
    let by_kind = allocation(&mixed).unwrap();
    let told: Vec<_> =
        by_kind.shares.iter().map(|share| (share.name.as_str(), share.percent.as_str())).collect();
    assert_eq!(told, [("Funds", "75.0%"), ("Bonds", "25.0%")]);
    assert_eq!(by_kind.short, 1);
    let funds: Vec<Holding> = (1..=8).map(|n| holding(&format!("Fund {n}"), Fund, n * 100)).collect();
    let by_name = allocation(&funds).unwrap();
    assert_eq!(by_name.shares.len(), 6);
    assert_eq!(by_name.shares[5].name, "3 others");
    assert!(allocation(&[]).is_none());
    assert!(!by_name.to_string().contains("style="));
}
