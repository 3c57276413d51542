//! The control API: faults, clock, reset, log, counters, personas. Nothing it returns is a password, answer, code or key.
//!
//! - `GET /api/faults` → `{"kinds": [{"fault", "about"}], "active": [...]}`; `POST /api/faults`
//!   `{"institution": "lakeshore" | "*", "fault": "slow", "seconds": 5, "code": 15501, "login": "…", "count": 3,
//!   "duration_seconds": 600}` (all but the first two optional; the fault `none` heals an institution that is broken from the
//!   start); `DELETE /api/faults` takes all set faults away, `?institution=ID` those of one.
//! - `GET /api/clock` → `{"now", "offset_seconds", "stopped"}`; `POST /api/clock` with any of
//!   `{"set": "2026-11-20T15:00:00Z"}`, `{"advance_seconds": 90}`, `{"advance_days": 1}`, `{"stopped": true}`.
//! - `POST /api/reset` `{}` or `{"institution": "lakeshore"}`: personas, faults, counters and log back to the start.
//! - `GET /api/log?institution=ID&limit=N`, newest first.
//! - `GET /api/counters` → `{"institutions": {id: {...}}, "personas": {"id/login": {...}}}`.
//! - `GET /api/personas`, `GET /api/personas/{institution}/{login}`; `POST` there `{"act": "…"}` with an act of [`Act`].

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog;
use crate::clock::Reading;
use crate::fault::{Active, Fault, Kind};
use crate::institution::Institution;
use crate::persona::{Condition, Counters, State as PersonaState, User};
use crate::world::{Changing, Entry, Traffic, World};

type Shared = State<Arc<World>>;

#[derive(Debug, Serialize)]
pub(crate) struct Faults {
    kinds: Vec<KindInfo>,
    active: Vec<Active>,
}

#[derive(Debug, Serialize)]
struct KindInfo {
    fault: &'static str,
    about: &'static str,
}

/// `GET /api/faults`.
pub(crate) async fn faults(State(world): Shared) -> Json<Faults> {
    let kinds = Kind::ALL.iter().map(|(_, fault, about)| KindInfo { fault, about }).collect();
    Json(Faults { kinds, active: world.lock().faults.clone() })
}

/// The body of `POST /api/faults`.
#[derive(Debug, Deserialize)]
pub(crate) struct NewFault {
    pub institution: String,
    pub fault: Kind,
    pub seconds: Option<u64>,
    pub code: Option<u32>,
    pub login: Option<String>,
    pub count: Option<u32>,
    pub duration_seconds: Option<i64>,
}

/// `POST /api/faults`.
pub(crate) async fn set_fault(State(world): Shared, Json(new): Json<NewFault>) -> Response {
    match add_fault(&world, new) {
        Ok(()) => (StatusCode::CREATED, Json(world.lock().faults.clone())).into_response(),
        Err(unknown) => unknown.into_response(),
    }
}

/// Sets a fault; an unknown institution is refused.
pub(crate) fn add_fault(world: &World, new: NewFault) -> Result<(), Refusal> {
    if new.institution != "*" && catalog::institution(&new.institution).is_none() {
        return Err(Refusal("no such institution"));
    }
    let mut state = world.lock();
    let now = state.clock.now();
    let until =
        new.duration_seconds.and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok());
    let fault = Fault { kind: new.fault, seconds: new.seconds.unwrap_or(20), code: new.code.unwrap_or(2000) };
    state.faults.push(Active {
        institution: new.institution,
        login: new.login,
        fault,
        count: new.count,
        until,
    });
    Ok(())
}

/// A request of the control API that makes no sense.
#[derive(Debug)]
pub(crate) struct Refusal(&'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "error": self.0 }))).into_response()
    }
}

/// An optional institution, in a query or a body.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Where {
    pub institution: Option<String>,
    pub limit: Option<usize>,
}

/// `DELETE /api/faults`.
pub(crate) async fn clear_faults(State(world): Shared, Query(whose): Query<Where>) -> StatusCode {
    world.lock().faults.retain(|fault| whose.institution.as_ref().is_some_and(|id| *id != fault.institution));
    StatusCode::NO_CONTENT
}

/// `GET /api/clock`.
pub(crate) async fn clock(State(world): Shared) -> Json<Reading> {
    Json(world.lock().clock.reading())
}

/// The body of `POST /api/clock`; its parts are applied in this order.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ClockChange {
    pub stopped: Option<bool>,
    pub set: Option<Timestamp>,
    pub advance_days: Option<i64>,
    pub advance_seconds: Option<i64>,
}

/// `POST /api/clock`.
pub(crate) async fn set_clock(State(world): Shared, Json(change): Json<ClockChange>) -> Json<Reading> {
    let mut state = world.lock();
    move_clock(&mut state, &change);
    Json(state.clock.reading())
}

pub(crate) fn move_clock(state: &mut Changing, change: &ClockChange) {
    match change.stopped {
        Some(true) => state.clock.stop(),
        Some(false) => state.clock.start(),
        None => {}
    }
    if let Some(to) = change.set {
        state.clock.set(to);
    }
    let days = change.advance_days.unwrap_or(0).saturating_mul(86_400);
    state.clock.advance(days.saturating_add(change.advance_seconds.unwrap_or(0)));
}

/// `POST /api/reset`.
pub(crate) async fn reset(State(world): Shared, Json(whose): Json<Where>) -> Response {
    if whose.institution.as_deref().is_some_and(|id| catalog::institution(id).is_none()) {
        return Refusal("no such institution").into_response();
    }
    world.lock().reset(whose.institution.as_deref());
    StatusCode::NO_CONTENT.into_response()
}

/// `GET /api/log`.
pub(crate) async fn log(State(world): Shared, Query(whose): Query<Where>) -> Json<Vec<Entry>> {
    let state = world.lock();
    let wanted = state
        .log
        .iter()
        .filter(|entry| whose.institution.as_deref().is_none_or(|id| entry.institution == id));
    Json(wanted.take(whose.limit.unwrap_or(200)).cloned().collect())
}

#[derive(Debug, Serialize)]
pub(crate) struct AllCounters {
    institutions: BTreeMap<&'static str, Traffic>,
    personas: BTreeMap<String, Counters>,
}

/// `GET /api/counters`.
pub(crate) async fn counters(State(world): Shared) -> Json<AllCounters> {
    let mut state = world.lock();
    let mut personas = BTreeMap::new();
    state.each_user(|institution, user, where_it_is| {
        let key = format!("{}/{}", institution.id, user.login());
        personas.insert(key, where_it_is.counters.clone());
    });
    Json(AllCounters { institutions: state.institutions.clone(), personas })
}

/// A persona as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct PersonaInfo {
    institution: &'static str,
    login: String,
    story: &'static str,
    condition: Condition,
    locked: bool,
    rejected_in_a_row: u32,
    challenge_waits: bool,
    remembered_clients: usize,
    clients_to_confirm: usize,
    counters: Counters,
}

fn info(institution: &Institution, user: User, state: &PersonaState) -> PersonaInfo {
    PersonaInfo {
        institution: institution.id,
        login: user.login(),
        story: user.persona.story,
        condition: state.condition,
        locked: state.condition == Condition::Locked,
        rejected_in_a_row: state.rejected_in_a_row,
        challenge_waits: state.challenge.is_some(),
        remembered_clients: state.access_keys.len(),
        clients_to_confirm: state.waiting_clients.len(),
        counters: state.counters.clone(),
    }
}

/// `GET /api/personas`.
pub(crate) async fn personas(State(world): Shared) -> Json<Vec<PersonaInfo>> {
    let mut all = Vec::new();
    world.lock().each_user(|institution, user, state| all.push(info(institution, user, state)));
    Json(all)
}

fn find(id: &str, login: &str) -> Option<(&'static Institution, User)> {
    let institution = catalog::institution(id)?;
    Some((institution, institution.user(login)?))
}

/// `GET /api/personas/{institution}/{login}`.
pub(crate) async fn persona(State(world): Shared, Path((id, login)): Path<(String, String)>) -> Response {
    let Some((institution, user)) = find(&id, &login) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut state = world.lock();
    Json(info(institution, user, state.user(institution, user))).into_response()
}

/// What can be done to a persona, here and by the buttons of its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// Locks the login, as three wrong passwords do.
    Lock,
    Unlock,
    /// The password becomes the catalog's with `-new` at its end; ends "must change".
    ChangePassword,
    /// The password must be changed (15507).
    ExpirePassword,
    AcceptTerms,
    /// New terms to accept (15511).
    AskForTerms,
    SignOutElsewhere,
    /// In use elsewhere (15501).
    SignInElsewhere,
    EndMaintenance,
    /// Maintenance (13505).
    StartMaintenance,
    /// Confirms all programs that wait for it.
    ConfirmPrograms,
    /// Forgets access keys and confirmed programs: the next signon is challenged again.
    ForgetClients,
    /// The change of the persona's accounts comes now.
    ChangeAccounts,
    /// A one-time key is made, and sent to the phone page.
    MakeToken,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Move {
    act: Act,
}

/// `POST /api/personas/{institution}/{login}`.
pub(crate) async fn move_persona(
    State(world): Shared,
    Path((id, login)): Path<(String, String)>,
    Json(wanted): Json<Move>,
) -> Response {
    let Some((institution, user)) = find(&id, &login) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut state = world.lock();
    wanted.act.on(&mut state, institution, user);
    Json(info(institution, user, state.user(institution, user))).into_response()
}

impl Act {
    /// Does it.
    pub(crate) fn on(self, changing: &mut Changing, institution: &'static Institution, user: User) {
        let now = changing.clock.now();
        if self == Self::MakeToken {
            let message = make_token(changing, institution, user, now);
            changing.phone.receive(message);
            return;
        }
        let state = changing.user(institution, user);
        match self {
            Self::Lock => state.condition = Condition::Locked,
            Self::Unlock => {
                state.rejected_in_a_row = 0;
                open_if(state, &[Condition::Locked]);
            }
            Self::ChangePassword => {
                state.password = user.persona.next_password();
                open_if(state, &[Condition::PasswordExpired, Condition::PasswordExpiring]);
            }
            Self::ExpirePassword => state.condition = Condition::PasswordExpired,
            Self::AcceptTerms => open_if(state, &[Condition::TermsOpen]),
            Self::AskForTerms => state.condition = Condition::TermsOpen,
            Self::SignOutElsewhere => open_if(state, &[Condition::InUse]),
            Self::SignInElsewhere => (state.condition, state.in_use_since) = (Condition::InUse, Some(now)),
            Self::EndMaintenance => open_if(state, &[Condition::Maintenance]),
            Self::StartMaintenance => state.condition = Condition::Maintenance,
            Self::ConfirmPrograms => {
                let waiting = std::mem::take(&mut state.waiting_clients);
                state.confirmed_clients.extend(waiting);
            }
            Self::ForgetClients => {
                state.access_keys.clear();
                state.confirmed_clients.clear();
            }
            Self::ChangeAccounts => state.changed = true,
            Self::MakeToken => {}
        }
    }
}

fn open_if(state: &mut PersonaState, conditions: &[Condition]) {
    if conditions.contains(&state.condition) {
        state.condition = Condition::Open;
    }
}

fn make_token(
    changing: &mut Changing,
    institution: &'static Institution,
    user: User,
    now: Timestamp,
) -> crate::phone::Message {
    let minutes = match user.persona.proof {
        crate::persona::Proof::Token { minutes } => minutes,
        _ => 10,
    };
    let value = crate::random::draw_code();
    let expires_at = now + SignedDuration::from_mins(minutes);
    let state = changing.user(institution, user);
    state.token = Some(crate::persona::Token { value: value.clone(), expires_at });
    state.counters.codes_sent += 1;
    let (institution, name, login) = (institution.id, institution.name, user.login());
    crate::phone::Message { institution, name, login, code: value, sent_at: now, expires_at }
}
