//! The machine's clock and randomness, handed down to everything that needs the time or a key.

use domain::{
    Timestamp,
    world::{Clock, Entropy},
};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the present comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The kernel's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        // Fails only where the kernel has no such call at all; nothing may go on without randomness.
        getrandom::fill(bytes).expect("the kernel gives random bytes");
    }
}
