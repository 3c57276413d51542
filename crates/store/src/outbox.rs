//! What people are told in the portal. One cause is told once, however often it happens.

use domain::{ConnectionId, HouseholdId, MessageId, PersonId, Timestamp};

use crate::{
    Error, Reader, Tx,
    audit::Trail,
    column::only,
    query::{Text, texts},
};

texts! {
    ADD = Text::one(
        "INSERT INTO outbox (id, person_id, topic, topic_key, body, href, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (topic, topic_key, person_id) DO NOTHING"
    );
    CLIENTS = Text::one("SELECT id FROM person WHERE household_id = $1 ORDER BY created_at, id");
    UNREAD = Text::one(
        "SELECT id, topic, topic_key, body, href, created_at FROM outbox
         WHERE person_id = $1 AND read_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2"
    );
    READ = Text::one("UPDATE outbox SET read_at = $1 WHERE id = $2 AND person_id = $3 AND read_at IS NULL");
    READ_AT = Text::one(
        "UPDATE outbox SET read_at = $1 WHERE person_id = $2 AND href = $3 AND read_at IS NULL"
    );
    // Of all who were told: whoever decided, there is nothing left to decide.
    SETTLE_FOUND = Text::one(
        "UPDATE outbox SET read_at = $1
         WHERE person_id IN (SELECT p.id FROM person p WHERE p.household_id = $2) AND read_at IS NULL
             AND topic = 'account_found' AND href = $3 AND topic_key NOT IN (
                 SELECT a.id FROM account a
                 WHERE a.connection_id = $4 AND a.standing = 'found' AND a.deleted_at IS NULL)"
    );
    READ_ALL = Text::one("UPDATE outbox SET read_at = $1 WHERE person_id = $2 AND read_at IS NULL");
}

/// Something to tell.
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    /// The kind of cause: `new_accounts`.
    pub topic: &'a str,
    /// What names the cause within its kind; the same one is told once.
    pub key: &'a str,
    /// A sentence.
    pub body: &'a str,
    /// A path of the portal.
    pub href: &'a str,
}

/// Something that a person was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub topic: String,
    pub key: String,
    pub body: String,
    /// A path of the portal.
    pub href: String,
    pub created_at: Timestamp,
}

impl Reader {
    /// What the person has not read yet, the newest first.
    pub async fn unread(&self, limit: u32) -> Result<Vec<Message>, Error> {
        self.ask_own(UNREAD)
            .bind(self.subject().person)
            .bind(limit)
            .all(|row| {
                Ok(Message {
                    id: row.next()?,
                    topic: row.next()?,
                    key: row.next()?,
                    body: row.next()?,
                    href: row.next()?,
                    created_at: row.next()?,
                })
            })
            .await
    }
}

impl Tx {
    /// Tells a person, unless they were told of this cause; returns whether it was new to them.
    pub async fn inform(&mut self, person: PersonId, news: News<'_>) -> Result<bool, Error> {
        let now = self.now();
        let id = MessageId::new(now, self.entropy());
        let added = self
            .write(ADD)
            .bind(id)
            .bind(person)
            .bind(news.topic)
            .bind(news.key)
            .bind(news.body)
            .bind(news.href)
            .bind(now)
            .run_count()
            .await?;
        self.audit(Trail::of("person.informed", "person", person).detail(news.topic)).await?;
        Ok(added > 0)
    }

    /// Tells every client of a household.
    pub async fn inform_household(&mut self, household: HouseholdId, news: News<'_>) -> Result<(), Error> {
        let clients: Vec<PersonId> = self.ask(CLIENTS).bind(household).all(only).await?;
        for client in clients {
            self.inform(client, news).await?;
        }
        Ok(())
    }

    /// The person has read it; reading twice is no error.
    pub async fn mark_read(&mut self, person: PersonId, message: MessageId) -> Result<(), Error> {
        let now = self.now();
        self.write(READ).bind(now).bind(message).bind(person).run_count().await?;
        self.audit(Trail::of("message.read", "message", message)).await
    }

    /// The person has seen the page that messages lead to, so they are no news any more.
    pub async fn mark_read_at(&mut self, person: PersonId, href: &str) -> Result<(), Error> {
        let now = self.now();
        let read = self.write(READ_AT).bind(now).bind(person).bind(href).run_count().await?;
        self.audit(Trail::of("message.seen", "person", person).detail(format!("{read} read"))).await
    }

    /// The clients of a household decided about accounts that were announced to them.
    pub(crate) async fn settle_found_news(
        &mut self,
        household: HouseholdId,
        of: ConnectionId,
    ) -> Result<(), Error> {
        let (now, href) = (self.now(), format!("/connections/{of}"));
        self.write(SETTLE_FOUND).bind(now).bind(household).bind(&*href).bind(of).run_count().await.map(drop)
    }

    /// The person has read everything; returns how much that was.
    pub async fn mark_all_read(&mut self, person: PersonId) -> Result<u64, Error> {
        let now = self.now();
        let read = self.write(READ_ALL).bind(now).bind(person).run_count().await?;
        self.audit(Trail::of("message.all_read", "person", person).detail(format!("{read} read"))).await?;
        Ok(read)
    }
}
