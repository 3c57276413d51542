//! Inviting clients: a new household and its first person; the link is shown once, to be copied.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use domain::{
    invitation::{Invitation, Opening},
    person::Role,
    rights::{Act, Resource},
    time,
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::session,
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    once::Once,
    page::{Nav, Page},
    route::{Path, Routes},
};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/advisor/invitations", show)
        .post("/advisor/invitations", invite)
        .post("/advisor/invitations/{invitation}/renew", renew)
}

struct Row {
    id: String,
    name: String,
    email: String,
    household: String,
    state: String,
    class: &'static str,
    icon: &'static str,
    may_renew: bool,
}

#[derive(Template)]
#[template(path = "advisor/invitations.html")]
struct InvitationsPage {
    page: Page,
    form: Form,
    form_key: String,
    rows: Vec<Row>,
}

fn must_invite(ctx: &Ctx) -> Result<(), Fail> {
    if ctx.subject.role == Role::Advisor { Ok(()) } else { Err(Fail::Missing) }
}

async fn show(ctx: Ctx) -> Result<Response, Fail> {
    must_invite(&ctx)?;
    ctx.has_seen("/advisor/invitations").await?;
    page(&ctx, Form::default(), StatusCode::OK).await
}

async fn page(ctx: &Ctx, form: Form, status: StatusCode) -> Result<Response, Fail> {
    let reader = ctx.reader();
    let households = reader.households().await?;
    let rows = reader.invitations().await?.into_iter().map(|invitation| {
        let household = households.iter().find(|household| household.id == invitation.household);
        row(ctx, &invitation, household.map_or("", |household| &household.name))
    });
    let rows = rows.collect();
    let page = ctx.page(Nav::Invitations, "Invitations").await?;
    Ok((status, Html(InvitationsPage { page, form, form_key: ctx.form_key(), rows }.render()?))
        .into_response())
}

fn row(ctx: &Ctx, invitation: &Invitation, household: &str) -> Row {
    let told = |at| time::date_words(ctx.day(at));
    let opening = invitation.opening(ctx.now);
    let (state, class, icon) = match (opening, invitation.requested_again_at, invitation.used_at) {
        (Opening::Used, _, Some(at)) => (format!("Registered {}", told(at)), "good", "dot"),
        (Opening::Expired, Some(at), _) => (format!("Asked for a new link {}", told(at)), "key", "key"),
        (Opening::Expired, ..) => (format!("Expired {}", told(invitation.expires_at)), "wrench", "clock"),
        _ => (format!("Open until {}", time::time_words(invitation.expires_at, &ctx.zone)), "good", "clock"),
    };
    Row {
        id: invitation.id.to_string(),
        name: invitation.name.clone(),
        email: invitation.email.clone(),
        household: household.to_owned(),
        state,
        class,
        icon,
        may_renew: opening != Opening::Used,
    }
}

async fn invite(ctx: Ctx, typed: Typed) -> Result<Response, Fail> {
    must_invite(&ctx)?;
    let mut form = Form::new(typed);
    let token = token_of(&ctx, &form);
    let hash = session::hash(token.expose_secret());
    let household = form.name("household", "a name for the household");
    let name = form.name("name", "the client's name");
    let email = form.email("email");
    if let Some(email) = &email {
        refuse_known(&ctx, &mut form, email).await?;
    }
    // After the look for the e-mail: what that found may be the work of this form's first click.
    if let Some(made) = open_invitation(&ctx, &hash).await? {
        return link_page(&ctx, &made, &token).await;
    }
    let (Some(household), Some(name), Some(email), true) = (household, name, email, form.is_good()) else {
        return page(&ctx, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    match add(&ctx, (&household, &name, &email), &hash).await {
        Ok(invitation) => link_page(&ctx, &invitation, &token).await,
        // The other one of two clicks was faster.
        Err(store::Error::Taken { .. }) => {
            let made = open_invitation(&ctx, &hash).await?.ok_or(Fail::Missing)?;
            link_page(&ctx, &made, &token).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The token of the link that a form makes. It follows from the form, its key and who sends it under the portal's own
/// key, so that a form sent twice makes one household and shows one link, whichever of the two answers is seen.
fn token_of(ctx: &Ctx, form: &Form) -> SecretString {
    let key = form.text("form_key");
    if key.is_empty() {
        return session::new_token(&*ctx.portal.app.entropy);
    }
    let typed = [key, form.text("household"), form.text("name"), form.text("email")];
    let text = format!("{} {typed:?}", ctx.person.id);
    session::token_of(&ctx.portal.keyed_hash("invitation", &text))
}

/// The invitation that was made with a token, as long as its link is good.
async fn open_invitation(ctx: &Ctx, hash: &[u8; 32]) -> Result<Option<Invitation>, Fail> {
    let made = ctx.store().visitor().invitation(hash).await?;
    Ok(made.filter(|made| made.opening(ctx.now) == Opening::Open))
}

/// Household and invitation, both or neither; [`store::Error::Taken`] when the token made one already.
async fn add(
    ctx: &Ctx,
    (household, name, email): (&str, &str, &str),
    hash: &[u8; 32],
) -> Result<Invitation, store::Error> {
    let mut tx = ctx.store().begin(&ctx.doer(), &ctx.operation, ctx.now).await?;
    let household = tx.add_household(ctx.firm.id, household, ctx.person.id).await?;
    let invitation = tx.invite(&household, ctx.person.id, name, email, hash).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// One open invitation an address.
async fn refuse_known(ctx: &Ctx, form: &mut Form, email: &str) -> Result<(), Fail> {
    let invited = ctx.reader().invitations().await?;
    if invited.iter().any(|invitation| invitation.email == email && invitation.used_at.is_none()) {
        form.problem("email", "You invited this e-mail before. Send the invitation below again.");
    } else if ctx.store().visitor().login(email).await?.is_some() {
        form.problem("email", "Somebody with this e-mail has a login already.");
    }
    Ok(())
}

async fn renew(ctx: Ctx, Path(invitation): Path<String>) -> Result<Response, Fail> {
    must_invite(&ctx)?;
    let invitation = invitation.parse().map_err(|_| Fail::Missing)?;
    let reader = ctx.reader();
    let mut invitation = reader.invitation(invitation).await?;
    let household = reader.household(invitation.household).await?;
    let resource = Resource {
        firm: household.firm,
        household: household.id,
        advisor: household.advisor,
        login_owner: None,
        advisor_may_find_new: household.advisor_may_find_new,
    };
    ctx.must(Act::Invite, &resource)?;
    let token = session::new_token(&*ctx.portal.app.entropy);
    let mut tx = ctx.begin().await?;
    tx.renew_invitation(&invitation, &session::hash(token.expose_secret())).await?;
    tx.commit().await?;
    invitation.expires_at = ctx.now + domain::limits::INVITATION_LIFETIME;
    link_page(&ctx, &invitation, &token).await
}

async fn link_page(ctx: &Ctx, invitation: &Invitation, token: &SecretString) -> Result<Response, Fail> {
    let until = time::time_words(invitation.expires_at, &ctx.zone);
    Once {
        page: ctx.page(Nav::Invitations, &format!("Invitation for {}", invitation.name)).await?,
        sentence: &format!(
            "Copy the link now and send it to {}: it is shown only this once. It is good until {until}, for one \
             registration. An earlier link no longer works.",
            invitation.email
        ),
        label: &format!("Link for {}", invitation.name),
        secret: &ctx.portal.app.settings.link(&format!("/invitation/{}", token.expose_secret())),
        back: "/advisor/invitations",
    }
    .answer()
}
