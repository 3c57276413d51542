//! All connectors, by name.

use crate::Connector;

/// Every connector.
pub fn all() -> Vec<&'static dyn Connector> {
    Vec::new()
}
