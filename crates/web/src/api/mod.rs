//! The JSON API: what a client's own programs may read, under a personal access key.
//!
//! Amounts are decimal texts beside their currency; every value has its two times and says whether it is current; every
//! connection says what is the matter and what the next step is. There are no account numbers and no logins in it.

mod accounts;
mod connections;
pub(crate) mod kept;
mod net_worth;
mod openapi;
mod status;

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{HouseholdId, Timestamp};
use jiff::tz::TimeZone;
use serde::Serialize;
use store::Reader;

use crate::{Portal, auth::session, fail::Fail, route::Routes};

/// What every key begins with, so that one that leaks can be recognized by scanners.
pub(crate) const KEY_PREFIX: &str = "heldaway_";
/// The one scope there is: read the household's accounts, connections and net worth.
pub(crate) const SCOPE_READ: &str = "read";

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .get("/api/v1/accounts", accounts::list)
        .get("/api/v1/connections", connections::list)
        .get("/api/v1/net-worth", net_worth::show)
        .get("/api/v1/openapi.json", openapi::show)
}

/// The description of the API as it is committed in `docs/openapi.json`.
pub fn openapi() -> String {
    openapi::text()
}

/// A program with a key that may read.
pub(crate) struct Program {
    reader: Reader,
    household: HouseholdId,
    zone: TimeZone,
    /// To the minute: what is current is judged once a minute, so that an answer holds that long.
    now: Timestamp,
    /// Of the household.
    revision: i64,
    portal: Arc<Portal>,
}

impl FromRequestParts<Arc<Portal>> for Program {
    type Rejection = Fail;

    /// The key is looked up anew for each request: one that was revoked is refused from the next request on.
    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fail> {
        let app = &portal.app;
        let now = app.clock.now();
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = given.and_then(bearer).ok_or(Fail::SignIn)?;
        let found = app.store.visitor().token(&session::hash(key), now).await?.ok_or(Fail::SignIn)?;
        if found.scope != SCOPE_READ {
            return Err(Fail::Forbidden);
        }
        let household = found.signed.subject.household.ok_or(Fail::Forbidden)?;
        let revision = found.revision.ok_or(Fail::Forbidden)?;
        let zone = TimeZone::get(&found.signed.firm.zone).map_err(Fail::internal)?;
        Ok(Self {
            reader: app.store.reader(&found.signed.subject),
            household,
            zone,
            now: kept::minute(now),
            revision,
            portal: Arc::clone(portal),
        })
    }
}

/// The key of `Authorization: Bearer …` (RFC 6750 §2.1); the scheme is written in any case (RFC 9110 §11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && key.starts_with(KEY_PREFIX) && key.len() < 100).then_some(key)
}

fn json(body: &impl Serialize) -> Result<Response, Fail> {
    Ok(answer(serde_json::to_vec(body).map_err(Fail::internal)?.into()))
}

fn answer(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_a_bearer_key_of_ours_is_one() {
        assert_eq!(bearer("Bearer heldaway_abc"), Some("heldaway_abc"));
        assert_eq!(bearer("bearer  heldaway_abc "), Some("heldaway_abc"));
        let long = format!("Bearer heldaway_{}", "x".repeat(100));
        for value in ["", "Bearer", "Bearer abc", "Basic heldaway_abc", &long] {
            assert_eq!(bearer(value), None, "{value}");
        }
    }
}
