//! What the client is told of a run that took so long that they were invited to leave.

use domain::{Reason, Timestamp, attempt::Mode, connection::Connection, limits};
use store::{Tx, outbox::News};

use super::Run;
use crate::Error;

/// Tells whose login it is that a slow run, which they had begun, has brought values. An end that needs somebody is told
/// by the notification bar for as long as it lasts, so it is no news beside it.
pub(super) async fn tell_end(tx: &mut Tx, run: &Run, next: &Connection) -> Result<(), Error> {
    let attempt = &run.open.attempt;
    let good = matches!(next.reason, Reason::Ok | Reason::Partial | Reason::AttendedOnly);
    if next.work.is_some() || !good || attempt.mode != Mode::Attended {
        return Ok(());
    }
    // Somebody who answered a question was there until then.
    let asked = tx.latest_challenge(attempt.id).await?.map(|challenge| challenge.asked_at);
    let alone_since = asked.map_or(attempt.started_at, |asked| asked.max(attempt.started_at));
    if seconds_between(alone_since, tx.now()) < limits::SLOW_AFTER.as_secs().cast_signed() {
        return Ok(());
    }
    let body = match next.reason {
        Reason::Partial => format!("{} took longer and has sent some of its values.", next.institution),
        _ => format!("{} took longer and has sent its newest values.", next.institution),
    };
    let (key, href) = (attempt.id.to_string(), format!("/connections/{}", next.id));
    tx.inform(next.owner, News { topic: "slow_run_ended", key: &key, body: &body, href: &href }).await?;
    Ok(())
}

fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}
