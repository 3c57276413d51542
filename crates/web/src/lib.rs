//! Turns HTTP into engine and store calls, and answers into pages, JSON and events.
//!
//! Floor 3. One file a page: handler, form and view together, its template in `templates/`. Start reading at
//! [`ctx`] (what a handler knows), [`fail`] (how errors are told), [`form`] and [`security`] (what stands around all).

mod advisor;
mod api;
mod assets;
mod auth;
mod chart;
mod client;
mod ctx;
mod fail;
mod form;
mod once;
mod page;
mod route;
mod security;
mod settings;
mod site;
mod support;
#[cfg(test)]
mod testing;
mod told;

use std::sync::Arc;

use axum::Router;
use domain::world::{Clock, Entropy};
use engine::Engine;
use http::Method;
use secrecy::SecretBox;
use store::Store;

pub use crate::{
    api::openapi,
    auth::password::{TooWeak, check as check_password, hash_password},
    site::{NotAnOrigin, Peer, Settings},
};

/// What the portal is made of.
pub struct App {
    pub engine: Engine,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// For keyed hashes of what visitors type; the same on all nodes.
    pub key: SecretBox<[u8; 32]>,
    pub settings: Settings,
}

/// The parts and what this node keeps in memory beside them.
pub(crate) struct Portal {
    pub(crate) app: App,
    /// Password hashing and the limits per address.
    pub(crate) doors: auth::Doors,
    pub(crate) kept_accounts: api::kept::Kept,
    pub(crate) kept_net_worth: api::kept::Kept,
}

impl Portal {
    fn new(app: App) -> Self {
        Self {
            doors: auth::Doors::new(&app),
            kept_accounts: api::kept::Kept::default(),
            kept_net_worth: api::kept::Kept::default(),
            app,
        }
    }
}

/// The whole portal as a service. The binary adds a [`Peer`] to the extensions of each request.
pub fn router(app: App) -> Router {
    let portal = Arc::new(Portal::new(app));
    let (_, router) = table().into_parts();
    security::around(router, &portal).with_state(portal)
}

/// Every route, for the test that calls each of them as everybody.
pub fn routes() -> Vec<(Method, &'static str)> {
    table().into_parts().0
}

fn table() -> route::Routes {
    let areas = [
        assets::routes,
        auth::routes,
        client::routes,
        settings::routes,
        advisor::routes,
        support::routes,
        api::routes,
    ];
    areas.into_iter().fold(route::Routes::new(), |routes, area| area(routes))
}
