//! The control page: faults, clock, counters and the log, for people; programs use the API.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::layout::{self, escape, instant};
use crate::catalog::INSTITUTIONS;
use crate::control::{ClockChange, NewFault, add_fault, move_clock};
use crate::fault::Kind;
use crate::world::{Changing, World};

type Shared = State<Arc<World>>;

/// `GET /control`.
pub(crate) async fn page(State(world): Shared) -> Html<String> {
    let mut state = world.lock();
    let body = format!(
        "<h1>Control</h1>{}{}{}{}{}",
        clock_section(&state),
        fault_section(&state),
        counter_section(&mut state),
        log_section(&state),
        RESET
    );
    layout::page("Control", "", &body)
}

const RESET: &str = "<section class=\"card\"><h2>Reset</h2><p class=\"muted\">All logins, faults, counters, messages and the log go \
    back to the start. The clock stays.</p><form method=\"post\" action=\"/control/reset\"><button>Reset everything</button></form>\
    </section>";

fn clock_section(state: &Changing) -> String {
    let reading = state.clock.reading();
    let (running, other, label) =
        if reading.stopped { ("stopped", "false", "Let it run") } else { ("running", "true", "Stop it") };
    let step = |name: &str, value: i64, label: &str| {
        format!(
            "<form method=\"post\" action=\"/control/clock\"><input type=\"hidden\" name=\"{name}\" value=\"{value}\">\
             <button class=\"quiet\">{label}</button></form>"
        )
    };
    format!(
        "<section class=\"card\"><h2>Clock</h2><p><strong>{}</strong>, {running}.</p><div class=\"row\">{}{}{}{}\
         <form method=\"post\" action=\"/control/clock\"><input type=\"hidden\" name=\"stopped\" value=\"{other}\">\
         <button class=\"quiet\">{label}</button></form></div>\
         <form class=\"row\" method=\"post\" action=\"/control/clock\"><label>Set to (GMT)\
         <input name=\"set\" value=\"{}\" autocomplete=\"off\"></label><button>Set</button></form></section>",
        instant(reading.now),
        step("advance_seconds", 60, "+ 1 minute"),
        step("advance_seconds", 600, "+ 10 minutes"),
        step("advance_seconds", 3600, "+ 1 hour"),
        step("advance_days", 1, "+ 1 day"),
        reading.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
}

fn fault_section(state: &Changing) -> String {
    let mut html = String::from("<section class=\"card\"><h2>Faults</h2>");
    if state.faults.is_empty() {
        html.push_str("<p class=\"muted\">None set. Some institutions are in trouble from the start; \"none\" heals them.</p>");
    }
    html.push_str("<ul>");
    for fault in &state.faults {
        let name =
            Kind::ALL.iter().find(|(kind, _, _)| *kind == fault.fault.kind).map_or("", |(_, name, _)| name);
        let count =
            fault.count.map_or_else(|| "every request".to_owned(), |count| format!("{count} more requests"));
        let until = fault.until.map_or_else(String::new, |until| format!(", until {}", instant(until)));
        let _ =
            write!(html, "<li><code>{}</code> at {}: {count}{until}</li>", name, escape(&fault.institution));
    }
    html.push_str("</ul><form class=\"grid\" method=\"post\" action=\"/control/fault\"><label>Institution<select name=\"institution\">\
                   <option value=\"*\">all</option>");
    for institution in INSTITUTIONS.iter() {
        let _ = write!(html, "<option value=\"{}\">{}</option>", institution.id, escape(institution.name));
    }
    html.push_str("</select></label><label>Fault<select name=\"fault\">");
    for (_, name, about) in Kind::ALL {
        let _ = write!(html, "<option value=\"{name}\">{name}: {}</option>", escape(about));
    }
    html.push_str(
        "</select></label><label>Requests (empty: all)<input name=\"count\" inputmode=\"numeric\"></label>\
         <label>For seconds (empty: for ever)<input name=\"duration\" inputmode=\"numeric\"></label>\
         <label>Slow: seconds<input name=\"seconds\" inputmode=\"numeric\" value=\"20\"></label>\
         <label>Status: code<input name=\"code\" inputmode=\"numeric\" value=\"2000\"></label>\
         <button name=\"act\" value=\"set\">Set fault</button>\
         <button class=\"quiet\" name=\"act\" value=\"clear\">Take all faults away</button></form></section>",
    );
    html
}

fn counter_section(state: &mut Changing) -> String {
    let mut rows = String::new();
    state.each_user(|institution, user, where_it_is| {
        let counters = &where_it_is.counters;
        if counters.logins == 0 {
            return;
        }
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{} / {}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            institution.id,
            escape(&user.login()),
            counters.logins,
            counters.logins_rejected,
            counters.codes_sent,
            counters.account_lists,
            counters.statements
        );
    });
    if rows.is_empty() {
        return "<section class=\"card\"><h2>Logins</h2><p class=\"muted\">Nobody has signed on yet.</p></section>".to_owned();
    }
    format!(
        "<section class=\"card\"><h2>Logins</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Logins\"><table>\
         <thead><tr><th scope=\"col\">Who</th><th scope=\"col\">Signons</th><th scope=\"col\">Rejected</th>\
         <th scope=\"col\">Codes sent</th><th scope=\"col\">Account lists</th><th scope=\"col\">Statements</th></tr></thead>\
         <tbody>{rows}</tbody></table></div></section>"
    )
}

fn log_section(state: &Changing) -> String {
    let mut rows = String::new();
    for entry in state.log.iter().take(40) {
        let fault =
            Kind::ALL.iter().find(|(kind, _, _)| Some(*kind) == entry.fault).map_or("", |(_, name, _)| name);
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            instant(entry.at),
            entry.institution,
            escape(entry.login.as_deref().unwrap_or("anonymous")),
            entry.version.map_or_else(String::new, |version| version.to_string()),
            escape(&entry.messages.join(" ")),
            entry.status.map_or_else(|| format!("HTTP {}", entry.http), |status| status.to_string()),
            fault
        );
    }
    format!(
        "<section class=\"card\"><h2>Log</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Log\"><table><thead><tr>\
         <th scope=\"col\">Time</th><th scope=\"col\">Institution</th><th scope=\"col\">Login</th><th scope=\"col\">Version</th>\
         <th scope=\"col\">Messages</th><th scope=\"col\">Status</th><th scope=\"col\">Fault</th></tr></thead>\
         <tbody>{rows}</tbody></table></div></section>"
    )
}

/// The fault form; numbers come as texts, so that a field may be empty.
#[derive(Debug, Deserialize)]
pub(crate) struct FaultForm {
    institution: String,
    fault: Kind,
    count: String,
    duration: String,
    seconds: String,
    code: String,
    act: String,
}

/// `POST /control/fault`.
pub(crate) async fn fault(State(world): Shared, Form(form): Form<FaultForm>) -> Response {
    if form.act == "clear" {
        world.lock().faults.clear();
        return Redirect::to("/control").into_response();
    }
    let new = NewFault {
        institution: form.institution,
        fault: form.fault,
        seconds: form.seconds.trim().parse().ok(),
        code: form.code.trim().parse().ok(),
        login: None,
        count: form.count.trim().parse().ok(),
        duration_seconds: form.duration.trim().parse().ok(),
    };
    match add_fault(&world, new) {
        Ok(()) => Redirect::to("/control").into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The clock's forms send one of these.
#[derive(Debug, Deserialize)]
pub(crate) struct ClockForm {
    set: Option<String>,
    advance_seconds: Option<i64>,
    advance_days: Option<i64>,
    stopped: Option<bool>,
}

/// `POST /control/clock`. A time that can't be read changes nothing.
pub(crate) async fn clock(State(world): Shared, Form(form): Form<ClockForm>) -> Redirect {
    let set = form.set.and_then(|text| text.trim().parse::<Timestamp>().ok());
    let ClockForm { advance_seconds, advance_days, stopped, .. } = form;
    move_clock(&mut world.lock(), &ClockChange { stopped, set, advance_days, advance_seconds });
    Redirect::to("/control")
}

/// `POST /control/reset`.
pub(crate) async fn reset(State(world): Shared) -> Redirect {
    world.lock().reset(None);
    Redirect::to("/control")
}
