//! The guarded network.

/// The only way out.
#[derive(Debug)]
pub struct Net;
