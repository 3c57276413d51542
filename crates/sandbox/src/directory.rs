//! `GET /directory.json`: the institutions as a portal's search needs them.
//!
//! An array of objects:
//! ```json
//! {"id": "lakeshore", "brand": "Lakeshore Credit Union", "name": "Lakeshore Credit Union (sandbox)",
//!  "kind": "credit_union", "for": "Checking, savings, Visa, auto loans",
//!  "home_url": "http://lakeshore.localhost:PORT/site/lakeshore", "login_url": "http://lakeshore.localhost:PORT/…",
//!  "protocol": "ofx", "ofx_url": "http://127.0.0.1:PORT/ofx/lakeshore",
//!  "org": "SANDBOX", "fid": "10101", "version": 211, "appid": "QWIN", "appver": 2700, "client_uid": false,
//!  "login_form": [{"name": "user_id", "label": "User ID", "kind": "text", "help": "…"},
//!                 {"name": "password", "label": "Password", "kind": "password", "help": null}],
//!  "notice": null}
//! ```
//! `kind` is bank, credit_union, broker, retirement, lender, card or hsa; `version` is what belongs into the OFX header;
//! `client_uid` says that the institution demands a CLIENTUID; `login_form` names are `user_id` (USERID), `password` (USERPASS) and
//! `usercred1` (USERCRED1); `notice` is null or `{"version": "…", "text": "…"}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::catalog::INSTITUTIONS;
use crate::institution::Institution;
use crate::world::World;

#[derive(Debug, Serialize)]
pub(crate) struct Offering {
    id: &'static str,
    brand: String,
    name: &'static str,
    kind: &'static str,
    #[serde(rename = "for")]
    purpose: &'static str,
    home_url: String,
    login_url: String,
    protocol: &'static str,
    ofx_url: String,
    org: &'static str,
    fid: &'static str,
    version: u16,
    appid: &'static str,
    appver: u16,
    client_uid: bool,
    login_form: Vec<Field>,
    notice: Option<Notice>,
}

#[derive(Debug, Serialize)]
struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    help: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Notice {
    version: &'static str,
    text: &'static str,
}

/// `GET /directory.json`.
pub(crate) async fn list(State(world): State<Arc<World>>) -> Json<Vec<Offering>> {
    Json(INSTITUTIONS.iter().map(|institution| offering(&world, institution)).collect())
}

fn offering(world: &World, institution: &'static Institution) -> Offering {
    Offering {
        id: institution.id,
        brand: institution.name.trim_end_matches(" (sandbox)").to_owned(),
        name: institution.name,
        kind: institution.kind,
        purpose: institution.purpose,
        home_url: world.site(institution),
        login_url: world.site(institution),
        protocol: "ofx",
        ofx_url: world.ofx_url(institution),
        org: institution.org,
        fid: institution.fid,
        version: institution.version,
        appid: "QWIN",
        appver: institution.demands.app_version_min.max(2700),
        client_uid: institution.demands.client_uid,
        login_form: login_form(institution),
        notice: institution
            .notice
            .as_ref()
            .map(|notice| Notice { version: notice.version, text: notice.text }),
    }
}

fn login_form(institution: &Institution) -> Vec<Field> {
    let mut form = vec![
        Field {
            name: "user_id",
            label: "User ID",
            kind: "text",
            help: Some("One of the sandbox logins of this institution; see its site."),
        },
        Field { name: "password", label: "Password", kind: "password", help: None },
    ];
    if let Some(label) = institution.demands.credential {
        form.push(Field {
            name: "usercred1",
            label,
            kind: "text",
            help: Some("On the back of your member card."),
        });
    }
    form
}
