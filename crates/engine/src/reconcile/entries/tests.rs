use std::collections::HashMap;

use domain::{Currency, Money};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// November of 2026; days are all that the cases differ in.
fn day(day: i8) -> Date {
    date(2026, 11, day)
}

fn posted(id: &str, on: i8, amount: i64, payee: &str) -> Posted {
    Posted {
        native_id: (!id.is_empty()).then(|| id.to_owned()),
        posted_on: day(on),
        amount: Money { minor: amount, currency: Currency::USD },
        payee: payee.to_owned(),
        memo: String::new(),
        detail: String::new(),
        corrects: None,
        quantity: None,
    }
}

fn corrects(mut entry: Posted, id: &str, correction: Correction) -> Posted {
    entry.corrects = Some((id.to_owned(), correction));
    entry
}

fn pending(on: i8, amount: i64, payee: &str) -> Pending {
    Pending {
        expected_on: day(on),
        amount: Money { minor: amount, currency: Currency::USD },
        payee: payee.to_owned(),
    }
}

fn statement(from: i8, to: i8, posted: Vec<Posted>) -> Statement {
    Statement { from: Some(day(from)), to: Some(day(to)), posted, pending: None }
}

/// An account that takes one statement after the other, as the store would keep it.
#[derive(Default)]
struct Kept(Vec<EntryRow>);

impl Kept {
    fn take(&mut self, statement: &Statement) -> EntryChanges {
        let (from, to) = window(statement).unwrap_or((Date::MAX, Date::MIN));
        let corrected = corrected_ids(statement);
        let loaded: Vec<EntryRow> = self
            .0
            .iter()
            .filter(|row| {
                let named = row.native_id.as_ref().is_some_and(|id| corrected.contains(id));
                row.pending || named || (from..=to).contains(&row.posted_on)
            })
            .cloned()
            .collect();
        let changes = changes(&loaded, statement);
        for row in &changes.changed {
            let kept = self.0.iter_mut().find(|kept| kept.key == row.key).expect("what changes is there");
            *kept = row.clone();
        }
        self.0.retain(|row| !changes.removed.contains(&row.key));
        for row in &changes.added {
            assert!(self.0.iter().all(|kept| kept.key != row.key), "the key {} is taken", row.key);
            self.0.push(row.clone());
        }
        changes
    }

    /// Day, amount, text and whether pending, sorted.
    fn rows(&self) -> Vec<(i8, i64, String, bool)> {
        let row = |row: &EntryRow| (row.posted_on.day(), row.amount, row.payee.clone(), row.pending);
        let mut rows: Vec<_> = self.0.iter().map(row).collect();
        rows.sort();
        rows
    }

    fn expect(&self, expected: &[(i8, i64, &str)]) {
        let mut expected: Vec<_> =
            expected.iter().map(|(on, amount, payee)| (*on, *amount, (*payee).to_owned(), false)).collect();
        expected.sort();
        assert_eq!(self.rows(), expected);
    }
}

fn five() -> Vec<Posted> {
    vec![
        posted("a1", 2, -1_200, "Coffee"),
        posted("a2", 3, -4_550, "Grocer"),
        posted("a3", 3, -1_200, "Coffee"),
        posted("a4", 5, 250_000, "Payroll"),
        posted("a5", 9, -1_999, "Streaming"),
    ]
}

fn kept_five() -> Kept {
    let mut kept = Kept::default();
    assert_eq!(kept.take(&statement(1, 10, five())).added.len(), 5);
    kept
}

#[test]
fn the_same_feed_again_changes_nothing() {
    let mut kept = kept_five();
    assert!(kept.take(&statement(1, 10, five())).is_empty());
    assert!(kept.take(&statement(4, 10, five()[3..].to_vec())).is_empty());
}

#[test]
fn the_same_rows_under_new_ids_stay_five() {
    let mut kept = kept_five();
    let renamed = five()
        .into_iter()
        .map(|entry| Posted { native_id: entry.native_id.map(|id| format!("new {id}")), ..entry });
    let changes = kept.take(&statement(1, 10, renamed.collect()));
    assert_eq!((changes.added.len(), changes.removed.len(), kept.0.len()), (0, 0, 5));
    // Rows that came without an id are the same ones, too.
    let nameless = five().into_iter().map(|entry| Posted { native_id: None, ..entry });
    assert_eq!(kept.take(&statement(1, 10, nameless.collect())).added.len(), 0);
}

#[test]
fn a_genuine_twin_is_kept_with_the_old_row_in_the_feed() {
    let mut kept = kept_five();
    let mut feed = five();
    feed.push(posted("a6", 3, -1_200, "Coffee"));
    assert_eq!(kept.take(&statement(1, 10, feed.clone())).added.len(), 1);
    assert!(kept.take(&statement(1, 10, feed)).is_empty());
    assert_eq!(kept.0.len(), 6);
}

#[test]
fn a_genuine_twin_in_one_file_is_kept_with_and_without_ids() {
    for id in ["", "same"] {
        let feed =
            || statement(1, 10, vec![posted(id, 3, -1_200, "Coffee"), posted(id, 3, -1_200, "Coffee")]);
        let mut kept = Kept::default();
        kept.take(&feed());
        assert_eq!(kept.0.len(), 2);
        assert!(kept.take(&feed()).is_empty());
    }
}

#[test]
fn a_genuine_repeat_on_the_next_day_is_kept_when_the_old_row_is_no_longer_sent() {
    let mut kept = Kept::default();
    kept.take(&statement(1, 3, vec![posted("a1", 3, -1_200, "Coffee")]));
    kept.take(&statement(4, 5, vec![posted("a2", 4, -1_200, "Coffee")]));
    kept.expect(&[(3, -1_200, "Coffee"), (4, -1_200, "Coffee")]);
    // Also with numbers that begin anew in each download.
    kept.take(&statement(5, 6, vec![posted("a1", 5, -1_200, "Coffee"), posted("a2", 6, -1_200, "Coffee")]));
    assert_eq!(kept.0.len(), 4);
}

#[test]
fn another_shop_with_the_same_amount_within_a_week_is_another_entry() {
    let mut kept = Kept::default();
    kept.take(&statement(1, 3, vec![posted("a1", 3, -1_200, "Coffee")]));
    kept.take(&statement(1, 8, vec![posted("a2", 7, -1_200, "Bakery")]));
    kept.expect(&[(3, -1_200, "Coffee"), (7, -1_200, "Bakery")]);
}

#[test]
fn a_pending_entry_posts_with_a_tip() {
    let mut kept = Kept::default();
    kept.take(&Statement { pending: Some(vec![pending(5, -5_000, "TRATTORIA")]), ..statement(1, 5, vec![]) });
    assert_eq!(kept.rows(), [(5, -5_000, "TRATTORIA".to_owned(), true)]);
    let feed = vec![posted("a1", 7, -6_000, "Trattoria #12 Boston")];
    kept.take(&Statement { pending: Some(vec![]), ..statement(1, 8, feed) });
    kept.expect(&[(7, -6_000, "Trattoria #12 Boston")]);
}

#[test]
fn a_pending_entry_posts_with_the_same_amount_and_a_new_text() {
    let mut kept = Kept::default();
    let announced = vec![pending(5, -1_200, "SQ *COFFEE"), pending(5, -900, "PARKING")];
    kept.take(&Statement { pending: Some(announced), ..statement(1, 5, vec![]) });
    let feed = vec![posted("a1", 6, -1_200, "Coffee Bar")];
    let changes =
        kept.take(&Statement { pending: Some(vec![pending(5, -900, "PARKING")]), ..statement(1, 8, feed) });
    assert_eq!((changes.added.len(), changes.changed.len(), changes.removed.len()), (0, 1, 0));
    assert_eq!(
        kept.rows(),
        [(5, -900, "PARKING".to_owned(), true), (6, -1_200, "Coffee Bar".to_owned(), false)]
    );
}

#[test]
fn another_shops_entry_does_not_claim_what_is_still_pending() {
    let mut kept = Kept::default();
    let still = || Some(vec![pending(5, -1_200, "Coffee")]);
    kept.take(&Statement { pending: still(), ..statement(1, 5, vec![]) });
    kept.take(&Statement { pending: still(), ..statement(1, 6, vec![posted("a1", 6, -1_200, "Bakery")]) });
    assert_eq!(
        kept.rows(),
        [(5, -1_200, "Coffee".to_owned(), true), (6, -1_200, "Bakery".to_owned(), false)]
    );
}

#[test]
fn a_posted_date_that_moves_two_days_under_a_new_id_is_one_entry() {
    let mut kept = Kept::default();
    kept.take(&statement(1, 8, vec![posted("a1", 3, -1_200, "Coffee")]));
    kept.take(&statement(1, 8, vec![posted("b7", 5, -1_200, "Coffee")]));
    kept.expect(&[(5, -1_200, "Coffee")]);
    // Under its own id it may move further.
    kept.take(&statement(1, 20, vec![posted("b7", 12, -1_200, "Coffee")]));
    kept.expect(&[(12, -1_200, "Coffee")]);
}

#[test]
fn a_pending_entry_that_the_bank_withdrew_vanishes_on_a_complete_fetch_only() {
    let mut kept = Kept::default();
    kept.take(&Statement { pending: Some(vec![pending(5, -9_900, "Hotel")]), ..statement(1, 5, vec![]) });
    kept.take(&statement(1, 6, vec![]));
    assert_eq!(kept.0.len(), 1, "a list without pending entries says nothing about them");
    kept.take(&Statement { pending: Some(vec![]), ..statement(1, 7, vec![]) });
    assert_eq!(kept.0.len(), 0);
}

#[test]
fn a_pending_amount_that_changes_is_one_entry() {
    let mut kept = Kept::default();
    kept.take(&Statement { pending: Some(vec![pending(5, -100, "Fuel")]), ..statement(1, 5, vec![]) });
    kept.take(&Statement { pending: Some(vec![pending(5, -4_870, "Fuel")]), ..statement(1, 6, vec![]) });
    assert_eq!(kept.rows(), [(5, -4_870, "Fuel".to_owned(), true)]);
}

#[test]
fn an_amount_corrected_under_the_same_id_changes() {
    let mut kept = kept_five();
    let mut feed = five();
    feed[1].amount.minor = -4_055;
    let changes = kept.take(&statement(1, 10, feed));
    assert_eq!((changes.added.len(), changes.changed.len()), (0, 1));
    assert_eq!(changes.changed[0].amount, -4_055);
}

#[test]
fn a_bank_that_renumbers_the_days_ids_leaves_three_right_rows() {
    let mut kept = Kept::default();
    let first = vec![posted("1", 3, -1_000, "A"), posted("2", 3, -2_000, "B"), posted("3", 3, -3_000, "C")];
    kept.take(&statement(1, 4, first));
    let keys: HashMap<_, _> = kept.0.iter().map(|row| (row.payee.clone(), row.key.clone())).collect();
    let again = vec![posted("1", 3, -2_000, "B"), posted("2", 3, -3_000, "C"), posted("3", 3, -1_000, "A")];
    kept.take(&statement(1, 4, again));
    kept.expect(&[(3, -1_000, "A"), (3, -2_000, "B"), (3, -3_000, "C")]);
    for row in &kept.0 {
        assert_eq!(keys[&row.payee], row.key, "each row is still the same one");
    }
}

#[test]
fn a_bank_that_rewords_the_text_leaves_five() {
    for with_ids in [true, false] {
        let strip = |entry: Posted| Posted { native_id: entry.native_id.filter(|_| with_ids), ..entry };
        let mut kept = Kept::default();
        kept.take(&statement(1, 10, five().into_iter().map(strip).collect()));
        let reworded = five()
            .into_iter()
            .map(|entry| Posted { payee: format!("{} 0042 MAIN ST", entry.payee), ..entry });
        let changes = kept.take(&statement(1, 10, reworded.map(strip).collect()));
        assert_eq!((changes.added.len(), changes.changed.len(), kept.0.len()), (0, 5, 5));
    }
}

#[test]
fn one_id_used_twice_in_a_download_makes_two_entries() {
    let mut kept = Kept::default();
    let feed = || statement(1, 10, vec![posted("x", 3, -1_000, "A"), posted("x", 4, -2_500, "B")]);
    kept.take(&feed());
    kept.expect(&[(3, -1_000, "A"), (4, -2_500, "B")]);
    assert!(kept.take(&feed()).is_empty());
}

#[test]
fn a_correction_by_name_replaces_or_deletes_wherever_the_entry_lies() {
    let mut kept = kept_five();
    let replacing = corrects(posted("c1", 12, -4_055, "Grocer"), "a2", Correction::Replace);
    let deleting = corrects(posted("c2", 12, 0, ""), "a5", Correction::Delete);
    let feed = || statement(28, 30, vec![replacing.clone(), deleting.clone()]);
    let changes = kept.take(&feed());
    assert_eq!((changes.added.len(), changes.changed.len(), changes.removed.len()), (0, 1, 1));
    kept.expect(&[
        (2, -1_200, "Coffee"),
        (3, -1_200, "Coffee"),
        (5, 250_000, "Payroll"),
        (12, -4_055, "Grocer"),
    ]);
    assert!(kept.take(&feed()).is_empty(), "the correction is sent again");
}

#[test]
fn a_corrected_entry_that_comes_with_its_correction_is_one() {
    let mut kept = Kept::default();
    let mut feed = five();
    feed.push(corrects(posted("c1", 3, -4_055, "Grocer"), "a2", Correction::Replace));
    for _ in 0..2 {
        kept.take(&statement(1, 10, feed.clone()));
        assert_eq!(kept.0.len(), 5);
        assert!(!kept.0.iter().any(|row| row.amount == -4_550));
    }
}

#[test]
fn an_entry_that_is_no_longer_listed_stays() {
    let mut kept = kept_five();
    assert!(kept.take(&statement(1, 10, vec![])).is_empty());
    assert!(kept.take(&statement(1, 10, five()[..2].to_vec())).is_empty());
    assert_eq!(kept.0.len(), 5);
}

#[test]
fn an_entry_outside_of_the_named_days_is_taken_once_and_covers_nothing_between() {
    let mut kept = kept_five();
    let stray = || posted("stray", 1, -300, "Kiosk");
    // The institution names the 9th to the 12th; of the days between nothing is said.
    let feed = || statement(9, 12, vec![stray(), posted("b1", 4, -1_200, "Coffee"), five()[4].clone()]);
    assert_eq!(kept.take(&feed()).added.len(), 2);
    assert!(kept.take(&feed()).is_empty());
    assert_eq!(kept.0.len(), 7);
    let backwards = statement(12, 9, vec![stray()]);
    assert!(kept.take(&backwards).is_empty(), "days in the wrong order double nothing");
}

#[test]
fn a_late_entry_of_an_old_day_is_added() {
    let mut kept = kept_five();
    let mut feed = five();
    feed.insert(1, posted("late", 2, -777, "Kiosk"));
    assert_eq!(kept.take(&statement(1, 10, feed)).added.len(), 1);
}

fn any_feed() -> impl Strategy<Value = Vec<Posted>> {
    let entry = (0..6_u8, 1..20_i8, prop::sample::select(vec![-500_i64, -1_200, 3_000]), 0..3_u8);
    prop::collection::vec(entry, 0..25).prop_map(|entries| {
        entries
            .into_iter()
            .map(|(id, on, amount, shop)| {
                let id = if id == 0 { String::new() } else { format!("id{id}") };
                posted(&id, on, amount, ["Coffee", "Grocer", ""][usize::from(shop)])
            })
            .collect()
    })
}

fn content(entries: &[Posted]) -> Vec<(i8, i64, String)> {
    let mut rows: Vec<_> =
        entries.iter().map(|e| (e.posted_on.day(), e.amount.minor, e.payee.clone())).collect();
    rows.sort();
    rows
}

proptest! {
    /// Whatever ids and texts a first download has: all of it is kept, and sent again in any order nothing changes.
    #[test]
    fn any_feed_is_kept_whole_and_taken_once(feed in any_feed(), turn in 0..25_usize) {
        let mut kept = Kept::default();
        kept.take(&statement(1, 20, feed.clone()));
        let rows: Vec<_> = kept.rows().into_iter().map(|(on, amount, payee, _)| (on, amount, payee)).collect();
        prop_assert_eq!(rows, content(&feed));
        let mut again = feed;
        let at = turn.min(again.len());
        again.rotate_left(at);
        let changes = kept.take(&statement(1, 20, again));
        prop_assert!(changes.added.is_empty() && changes.removed.is_empty());
    }

    /// What a covering statement lists is there afterwards, each as often as it is listed.
    #[test]
    fn what_is_listed_is_there(first in any_feed(), second in any_feed()) {
        let mut kept = Kept::default();
        kept.take(&statement(1, 20, first));
        kept.take(&statement(1, 20, second.clone()));
        let mut rows: Vec<_> = kept.rows().into_iter().map(|(on, amount, payee, _)| (on, amount, payee)).collect();
        for listed in content(&second) {
            let at = rows.iter().position(|row| *row == listed);
            prop_assert!(at.is_some(), "{:?} is not there", listed);
            rows.remove(at.unwrap_or_default());
        }
    }

    /// A half list wipes nothing.
    #[test]
    fn no_list_of_booked_entries_takes_any_away(first in any_feed(), second in any_feed()) {
        let mut kept = Kept::default();
        kept.take(&statement(1, 20, first));
        let before = kept.0.len();
        kept.take(&statement(1, 20, second));
        prop_assert!(kept.0.len() >= before);
    }
}
