//! Sign-in failures, by a keyed hash of what was typed: also for logins that don't exist, so that both answer alike.

use std::time::Duration;

use domain::Timestamp;

use crate::{
    Error, Tx, Visitor,
    audit::Trail,
    column::only,
    query::{Text, texts},
};

/// So many failures in a row cost no waiting: everybody mistypes.
const FREE_FAILURES: u32 = 3;
/// The first wait; it doubles with each further failure.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait: nobody is locked out for good by somebody else's guesses.
const WAIT_MAX: Duration = Duration::from_mins(15);
/// After a day without a try, counting begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

texts! {
    COUNT = Text::one(
        "INSERT INTO sign_in_guard (key, failures, locked_until, last_failed_at) VALUES ($1, 1, 0, $2)
         ON CONFLICT (key) DO UPDATE SET
            failures = CASE WHEN sign_in_guard.last_failed_at < $3 THEN 1 ELSE sign_in_guard.failures + 1 END,
            last_failed_at = $2
         WHERE sign_in_guard.locked_until <= $2
         RETURNING failures"
    );
    LOCKED_UNTIL = Text::one("SELECT locked_until FROM sign_in_guard WHERE key = $1");
    LOCK = Text::one("UPDATE sign_in_guard SET locked_until = $1 WHERE key = $2");
    CLEAR = Text::one("DELETE FROM sign_in_guard WHERE key = $1");
    FORGET = Text::one("DELETE FROM sign_in_guard WHERE last_failed_at < $1");
}

/// Whether somebody may try to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// Yes. The try is counted as a failure already, so that many at once can't slip through together; success clears
    /// it ([`Tx::clear_sign_in_tries`]). Until the given instant no further try is let through.
    Allowed { next: Timestamp },
    /// Not before this instant; nothing was counted.
    Wait { until: Timestamp },
}

/// The wait after so many failures in a row.
fn wait_after(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE_FAILURES) else { return Duration::ZERO };
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(WAIT_MAX)
}

impl Tx {
    /// Counts a try to sign in, before the password is looked at. `key` is a keyed hash of the typed login.
    pub async fn count_sign_in_try(&mut self, key: &[u8; 32]) -> Result<Try, Error> {
        let now = self.now();
        let failures: Option<u32> =
            self.write(COUNT).bind(key).bind(now).bind(now - FORGOTTEN_AFTER).first(only).await?;
        let Some(failures) = failures else {
            let until = self.ask(LOCKED_UNTIL).bind(key).one(only).await?;
            self.audit(trail("sign_in.refused", key)).await?;
            return Ok(Try::Wait { until });
        };
        let next = now + wait_after(failures);
        self.write(LOCK).bind(next).bind(key).run_count().await?;
        self.audit(trail("sign_in.tried", key).detail(format!("try {failures} in a row"))).await?;
        Ok(Try::Allowed { next })
    }

    /// The sign-in succeeded: what was counted is forgotten.
    pub async fn clear_sign_in_tries(&mut self, key: &[u8; 32]) -> Result<(), Error> {
        self.write(CLEAR).bind(key).run_count().await?;
        self.audit(trail("sign_in.succeeded", key)).await
    }
}

impl Visitor {
    /// Forgets what was counted long ago. Housekeeping: may run at any time.
    pub async fn forget_sign_in_tries(&self, now: Timestamp) -> Result<u64, Error> {
        self.note(FORGET).bind(now - FORGOTTEN_AFTER).run_count().await
    }
}

/// The first bytes of the keyed hash tell tries on one login apart, and don't tell the login.
fn trail(action: &'static str, key: &[u8; 32]) -> Trail {
    let short = u64::from_be_bytes([key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7]]);
    Trail::of(action, "login", format_args!("{short:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_has_an_end() {
        let waits: Vec<u64> = (0..14).map(|failures| wait_after(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }
}
