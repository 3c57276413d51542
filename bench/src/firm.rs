//! A firm to measure with: people, connections and accounts, made with the store's and the engine's own verbs.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use connectors::{Net, net::Policy, registry};
use directory::Directory;
use domain::{
    AccountId, ConnectionId, Currency, HouseholdId, Money, SessionId, Timestamp,
    account::{AccountKind, Owner},
    audit::{Doer, Subject, Through},
    institution::Offering,
    login::Login,
    person::{Firm as Kept, Person, Role},
    reason::Reason,
    world::{Clock, Entropy as _},
};
use engine::{Choice, Decision, Engine, NewConnection, Schedule};
use heldaway::{
    config::Config,
    key::Keys,
    open,
    system::{SystemClock, SystemEntropy},
};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use store::{Store, account::NewByHand, person::NewPerson};

/// With what everybody of the firm signs in.
pub(crate) const PASSWORD: &str = "quarry-window-harvest-58";
const ZONE: &str = "America/New_York";
const OPERATION: &str = "bench";

/// A clock that stands still until it is moved, so that nothing becomes due by itself.
#[derive(Debug)]
pub(crate) struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    pub(crate) fn at_present() -> Arc<Self> {
        Arc::new(Self(Mutex::new(SystemClock.now())))
    }

    pub(crate) fn advance(&self, hours: i64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += jiff::SignedDuration::from_hours(hours);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the rows are kept: a data folder, and perhaps a PostgreSQL database beside it.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) database: &'a str,
}

/// A firm with its engine.
pub(crate) struct Firm {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    clock: Arc<StandingClock>,
    firm: Kept,
    advisor: Person,
    password_hash: String,
}

/// A client with a household.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) email: String,
    person: Person,
    pub(crate) household: HouseholdId,
}

impl Client {
    pub(crate) fn subject(&self) -> Subject {
        let session = SessionId::new(SystemClock.now(), &SystemEntropy);
        let Person { id, firm, role, household, .. } = self.person.clone();
        Subject { person: id, firm, role, household, through: Through::Session(session) }
    }
}

/// A login at an institution.
#[derive(Debug, Clone)]
pub(crate) struct Credentials<'a> {
    pub(crate) offering: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

impl Firm {
    /// Makes the firm in an empty place.
    pub(crate) async fn new(
        place: &Place<'_>,
        offerings: Vec<Offering>,
        schedule: Schedule,
    ) -> anyhow::Result<Self> {
        let mut config = Config { data: place.folder.to_owned(), ..Config::default() };
        place.database.clone_into(&mut config.database.url);
        open::data_folder(&config.data)?;
        let store = open::store(&config, true).await?;
        ensure!(store.visitor().firms().await?.is_empty(), "the database to measure with is not empty");
        let clock = StandingClock::at_present();
        let engine = Engine::new(engine::Parts {
            store: store.clone(),
            vault: Keys::read(&config, &SystemEntropy, true)?.into_vault(),
            net: Net::new(Policy::WITH_SANDBOX)?,
            directory: Arc::new(Directory::of(offerings)),
            connectors: registry::all(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            schedule,
            node: OPERATION.to_owned(),
            options: engine::Options::default(),
        });
        engine.check_key().await?;
        let password_hash = web::hash_password(&SecretString::from(PASSWORD), &SystemEntropy);
        let mut tx = store.begin(&Doer::Operator, OPERATION, clock.now()).await?;
        let firm = tx.add_firm("Measured Wealth", ZONE).await?;
        let new = NewPerson {
            firm: firm.id,
            role: Role::Advisor,
            household: None,
            name: "Ada Advisor",
            email: "advisor@firm.example",
            password_hash: &password_hash,
        };
        let advisor = tx.add_person(new).await?;
        tx.commit().await?;
        Ok(Self { store, engine, clock, firm, advisor, password_hash })
    }

    pub(crate) fn clock(&self) -> &StandingClock {
        &self.clock
    }

    async fn begin(&self) -> anyhow::Result<store::Tx> {
        Ok(self.store.begin(&Doer::Operator, OPERATION, self.clock.now()).await?)
    }

    /// A household with one client.
    pub(crate) async fn client(&self, name: &str) -> anyhow::Result<Client> {
        let mut tx = self.begin().await?;
        let household = tx.add_household(self.firm.id, name, self.advisor.id).await?.id;
        let email = format!("{name}@household.example");
        let new = NewPerson {
            firm: self.firm.id,
            role: Role::Client,
            household: Some(household),
            name,
            email: &email,
            password_hash: &self.password_hash,
        };
        let person = tx.add_person(new).await?;
        tx.commit().await?;
        Ok(Client { email, person, household })
    }

    /// A personal access key of the client.
    pub(crate) async fn access_key(&self, client: &Client) -> anyhow::Result<String> {
        let mut bytes = [0; 16];
        SystemEntropy.fill(&mut bytes);
        let key = format!("heldaway_{:032x}", u128::from_be_bytes(bytes));
        let mut tx = self.begin().await?;
        tx.add_token(client.person.id, OPERATION, "read", &Sha256::digest(key.as_bytes()).into()).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Accounts kept by hand, until there are `wanted` in all.
    pub(crate) async fn fill_by_hand(&self, client: &Client, wanted: usize) -> anyhow::Result<()> {
        let there = self.accounts(client).await?.len();
        ensure!(there <= wanted, "{there} accounts are connected, more than {wanted}");
        let today = self.clock.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let kinds =
            [AccountKind::RealEstate, AccountKind::Brokerage, AccountKind::Savings, AccountKind::Mortgage];
        let mut tx = self.begin().await?;
        for (number, kind) in (there..wanted).zip(kinds.into_iter().cycle()) {
            let owed = if kind == AccountKind::Mortgage { -1 } else { 1 };
            let new = NewByHand {
                household: client.household,
                form_key: &format!("{}-{number}", client.email),
                kind,
                owner: Owner::Client,
                name: &format!("{} {number}", kind.label()),
                institution: &format!("Institution {}", number % 9),
                counted: true,
                value: Money { minor: owed * (1_000_000 + number as i64 * 13_742), currency: Currency::USD },
                as_of: today,
            };
            tx.add_by_hand(new).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The accounts that the client sees.
    pub(crate) async fn accounts(&self, client: &Client) -> anyhow::Result<Vec<AccountId>> {
        let listed = self.store.reader(&client.subject()).accounts(client.household).await?;
        Ok(listed.into_iter().map(|listed| listed.account.id).collect())
    }

    /// Makes a connection; [`Firm::work`] runs it.
    pub(crate) async fn connect(
        &self,
        client: &Client,
        with: &Credentials<'_>,
    ) -> anyhow::Result<ConnectionId> {
        let field = |name: &str, text: &str| (name.to_owned(), SecretString::from(text));
        let new = NewConnection {
            offering: with.offering.to_owned(),
            login: Login::from_fields(vec![field("user_id", with.user), field("password", with.password)]),
            form_key: format!("{}-{}-{}", client.email, with.offering, with.user),
        };
        let connected = self.engine.connect(&client.subject(), OPERATION, new).await;
        connected.with_context(|| format!("cannot connect {}", with.offering))
    }

    /// Works until nothing is due.
    pub(crate) async fn work(&self) -> anyhow::Result<()> {
        while !self.engine.tick(self.clock.now()).await?.is_idle() {}
        Ok(())
    }

    /// The accounts that a connection found, before they are reviewed.
    pub(crate) async fn found(&self, client: &Client, id: ConnectionId) -> anyhow::Result<Vec<AccountId>> {
        let progress = self.engine.progress(&client.subject(), id).await?;
        let connection = progress.connection;
        let reason = connection.reason.title();
        ensure!(!progress.found.is_empty(), "{} found no account: {reason}", connection.institution);
        Ok(progress.found.into_iter().map(|account| account.id).collect())
    }

    /// Adds all accounts that a connection found.
    pub(crate) async fn add_found(&self, client: &Client, id: ConnectionId) -> anyhow::Result<()> {
        let found = self.engine.progress(&client.subject(), id).await?.found;
        self.found(client, id).await?;
        let decision = |account: domain::account::Account| {
            let (name, kind) = (account.name, account.kind);
            Decision {
                account: account.id,
                choice: Choice::Add { name, kind, owner: Owner::Client, counted: true },
            }
        };
        let decisions = found.into_iter().map(decision).collect();
        Ok(self.engine.review(&client.subject(), OPERATION, id, decisions).await?)
    }

    /// The account that a connection keeps.
    pub(crate) async fn account(&self, client: &Client, id: ConnectionId) -> anyhow::Result<AccountId> {
        let listed = self.store.reader(&client.subject()).accounts(client.household).await?;
        let mut accounts = listed.into_iter().map(|listed| listed.account);
        let account = accounts.find(|account| account.connection == Some(id));
        Ok(account.context("a connection without an account")?.id)
    }

    /// How many entries an account has.
    pub(crate) async fn entries(&self, client: &Client, account: AccountId) -> anyhow::Result<u64> {
        Ok(self.store.reader(&client.subject()).entries(account, "", 1).await?.total)
    }

    /// What is the matter with a connection.
    pub(crate) async fn reason(&self, client: &Client, id: ConnectionId) -> anyhow::Result<Reason> {
        Ok(self.engine.progress(&client.subject(), id).await?.connection.reason)
    }
}
