//! What the domain is told and never asks for: the time and randomness.
//!
//! The binary passes the machine's; tests and the demo pass their own, so that a year can be driven in a second.

use jiff::Timestamp;

/// The present.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes, fit for keys in production.
    fn fill(&self, bytes: &mut [u8]);
}
