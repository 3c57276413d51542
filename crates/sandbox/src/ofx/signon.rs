//! Signon (OFX 2.3 §2.5): who asks, and whether they may.

use jiff::Timestamp;

use super::request::{Element, Request, Unreadable};
use super::write::{Form, Node};
use super::{Desk, Status, challenge, date};
use crate::fault::{Fault, Kind};
use crate::institution::Institution;
use crate::persona::{Condition, Proof, State, User};
use crate::random::draw_key;
use crate::world::World;

/// Wrong passwords in a row that lock a login.
const REJECTIONS_MAX: u32 = 3;
/// How long "already in use" lasts once it was told.
const IN_USE_SECONDS: i64 = 30 * 60;

/// The outcome of a signon.
#[derive(Debug)]
pub(crate) struct Signed {
    pub status: Status,
    pub standing: Standing,
    pub access_key: Option<String>,
}

/// Whose requests are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing {
    User(User),
    /// Password right, but something is missing: only a challenge may be asked for.
    Unproven(User),
    Anonymous,
    Refused,
}

impl Signed {
    fn refused(code: u32, message: &'static str) -> Self {
        Self { status: Status::error(code, message), standing: Standing::Refused, access_key: None }
    }
}

/// The user id of a request, for faults and the log; nothing if it is the anonymous one.
pub(super) fn login_of(request: &Request) -> Option<&str> {
    let user = request.root.child("SIGNONMSGSRQV1")?.child("SONRQ")?.text("USERID")?;
    (!is_anonymous(user)).then_some(user)
}

/// `anonymous`, padded with zeros to 32 characters or not (OFX 2.3 §2.5.1.3.1).
fn is_anonymous(user: &str) -> bool {
    user.strip_prefix("anonymous").is_some_and(|padding| padding.chars().all(|c| c == '0'))
}

/// Judges a signon and moves the persona's state.
pub(super) fn sign_on(
    world: &World,
    institution: &'static Institution,
    request: &Request,
    sonrq: &Element,
    fault: Option<Fault>,
    now: Timestamp,
) -> Signed {
    if let Some(refused) = before_the_user(institution, sonrq, fault) {
        return refused;
    }
    let user = sonrq.text("USERID").unwrap_or_default();
    if is_anonymous(user) {
        return Signed { status: Status::OK, standing: Standing::Anonymous, access_key: None };
    }
    if institution.demands.fi && !fi_is_right(institution, sonrq) {
        return Signed::refused(13504, "FI missing or invalid in SONRQ");
    }
    let Some(user) = institution.user(user) else {
        return Signed::refused(15500, "Signon invalid");
    };
    let mut changing = world.lock();
    let state = changing.user(institution, user);
    let signed = sign_on_as(institution, user, state, request, sonrq, now);
    state.counters.requests += 1;
    state.counters.logins += 1;
    match signed.standing {
        Standing::User(_) => state.counters.logins_ok += 1,
        _ if signed.status.code == 15500 => state.counters.logins_rejected += 1,
        _ => {}
    }
    signed
}

/// What is refused whoever asks.
fn before_the_user(institution: &Institution, sonrq: &Element, fault: Option<Fault>) -> Option<Signed> {
    match fault.map(|fault| (fault.kind, fault.code)) {
        Some((Kind::Status, code)) => return Some(Signed::refused(code, "Set on the control page")),
        Some((Kind::Maintenance, _)) => return Some(Signed::refused(13505, "Server undergoing maintenance")),
        _ => {}
    }
    let app_version: u16 = sonrq.text("APPVER").and_then(|version| version.parse().ok()).unwrap_or(0);
    if app_version < institution.demands.app_version_min {
        return Some(Signed::refused(2000, "This version of your software is no longer supported"));
    }
    if sonrq.text("ACCESSTOKEN").is_some() || sonrq.text("USERKEY").is_some() {
        return Some(Signed::refused(15500, "Sign on with USERID and USERPASS"));
    }
    None
}

fn fi_is_right(institution: &Institution, sonrq: &Element) -> bool {
    let Some(fi) = sonrq.child("FI") else { return false };
    fi.text("ORG") == Some(institution.org) && fi.text("FID") == Some(institution.fid)
}

fn sign_on_as(
    institution: &Institution,
    user: User,
    state: &mut State,
    request: &Request,
    sonrq: &Element,
    now: Timestamp,
) -> Signed {
    let persona = user.persona;
    if state.condition == Condition::Maintenance {
        return Signed::refused(13505, "Server undergoing maintenance; try again later");
    }
    if state.condition == Condition::Locked {
        return Signed::refused(15502, "Your online access is locked");
    }
    if persona.password_changes_after.is_some_and(|lists| state.counters.account_lists >= lists) {
        state.password = persona.next_password();
    }
    let credential_is_right =
        institution.demands.credential.is_none() || sonrq.text("USERCRED1") == persona.credential;
    if sonrq.text("USERPASS") != Some(state.password.as_str()) || !credential_is_right {
        state.rejected_in_a_row += 1;
        if state.rejected_in_a_row >= REJECTIONS_MAX {
            state.condition = Condition::Locked;
        }
        return Signed::refused(15500, "Signon invalid");
    }
    state.rejected_in_a_row = 0;
    if institution.demands.client_uid
        && let Some(refused) = check_client(state, sonrq)
    {
        return refused;
    }
    if let Some(refused) = check_condition(state, request, now) {
        return refused;
    }
    prove(user, state, request, sonrq, now)
}

/// A program that nobody has confirmed yet is noted, and refused (15510).
fn check_client(state: &mut State, sonrq: &Element) -> Option<Signed> {
    const CLIENTS_MAX: usize = 50;
    let client = sonrq.text("CLIENTUID").unwrap_or_default();
    if state.confirmed_clients.contains(client) {
        return None;
    }
    if !client.is_empty() && state.waiting_clients.len() < CLIENTS_MAX {
        state.waiting_clients.insert(client.chars().take(36).collect());
    }
    Some(Signed::refused(15510, "Please confirm this program at our website"))
}

fn check_condition(state: &mut State, request: &Request, now: Timestamp) -> Option<Signed> {
    let pin_change =
        request.root.child("SIGNONMSGSRQV1").is_some_and(|set| set.child("PINCHTRNRQ").is_some());
    match state.condition {
        Condition::PasswordExpired if !pin_change => {
            Some(Signed::refused(15507, "Please set a new password at our website"))
        }
        Condition::TermsOpen => Some(Signed::refused(15511, "Please contact us: our terms have changed")),
        Condition::InUse => {
            let since = *state.in_use_since.get_or_insert(now);
            if now.duration_since(since).as_secs() >= IN_USE_SECONDS {
                state.condition = Condition::Open;
                return None;
            }
            Some(Signed::refused(15501, "You are signed in elsewhere"))
        }
        _ => None,
    }
}

/// The step after the password: an access key from before, answers, a one-time key, or nothing.
fn prove(user: User, state: &mut State, request: &Request, sonrq: &Element, now: Timestamp) -> Signed {
    let known = sonrq.text("ACCESSKEY").is_some_and(|key| state.access_keys.contains(key));
    let asks =
        request.root.child("SIGNONMSGSRQV1").is_some_and(|set| set.child("MFACHALLENGETRNRQ").is_some());
    let verdict = match user.persona.proof {
        _ if known => Ok(false),
        Proof::None => Ok(false),
        Proof::Token { .. } => challenge::check_token(state, sonrq, now),
        Proof::Questions(_) | Proof::Code { .. } if asks => {
            return Signed { status: Status::OK, standing: Standing::Unproven(user), access_key: None };
        }
        Proof::Questions(_) | Proof::Code { .. } => challenge::check_answers(user.persona, state, sonrq, now),
    };
    let remember = match verdict {
        Ok(remember) => remember,
        Err(status) => return Signed { status, standing: Standing::Refused, access_key: None },
    };
    let access_key = remember.then(|| {
        let key = draw_key();
        state.access_keys.insert(key.clone());
        key
    });
    let status = match state.condition {
        Condition::PasswordExpiring => Status::info(15000, "Please set a new password at our website"),
        _ => Status::OK,
    };
    Signed { status, standing: Standing::User(user), access_key }
}

/// The signon message set of the answer.
pub(super) fn respond(desk: &mut Desk<'_>, set: &Element, sonrq: &Element) -> Result<Node, Unreadable> {
    let fi = sonrq
        .child("FI")
        .map(|fi| Node::new("FI").leaf_if("ORG", fi.text("ORG")).leaf_if("FID", fi.text("FID")));
    let with_mfa = |form: Form, key: Option<String>| key.filter(|_| form.has_mfa());
    let cookie = sonrq.text("SESSCOOKIE").map_or_else(draw_key, |cookie| cookie.chars().take(1000).collect());
    let sonrs = Node::new("SONRS")
        .child(desk.signed.status.node())
        .leaf("DTSERVER", date::write(desk.now))
        .leaf("LANGUAGE", "ENG")
        .leaf("DTPROFUP", super::profile::UPDATED)
        .child_if(fi.filter(|fi| !fi.is_empty()))
        .leaf("SESSCOOKIE", cookie)
        .leaf_if("ACCESSKEY", with_mfa(desk.form, desk.signed.access_key.take()));
    let mut answer = Node::new("SIGNONMSGSRSV1").child(sonrs);
    if let Some(transaction) = set.child("PINCHTRNRQ") {
        let body = change_password(desk, transaction);
        answer.push(super::wrap(desk, "PINCHTRNRS", transaction, body));
    }
    if let Some(transaction) = set.child("MFACHALLENGETRNRQ") {
        let body = challenge::respond(desk)?;
        answer.push(super::wrap(desk, "MFACHALLENGETRNRS", transaction, body));
    }
    Ok(answer)
}

/// PINCHRQ (OFX 2.3 §2.5.2): sets the password, and with it ends "must change".
fn change_password(desk: &Desk<'_>, transaction: &Element) -> super::Body {
    let Standing::User(user) = desk.signed.standing else {
        return Err(Status::error(15500, "Signon invalid"));
    };
    let new =
        transaction.child("PINCHRQ").and_then(|request| request.text("NEWUSERPASS")).unwrap_or_default();
    if !(8..=32).contains(&new.chars().count()) {
        return Err(Status::error(15503, "The new password needs 8 to 32 characters"));
    }
    let mut changing = desk.world.lock();
    let state = changing.user(desk.institution, user);
    new.clone_into(&mut state.password);
    state.condition = Condition::Open;
    Ok(Some(Node::new("PINCHRS").leaf("USERID", user.login()).leaf("DTCHANGED", date::write(desk.now))))
}
