//! All connectors, by name.

use crate::{Connector, ofx::Ofx};

/// Every connector. A new one is one folder and one line here.
pub fn all() -> Vec<&'static dyn Connector> {
    vec![&Ofx]
}

/// The connector of a name, as rows of the directory and connections keep it.
pub fn find(name: &str) -> Option<&'static dyn Connector> {
    all().into_iter().find(|connector| connector.about().name == name)
}
