//! Who is there: signing in and out, sessions, passwords, invitations.

pub(crate) mod invitation;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod sign_in;

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use domain::{PersonId, person::Role};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use crate::{App, Portal, fail::Fail, route::Routes};

/// Tries per minute and address at the doors that nobody guards by name: an office behind one address fits, a list of
/// stolen passwords doesn't.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Searches in vain that are counted an hour and person, so that nobody fills the list alone.
const SEARCHES_PER_HOUR: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Addresses, and people, remembered before the quiet ones are forgotten.
const ADDRESSES_KEPT: usize = 10_000;

pub(crate) fn routes(routes: Routes) -> Routes {
    invitation::routes(sign_in::routes(routes))
}

/// The page on which somebody lands after signing in.
pub(crate) fn landing(role: Role) -> &'static str {
    match role {
        Role::Client | Role::CoClient => "/",
        Role::Advisor | Role::Compliance => "/advisor",
        Role::DataSupport => "/support",
        Role::Assistant | Role::Administrator => "/settings",
    }
}

/// What this node keeps in memory to guard the doors. The locks by login are rows, as all nodes must agree on them.
pub(crate) struct Doors {
    pub(crate) hasher: password::Hasher,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    searches: DefaultKeyedRateLimiter<PersonId>,
}

impl Doors {
    pub(crate) fn new(app: &App) -> Self {
        Self {
            hasher: password::Hasher::new(Arc::clone(&app.entropy)),
            by_address: RateLimiter::keyed(Quota::per_minute(TRIES_PER_MINUTE)),
            searches: RateLimiter::keyed(Quota::per_hour(SEARCHES_PER_HOUR)),
        }
    }

    /// Counts a try from an address.
    pub(crate) fn knock(&self, address: Option<IpAddr>) -> Result<(), Fail> {
        let Some(address) = address else { return Ok(()) };
        if self.by_address.len() > ADDRESSES_KEPT {
            self.by_address.retain_recent();
        }
        self.by_address.check_key(&address).map_err(|refused| {
            let wait = refused.wait_time_from(self.by_address.clock().now());
            Fail::TooMany { wait: wait.max(Duration::from_secs(1)) }
        })
    }

    /// Whether one more search of this person is worth counting: nobody looks in vain for so many institutions.
    pub(crate) fn counts_search(&self, person: PersonId) -> bool {
        if self.searches.len() > ADDRESSES_KEPT {
            self.searches.retain_recent();
        }
        self.searches.check_key(&person).is_ok()
    }
}

impl Portal {
    /// A keyed hash, so that the database tells neither who tried to sign in nor lets anybody test guesses.
    /// `purpose` keeps hashes of one use from meaning anything in another.
    pub(crate) fn keyed_hash(&self, purpose: &str, text: &str) -> [u8; 32] {
        keyed_hash(&self.app.key, purpose, text)
    }
}

fn keyed_hash(key: &SecretBox<[u8; 32]>, purpose: &str, text: &str) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose_secret()).expect("HMAC takes a key of any length");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyed_hash_depends_on_key_purpose_and_text() {
        let hash = |key: u8, purpose: &str, text: &str| {
            keyed_hash(&SecretBox::new(Box::new([key; 32])), purpose, text)
        };
        let one = hash(1, "sign-in", "ruth@orchard.example");
        assert_eq!(one, hash(1, "sign-in", "ruth@orchard.example"));
        assert_ne!(one, hash(2, "sign-in", "ruth@orchard.example"));
        assert_ne!(one, hash(1, "other", "ruth@orchard.example"));
        assert_ne!(one, hash(1, "sign-in", "ruth@orchard.examplf"));
        assert_ne!(hash(1, "ab", "c"), hash(1, "a", "bc"));
    }
}
