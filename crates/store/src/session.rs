//! Sessions: signed-in browsers. The token is in the browser alone; here is its hash.

use domain::{
    PersonId, SessionId, Timestamp,
    audit::{Subject, Through},
    limits,
    person::{Firm, Person},
};

use crate::{
    Error, Reader, Tx, Visitor,
    audit::Trail,
    column::Row,
    person,
    query::{Text, texts},
};

/// How old "last seen" may be before it is written again, so that a page doesn't cost a write.
const TOUCH_SECONDS: i64 = 60;
/// Longer names of browsers are cut.
const AGENT_CHARS_MAX: usize = 200;

texts! {
    BY_TOKEN = Text::one(
        "SELECT s.id, s.last_seen_at, p.id, p.firm_id, p.role, p.household_id, p.name, p.email, p.created_at,
            f.id, f.name, f.zone, a.name, a.email
         FROM session s JOIN person p ON p.id = s.person_id JOIN firm f ON f.id = p.firm_id
         LEFT JOIN household h ON h.id = p.household_id LEFT JOIN person a ON a.id = h.advisor_id
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3"
    );
    TOUCH = Text::one("UPDATE session SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1");
    ADD = Text::one(
        "INSERT INTO session (id, person_id, token_hash, created_at, last_seen_at, expires_at, agent)
         VALUES ($1, $2, $3, $4, $4, $5, $6)"
    );
    OWN = Text::one(
        "SELECT id, created_at, last_seen_at, expires_at, agent FROM session
         WHERE person_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY last_seen_at DESC, id"
    );
    END = Text::one("DELETE FROM session WHERE id = $1 AND person_id = $2");
    END_OTHERS = Text::one("DELETE FROM session WHERE person_id = $1 AND id <> $2");
    FORGET = Text::one("DELETE FROM session WHERE expires_at <= $1 OR last_seen_at <= $2");
}

/// A person who came in, with everything a request needs to know about them: one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub subject: Subject,
    pub person: Person,
    pub firm: Firm,
    /// The name of the advisor of the person's household.
    pub advisor: Option<String>,
    /// Where the advisor can be written to.
    pub advisor_email: Option<String>,
}

/// A signed-in browser, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// At the latest; earlier when it is not used for [`limits::SESSION_IDLE_MAX`].
    pub expires_at: Timestamp,
    /// What the browser calls itself.
    pub agent: String,
}

impl Visitor {
    /// Whose session this is, if it is neither ended nor too old nor idle for too long. Notes that it was seen.
    ///
    /// `token_hash` is the SHA-256 of the token. Role and household are read with it, so a change holds from the next
    /// request on.
    pub async fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Signed>, Error> {
        let found = self
            .ask(BY_TOKEN)
            .bind(token_hash)
            .bind(now)
            .bind(idle_since(now))
            .first(|row| {
                let (id, seen) = (row.next()?, row.next::<Timestamp>()?);
                Ok((id, seen, signed(row, Through::Session(id))?))
            })
            .await?;
        let Some((id, seen, signed)) = found else { return Ok(None) };
        if now.as_second() - seen.as_second() >= TOUCH_SECONDS {
            self.note(TOUCH).bind(now).bind(id).run_count().await?;
        }
        Ok(Some(signed))
    }

    /// Forgets sessions that can't be used any more. Housekeeping: may run at any time.
    pub async fn forget_sessions(&self, now: Timestamp) -> Result<u64, Error> {
        self.note(FORGET).bind(now).bind(idle_since(now)).run_count().await
    }
}

impl Reader {
    /// The own sessions that still hold, the last used first.
    pub async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>, Error> {
        self.ask_own(OWN)
            .bind(self.subject().person)
            .bind(now)
            .bind(idle_since(now))
            .all(|row| {
                Ok(Session {
                    id: row.next()?,
                    created_at: row.next()?,
                    last_seen_at: row.next()?,
                    expires_at: row.next()?,
                    agent: row.next()?,
                })
            })
            .await
    }
}

impl Tx {
    /// A new session of somebody who just proved who they are. `agent` is what the browser calls itself.
    pub async fn start_session(
        &mut self,
        person: &Person,
        token_hash: &[u8; 32],
        agent: &str,
    ) -> Result<SessionId, Error> {
        let now = self.now();
        let id = SessionId::new(now, self.entropy());
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        self.write(ADD)
            .bind(id)
            .bind(person.id)
            .bind(token_hash)
            .bind(now)
            .bind(now + limits::SESSION_LIFETIME_MAX)
            .bind(agent)
            .run_count()
            .await?;
        self.audit(trail("session.started", person.id).firm(person.firm)).await?;
        Ok(id)
    }

    /// Ends a session of `person`; ending one that is gone is no error.
    pub async fn end_session(&mut self, person: PersonId, session: SessionId) -> Result<(), Error> {
        self.write(END).bind(session).bind(person).run_count().await?;
        self.audit(trail("session.ended", person)).await
    }

    /// Ends all sessions of `person` but one, and tells how many.
    pub async fn end_other_sessions(&mut self, person: PersonId, keep: SessionId) -> Result<u64, Error> {
        let ended = self.write(END_OTHERS).bind(person).bind(keep).run_count().await?;
        self.audit(trail("session.others_ended", person).detail(format!("{ended} ended"))).await?;
        Ok(ended)
    }
}

fn trail(action: &'static str, person: PersonId) -> Trail {
    Trail::of(action, "person", person)
}

fn idle_since(now: Timestamp) -> Timestamp {
    now - limits::SESSION_IDLE_MAX
}

/// Reads a person, their firm, and name and address of their advisor.
pub(crate) fn signed(row: &mut Row<'_>, through: Through) -> Result<Signed, Error> {
    let person = person::person(row)?;
    let firm = person::firm(row)?;
    let subject = Subject {
        person: person.id,
        firm: person.firm,
        role: person.role,
        household: person.household,
        through,
    };
    Ok(Signed { subject, person, firm, advisor: row.next()?, advisor_email: row.next()? })
}
