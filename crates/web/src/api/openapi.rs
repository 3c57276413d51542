//! The description of the API (OpenAPI 3.1), made from the handlers; `docs/openapi.json` is compared with it by a test.

use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::{accounts, connections, net_worth};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Heldaway",
        version = "1",
        description = "Reads the accounts, connections and net worth of a household, under a personal access key that a client makes in the portal's settings. It changes nothing, and holds no login and no account number.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(accounts::list, connections::list, net_worth::show),
    components(schemas(Problem)),
    modifiers(&AccessKey),
)]
struct Description;

struct AccessKey;

impl Modify for AccessKey {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("access_key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Why a request was not answered (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the title follows from the status.
    #[schema(example = "about:blank")]
    r#type: String,
    #[schema(example = "Not Found")]
    title: String,
    #[schema(example = 404)]
    status: u16,
    /// Names the request in the firm's log.
    #[schema(example = "8KZ4Q0M2X7RTB")]
    operation: String,
}

pub(super) fn text() -> String {
    let mut text = Description::openapi().to_pretty_json().expect("the description is plain data");
    text.push('\n');
    text
}

/// For everybody: the portal's source is open, and the description names no firm.
pub(super) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text()).into_response()
}
