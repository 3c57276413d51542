//! `GET /api/v1/connections`

use axum::response::Response;
use domain::{Timestamp, connection::Connection as Kept};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Program, json, status::Status};
use crate::fail::Fail;

/// The connections of the household.
#[derive(Serialize, ToSchema)]
pub(super) struct Connections {
    connections: Vec<Connection>,
}

/// One login at one institution.
#[derive(Serialize, ToSchema)]
pub(super) struct Connection {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "First Platypus Bank")]
    institution: String,
    status: Status,
    /// Since when the status is what it is.
    #[schema(format = DateTime)]
    since: String,
    /// Whether a run is under way or waits for a person.
    running: bool,
    #[schema(format = DateTime)]
    last_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    last_success_at: Option<String>,
    /// When the next run is planned; `null`: not before somebody acts.
    #[schema(format = DateTime)]
    next_run_at: Option<String>,
}

/// The connections, with what is the matter and the next step
#[utoipa::path(
    get,
    path = "/api/v1/connections",
    operation_id = "listConnections",
    tag = "Household",
    security(("access_key" = [])),
    responses(
        (status = 200, description = "All connections of the household", body = Connections),
        (status = 401, description = "No key, or one that holds no longer", body = super::openapi::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(program: Program) -> Result<Response, Fail> {
    let connections = program.reader.connections(program.household).await?;
    json(&Connections { connections: connections.into_iter().map(connection).collect() })
}

fn connection(kept: Kept) -> Connection {
    let told = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Connection {
        id: kept.id.to_string(),
        status: Status::of(kept.reason, &kept.institution),
        since: kept.since.to_string(),
        running: kept.is_running(),
        last_attempt_at: told(kept.last_attempt_at),
        last_success_at: told(kept.last_success_at),
        next_run_at: told(kept.due_at),
        institution: kept.institution,
    }
}
