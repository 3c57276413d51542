//! The buttons of a connection: `Refresh`, `Find New`, `Start again`, and the answers to its questions.

use axum::response::{IntoResponse, Redirect, Response};
use domain::{ChallengeId, ConnectionId, challenge::Answers, connection::IllegalMove};
use engine::Error;

use super::{live, words::moment};
use crate::{
    advisor::household::after_asking,
    ctx::Ctx,
    fail::Fail,
    form::{Form, Typed},
    route::Path,
};

pub(crate) async fn refresh(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Redirect, Fail> {
    let asked = ctx.engine().refresh(&ctx.subject, &ctx.operation, id).await;
    begun(&ctx, id, asked).await
}

pub(crate) async fn find_new(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Redirect, Fail> {
    let asked = ctx.engine().find_new(&ctx.subject, &ctx.operation, id).await;
    begun(&ctx, id, asked).await
}

pub(crate) async fn start_again(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Redirect, Fail> {
    let asked = ctx.engine().start_again(&ctx.subject, &ctx.operation, id).await;
    if let Err(Error::Illegal(IllegalMove::TooSoon { .. })) = asked {
        return Ok(Redirect::to(&format!("/connections/{id}?soon")));
    }
    begun(&ctx, id, asked).await
}

/// The address of a form that was sent, opened again: the connection's page says what there is now.
pub(crate) async fn back(ctx: Ctx, Path(id): Path<ConnectionId>) -> Result<Redirect, Fail> {
    ctx.must_be_client()?;
    ctx.reader().connection(id).await?;
    Ok(Redirect::to(&format!("/connections/{id}")))
}

/// To the page of the run. A second click finds it under way already, which is what was wanted; a state that needs
/// something else first shows that on the same page.
pub(crate) async fn begun(ctx: &Ctx, id: ConnectionId, asked: Result<(), Error>) -> Result<Redirect, Fail> {
    if !ctx.subject.role.is_client() {
        return match asked {
            // Under way already, too soon, or not possible now: the household's page says which.
            Ok(()) | Err(Error::Illegal(_)) => {
                let household = ctx.reader().connection(id).await?.household;
                Ok(after_asking(household, id))
            }
            Err(error) => Err(error.into()),
        };
    }
    match asked {
        Ok(()) | Err(Error::Illegal(IllegalMove::Busy | IllegalMove::NotNow | IllegalMove::NothingAsked)) => {
        }
        Err(Error::Illegal(IllegalMove::TooSoon { next })) => {
            let next = moment(next, ctx.now, &ctx.zone);
            return Err(Fail::Conflict(format!(
                "This was refreshed a short while ago. Refresh possible at {next}."
            )));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("/connections/{id}")))
}

/// `POST /connections/{id}/answer`. Of two tabs the second sees the present state; an empty answer stays a form.
pub(crate) async fn answer(ctx: Ctx, Path(id): Path<ConnectionId>, typed: Typed) -> Result<Response, Fail> {
    ctx.must_be_client()?;
    let form = Form::new(typed);
    let challenge: ChallengeId = form.parsed("challenge").ok_or(Fail::Unreadable)?;
    let here = Redirect::to(&format!("/connections/{id}"));
    let progress = ctx.engine().progress(&ctx.subject, id).await?;
    let elsewhere = Redirect::to(&format!("/connections/{id}?elsewhere"));
    let Some(open) = progress.challenge.as_ref().filter(|open| open.id == challenge) else {
        return Ok(elsewhere.into_response());
    };
    let mut empty = Vec::new();
    let mut answers = Answers::default();
    for question in &open.questions {
        let name = format!("answer.{}", question.id);
        match form.typed().secret(&name).filter(|_| !form.text(&name).is_empty()) {
            Some(answer) => answers.0.push((question.id.clone(), answer)),
            None => empty.push(question.id.clone()),
        }
    }
    if !empty.is_empty() {
        return live::again(&ctx, &progress, &empty).await;
    }
    match ctx.engine().answer(&ctx.subject, &ctx.operation, challenge, answers).await {
        Ok(()) => Ok(here.into_response()),
        Err(Error::Illegal(_) | Error::NotFound) => Ok(elsewhere.into_response()),
        Err(Error::Answer { question }) => live::again(&ctx, &progress, &[question]).await,
        Err(error) => Err(error.into()),
    }
}
