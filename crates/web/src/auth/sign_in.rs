//! Signing in and out.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Extension,
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use axum_extra::extract::Query;
use domain::{
    PersonId, SessionId, Timestamp,
    audit::{Doer, Through},
    person::Person,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::{Tx, guard::Try};

use super::{landing, password::Checked, session};
use crate::{
    Portal,
    ctx::{self, Ctx, Operation},
    fail::{self, Fail},
    form::{Form, Typed},
    page::Page,
    route::Routes,
    site::Peer,
};

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.get("/sign-in", show).post("/sign-in", sign_in).post("/sign-out", sign_out)
}

/// One sentence for every way in which a sign-in fails, so that nobody learns which logins exist.
const NO_MATCH: &str = "That e-mail and password don't belong together. Check both and try again.";

#[derive(Template)]
#[template(path = "auth/sign_in.html")]
struct SignIn {
    page: Page,
    form: Form,
    /// Where to go on, when it is an address of ours.
    next: String,
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

async fn show(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    Query(Next { next }): Query<Next>,
    headers: HeaderMap,
    signed_in: Option<Ctx>,
) -> Result<Response, Fail> {
    if let Some(ctx) = signed_in {
        return Ok(Redirect::to(target(&next, &ctx.person)).into_response());
    }
    page(&portal, &operation, &headers, Form::default(), next, StatusCode::OK)
}

fn page(
    portal: &Portal,
    operation: &Operation,
    headers: &HeaderMap,
    form: Form,
    next: String,
    status: StatusCode,
) -> Result<Response, Fail> {
    let page = Page::visitor(&portal.app.settings, "Sign in", ctx::theme(headers), &operation.0);
    let next = if ctx::is_local(&next) { next } else { String::new() };
    Ok((status, Html(SignIn { page, form, next }.render()?)).into_response())
}

fn target<'a>(next: &'a str, person: &Person) -> &'a str {
    if ctx::is_local(next) { next } else { landing(person.role) }
}

async fn sign_in(
    State(portal): State<Arc<Portal>>,
    Extension(operation): Extension<Operation>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    typed: Typed,
) -> Result<Response, Fail> {
    portal.doors.knock(portal.app.settings.caller(peer.map(|Extension(peer)| peer), &headers))?;
    let mut form = Form::new(typed);
    let next = form.text("next").to_owned();
    let email = form.text("email").to_lowercase();
    let password = form.secret("password", "your password");
    if email.is_empty() {
        form.problem("email", "Please enter your e-mail.");
    }
    let Some(password) = password.filter(|_| form.is_good()) else {
        return page(&portal, &operation, &headers, form, next, StatusCode::UNPROCESSABLE_ENTITY);
    };
    match enter(&portal, &operation, &headers, &email, password).await? {
        Entry::Open(person, cookie) => {
            let to = target(&next, &person).to_owned();
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&to)).into_response())
        }
        Entry::Closed(sentence, status) => {
            form.problem("", sentence);
            page(&portal, &operation, &headers, form, next, status)
        }
    }
}

/// What a try to sign in came to.
pub(super) enum Entry {
    /// The person, and the cookie of a new session.
    Open(Person, HeaderValue),
    Closed(String, StatusCode),
}

/// Checks e-mail and password, and begins a session. The try is counted before the password is looked at, so that many
/// tries at once are as slow as one after the other; a login that doesn't exist is counted, hashed and answered alike.
pub(super) async fn enter(
    portal: &Portal,
    operation: &Operation,
    headers: &HeaderMap,
    email: &str,
    password: SecretString,
) -> Result<Entry, Fail> {
    let store = &portal.app.store;
    let now = portal.app.clock.now();
    let key = portal.keyed_hash("sign-in", email);
    let next = match count(portal, &operation.0, &key, now).await? {
        Tried::Wait(sentence) => return Ok(Entry::Closed(sentence, StatusCode::TOO_MANY_REQUESTS)),
        Tried::Allowed { next } => next,
    };
    let login = store.visitor().login(email).await?;
    let hash = login.as_ref().map(|login| login.password_hash.clone());
    let checked = portal.doors.hasher.check(password, hash).await?;
    let Some(login) = login.filter(|_| checked != Checked::Wrong) else {
        return Ok(Entry::Closed(again(NO_MATCH, now, next), StatusCode::UNPROCESSABLE_ENTITY));
    };
    let mut tx = store.begin(&Doer::Visitor, &operation.0, portal.app.clock.now()).await?;
    tx.clear_sign_in_tries(&key).await?;
    if let Checked::Upgraded(hash) = checked {
        tx.change_password(login.person.id, &login.password_hash, &hash).await?;
    }
    if let Some(old) = old_session(portal, headers, now).await? {
        tx.end_session(old.0, old.1).await?;
    }
    let cookie = begin_session(portal, &mut tx, headers, &login.person).await?;
    tx.commit().await?;
    Ok(Entry::Open(login.person, cookie))
}

/// Whether a password may be looked at.
pub(crate) enum Tried {
    /// Yes; until `next` no further one.
    Allowed { next: Timestamp },
    /// No, and this sentence says until when.
    Wait(String),
}

/// Counts a try at a password, under the keyed hash of its login.
pub(crate) async fn count(
    portal: &Portal,
    operation: &str,
    key: &[u8; 32],
    now: Timestamp,
) -> Result<Tried, Fail> {
    let mut tx = portal.app.store.begin(&Doer::Visitor, operation, now).await?;
    let counted = tx.count_sign_in_try(key).await?;
    tx.commit().await?;
    Ok(match counted {
        Try::Allowed { next } => Tried::Allowed { next },
        Try::Wait { until } => Tried::Wait(again("Too many tries.", now, until)),
    })
}

/// The sentence, and when the next try is welcome.
fn again(sentence: &str, now: Timestamp, next: Timestamp) -> String {
    match u64::try_from(next.as_second() - now.as_second()) {
        Ok(seconds @ 1..) => {
            format!("{sentence} You can try again {}.", fail::wait_words(Duration::from_secs(seconds)))
        }
        _ => sentence.to_owned(),
    }
}

/// The session that this browser had: it ends when somebody signs in anew.
async fn old_session(
    portal: &Portal,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<(PersonId, SessionId)>, Fail> {
    let Some(token) = session::token(&portal.app.settings, headers) else { return Ok(None) };
    let signed = portal.app.store.visitor().session(&token, now).await?;
    Ok(signed.and_then(|signed| match signed.subject.through {
        Through::Session(session) => Some((signed.person.id, session)),
        Through::Token(_) => None,
    }))
}

/// A session with a new token: the row in the transaction, the cookie as answer.
pub(crate) async fn begin_session(
    portal: &Portal,
    tx: &mut Tx,
    headers: &HeaderMap,
    person: &Person,
) -> Result<HeaderValue, store::Error> {
    let token = session::new_token(&*portal.app.entropy);
    tx.start_session(person, &session::hash(token.expose_secret()), &session::agent(headers)).await?;
    Ok(session::cookie(&portal.app.settings, &token))
}

async fn sign_out(ctx: Ctx) -> Result<Response, Fail> {
    let mut tx = ctx.begin().await?;
    tx.end_session(ctx.person.id, ctx.session()?).await?;
    tx.commit().await?;
    // What the browser kept of the pages goes as well (ASVS 5.0 §14.3.1).
    let forget = HeaderValue::from_static("\"cache\", \"storage\"");
    let headers = [
        (header::SET_COOKIE, session::no_cookie(&ctx.portal.app.settings)),
        (HeaderName::from_static("clear-site-data"), forget),
    ];
    Ok((headers, Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use domain::person::Role;
    use store::person::NewPerson;

    use super::*;
    use crate::testing;

    const KNOWN: &str = "ruth@orchard.example";
    const UNKNOWN: &str = "nobody@orchard.example";

    /// What trying a login costs: the password checks with their parameters, and what is written.
    async fn cost(portal: &Portal, url: &str, email: &str, tries: u32) -> (Vec<String>, Vec<String>) {
        portal.doors.hasher.costs.lock().unwrap().clear();
        let before = store::testing::contents(url).await["audit"].len();
        for _ in 0..tries {
            let password = SecretString::from("wrong");
            let operation = Operation::default();
            let entry = enter(portal, &operation, &HeaderMap::new(), email, password).await.unwrap();
            assert!(matches!(entry, Entry::Closed(..)), "{email}");
        }
        let hashes = portal.doors.hasher.costs.lock().unwrap().clone();
        let written = store::testing::contents(url).await["audit"].len() - before;
        (hashes, vec![format!("{written} audit rows")])
    }

    /// ASVS 5.0 §6.3.8: nobody learns from the work that is done whether a login exists. Also while it is locked.
    #[tokio::test]
    async fn the_same_work_is_done_for_logins_that_exist_and_that_do_not() {
        for database in store::testing::databases().await {
            let portal = testing::portal(&database);
            let mut tx = database.store.begin(&Doer::Operator, "test", portal.app.clock.now()).await.unwrap();
            let firm = tx.add_firm("Fernhill Wealth", "America/New_York").await.unwrap();
            let password = SecretString::from("tulip orbit mango 42");
            let new = NewPerson {
                firm: firm.id,
                role: Role::Advisor,
                household: None,
                name: "Ruth",
                email: KNOWN,
                password_hash: &crate::hash_password(&password, &*portal.app.entropy),
            };
            tx.add_person(new).await.unwrap();
            tx.commit().await.unwrap();
            for tries in [1, 7] {
                let known = cost(&portal, &database.url, KNOWN, tries).await;
                let unknown = cost(&portal, &database.url, UNKNOWN, tries).await;
                assert_eq!(known, unknown, "{database:?}: {tries} tries");
                assert!(known.0.iter().all(|cost| cost == "$argon2id$v=19$m=19456,t=2,p=1"), "{known:?}");
            }
        }
    }
}
