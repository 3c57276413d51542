//! The index: every institution and login, what happens there, and what the portal should show.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;

use super::layout::{self, escape, instant};
use crate::catalog::{INSTITUTIONS, themes};
use crate::institution::Institution;
use crate::persona::Persona;
use crate::world::World;

/// `GET /`.
pub(crate) async fn page(State(world): State<Arc<World>>) -> Html<String> {
    let now = world.now();
    let mut body = format!(
        "<h1>Sandbox institutions</h1>\
         <p class=\"lead\">{} invented institutions that speak real OFX. Connect them in the portal with the logins below. \
         Codes arrive on the <a href=\"/phone\">phone</a>; faults and the clock are on the \
         <a href=\"/control\">control page</a>.</p>\
         <p class=\"muted\">Sandbox clock: {}. Three wrong passwords in a row lock a login until it is unlocked at the \
         institution's site. Each login may be used by many at once: with <code>+1</code>, <code>+2</code> … behind it, it is \
         another person with the same password and story.</p>",
        INSTITUTIONS.len(),
        instant(now)
    );
    for theme in themes() {
        let _ = write!(body, "<section><h2>{}</h2><ul class=\"toc\">", escape(theme.title));
        for institution in &theme.institutions {
            let (id, name, purpose) =
                (institution.id, escape(short(institution)), escape(institution.purpose));
            let _ = write!(body, "<li><a href=\"#{id}\">{name}</a><span>{purpose}</span></li>");
        }
        body.push_str("</ul></section>");
    }
    for theme in themes() {
        let _ = write!(body, "<h2 class=\"theme\">{}</h2>", escape(theme.title));
        for institution in theme.institutions {
            body.push_str(&card(&world, institution));
        }
    }
    layout::page("Sandbox institutions", "", &body)
}

/// The name without "(sandbox)", which goes without saying on these pages.
pub(crate) fn short(institution: &Institution) -> &'static str {
    institution.name.trim_end_matches(" (sandbox)")
}

fn card(world: &World, institution: &'static Institution) -> String {
    let mut html = format!(
        "<section class=\"card\" id=\"{id}\" aria-labelledby=\"{id}-name\"><div class=\"card-head\">\
         <h3 id=\"{id}-name\"><a href=\"/site/{id}\">{name}</a></h3><p class=\"muted\">{purpose}</p></div>\
         <dl class=\"facts\"><div><dt>OFX address</dt><dd><code>{url}</code></dd></div>\
         <div><dt>ORG / FID</dt><dd><code>{org} / {fid}</code></dd></div>\
         <div><dt>Version</dt><dd><code>{version}</code>{only}</dd></div></dl>",
        id = institution.id,
        name = escape(short(institution)),
        purpose = escape(institution.purpose),
        url = escape(&world.ofx_url(institution)),
        org = institution.org,
        fid = institution.fid,
        version = institution.version,
        only = if institution.versions.is_empty() { ", and all others" } else { " only" },
    );
    if let Some(notice) = &institution.notice {
        let _ = write!(
            html,
            "<p class=\"note\"><strong>Notice {}:</strong> {}</p>",
            notice.version,
            escape(notice.text)
        );
    }
    for persona in institution.personas {
        html.push_str(&login(persona));
    }
    html.push_str("</section>");
    html
}

fn login(persona: &Persona) -> String {
    let credential = persona.credential.map_or_else(String::new, |value| {
        format!("<div><dt>Third field</dt><dd><code>{}</code></dd></div>", escape(value))
    });
    format!(
        "<div class=\"persona\"><dl class=\"login\"><div><dt>Login</dt><dd><code>{}</code></dd></div>\
         <div><dt>Password</dt><dd><code>{}</code></dd></div>{credential}</dl>\
         <p>{}</p><p class=\"expect\"><span>The portal should show:</span> {}</p></div>",
        escape(persona.login),
        escape(persona.password),
        escape(persona.story),
        escape(persona.expect)
    )
}
