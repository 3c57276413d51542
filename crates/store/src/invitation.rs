//! Invitations: how a client gets a login.

use domain::{
    HouseholdId, InvitationId, PersonId,
    invitation::Invitation,
    limits,
    person::{Household, Person, Role},
};

use crate::{
    Error, Reader, Tx, Visitor,
    audit::Trail,
    column::{Row, only},
    outbox::News,
    person::NewPerson,
    query::{Text, texts},
    reach,
};

macro_rules! columns {
    () => {
        "invitation.id, invitation.firm_id, invitation.household_id, invitation.name, invitation.email,
         invitation.invited_by, invitation.expires_at, invitation.used_at, invitation.requested_again_at"
    };
}

texts! {
    BY_TOKEN = Text::one(concat!("SELECT ", columns!(), " FROM invitation WHERE invitation.token_hash = $1"));
    WITHIN_REACH = Text::one(concat!(
        "SELECT ", columns!(), " FROM invitation JOIN household h ON h.id = invitation.household_id
         WHERE ", reach!(), " ORDER BY invitation.created_at DESC, invitation.id DESC"
    ));
    BY_ID = Text::one(concat!(
        "SELECT ", columns!(), " FROM invitation JOIN household h ON h.id = invitation.household_id
         WHERE ", reach!(), " AND invitation.id = $5"
    ));
    ADD = Text::one(
        "INSERT INTO invitation (id, firm_id, household_id, invited_by, name, email, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    USE = Text::one(concat!(
        "UPDATE invitation SET used_at = $1
         WHERE token_hash = $2 AND used_at IS NULL AND expires_at > $1 RETURNING ", columns!()
    ));
    INVITER = Text::one("SELECT name FROM person WHERE id = $1 AND firm_id = $2");
    CLIENTS = Text::one("SELECT CAST(COUNT(*) AS BIGINT) FROM person WHERE household_id = $1");
    ASK_AGAIN = Text::one("UPDATE invitation SET requested_again_at = $1 WHERE id = $2 AND used_at IS NULL");
    RENEW = Text::one(
        "UPDATE invitation SET token_hash = $1, expires_at = $2, requested_again_at = NULL
         WHERE id = $3 AND used_at IS NULL"
    );
}

impl Visitor {
    /// The invitation of a link. `token_hash` is the SHA-256 of its token.
    pub async fn invitation(&self, token_hash: &[u8; 32]) -> Result<Option<Invitation>, Error> {
        self.ask(BY_TOKEN).bind(token_hash).first(invitation).await
    }

    /// The name of who sent an invitation, for its page.
    pub async fn inviter(&self, invitation: &Invitation) -> Result<String, Error> {
        self.ask(INVITER).bind(invitation.invited_by).bind(invitation.firm).one(only).await
    }
}

impl Reader {
    /// The invitations within reach, the newest first.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Error> {
        self.ask(WITHIN_REACH).all(invitation).await
    }

    /// One invitation within reach.
    pub async fn invitation(&self, id: InvitationId) -> Result<Invitation, Error> {
        self.ask(BY_ID).bind(id).one(invitation).await
    }
}

impl Tx {
    /// Invites somebody into a household. `email` as [`domain::person::email`] returns it; `token_hash` is the SHA-256
    /// of the link's token.
    pub async fn invite(
        &mut self,
        household: &Household,
        invited_by: PersonId,
        name: &str,
        email: &str,
        token_hash: &[u8; 32],
    ) -> Result<Invitation, Error> {
        let now = self.now();
        let id = InvitationId::new(now, self.entropy());
        let expires_at = now + limits::INVITATION_LIFETIME;
        self.write(ADD)
            .bind(id)
            .bind(household.firm)
            .bind(household.id)
            .bind(invited_by)
            .bind(name)
            .bind(email)
            .bind(token_hash)
            .bind(now)
            .bind(expires_at)
            .run_count()
            .await?;
        self.audit(trail("invitation.added", id, household.id).firm(household.firm)).await?;
        Ok(Invitation {
            id,
            firm: household.firm,
            household: household.id,
            name: name.to_owned(),
            email: email.to_owned(),
            invited_by,
            expires_at,
            used_at: None,
            requested_again_at: None,
        })
    }

    /// Uses an invitation and makes the login, both or neither. The first of a household becomes its client, the next
    /// ones co-clients.
    ///
    /// [`Error::Conflict`] when the link was used or is too old; [`Error::Taken`] when the address has a login.
    pub async fn register(
        &mut self,
        token_hash: &[u8; 32],
        name: &str,
        email: &str,
        password_hash: &str,
    ) -> Result<Person, Error> {
        let now = self.now();
        let used =
            self.write(USE).bind(now).bind(token_hash).first(invitation).await?.ok_or(Error::Conflict)?;
        self.audit(trail("invitation.used", used.id, used.household).firm(used.firm)).await?;
        // Two who register at once must not both become the client.
        self.hold_household(used.household).await?;
        let clients: i64 = self.ask(CLIENTS).bind(used.household).one(only).await?;
        let role = if clients == 0 { Role::Client } else { Role::CoClient };
        self.add_person(NewPerson {
            firm: used.firm,
            role,
            household: Some(used.household),
            name,
            email,
            password_hash,
        })
        .await
    }

    /// The client opened an expired link and asks for a new one; the advisor who invited is told.
    pub async fn ask_for_new_invitation(&mut self, invitation: &Invitation) -> Result<(), Error> {
        let now = self.now();
        self.write(ASK_AGAIN).bind(now).bind(invitation.id).run_or_conflict().await?;
        let trail = trail("invitation.asked_again", invitation.id, invitation.household);
        self.audit(trail.firm(invitation.firm)).await?;
        let news = News {
            topic: "invitation_asked_again",
            // Told once per link: the next one expires at another time.
            key: &format!("{} {}", invitation.id, invitation.expires_at),
            body: &format!("{} asks for a new invitation.", invitation.name),
            href: "/advisor/invitations",
        };
        self.inform(invitation.invited_by, news).await?;
        Ok(())
    }

    /// Gives an unused invitation a new link for another seven days; the old link ends.
    pub async fn renew_invitation(
        &mut self,
        invitation: &Invitation,
        token_hash: &[u8; 32],
    ) -> Result<(), Error> {
        let expires_at = self.now() + limits::INVITATION_LIFETIME;
        self.write(RENEW).bind(token_hash).bind(expires_at).bind(invitation.id).run_or_conflict().await?;
        let trail = trail("invitation.renewed", invitation.id, invitation.household);
        self.audit(trail.firm(invitation.firm)).await
    }
}

fn trail(action: &'static str, id: InvitationId, household: HouseholdId) -> Trail {
    Trail::of(action, "invitation", id).household(household)
}

fn invitation(row: &mut Row<'_>) -> Result<Invitation, Error> {
    Ok(Invitation {
        id: row.next()?,
        firm: row.next()?,
        household: row.next()?,
        name: row.next()?,
        email: row.next()?,
        invited_by: row.next()?,
        expires_at: row.next()?,
        used_at: row.next()?,
        requested_again_at: row.next()?,
    })
}
