//! `/support/institutions/{offering}`: one institution, its facts, its history, and the form that corrects it; and
//! `/support/institutions/new`.

use askama::Template;
use axum::{
    extract::Query,
    response::{Html, IntoResponse, Redirect, Response},
};
use directory::Directory;
use domain::{
    RequestId,
    edit::{self, Changes, EditKind},
    institution::Offering,
    limits,
    rights::FirmAct,
    time::time_words,
};
use engine::{Kept, OfferingEdit};
use http::StatusCode;
use serde::Deserialize;

use super::{
    fields::{self, differences, kind_words},
    history::{self, Entry},
};
use crate::{
    client::words::{counted, moment},
    ctx::{Ctx, encoded},
    fail::Fail,
    form::{Form, Typed},
    page::{Nav, Page},
    route::Path,
};

#[derive(Template)]
#[template(path = "support/institution.html")]
struct InstitutionPage {
    page: Page,
    may_edit: bool,
    action: String,
    form: Form,
    kinds: Vec<(&'static str, &'static str)>,
    /// What the note looks like to clients.
    preview: Vec<String>,
    is: Facts,
    /// Somebody else saved it while this form was open.
    stale: Option<Stale>,
    /// Others at the same address: name and page.
    twins: Vec<(String, String)>,
    history: Vec<Entry>,
    /// Whether it can be as the binary has it again.
    original: bool,
}

struct Facts {
    id: String,
    name: String,
    /// The name, for an address.
    find: String,
    kind: &'static str,
    listed: bool,
    /// What the firm did to it: `Added`, `Changed`, or nothing.
    done: &'static str,
    connectable: bool,
    notice: bool,
    connections: String,
    version: u32,
    fields: Vec<(&'static str, String)>,
}

struct Stale {
    by: String,
    when: String,
    comment: String,
    /// Field, what holds now, what was typed.
    fields: Vec<(&'static str, String, String)>,
}

#[derive(Template)]
#[template(path = "support/new.html")]
struct NewPage {
    page: Page,
    form: Form,
    form_key: String,
    kinds: Vec<(&'static str, &'static str)>,
    twins: Vec<(String, String)>,
    /// Id of the request that it is made for, and what was typed.
    request: Option<(String, String)>,
}

#[derive(Deserialize)]
pub(super) struct Way {
    /// Another name to be added to those that are there.
    #[serde(default)]
    alias: String,
    /// The name of a new one.
    #[serde(default)]
    name: String,
    /// The id of the request that a new one is made for.
    #[serde(default)]
    request: String,
}

/// What a form is for, and what a try to save it came to.
#[derive(Default)]
struct Around {
    stale: Option<Stale>,
    twins: Vec<(String, String)>,
}

pub(super) async fn show(ctx: Ctx, Path(id): Path<String>, Query(way): Query<Way>) -> Result<Response, Fail> {
    let kept = ctx.engine().kept_offering(&ctx.subject, &id).await?;
    let mut form = fields::filled(&kept.offering, kept.version);
    let alias: String = way.alias.trim().chars().take(limits::ALIAS_CHARS_MAX).collect();
    if !alias.is_empty() {
        let names = format!("{}\n{alias}", kept.offering.also_known_as.join("\n"));
        form = form.with("aliases", names.trim()).with("comment", &format!("Searched for as “{alias}”"));
    }
    page(&ctx, &kept, form, Around::default(), StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    kept: &Kept,
    form: Form,
    around: Around,
    status: StatusCode,
) -> Result<Response, Fail> {
    let frame = ctx.page(Nav::Institutions, &kept.offering.name).await?;
    let may_edit = ctx.may_in_firm(FirmAct::EditDirectory);
    let page = InstitutionPage::of(frame, may_edit, kept, form, around, |at| time_words(at, &ctx.zone));
    Ok((status, Html(page.render()?)).into_response())
}

impl InstitutionPage {
    fn of(
        page: Page,
        may_edit: bool,
        kept: &Kept,
        form: Form,
        around: Around,
        told: impl Fn(domain::Timestamp) -> String,
    ) -> Self {
        let own = edit::is_own(&kept.offering.id);
        Self {
            page,
            may_edit,
            action: format!("/support/institutions/{}", kept.offering.id),
            preview: paragraphs(form.text("note")),
            form,
            kinds: fields::kinds(),
            is: Facts::of(kept),
            stale: around.stale,
            twins: around.twins,
            history: history::entries(kept, may_edit, told),
            original: may_edit && !own && kept.offering != kept.base,
        }
    }
}

impl Facts {
    fn of(kept: &Kept) -> Self {
        let is = &kept.offering;
        let done = match () {
            () if edit::is_own(&is.id) => "Added",
            () if kept.offering != kept.base => "Changed",
            () => "",
        };
        let fields = [
            ("Brand", is.brand.clone()),
            ("Purpose", is.purpose.clone()),
            ("Other names", is.also_known_as.join(", ")),
            ("Home page", is.home_url.clone()),
            ("Login page", is.login_url.clone()),
            ("Place", is.place.clone()),
            ("Note to clients", is.note.clone()),
        ];
        Self {
            id: is.id.clone(),
            name: is.name.clone(),
            find: encoded(&is.name),
            kind: kind_words(is.kind),
            listed: is.listed,
            done,
            connectable: is.access.is_some(),
            notice: is.notice.is_some(),
            connections: counted(kept.connections as usize, "connection"),
            version: kept.version,
            fields: fields.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
        }
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Other offerings that clients find at the address of this one.
fn twins(directory: &Directory, of: &Offering) -> Vec<(String, String)> {
    const TOLD_MAX: usize = 5;
    let others = directory.offerings().iter().filter(|other| {
        other.listed && other.id != of.id && !of.address().is_empty() && other.address() == of.address()
    });
    others
        .take(TOLD_MAX)
        .map(|other| (other.name.clone(), format!("/support/institutions/{}", other.id)))
        .collect()
}

/// Those that somebody has not yet said to be others.
async fn unconfirmed_twins(
    ctx: &Ctx,
    form: &Form,
    offering: &Offering,
) -> Result<Vec<(String, String)>, Fail> {
    if form.checked("despite") {
        return Ok(Vec::new());
    }
    Ok(twins(&*ctx.directory().await?, offering))
}

/// `POST /support/institutions/{offering}`
pub(super) async fn save(ctx: Ctx, Path(id): Path<String>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let kept = ctx.engine().kept_offering(&ctx.subject, &id).await?;
    let mut form = Form::new(typed);
    let version: u32 = form.parsed("version").ok_or(Fail::Unreadable)?;
    // Judged by what was looked at; whether it still holds is the store's to say.
    let was = kept.at(version).ok_or(Fail::Unreadable)?;
    let wanted = fields::read(&mut form, &was);
    if wanted.as_ref().is_some_and(|wanted| is_same(wanted, &was)) && form.is_good() {
        form.problem("name", "Nothing was changed.");
    }
    let comment = comment(&mut form);
    let (Some(wanted), Some(comment), true) = (wanted, comment, form.is_good()) else {
        return page(&ctx, &kept, form, Around::default(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    if wanted.address() != was.address() {
        let twins = unconfirmed_twins(&ctx, &form, &wanted).await?;
        if !twins.is_empty() {
            let around = Around { twins, stale: None };
            return page(&ctx, &kept, form, around, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    }
    let only_note = Offering { note: was.note.clone(), ..wanted.clone() } == was;
    let kind = if only_note { EditKind::Annotated } else { EditKind::Corrected };
    let edit = OfferingEdit { wanted, version, kind, comment };
    match ctx.engine().edit_offering(&ctx.subject, &ctx.operation, &edit, None).await {
        Ok(()) => Ok(Redirect::to(&format!("/support/institutions/{id}")).into_response()),
        Err(engine::Error::Store(store::Error::Conflict)) => stale(&ctx, form, edit.wanted).await,
        Err(error) => Err(error.into()),
    }
}

/// Somebody else saved it meanwhile: both texts are shown, and saving again means to have seen both.
async fn stale(ctx: &Ctx, form: Form, wanted: Offering) -> Result<Response, Fail> {
    let kept = ctx.engine().kept_offering(&ctx.subject, &wanted.id).await?;
    // The same form a second time has done its work the first time.
    if is_same(&kept.offering, &wanted) {
        return Ok(Redirect::to(&format!("/support/institutions/{}", wanted.id)).into_response());
    }
    let newest = kept.history.first().ok_or(Fail::Missing)?;
    let stale = Stale {
        by: newest.by.clone(),
        when: moment(newest.at, ctx.now, &ctx.zone),
        comment: newest.comment.clone(),
        fields: differences(&kept.offering, &wanted),
    };
    let form = form.with("version", &kept.version.to_string());
    page(ctx, &kept, form, Around { stale: Some(stale), twins: Vec::new() }, StatusCode::CONFLICT).await
}

/// Whether two say the same of an institution; other names have no order.
fn is_same(one: &Offering, other: &Offering) -> bool {
    Changes::between(one, other).is_empty()
}

fn comment(form: &mut Form) -> Option<String> {
    fields::text(form, "comment", "Please say why, for those who read the history later.")
}

/// `POST /support/institutions/{offering}/listed`: hides it from those who search, or shows it again.
pub(super) async fn list(ctx: Ctx, Path(id): Path<String>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let mut form = Form::new(typed);
    let listed = form.checked("listed");
    let kind = if listed { EditKind::Shown } else { EditKind::Hidden };
    if comment(&mut form).is_none() {
        let kept = ctx.engine().kept_offering(&ctx.subject, &id).await?;
        let mut form = fields::filled(&kept.offering, kept.version);
        comment(&mut form);
        return page(&ctx, &kept, form, Around::default(), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    again(&ctx, &id, &form, kind, |kept| Some(Offering { listed, ..kept.offering.clone() })).await
}

/// `POST /support/institutions/{offering}/restore`: as it was at an earlier version; 0 is as the binary has it.
pub(super) async fn restore(ctx: Ctx, Path(id): Path<String>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let form = Form::new(typed);
    let to: u32 = form.parsed("to").ok_or(Fail::Unreadable)?;
    if to == 0 && edit::is_own(&id) {
        return Err(Fail::Unreadable);
    }
    again(&ctx, &id, &form, EditKind::Restored, |kept| kept.at(to)).await
}

/// A change of the whole. `form` brings the version that was looked at, and why.
async fn again(
    ctx: &Ctx,
    id: &str,
    form: &Form,
    kind: EditKind,
    wanted: impl Fn(&Kept) -> Option<Offering>,
) -> Result<Response, Fail> {
    let kept = ctx.engine().kept_offering(&ctx.subject, id).await?;
    let version: u32 = form.parsed("version").ok_or(Fail::Unreadable)?;
    let wanted = wanted(&kept).ok_or(Fail::Unreadable)?;
    let to = Redirect::to(&format!("/support/institutions/{id}#history"));
    if wanted == kept.offering {
        return Ok(to.into_response());
    }
    let comment: String = form.text("comment").chars().take(limits::NOTE_CHARS_MAX).collect();
    let edit = OfferingEdit { wanted, version, kind, comment };
    match ctx.engine().edit_offering(&ctx.subject, &ctx.operation, &edit, None).await {
        Ok(()) => Ok(to.into_response()),
        Err(engine::Error::Store(store::Error::Conflict)) => Err(Fail::Conflict(
            "Somebody else changed this institution while you looked at it. Its page shows what holds now; nothing of \
             yours was saved."
                .to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// The address of a form that was sent, opened again.
pub(super) async fn back(ctx: Ctx, Path(id): Path<String>) -> Result<Redirect, Fail> {
    ctx.must_in_firm(FirmAct::SeeDirectory)?;
    Ok(Redirect::to(&format!("/support/institutions/{}", encoded(&id))))
}

/// `POST /support/preview`: what a note looks like to clients, while it is typed.
pub(super) async fn preview(ctx: Ctx, typed: Typed) -> Result<Html<String>, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let form = Form::new(typed);
    let note: String = form.text("note").chars().take(limits::NOTE_CHARS_MAX).collect();
    Ok(Html(Preview { preview: paragraphs(&note) }.render()?))
}

#[derive(Template)]
#[template(path = "support/preview.html")]
struct Preview {
    preview: Vec<String>,
}

/// `GET /support/institutions/new`
pub(super) async fn new(ctx: Ctx, Query(way): Query<Way>) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let mut form = Form::filled(&[("name", &way.name), ("what", "bank")]);
    if let Ok(id) = way.request.parse::<RequestId>() {
        let request = ctx.reader().request(id).await?;
        form = Form::filled(&[
            ("name", &request.typed),
            ("what", "bank"),
            ("home_url", &request.address),
            ("request", &way.request),
            ("comment", "A client asked for it"),
            ("as_typed", "yes"),
        ]);
    }
    new_page(&ctx, form, Vec::new(), StatusCode::OK).await
}

async fn new_page(
    ctx: &Ctx,
    form: Form,
    twins: Vec<(String, String)>,
    status: StatusCode,
) -> Result<Response, Fail> {
    let request = match form.parsed::<RequestId>("request") {
        Some(id) => Some((id.to_string(), ctx.reader().request(id).await?.typed)),
        None => None,
    };
    let form_key = match form.text("form_key") {
        "" => ctx.form_key(),
        key => key.to_owned(),
    };
    let page = ctx.page(Nav::Institutions, "Add an institution").await?;
    let page = NewPage { page, form, form_key, kinds: fields::kinds(), twins, request };
    Ok((status, Html(page.render()?)).into_response())
}

/// `POST /support/institutions/new`
pub(super) async fn add(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    ctx.must_in_firm(FirmAct::EditDirectory)?;
    let mut form = Form::new(typed);
    // The same form again makes the same id, and so no second one.
    let id = edit::own_id(form.text("name"), form.text("form_key"));
    let wanted = fields::read(&mut form, &edit::blank(&id));
    let comment = comment(&mut form);
    let request: Option<RequestId> = form.parsed("request");
    let (Some(mut wanted), Some(comment), true) = (wanted, comment, form.is_good()) else {
        return new_page(&ctx, form, Vec::new(), StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let twins = unconfirmed_twins(&ctx, &form, &wanted).await?;
    if !twins.is_empty() {
        return new_page(&ctx, form, twins, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if let (Some(request), true) = (request, form.checked("as_typed")) {
        engine::add_alias(&mut wanted, &ctx.reader().request(request).await?.typed);
    }
    let edit = OfferingEdit { wanted, version: 0, kind: EditKind::Added, comment };
    let to = format!("/support/institutions/{id}");
    match ctx.engine().edit_offering(&ctx.subject, &ctx.operation, &edit, request).await {
        Ok(()) => Ok(Redirect::to(&to).into_response()),
        Err(engine::Error::Store(store::Error::Conflict)) => {
            match ctx.engine().kept_offering(&ctx.subject, &id).await {
                Ok(_) => Ok(Redirect::to(&to).into_response()),
                Err(engine::Error::NotFound) => Err(Fail::Conflict(
                    "Somebody else answered this request in the meantime. Nothing was added.".to_owned(),
                )),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use domain::edit::Edit;

    use super::*;
    use crate::client::samples;

    fn kept() -> Kept {
        let base = samples::offering();
        let added = Changes { aliases_added: vec!["Meridian 401k".to_owned()], ..Changes::default() };
        let note = Changes {
            note: Some("Use the address of your plan.\n\nNot the bank’s.".to_owned()),
            ..added.clone()
        };
        let edit = |version, kind, changes: &Changes, comment: &str| Edit {
            offering: base.id.clone(),
            version,
            kind,
            changes: changes.clone(),
            comment: comment.to_owned(),
            by: "Noor Haddad".to_owned(),
            at: samples::now(),
        };
        let history = vec![
            edit(2, EditKind::Annotated, &note, "Clients took the wrong entry"),
            edit(1, EditKind::Corrected, &added, "Searched for as “meridian 401k”"),
        ];
        Kept { offering: note.over(&base), base, version: 2, history, connections: 14 }
    }

    fn page(may_edit: bool, form: Form, around: Around) -> String {
        let frame = samples::staff_page(Nav::Institutions, "Meridian Retirement");
        InstitutionPage::of(frame, may_edit, &kept(), form, around, |_| "Nov 20, 2026, 10:12 AM".to_owned())
            .render()
            .unwrap()
    }

    #[test]
    fn facts_form_and_history_are_there() {
        let html = page(true, fields::filled(&kept().offering, 2), Around::default());
        for text in [
            "14 connections",
            "Meridian 401k",
            "Use the address of your plan.",
            "Noor Haddad",
            "Clients took the wrong entry",
            "name=\"to\" value=\"1\"",
            "name=\"to\" value=\"0\"",
            "name=\"version\" value=\"2\"",
        ] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        assert!(!html.contains("name=\"to\" value=\"2\""), "what holds can't be restored");
        samples::is_clean(&html);
        samples::keep("support-institution", &html);
    }

    #[test]
    fn who_only_views_has_no_controls() {
        let html = page(false, fields::filled(&kept().offering, 2), Around::default());
        let main = html.split("<main").nth(1).unwrap();
        assert!(!main.contains("<form") && !main.contains("<button"), "{main}");
        assert!(main.contains("Meridian 401k") && main.contains("Noor Haddad"));
        samples::keep("support-institution-view", &html);
    }

    #[test]
    fn of_two_texts_none_is_lost() {
        let stale = Stale {
            by: "Idris Bell".to_owned(),
            when: "10:12 AM".to_owned(),
            comment: "It moved".to_owned(),
            fields: vec![("Name", "Meridian Plans".to_owned(), "Meridian Retire".to_owned())],
        };
        let form = fields::filled(&kept().offering, 2).with("name", "Meridian Retire");
        let html = page(true, form, Around { stale: Some(stale), twins: Vec::new() });
        for text in ["Idris Bell", "Meridian Plans", "value=\"Meridian Retire\""] {
            assert!(html.contains(text), "{text}");
        }
        samples::is_clean(&html);
        samples::keep("support-institution-stale", &html);
    }

    #[test]
    fn a_new_one_at_a_known_address_is_asked_about() {
        let html = NewPage {
            page: samples::staff_page(Nav::Institutions, "Add an institution"),
            form: Form::filled(&[("name", "Harbour trst"), ("as_typed", "yes")]),
            form_key: "k".to_owned(),
            kinds: fields::kinds(),
            twins: vec![("Harbor Trust".to_owned(), "/support/institutions/harbor".to_owned())],
            request: Some(("r".to_owned(), "Harbour trst".to_owned())),
        }
        .render()
        .unwrap();
        for text in ["There is already", "name=\"despite\"", "name=\"request\" value=\"r\"", "Harbour trst"] {
            assert!(html.contains(text), "{text}\n{html}");
        }
        samples::is_clean(&html);
        samples::keep("support-new", &html);
    }
}
