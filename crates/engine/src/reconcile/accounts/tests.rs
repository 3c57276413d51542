use domain::{AccountId, Timestamp, account::Standing, world::Entropy};
use secrecy::SecretString;

use super::*;

struct Number(u8);

impl Entropy for Number {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// A stand-in for the keyed hash: what matters here is only which are equal.
fn hashes(number: &SecretString) -> Vec<Vec<u8>> {
    vec![
        [b"new ", number.expose_secret().as_bytes()].concat(),
        [b"old ", number.expose_secret().as_bytes()].concat(),
    ]
}

fn listed(number: &str, name: &str, kind: AccountKind) -> Listed<'static> {
    let identity = Identity {
        persistent_key: None,
        number: SecretString::from(number),
        qualifier: format!("bank {}", kind.code()),
        name: name.to_owned(),
        kind,
        kind_guessed: false,
        currency: Currency::USD,
    };
    let found =
        FoundAccount { identity, balance: None, holdings: None, transactions: None, incomplete: None };
    Listed::new(Cow::Owned(found), hashes)
}

fn known(number: u8, listed: &Listed<'_>) -> KnownAccount {
    let is = listed.identified();
    KnownAccount {
        id: AccountId::new(Timestamp::UNIX_EPOCH, &Number(number)),
        standing: Standing::Added,
        deleted: false,
        kind: is.kind,
        currency: is.currency,
        last_digits: is.last_digits,
        listed_name: is.listed_name,
        persistent_key: is.persistent_key,
        number_hash: Some(is.number_hash),
        qualifier: is.qualifier,
        missing_runs: 0,
        incomplete: None,
        amount: None,
        updated_at: None,
        entries_since: None,
        holdings: 0,
    }
}

const CHECKING: AccountKind = AccountKind::Checking;
const CARD: AccountKind = AccountKind::CreditCard;

fn household() -> Vec<Listed<'static>> {
    vec![
        listed("1000001111", "Everyday", CHECKING),
        listed("1000002222", "Everyday", CHECKING),
        listed("1000001111", "Everyday", AccountKind::Savings),
        listed("4111000000003333", "Rewards Card", CARD),
    ]
}

fn all_known() -> Vec<KnownAccount> {
    household().iter().zip(1..).map(|(account, number)| known(number, account)).collect()
}

#[test]
fn the_same_list_in_any_order_is_recognized() {
    let known = all_known();
    assert_eq!(recognize(&known, &household(), true), [Some(0), Some(1), Some(2), Some(3)]);
    let turned: Vec<_> = household().into_iter().rev().collect();
    assert_eq!(recognize(&known, &turned, false), [Some(3), Some(2), Some(1), Some(0)]);
}

#[test]
fn a_hash_under_an_older_key_still_counts() {
    let mut known = all_known();
    for account in &mut known {
        let hash = account.number_hash.as_mut().unwrap();
        hash[..3].copy_from_slice(b"old");
    }
    assert_eq!(recognize(&known, &household(), true), [Some(0), Some(1), Some(2), Some(3)]);
}

#[test]
fn a_lasting_key_outlives_a_new_number_name_and_type() {
    let mut before = household();
    before[0].found.to_mut().identity.persistent_key = Some("key".to_owned());
    let known: Vec<_> = before.iter().zip(1..).map(|(account, number)| known(number, account)).collect();
    let mut now = listed("9999999999", "Premier", AccountKind::MoneyMarket);
    now.found.to_mut().identity.persistent_key = Some("key".to_owned());
    assert_eq!(recognize(&known, &[now], false), [Some(0)]);
}

#[test]
fn a_renumbered_card_stays_the_same_account() {
    let known = all_known();
    let mut now = household();
    now[3] = listed("4111000000004444", "Rewards Card", CARD);
    assert_eq!(recognize(&known, &now, true)[3], Some(3));
    // A list that may lack the old card proves nothing.
    assert_eq!(recognize(&known, &now, false)[3], None);
    // The old card is still listed: it is a second card.
    now.push(listed("4111000000003333", "Rewards Card", CARD));
    assert_eq!(recognize(&known, &now, true)[3..], [None, Some(3)]);
    // Two new cards of that name: the client decides.
    now[4] = listed("4111000000005555", "Rewards Card", CARD);
    assert_eq!(recognize(&known, &now, true)[3..], [None, None]);
}

#[test]
fn a_new_account_of_a_known_name_is_not_taken_for_a_closed_one() {
    let known = all_known();
    let mut now = household();
    now[0] = listed("1000005555", "Everyday", CHECKING);
    assert_eq!(recognize(&known, &now, true)[0], None);
}

#[test]
fn a_number_written_in_another_way_is_recognized_by_its_end_and_name_if_that_is_unique() {
    let known = all_known();
    let mut now = household();
    now[1] = listed("XXXXXX2222", "Everyday", CHECKING);
    assert_eq!(recognize(&known, &now, true)[1], Some(1));
    now[0] = listed("XXXXXX1111", "", CHECKING);
    assert_eq!(recognize(&known, &now, true)[0], Some(0));
}

#[test]
fn a_number_listed_twice_is_one_account_with_all_its_data() {
    let mut twice =
        vec![listed("1000001111", "Everyday", CHECKING), listed("1000001111", "Everyday", CHECKING)];
    twice[1].found.to_mut().holdings = Some(vec![]);
    let merged = merge_repeats(twice);
    assert_eq!(merged.len(), 1);
    assert!(merged[0].found.holdings.is_some());
    assert_eq!(merge_repeats(household()).len(), 4, "one number under two types is two accounts");
}

#[test]
fn only_a_complete_list_with_something_in_it_makes_an_account_missing() {
    let known = all_known();
    let half = &household()[..2];
    let of =
        |listed: &[Listed<'_>], complete| missing(&known, &recognize(&known, listed, complete), complete);
    assert_eq!(of(half, true), [2, 3]);
    assert_eq!(of(half, false), [0; 0]);
    assert_eq!(of(&[], true), [0; 0]);
}

#[test]
fn at_most_half_of_a_number_and_at_most_four_digits_are_kept() {
    for (number, shown) in [("1000001111", "1111"), ("12-34", "34"), ("12345", "45"), ("1", ""), ("", "")] {
        assert_eq!(last_digits(number), shown, "{number}");
    }
}
