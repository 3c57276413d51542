//! Who asks, and how far that reaches.

use domain::{
    FirmId, HouseholdId, PersonId,
    audit::Subject,
    person::{Household, Role},
    rights::{FirmAct, Resource, allow_in_firm},
};

use crate::{
    Error, Store,
    query::{Ask, Text},
};

/// The part of a WHERE that keeps a question within the reach of who asks; `h` is the household, $1 to $4 are bound by
/// [`Reader::ask`]: a client's household, an advisor's households, the whole firm for compliance.
macro_rules! reach {
    () => {
        "h.firm_id = $1 AND (h.id = $2 OR h.advisor_id = $3 OR $4)"
    };
}
pub(crate) use reach;

/// The part of a WHERE that keeps a question about the firm as a whole with those who see how its directory is kept;
/// the alias of the table is given, $1 and $2 are bound by [`Reader::ask_in_firm`].
macro_rules! in_firm {
    ($alias:literal) => {
        concat!($alias, ".firm_id = $1 AND $2")
    };
}
pub(crate) use in_firm;

/// Answers a signed-in person. What is out of the person's reach is not there.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    subject: Subject,
}

/// Answers before there is a person: sign-in, session, invitation, API token.
#[derive(Clone)]
pub struct Visitor {
    pub(crate) store: Store,
}

/// Answers the engine, over all firms.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
}

impl Visitor {
    pub(crate) fn ask(&self, text: Text) -> Ask<'_> {
        Ask::on_pool(&self.store, text)
    }

    /// Bookkeeping in one statement outside of a transaction, such as "last used".
    pub(crate) fn note(&self, text: Text) -> Ask<'_> {
        Ask::on_writer(&self.store, text)
    }
}

impl Engine {
    pub(crate) fn ask(&self, text: Text) -> Ask<'_> {
        Ask::on_pool(&self.store, text)
    }

    /// Bookkeeping in one statement outside of a transaction, such as a claim or the renewal of a lease.
    pub(crate) fn note(&self, text: Text) -> Ask<'_> {
        Ask::on_writer(&self.store, text)
    }
}

/// A reach in its four parts: the firm, a client's household, an advisor, the whole firm.
type Reach = (FirmId, Option<HouseholdId>, Option<PersonId>, bool);

impl Reader {
    pub(crate) fn new(store: Store, subject: Subject) -> Self {
        Self { store, subject }
    }

    /// Who asks.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    fn reach(&self) -> Reach {
        let Subject { firm, role, person, household, .. } = self.subject;
        match role {
            Role::Client | Role::CoClient => (firm, household, None, false),
            Role::Advisor => (firm, None, Some(person), false),
            Role::Compliance => (firm, None, None, true),
            Role::Assistant | Role::DataSupport | Role::Administrator => (firm, None, None, false),
        }
    }

    /// A question within the reach: `$1` to `$4` are bound, the text must contain [`reach!`].
    pub(crate) fn ask(&self, text: Text) -> Ask<'_> {
        self.within(text, self.reach())
    }

    /// A question about what only the household itself sees, such as transactions.
    pub(crate) fn ask_as_household(&self, text: Text) -> Ask<'_> {
        let (firm, household, ..) = self.reach();
        self.within(text, (firm, household, None, false))
    }

    /// A question about the person alone, without a reach: the text names the person.
    pub(crate) fn ask_own(&self, text: Text) -> Ask<'_> {
        Ask::on_pool(&self.store, text)
    }

    /// A question about the firm as a whole: `$1` and `$2` are bound, the text must contain [`in_firm!`].
    pub(crate) fn ask_in_firm(&self, text: Text) -> Ask<'_> {
        let firm = self.subject.firm;
        let sees = allow_in_firm(&self.subject, FirmAct::SeeDirectory, firm).is_yes();
        Ask::on_pool(&self.store, text).bind(firm).bind(sees)
    }

    fn within(&self, text: Text, (firm, household, advisor, whole_firm): Reach) -> Ask<'_> {
        Ask::on_pool(&self.store, text).bind(firm).bind(household).bind(advisor).bind(whole_firm)
    }

    /// What `domain::rights::allow` must know about a household within reach. `login_owner` is for connections.
    pub async fn resource(
        &self,
        household: HouseholdId,
        login_owner: Option<PersonId>,
    ) -> Result<Resource, Error> {
        let Household { id, firm, advisor, advisor_may_find_new, .. } = self.household(household).await?;
        Ok(Resource { firm, household: id, advisor, login_owner, advisor_may_find_new })
    }
}
