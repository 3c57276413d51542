//! The table of routes: a router that remembers what was put into it.
//!
//! The rights matrix of the tests calls every entry as every role; a route that isn't entered here can't be served.

use std::sync::Arc;

use axum::{
    Router,
    handler::Handler,
    routing::{get, post},
};
use http::Method;

use crate::Portal;

/// Routes under construction; each area of the portal adds its own.
pub(crate) struct Routes {
    router: Router<Arc<Portal>>,
    table: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    /// Answers `GET` (and `HEAD`) at `path`.
    pub(crate) fn get<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.table.push((Method::GET, path));
        Self { router: self.router.route(path, get(handler)), table: self.table }
    }

    /// Answers `POST` at `path`.
    pub(crate) fn post<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Portal>>,
        T: 'static,
    {
        self.table.push((Method::POST, path));
        Self { router: self.router.route(path, post(handler)), table: self.table }
    }

    /// The table and the router made of it.
    pub(crate) fn into_parts(self) -> (Vec<(Method, &'static str)>, Router<Arc<Portal>>) {
        (self.table, self.router)
    }
}
