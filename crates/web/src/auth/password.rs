//! Passwords of the portal: how strong one must be, and how it is kept.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use domain::{limits, world::Entropy};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use zxcvbn::Score;

use crate::fail::Fail;

/// Argon2id with 19 MiB, two passes, one lane: ASVS 5.0, appendix C, and OWASP's password storage advice.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes at the same time; each takes 19 MiB and a core for some 20 ms.
const HASHES_AT_ONCE: usize = 4;
/// Longer than this nobody waits for a turn: the portal says that it is busy.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a password can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooWeak {
    /// Below [`limits::PASSWORD_CHARS_MIN`].
    #[error("Please use at least {} characters.", limits::PASSWORD_CHARS_MIN)]
    Short,
    /// Above [`limits::PASSWORD_CHARS_MAX`].
    #[error("Please use at most {} characters.", limits::PASSWORD_CHARS_MAX)]
    Long,
    /// Common, or made of the person's own name, e-mail or firm.
    #[error(
        "This password is easy to guess. Try three or four words that have nothing to do with each other."
    )]
    Guessable,
}

/// What a person is told about a password while choosing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strength {
    /// 0 (guessed at once) to 4.
    pub(crate) score: u8,
    pub(crate) label: &'static str,
    pub(crate) hint: String,
    pub(crate) good: bool,
}

/// Judges a password. `context` are words that this person's attackers try first: name, e-mail, firm.
///
/// zxcvbn knows the 30,000 most common passwords, names and English words, dates, keyboard walks and their usual
/// disguises (Wheeler, USENIX Security 2016); 3 of 4 means at least 10^8 guesses.
pub(crate) fn strength(password: &SecretString, context: &[&str]) -> Strength {
    let text = password.expose_secret();
    let chars = text.chars().count();
    if chars > limits::PASSWORD_CHARS_MAX {
        return Strength { score: 0, label: "Too long", hint: TooWeak::Long.to_string(), good: false };
    }
    let words: Vec<&str> = context.iter().flat_map(|words| parts(words)).collect();
    let judged = zxcvbn::zxcvbn(text, &words);
    let score = u8::from(judged.score());
    let short = chars < limits::PASSWORD_CHARS_MIN;
    let label = match (short, score) {
        (true, _) => "Too short",
        (false, 0 | 1) => "Easy to guess",
        (false, 2) => "Not strong enough yet",
        (false, 3) => "Good",
        (false, _) => "Strong",
    };
    let hint = match judged.feedback().and_then(zxcvbn::feedback::Feedback::warning) {
        _ if short => TooWeak::Short.to_string(),
        Some(warning) => warning.to_string(),
        None if score < 3 => "Another word or two would help.".to_owned(),
        None => String::new(),
    };
    Strength { score, label, hint, good: !short && judged.score() >= Score::Three }
}

/// Whether a new password may be taken.
pub fn check(password: &SecretString, context: &[&str]) -> Result<(), TooWeak> {
    let chars = password.expose_secret().chars().count();
    match () {
        () if chars < limits::PASSWORD_CHARS_MIN => Err(TooWeak::Short),
        () if chars > limits::PASSWORD_CHARS_MAX => Err(TooWeak::Long),
        () if !strength(password, context).good => Err(TooWeak::Guessable),
        () => Ok(()),
    }
}

/// The whole text and its words: `ruth.lindqvist@example.com`, `ruth`, `lindqvist`, `example`.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2);
    std::iter::once(text).chain(words)
}

fn scheme() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash under which a password is kept: a PHC string with its own salt and parameters. Takes some 20 ms.
pub fn hash_password(password: &SecretString, entropy: &dyn Entropy) -> String {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let hash: PasswordHash = scheme()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .expect("argon2 takes any password of limited length");
    hash.to_string()
}

/// Whether a hash was made with other parameters than today's.
fn is_outdated(hash: &str) -> bool {
    !hash.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

/// What checking a password came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checked {
    Wrong,
    Right,
    /// Right, and here is its hash with today's parameters.
    Upgraded(String),
}

/// Hashes a few at a time, away from the threads that serve requests.
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    /// Checked when the login doesn't exist, so that the answer takes as long.
    nobody: Arc<OnceLock<String>>,
    entropy: Arc<dyn Entropy>,
    /// The costs of all checks so far: what takes the time.
    #[cfg(test)]
    pub(crate) costs: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Hasher {
    pub(crate) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            nobody: Arc::default(),
            entropy,
            #[cfg(test)]
            costs: Arc::default(),
        }
    }

    /// Makes the hash of a new password.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Fail> {
        let entropy = Arc::clone(&self.entropy);
        self.blocking(move || hash_password(&password, &*entropy)).await
    }

    /// Checks a password against its hash, or against nobody's: both take the same time.
    pub(crate) async fn check(&self, password: SecretString, hash: Option<String>) -> Result<Checked, Fail> {
        let (entropy, nobody) = (Arc::clone(&self.entropy), Arc::clone(&self.nobody));
        #[cfg(test)]
        let costs = Arc::clone(&self.costs);
        self.blocking(move || {
            // Asked for in either case, so that the very first sign-in doesn't tell the difference either.
            let nobody = nobody.get_or_init(|| hash_of_nobody(&*entropy));
            let exists = hash.is_some();
            let hash = hash.as_ref().unwrap_or(nobody);
            #[cfg(test)]
            costs.lock().unwrap().push(cost(hash));
            let right = scheme().verify_password(password.expose_secret().as_bytes(), hash.as_str()).is_ok();
            match right && exists {
                false => Checked::Wrong,
                true if is_outdated(hash) => Checked::Upgraded(hash_password(&password, &*entropy)),
                true => Checked::Right,
            }
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fail> {
        let turn = timeout(TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(Fail::Status(http::StatusCode::SERVICE_UNAVAILABLE));
        };
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(Fail::internal)
    }
}

/// Algorithm, version and parameters of a hash, which decide how long a check takes.
#[cfg(test)]
fn cost(hash: &str) -> String {
    hash.split('$').take(4).collect::<Vec<_>>().join("$")
}

/// The hash of a password that nobody has.
fn hash_of_nobody(entropy: &dyn Entropy) -> String {
    let mut random = [0; 32];
    entropy.fill(&mut random);
    let password = random.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    hash_password(&SecretString::from(password), entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn judged(password: &str) -> Result<(), TooWeak> {
        check(&SecretString::from(password), &["Ruth Lindqvist", "ruth@orchard.example", "Fernhill Wealth"])
    }

    #[test]
    fn length_is_limited_on_both_sides() {
        assert_eq!(judged("x7!kQ2p#z"), Err(TooWeak::Short));
        assert_eq!(judged("tulip orbit mango 42"), Ok(()));
        let long = "tulip orbit mango ".repeat(15);
        assert_eq!(judged(&long[..limits::PASSWORD_CHARS_MAX]), Ok(()));
        assert_eq!(judged(&long[..=limits::PASSWORD_CHARS_MAX]), Err(TooWeak::Long));
    }

    #[test]
    fn common_and_personal_passwords_are_refused() {
        for password in [
            "1234567890",
            "password123",
            "qwertyuiop",
            "Passw0rd123",
            "iloveyou123",
            "aaaaaaaaaaaa",
            "abc1234567",
            "lindqvist1",
            "RuthLindqvist",
            "ruth@orchard.example",
            "fernhill2026",
            "Fernhill Wealth",
            "2026-11-23",
        ] {
            assert_eq!(judged(password), Err(TooWeak::Guessable), "{password}");
        }
    }

    #[test]
    fn strength_says_what_would_help() {
        let told = |password: &str| strength(&SecretString::from(password), &[]);
        assert_eq!(told("abc").label, "Too short");
        assert_eq!(told("password123").label, "Easy to guess");
        assert!(!told("password123").hint.is_empty());
        let strong = told("tulip orbit mango 42");
        assert!(strong.good && strong.score >= 3 && strong.hint.is_empty(), "{strong:?}");
    }

    #[test]
    fn old_parameters_are_noticed() {
        let now = hash_password(&SecretString::from("tulip orbit"), &Fixed);
        assert!(now.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{now}");
        assert!(!is_outdated(&now));
        assert!(is_outdated(&now.replace("t=2", "t=1")));
    }

    #[tokio::test]
    async fn only_the_right_password_of_somebody_is_right() {
        let hasher = Hasher::new(Arc::new(Fixed));
        let password = || SecretString::from("tulip orbit");
        let hash = hasher.hash(password()).await.unwrap();
        assert_eq!(hasher.check(password(), Some(hash.clone())).await.unwrap(), Checked::Right);
        assert_eq!(hasher.check(SecretString::from("other"), Some(hash)).await.unwrap(), Checked::Wrong);
        assert_eq!(hasher.check(password(), None).await.unwrap(), Checked::Wrong);
        assert_eq!(hasher.check(password(), Some("not a hash".to_owned())).await.unwrap(), Checked::Wrong);
    }

    #[tokio::test]
    async fn an_older_hash_is_made_anew() {
        let hasher = Hasher::new(Arc::new(Fixed));
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
        let old: PasswordHash = weaker.hash_password_with_salt(b"tulip orbit", &[7; 16]).unwrap();
        let checked = hasher.check(SecretString::from("tulip orbit"), Some(old.to_string())).await.unwrap();
        let Checked::Upgraded(new) = checked else { panic!("{checked:?}") };
        assert!(!is_outdated(&new));
    }
}
