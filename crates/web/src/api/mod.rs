//! The JSON API: what a client's own programs may read, under a personal access key.

use crate::route::Routes;

/// What every key begins with, so that one that leaks can be recognized by scanners.
pub(crate) const KEY_PREFIX: &str = "heldaway_";
/// The one scope there is: read the household's accounts, connections and net worth.
pub(crate) const SCOPE_READ: &str = "read";

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
}
