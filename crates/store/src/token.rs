//! Personal tokens of the JSON API. The token is shown once; here is its hash.

use domain::{PersonId, Timestamp, TokenId, audit::Through, limits};

use crate::{
    Error, Reader, Tx, Visitor,
    audit::Trail,
    column::only,
    query::{Text, texts},
    session::{Signed, signed},
};

/// How old "last used" may be before it is written again, so that a call doesn't cost a write.
const TOUCH_SECONDS: i64 = 60;

texts! {
    BY_HASH = Text::one(
        "SELECT t.id, t.scope, t.last_used_at, h.revision,
            p.id, p.firm_id, p.role, p.household_id, p.name, p.email, p.created_at, f.id, f.name, f.zone, a.name,
            a.email
         FROM api_token t JOIN person p ON p.id = t.person_id JOIN firm f ON f.id = p.firm_id
         LEFT JOIN household h ON h.id = p.household_id LEFT JOIN person a ON a.id = h.advisor_id
         WHERE t.token_hash = $1 AND t.revoked_at IS NULL"
    );
    TOUCH = Text::one("UPDATE api_token SET last_used_at = $1 WHERE id = $2");
    ADD = Text::one(
        "INSERT INTO api_token (id, person_id, name, scope, token_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
    );
    COUNT = Text::one("SELECT CAST(COUNT(*) AS BIGINT) FROM api_token WHERE person_id = $1 AND revoked_at IS NULL");
    OWN = Text::one(
        "SELECT id, name, scope, created_at, last_used_at FROM api_token
         WHERE person_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id"
    );
    REVOKE = Text::one(
        "UPDATE api_token SET revoked_at = $1 WHERE id = $2 AND person_id = $3 AND revoked_at IS NULL"
    );
}

/// A token, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub scope: String,
    pub created_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Somebody who came in with a token, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub signed: Signed,
    pub scope: String,
    /// Of the household: what was computed from its accounts and connections holds as long as this stays.
    pub revision: Option<i64>,
}

impl Visitor {
    /// Whose token this is, unless it was revoked. Notes that it was used. `token_hash` is the SHA-256 of the token.
    pub async fn token(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Bearer>, Error> {
        let found = self
            .ask(BY_HASH)
            .bind(token_hash)
            .first(|row| {
                let (id, scope, used) = (row.next()?, row.next()?, row.next::<Option<Timestamp>>()?);
                let revision = row.next()?;
                Ok((id, used, Bearer { scope, revision, signed: signed(row, Through::Token(id))? }))
            })
            .await?;
        let Some((id, used, bearer)) = found else { return Ok(None) };
        if used.is_none_or(|used| now.as_second() - used.as_second() >= TOUCH_SECONDS) {
            self.note(TOUCH).bind(now).bind(id).run_count().await?;
        }
        Ok(Some(bearer))
    }
}

impl Reader {
    /// The own tokens that hold, the newest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, Error> {
        self.ask_own(OWN)
            .bind(self.subject().person)
            .all(|row| {
                Ok(Token {
                    id: row.next()?,
                    name: row.next()?,
                    scope: row.next()?,
                    created_at: row.next()?,
                    last_used_at: row.next()?,
                })
            })
            .await
    }
}

impl Tx {
    /// A new token of `person`. [`Error::Full`] when there are [`limits::TOKENS_MAX`].
    pub async fn add_token(
        &mut self,
        person: PersonId,
        name: &str,
        scope: &str,
        token_hash: &[u8; 32],
    ) -> Result<TokenId, Error> {
        let held: i64 = self.ask(COUNT).bind(person).one(only).await?;
        if held >= limits::TOKENS_MAX as i64 {
            return Err(Error::Full { max: limits::TOKENS_MAX });
        }
        let now = self.now();
        let id = TokenId::new(now, self.entropy());
        self.write(ADD)
            .bind(id)
            .bind(person)
            .bind(name)
            .bind(scope)
            .bind(token_hash)
            .bind(now)
            .run_count()
            .await?;
        self.audit(Trail::of("token.added", "token", id).detail(scope)).await?;
        Ok(id)
    }

    /// Revokes a token of `person` for good; [`Error::Conflict`] when it holds no longer.
    pub async fn revoke_token(&mut self, person: PersonId, token: TokenId) -> Result<(), Error> {
        let now = self.now();
        self.write(REVOKE).bind(now).bind(token).bind(person).run_or_conflict().await?;
        self.audit(Trail::of("token.revoked", "token", token)).await
    }
}
