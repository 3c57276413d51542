//! The OFX server: one request file in, one answer file out.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::catalog;
use crate::fault::{self, Fault, Kind};
use crate::institution::Institution;
use crate::wire::{self, Hijack};
use crate::world::{Entry, World};

mod accounts;
mod challenge;
pub(crate) mod date;
mod figures;
mod invest;
mod loans;
mod profile;
mod request;
mod signon;
mod statement;
pub(crate) mod write;

use request::{Element, Request};
use signon::{Signed, Standing};
use write::{Form, Node};

/// Which of an institution's addresses was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Main,
    Bank,
    Invest,
}

/// What the parts of an answer need to know.
pub(crate) struct Desk<'a> {
    pub world: &'a World,
    pub institution: &'static Institution,
    pub form: Form,
    pub now: jiff::Timestamp,
    pub signed: Signed,
    pub fault: Option<Kind>,
    /// The number of this download, for FITIDs that change.
    pub download: u64,
}

/// `POST /ofx/{institution}`.
pub(crate) async fn post(
    State(world): State<Arc<World>>,
    Extension(hijack): Extension<Hijack>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&world, hijack, &id, Door::Main, &headers, &body).await
}

/// `POST /ofx/{institution}/{door}` for institutions whose message sets have addresses of their own.
pub(crate) async fn post_door(
    State(world): State<Arc<World>>,
    Extension(hijack): Extension<Hijack>,
    Path((id, door)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let door = match door.as_str() {
        "bank" => Door::Bank,
        "invest" => Door::Invest,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    serve(&world, hijack, &id, door, &headers, &body).await
}

async fn serve(
    world: &World,
    hijack: Hijack,
    id: &str,
    door: Door,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let Some(institution) = catalog::institution(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let request = request::read(body);
    // Whatever else was typed into the field of the user id isn't written down.
    let login = request.as_ref().ok().and_then(signon::login_of).map(|login| match institution.user(login) {
        Some(user) => user.login(),
        None => "unknown".to_owned(),
    });
    let fault = pick_fault(world, institution, login.as_deref());
    let mut entry = Entry {
        at: world.now(),
        institution: institution.id,
        login,
        version: request.as_ref().ok().map(|request| request.form.version),
        messages: request.as_ref().map(|request| messages(&request.root)).unwrap_or_default(),
        status: None,
        fault: fault.map(|fault| fault.kind),
        http: 200,
    };
    if let Some(fault) = fault
        && let Some(response) = wire::before(fault, institution.id)
    {
        entry.http = response.status().as_u16();
        world.lock().write_down(entry);
        return response;
    }
    if fault.is_some_and(|fault| fault.kind == Kind::Slow) {
        tokio::time::sleep(Duration::from_secs(fault.map_or(0, |fault| fault.seconds))).await;
    }
    let answer = check(institution, door, headers, request)
        .and_then(|request| answer(world, institution, &request, fault));
    match answer {
        Ok((document, status)) => {
            entry.status = Some(status);
            world.lock().write_down(entry);
            match fault {
                Some(fault) => wire::after(fault, document, hijack).await,
                None => document_response(document),
            }
        }
        Err(request::Unreadable(why)) => {
            entry.http = 400;
            let mut state = world.lock();
            state.traffic(institution).unreadable += 1;
            state.write_down(entry);
            (StatusCode::BAD_REQUEST, format!("OFX request not accepted: {why}\n")).into_response()
        }
    }
}

fn pick_fault(world: &World, institution: &'static Institution, login: Option<&str>) -> Option<Fault> {
    let mut state = world.lock();
    let now = state.clock.now();
    let fault = fault::pick(&mut state.faults, institution.fault, institution.id, login, now);
    let traffic = state.traffic(institution);
    traffic.requests += 1;
    traffic.faults += u32::from(fault.is_some());
    fault
}

/// What makes the whole file unacceptable (OFX 2.3 §2.1: problems in the declaration are answered with HTTP 400).
fn check(
    institution: &Institution,
    door: Door,
    headers: &HeaderMap,
    request: Result<Request, request::Unreadable>,
) -> Result<Request, request::Unreadable> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-ofx") {
        return Err(request::Unreadable("Content-Type must be application/x-ofx"));
    }
    let mut request = request?;
    if !institution.answers(request.form.version) {
        return Err(request::Unreadable("this version isn't spoken here"));
    }
    request.form.one_line = institution.manner.one_line;
    let has = |set: &str| request.root.child(set).is_some();
    let bank = has("BANKMSGSRQV1") || has("CREDITCARDMSGSRQV1") || has("LOANMSGSRQV1");
    let wrong_door = match door {
        Door::Main => institution.manner.split_urls && (bank || has("INVSTMTMSGSRQV1")),
        Door::Bank => has("INVSTMTMSGSRQV1"),
        Door::Invest => bank,
    };
    if wrong_door || (door != Door::Main && !institution.manner.split_urls) {
        return Err(request::Unreadable("this message set has another address; see the profile"));
    }
    Ok(request)
}

/// The answer's bytes and the signon status.
fn answer(
    world: &World,
    institution: &'static Institution,
    request: &Request,
    fault: Option<Fault>,
) -> Result<(Vec<u8>, u32), request::Unreadable> {
    let sets =
        request.root.child("SIGNONMSGSRQV1").ok_or(request::Unreadable("there is no SIGNONMSGSRQV1"))?;
    let sonrq = sets.child("SONRQ").ok_or(request::Unreadable("there is no SONRQ"))?;
    let (now, download) = {
        let mut state = world.lock();
        (state.clock.now(), state.next_download())
    };
    let signed = signon::sign_on(world, institution, request, sonrq, fault, now);
    let status = signed.status.code;
    let form = request.form;
    let mut desk =
        Desk { world, institution, form, now, signed, fault: fault.map(|fault| fault.kind), download };
    let mut root = Node::new("OFX").child(signon::respond(&mut desk, sets, sonrq)?);
    let message_sets = request.root.children.iter().filter(|set| set.tag != "SIGNONMSGSRQV1");
    let mut answers: Vec<Node> = message_sets.filter_map(|set| message_set(&desk, set)).collect();
    if let Some(securities) = invest::security_list(&desk, &request.root) {
        // SECLISTMSGSRSV1 follows the investment statements and precedes the profile (OFX 2.3 §2.4.5.2).
        let at = answers.iter().position(|set| set.tag() == "PROFMSGSRSV1").unwrap_or(answers.len());
        answers.insert(at, securities);
    }
    if desk.fault == Some(Kind::MissingAnswers) {
        answers.clear();
    }
    root = root.children(answers);
    Ok((write::document(&root, request.form, &request.new_file_uid), status))
}

/// Answers all transactions of one message set, in their order.
fn message_set(desk: &Desk<'_>, set: &Element) -> Option<Node> {
    let tag = match set.tag.as_str() {
        "SIGNUPMSGSRQV1" => "SIGNUPMSGSRSV1",
        "BANKMSGSRQV1" => "BANKMSGSRSV1",
        "CREDITCARDMSGSRQV1" => "CREDITCARDMSGSRSV1",
        "LOANMSGSRQV1" => "LOANMSGSRSV1",
        "INVSTMTMSGSRQV1" => "INVSTMTMSGSRSV1",
        "PROFMSGSRQV1" => "PROFMSGSRSV1",
        _ => return None,
    };
    let mut answer = Node::new(tag);
    let mut seen = Vec::new();
    for transaction in &set.children {
        let repeated = transaction.text("TRNUID").is_some_and(|uid| seen.contains(&uid));
        seen.extend(transaction.text("TRNUID"));
        if let Some(node) = transaction_answer(desk, transaction, repeated) {
            answer.push(node);
        }
    }
    (!answer.is_empty()).then_some(answer)
}

/// An answer to one transaction: the wrapper, and inside it what the message's own module says.
type Body = Result<Option<Node>, Status>;

fn transaction_answer(desk: &Desk<'_>, transaction: &Element, repeated: bool) -> Option<Node> {
    let (wrapper, respond): (&'static str, fn(&Desk<'_>, &Element) -> Body) = match transaction.tag.as_str() {
        "PROFTRNRQ" => ("PROFTRNRS", profile::respond),
        "ACCTINFOTRNRQ" => ("ACCTINFOTRNRS", accounts::respond),
        "STMTTRNRQ" => ("STMTTRNRS", statement::bank),
        "CCSTMTTRNRQ" => ("CCSTMTTRNRS", statement::card),
        "LOANSTMTTRNRQ" => ("LOANSTMTTRNRS", loans::respond),
        "INVSTMTTRNRQ" => ("INVSTMTTRNRS", invest::respond),
        _ => return unsupported(desk, transaction),
    };
    let body = match desk.signed.standing {
        // Every other transaction of the file is answered, none may be left out (OFX 2.3 §2.5.1.1.1).
        Standing::Refused => Err(Status::error(15500, "Signon invalid")),
        Standing::Anonymous if transaction.tag != "PROFTRNRQ" => Err(Status::error(15500, "Signon invalid")),
        _ if repeated => Err(Status::error(2019, "Duplicate request")),
        _ => respond(desk, transaction),
    };
    Some(wrap(desk, wrapper, transaction, body))
}

fn wrap(desk: &Desk<'_>, wrapper: &'static str, transaction: &Element, body: Body) -> Node {
    let (status, body) = match body {
        Ok(body) => (Status::OK, body),
        Err(status) => (status, None),
    };
    let uid = match desk.fault {
        Some(Kind::WrongTrnuid) => "00000000-0000-0000-0000-000000000000",
        _ => transaction.text("TRNUID").unwrap_or("0"),
    };
    Node::new(wrapper)
        .leaf("TRNUID", uid)
        .child(status.node())
        .leaf_if("CLTCOOKIE", transaction.text("CLTCOOKIE"))
        .child_if(body)
}

/// Wrappers and synchronisations that the sandbox doesn't offer. Synchronisations carry TOKEN -1 after a signon error.
fn unsupported(desk: &Desk<'_>, transaction: &Element) -> Option<Node> {
    const KNOWN: [(&str, &str); 8] = [
        ("STMTENDTRNRQ", "STMTENDTRNRS"),
        ("CCSTMTENDTRNRQ", "CCSTMTENDTRNRS"),
        ("ENROLLTRNRQ", "ENROLLTRNRS"),
        ("ACCTTRNRQ", "ACCTTRNRS"),
        ("CHGUSERINFOTRNRQ", "CHGUSERINFOTRNRS"),
        ("INTRATRNRQ", "INTRATRNRS"),
        ("ACCTSYNCRQ", "ACCTSYNCRS"),
        ("INTRASYNCRQ", "INTRASYNCRS"),
    ];
    let wrapper = KNOWN.iter().find(|(request, _)| transaction.tag == *request)?.1;
    if wrapper.ends_with("SYNCRS") {
        return Some(Node::new(wrapper).leaf("TOKEN", "-1").flag("LOSTSYNC", false));
    }
    let status = match desk.signed.standing {
        Standing::User(_) => Status::error(2000, "Not offered here"),
        _ => Status::error(15500, "Signon invalid"),
    };
    Some(wrap(desk, wrapper, transaction, Err(status)))
}

/// STATUS (OFX 2.3 §3.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub code: u32,
    severity: &'static str,
    message: &'static str,
}

impl Status {
    pub(crate) const OK: Self = Self { code: 0, severity: "INFO", message: "" };
    /// The client has everything already; the answer is left out.
    pub(crate) const UP_TO_DATE: Self = Self { code: 1, severity: "INFO", message: "" };

    pub(crate) const fn error(code: u32, message: &'static str) -> Self {
        Self { code, severity: "ERROR", message }
    }

    pub(crate) const fn info(code: u32, message: &'static str) -> Self {
        Self { code, severity: "INFO", message }
    }

    pub(crate) fn node(self) -> Node {
        Node::new("STATUS")
            .leaf("CODE", self.code.to_string())
            .leaf("SEVERITY", self.severity)
            .leaf("MESSAGE", self.message)
    }
}

pub(crate) fn document_response(document: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/x-ofx")], document).into_response()
}

/// The names of the transactions in a file, for the log.
fn messages(root: &Element) -> Vec<String> {
    let sets = root.children.iter().flat_map(|set| &set.children);
    sets.filter(|element| element.tag != "SONRQ")
        .map(|element| element.tag.chars().take(32).collect())
        .collect()
}
