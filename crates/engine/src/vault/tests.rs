use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use domain::Timestamp;
use proptest::prelude::*;

use super::*;

/// Different bytes each time, the same in each run.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::digest(count.to_be_bytes());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

fn entropy() -> Counting {
    Counting(AtomicU64::new(0))
}

struct Somewhere {
    firm: FirmId,
    household: HouseholdId,
    connection: ConnectionId,
    offering: String,
}

impl Somewhere {
    fn new(entropy: &dyn Entropy, offering: &str) -> Self {
        let now = Timestamp::UNIX_EPOCH;
        Self {
            firm: FirmId::new(now, entropy),
            household: HouseholdId::new(now, entropy),
            connection: ConnectionId::new(now, entropy),
            offering: offering.to_owned(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            firm: self.firm,
            household: self.household,
            connection: self.connection,
            offering: &self.offering,
        }
    }
}

fn login(value: &str) -> Login {
    Login::from_fields(vec![
        ("user_id".to_owned(), SecretString::from("ruth")),
        ("password".to_owned(), SecretString::from(value)),
    ])
}

#[test]
fn what_is_sealed_opens_in_its_place_with_every_field() {
    let entropy = entropy();
    let vault = Vault::new(MasterKey::generate(&entropy), []);
    let here = Somewhere::new(&entropy, "maple");
    let (wrapped, key) = vault.new_key(here.place(), &entropy);
    let sealed = key.seal_login(&login("pässword \u{1F511}"), &entropy);
    let again = vault.open_key(here.place(), &wrapped).unwrap().open_login(&sealed).unwrap();
    let fields: Vec<_> =
        again.fields().map(|(name, value)| (name.to_owned(), value.expose_secret().to_owned())).collect();
    let expected = [("user_id", "ruth"), ("password", "pässword \u{1F511}")];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!sealed.windows(4).any(|part| part == b"ruth"));
}

#[test]
fn every_swap_between_fifty_connections_and_three_purposes_refuses() {
    let entropy = entropy();
    let vault = Vault::new(MasterKey::generate(&entropy), []);
    let keys: Vec<DataKey> = (0..50)
        .map(|number| {
            let here = Somewhere::new(&entropy, if number % 2 == 0 { "maple" } else { "oak" });
            vault.new_key(here.place(), &entropy).1
        })
        .collect();
    let cells = || keys.iter().flat_map(|key| Purpose::ALL.map(|purpose| (key, purpose)));
    let sealed: Vec<_> = cells().map(|(key, purpose)| key.seal(purpose, b"secret", &entropy)).collect();
    let mut refused = 0;
    for (from, sealed) in sealed.iter().enumerate() {
        for (to, (key, purpose)) in cells().enumerate() {
            let opened = key.open(purpose, sealed);
            if from == to {
                assert_eq!(opened.unwrap().as_slice(), b"secret");
            } else {
                assert_eq!(opened.unwrap_err(), Error::Refused);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 150 * 150 - 150);
}

/// The same data key, as an attacker with write access to the database would see it, moved elsewhere.
#[test]
fn a_data_key_moved_to_another_firm_household_connection_or_offering_refuses() {
    let entropy = entropy();
    let vault = Vault::new(MasterKey::generate(&entropy), []);
    let here = Somewhere::new(&entropy, "maple");
    let (wrapped, key) = vault.new_key(here.place(), &entropy);
    let sealed = key.seal_login(&login("secret"), &entropy);
    let there = Somewhere::new(&entropy, "oak");
    for place in [
        Place { firm: there.firm, ..here.place() },
        Place { household: there.household, ..here.place() },
        Place { connection: there.connection, ..here.place() },
        Place { offering: "mapl", ..here.place() },
    ] {
        assert_eq!(vault.open_key(place, &wrapped).unwrap_err(), Error::Refused);
        // Even with the right key the fields refuse, since they name their place themselves.
        let moved = DataKey::new(key.id.clone(), key.key.clone(), place);
        assert_eq!(moved.open_login(&sealed).unwrap_err(), Error::Refused);
    }
    let renamed = Wrapped { id: "00".to_owned(), ..wrapped };
    assert_eq!(vault.open_key(here.place(), &renamed).unwrap_err(), Error::Refused);
}

#[test]
fn every_flipped_bit_and_every_shortening_refuses() {
    let entropy = entropy();
    let vault = Vault::new(MasterKey::generate(&entropy), []);
    let here = Somewhere::new(&entropy, "maple");
    let (wrapped, key) = vault.new_key(here.place(), &entropy);
    let sealed = key.seal_login(&login("secret"), &entropy);
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..sealed.len() * 8 {
        assert_eq!(key.open_login(&flipped(&sealed, bit)).unwrap_err(), Error::Refused, "bit {bit}");
    }
    for bit in 0..wrapped.bytes.len() * 8 {
        let damaged = Wrapped { bytes: flipped(&wrapped.bytes, bit), ..wrapped.clone() };
        assert_eq!(vault.open_key(here.place(), &damaged).unwrap_err(), Error::Refused, "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(key.open_login(&sealed[..length]).unwrap_err(), Error::Refused);
    }
}

#[test]
fn nonces_do_not_repeat() {
    let entropy = entropy();
    let vault = Vault::new(MasterKey::generate(&entropy), []);
    let here = Somewhere::new(&entropy, "maple");
    let (_, key) = vault.new_key(here.place(), &entropy);
    let nonces: HashSet<Vec<u8>> =
        (0..100_000).map(|_| key.seal(Purpose::Memo, b"", &entropy)[1..=NONCE_BYTES].to_vec()).collect();
    assert_eq!(nonces.len(), 100_000);
}

#[test]
fn an_older_key_still_opens_and_an_unknown_one_is_named() {
    let entropy = entropy();
    let (first, second) = (MasterKey::generate(&entropy), MasterKey::generate(&entropy));
    let here = Somewhere::new(&entropy, "maple");
    let (wrapped, key) = Vault::new(first.clone(), []).new_key(here.place(), &entropy);
    let sealed = key.seal_login(&login("secret"), &entropy);

    let rotated = Vault::new(second.clone(), [first.clone()]);
    assert!(rotated.open_key(here.place(), &wrapped).unwrap().open_login(&sealed).is_ok());
    assert_eq!(rotated.new_key(here.place(), &entropy).0.master_key, second.id());
    let missing = Vault::new(second, []).open_key(here.place(), &wrapped).unwrap_err();
    assert_eq!(missing, Error::KeyMissing { id: first.id().to_owned() });
}

#[test]
fn the_canary_notices_a_wrong_key() {
    let entropy = entropy();
    let (right, wrong) = (MasterKey::generate(&entropy), MasterKey::generate(&entropy));
    let vault = Vault::new(right.clone(), []);
    let canary = vault.canary(&entropy);
    assert_eq!(vault.check_canary(right.id(), &canary), Ok(()));
    let impostor = MasterKey { id: right.id().to_owned(), bytes: wrong.bytes.clone() };
    assert_eq!(Vault::new(impostor, []).check_canary(right.id(), &canary), Err(Error::Refused));
    let other = Vault::new(wrong, []).check_canary(right.id(), &canary);
    assert_eq!(other, Err(Error::KeyMissing { id: right.id().to_owned() }));
}

#[test]
fn a_number_is_recognized_however_it_is_written_and_only_within_its_firm() {
    let entropy = entropy();
    let old = MasterKey::generate(&entropy);
    let vault = Vault::new(old.clone(), []);
    let (here, there) = (Somewhere::new(&entropy, "maple"), Somewhere::new(&entropy, "maple"));
    let hash = |vault: &Vault, firm, number: &str| vault.number_hashes(firm, &SecretString::from(number));
    assert_eq!(hash(&vault, here.firm, "1234-5678 ab"), hash(&vault, here.firm, "12345678AB"));
    assert_ne!(hash(&vault, here.firm, "12345678"), hash(&vault, there.firm, "12345678"));
    assert_ne!(hash(&vault, here.firm, "12345678"), hash(&vault, here.firm, "12345679"));
    let rotated = Vault::new(MasterKey::generate(&entropy), [old]);
    assert!(hash(&rotated, here.firm, "12345678").contains(&hash(&vault, here.firm, "12345678")[0]));
}

#[test]
fn keys_are_read_in_both_spellings_and_never_printed() {
    let entropy = entropy();
    let key = MasterKey::generate(&entropy);
    let text = key.to_text();
    assert_eq!(MasterKey::parse(&format!(" {}\n", *text)).unwrap().id(), key.id());
    assert_eq!(MasterKey::parse(&to_hex(key.bytes.as_ref())).unwrap().id(), key.id());
    for bad in ["", "abc", &"zz".repeat(32), &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
        assert_eq!(MasterKey::parse(bad).unwrap_err(), Error::NotAKey, "{bad}");
    }
    let here = Somewhere::new(&entropy, "maple");
    let vault = Vault::new(key.clone(), []);
    let (wrapped, data_key) = vault.new_key(here.place(), &entropy);
    let shown = format!("{key:?} {vault:?} {data_key:?} {:?}", login("secret"));
    for secret in [text.as_str(), &to_hex(key.bytes.as_ref()), &to_hex(data_key.key.as_ref()), "secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!wrapped.bytes.windows(8).any(|part| part == &data_key.key[..8]));
}

proptest! {
    #[test]
    fn any_form_comes_back_whole(values in proptest::collection::vec((".{0,40}", ".{0,80}"), 0..6)) {
        let fields: Vec<_> =
            values.iter().map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))).collect();
        let packed = pack(fields.iter().map(|(name, value)| (name.as_str(), value)));
        let back = unpack(&packed).unwrap();
        let back: Vec<_> =
            back.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect();
        prop_assert_eq!(back, values);
    }

    #[test]
    fn no_bytes_make_unpacking_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = unpack(&bytes);
    }

    #[test]
    fn random_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let entropy = entropy();
        let vault = Vault::new(MasterKey::generate(&entropy), []);
        let here = Somewhere::new(&entropy, "maple");
        let (_, key) = vault.new_key(here.place(), &entropy);
        prop_assert_eq!(key.open(Purpose::Login, &bytes).unwrap_err(), Error::Refused);
    }
}
