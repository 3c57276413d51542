//! The table of routes: a router that remembers what was put into it.
//!
//! The rights matrix of the tests calls every entry as every role; a route that isn't entered here can't be served.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, path::ErrorKind, rejection::PathRejection},
    handler::Handler,
    http::request::Parts,
    routing::{get, post},
};
use http::Method;
use serde::de::DeserializeOwned;

use crate::{Portal, fail::Fail};

/// The parameters of a path, as `T`. What can't be read as an id names nothing, so the page isn't there; axum's own
/// extractor would call the request unreadable.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            // A route and its handler that don't fit together are a fault of ours.
            Err(PathRejection::FailedToDeserializePathParams(failed))
                if matches!(
                    failed.kind(),
                    ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. }
                ) =>
            {
                Err(Fail::internal(failed))
            }
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Fail::Missing),
            Err(rejection) => Err(Fail::internal(rejection)),
        }
    }
}

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
