//! An engine for the tests of the floors above, which don't see the connectors: the real ones, reaching the sandbox.

use std::sync::Arc;

use connectors::{Net, net::Policy, registry};
use domain::{
    institution::Offering,
    world::{Clock, Entropy},
};
use store::Store;

use directory::Directory;

use crate::{Engine, MasterKey, Options, Parts, Schedule, Vault};

/// An engine that knows `offerings` and nothing of the real directory. Nothing runs in it until it is ticked.
///
/// # Panics
/// When the machine can't set up a client for HTTP.
pub fn engine(
    store: Store,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    offerings: Vec<Offering>,
) -> Engine {
    Engine::new(Parts {
        store,
        vault: Vault::new(MasterKey::generate(&*entropy), []),
        net: Net::new(Policy::WITH_SANDBOX).expect("a client for HTTP"),
        directory: Arc::new(Directory::of(offerings)),
        connectors: registry::all(),
        clock,
        entropy,
        schedule: Schedule::BusinessDays,
        node: "test".to_owned(),
        options: Options::default(),
    })
}
