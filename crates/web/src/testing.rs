//! A portal for the tests inside of this crate, which look at what no browser sees.

use std::sync::Arc;

use domain::world::{Clock, Entropy};
use secrecy::SecretBox;
use store::testing::{Counted, Database};

use crate::{App, Portal, Settings};

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> domain::Timestamp {
        store::testing::now()
    }
}

/// A portal over a fresh database, without institutions.
pub(crate) fn portal(database: &Database) -> Arc<Portal> {
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(Still), Arc::new(Counted::default()));
    let store = database.store.clone();
    let engine = engine::testing::engine(store.clone(), Arc::clone(&clock), Arc::clone(&entropy), Vec::new());
    let key = SecretBox::new(Box::new([7; 32]));
    let settings = Settings::new("https://portal.firm.example", "Client portal").expect("an origin");
    Arc::new(Portal::new(App { engine, store, clock, entropy, key, settings }))
}
