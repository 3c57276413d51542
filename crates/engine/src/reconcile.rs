//! Reconciling: what an institution sends against what is kept, so that nothing is doubled, lost or wiped.
//!
//! Pure: [`accounts`] and [`entries`] decide, the store writes. What came is the truth where it speaks, and nothing
//! is concluded from what did not come: an empty or shortened list wipes nothing.

pub mod accounts;
pub mod entries;
