//! Firms, households and the people with a login.

use domain::{
    FirmId, HouseholdId, PersonId, Timestamp,
    person::{Firm, Household, Person, Role},
};

use crate::{
    Error, Reader, Tx, Visitor,
    audit::Trail,
    column::{Row, only},
    query::{Text, texts},
    reach,
};

macro_rules! household_columns {
    () => {
        "h.id, h.firm_id, h.name, h.advisor_id, h.advisor_may_find_new, h.created_at"
    };
}
macro_rules! person_columns {
    () => {
        "p.id, p.firm_id, p.role, p.household_id, p.name, p.email, p.created_at"
    };
}

texts! {
    FIRM = Text::one("SELECT id, name, zone FROM firm WHERE id = $1");
    FIRMS = Text::one("SELECT id, name, zone FROM firm ORDER BY created_at, id");
    ADD_FIRM = Text::one("INSERT INTO firm (id, name, zone, created_at) VALUES ($1, $2, $3, $4)");
    ADD_PERSON = Text::one(
        "INSERT INTO person
            (id, firm_id, household_id, role, name, email, password_hash, password_changed_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"
    );
    ADD_HOUSEHOLD = Text::one(
        "INSERT INTO household (id, firm_id, name, advisor_id, advisor_may_find_new, revision, created_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6)"
    );
    HOUSEHOLD = Text::one(concat!(
        "SELECT ", household_columns!(), " FROM household h WHERE ", reach!(), " AND h.id = $5"
    ));
    HOUSEHOLDS = Text::one(concat!(
        "SELECT ", household_columns!(), " FROM household h WHERE ", reach!(), " ORDER BY h.name, h.id"
    ));
    PEOPLE = Text::one(concat!(
        "SELECT ", person_columns!(), " FROM person p JOIN household h ON h.id = p.household_id
         WHERE ", reach!(), " AND p.household_id = $5 ORDER BY p.created_at, p.id"
    ));
    PEOPLE_WITHIN_REACH = Text::one(concat!(
        "SELECT ", person_columns!(), " FROM person p JOIN household h ON h.id = p.household_id
         WHERE ", reach!(), " ORDER BY p.household_id, p.created_at, p.id"
    ));
    PERSON_OF_HOUSEHOLD = Text::one(concat!(
        "SELECT ", person_columns!(), " FROM person p JOIN household h ON h.id = p.household_id
         WHERE ", reach!(), " AND p.id = $5"
    ));
    PERSON_OF_FIRM = Text::one(concat!(
        "SELECT ", person_columns!(), " FROM person p WHERE p.id = $1 AND p.firm_id = $2"
    ));
    BY_EMAIL = Text::one(concat!(
        "SELECT p.password_hash, ", person_columns!(), " FROM person p WHERE p.email = $1"
    ));
    PASSWORD = Text::one("SELECT password_hash FROM person WHERE id = $1 AND firm_id = $2");
    CHANGE_PASSWORD = Text::one(
        "UPDATE person SET password_hash = $1, password_changed_at = $2 WHERE id = $3 AND password_hash = $4"
    );
    RENAME = Text::one("UPDATE person SET name = $1 WHERE id = $2");
    SHARE_FIND_NEW = Text::one("UPDATE household SET advisor_may_find_new = $1 WHERE id = $2");
    COUNT = Text::one("SELECT CAST(COUNT(*) AS BIGINT) FROM person");
}

/// A login that is there, with the hash to compare the password with. `Debug` doesn't show the hash.
pub struct Login {
    pub person: Person,
    /// A password hash in PHC string format.
    pub password_hash: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("person", &self.person).finish_non_exhaustive()
    }
}

/// Somebody to be given a login.
#[derive(Clone)]
pub struct NewPerson<'a> {
    pub firm: FirmId,
    pub role: Role,
    /// For clients, and only for them.
    pub household: Option<HouseholdId>,
    pub name: &'a str,
    /// As [`domain::person::email`] returns it.
    pub email: &'a str,
    /// In PHC string format.
    pub password_hash: &'a str,
}

impl Visitor {
    /// The login of an e-mail address.
    pub async fn login(&self, email: &str) -> Result<Option<Login>, Error> {
        self.ask(BY_EMAIL)
            .bind(email)
            .first(|row| Ok(Login { password_hash: row.next()?, person: person(row)? }))
            .await
    }

    /// A firm, for its name and zone on pages before sign-in.
    pub async fn firm(&self, id: FirmId) -> Result<Firm, Error> {
        self.ask(FIRM).bind(id).one(firm).await
    }

    /// All firms, the oldest first.
    pub async fn firms(&self) -> Result<Vec<Firm>, Error> {
        self.ask(FIRMS).all(firm).await
    }

    /// How many people have a login: none on a fresh database.
    pub async fn people_count(&self) -> Result<i64, Error> {
        self.ask(COUNT).one(only).await
    }
}

impl Reader {
    /// The firm of who asks.
    pub async fn firm(&self) -> Result<Firm, Error> {
        self.ask_own(FIRM).bind(self.subject().firm).one(firm).await
    }

    /// One household within reach.
    pub async fn household(&self, id: HouseholdId) -> Result<Household, Error> {
        self.ask(HOUSEHOLD).bind(id).one(household).await
    }

    /// All households within reach, by name: a client's own, an advisor's, all of the firm for compliance.
    pub async fn households(&self) -> Result<Vec<Household>, Error> {
        self.ask(HOUSEHOLDS).all(household).await
    }

    /// The people of a household within reach, the first one first.
    pub async fn people(&self, household: HouseholdId) -> Result<Vec<Person>, Error> {
        self.ask(PEOPLE).bind(household).all(person).await
    }

    /// The people of all households within reach, household by household.
    pub async fn all_people(&self) -> Result<Vec<Person>, Error> {
        self.ask(PEOPLE_WITHIN_REACH).all(person).await
    }

    /// Somebody of a household within reach.
    pub async fn person(&self, id: PersonId) -> Result<Person, Error> {
        self.ask(PERSON_OF_HOUSEHOLD).bind(id).one(person).await
    }

    /// Who asks.
    pub async fn myself(&self) -> Result<Person, Error> {
        self.colleague(self.subject().person).await
    }

    /// The advisor of a household within reach, by name and address.
    pub async fn advisor(&self, household: &Household) -> Result<Person, Error> {
        self.colleague(household.advisor).await
    }

    async fn colleague(&self, id: PersonId) -> Result<Person, Error> {
        self.ask_own(PERSON_OF_FIRM).bind(id).bind(self.subject().firm).one(person).await
    }

    /// The hash of the own password, in PHC string format.
    pub async fn password_hash(&self) -> Result<String, Error> {
        self.ask_own(PASSWORD).bind(self.subject().person).bind(self.subject().firm).one(only).await
    }
}

impl Tx {
    /// A new firm. `zone` is the IANA name of the zone in which it tells times.
    pub async fn add_firm(&mut self, name: &str, zone: &str) -> Result<Firm, Error> {
        let id = FirmId::new(self.now(), self.entropy());
        let now = self.now();
        self.write(ADD_FIRM).bind(id).bind(name).bind(zone).bind(now).run_count().await?;
        self.audit(Trail::of("firm.added", "firm", id).firm(id)).await?;
        Ok(Firm { id, name: name.to_owned(), zone: zone.to_owned() })
    }

    /// Somebody with a login. [`Error::Taken`] when the address has one already.
    pub async fn add_person(&mut self, new: NewPerson<'_>) -> Result<Person, Error> {
        let id = PersonId::new(self.now(), self.entropy());
        let now = self.now();
        self.write(ADD_PERSON)
            .bind(id)
            .bind(new.firm)
            .bind(new.household)
            .bind(new.role)
            .bind(new.name)
            .bind(new.email)
            .bind(new.password_hash)
            .bind(now)
            .run_count()
            .await?;
        let trail = Trail::of("person.added", "person", id).firm(new.firm).detail(new.role.code());
        self.audit(match new.household {
            Some(household) => trail.household(household),
            None => trail,
        })
        .await?;
        Ok(Person {
            id,
            firm: new.firm,
            role: new.role,
            household: new.household,
            name: new.name.to_owned(),
            email: new.email.to_owned(),
            created_at: now,
        })
    }

    /// A new household, served by `advisor`.
    pub async fn add_household(
        &mut self,
        firm: FirmId,
        name: &str,
        advisor: PersonId,
    ) -> Result<Household, Error> {
        let id = HouseholdId::new(self.now(), self.entropy());
        let now = self.now();
        self.write(ADD_HOUSEHOLD)
            .bind(id)
            .bind(firm)
            .bind(name)
            .bind(advisor)
            .bind(false)
            .bind(now)
            .run_count()
            .await?;
        self.audit(Trail::of("household.added", "household", id).firm(firm).household(id)).await?;
        Ok(Household {
            id,
            firm,
            name: name.to_owned(),
            advisor,
            advisor_may_find_new: false,
            created_at: now,
        })
    }

    /// Replaces a password hash; [`Error::Conflict`] when it is no longer `old_hash`.
    pub async fn change_password(
        &mut self,
        id: PersonId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<(), Error> {
        let now = self.now();
        self.write(CHANGE_PASSWORD)
            .bind(new_hash)
            .bind(now)
            .bind(id)
            .bind(old_hash)
            .run_or_conflict()
            .await?;
        self.audit(Trail::of("person.password_changed", "person", id)).await
    }

    /// Gives a person another name.
    pub async fn rename_person(&mut self, id: PersonId, name: &str) -> Result<(), Error> {
        self.write(RENAME).bind(name).bind(id).run_or_conflict().await?;
        self.audit(Trail::of("person.renamed", "person", id)).await
    }

    /// The client allows the advisor to look for new accounts, or no longer does.
    pub async fn share_find_new(&mut self, household: HouseholdId, allowed: bool) -> Result<(), Error> {
        self.write(SHARE_FIND_NEW).bind(allowed).bind(household).run_or_conflict().await?;
        let detail = if allowed { "allowed" } else { "not allowed" };
        let trail = Trail::of("household.find_new_shared", "household", household);
        self.audit(trail.household(household).detail(detail)).await
    }
}

pub(crate) fn firm(row: &mut Row<'_>) -> Result<Firm, Error> {
    Ok(Firm { id: row.next()?, name: row.next()?, zone: row.next()? })
}

fn household(row: &mut Row<'_>) -> Result<Household, Error> {
    Ok(Household {
        id: row.next()?,
        firm: row.next()?,
        name: row.next()?,
        advisor: row.next()?,
        advisor_may_find_new: row.next()?,
        created_at: row.next::<Timestamp>()?,
    })
}

pub(crate) fn person(row: &mut Row<'_>) -> Result<Person, Error> {
    Ok(Person {
        id: row.next()?,
        firm: row.next()?,
        role: row.next()?,
        household: row.next()?,
        name: row.next()?,
        email: row.next()?,
        created_at: row.next()?,
    })
}
