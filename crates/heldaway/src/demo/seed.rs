//! The demo's firm: an advisor, data support, a household that is there already, and an invitation for another.
//!
//! Nothing is written that the portal wouldn't write: the household's accounts come from the sandbox through the engine.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Context as _, bail};
use domain::{
    ConnectionId, HouseholdId, SessionId, Timestamp,
    account::{Account, Owner},
    audit::{Doer, Subject, Through},
    invitation::{Invitation, Opening},
    login::Login,
    person::{Firm, Person, Role},
    world::{Clock as _, Entropy as _},
};
use engine::{Choice, Decision, Engine, NewConnection};
use futures_util::StreamExt as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use store::{Store, Tx, person::NewPerson};

use super::{SignIn, sandbox};
use crate::system::{SystemClock, SystemEntropy};

pub(super) const CLIENT: SignIn =
    SignIn { email: "ruth@lindqvist.example", password: "copper-orchard-lantern-41" };
pub(super) const ADVISOR: SignIn =
    SignIn { email: "elena@fernhill.example", password: "quiet-harbor-meridian-72" };
pub(super) const SUPPORT: SignIn =
    SignIn { email: "noor@fernhill.example", password: "marble-ferry-juniper-58" };

const FIRM: &str = "Fernhill Wealth";
const ZONE: &str = "America/New_York";
const OPERATION: &str = "demo";
/// Who is invited, each into a household of their own: the next one when the one before has registered.
const INVITED: [(&str, &str, &str); 4] = [
    ("The Okafor household", "Ada Okafor", "ada@okafor.example"),
    ("The Castellano household", "Marco Castellano", "marco@castellano.example"),
    ("The Haugen household", "Sigrid Haugen", "sigrid@haugen.example"),
    ("The Mehta household", "Anil Mehta", "anil@mehta.example"),
];
/// The household that is there already: institution of the sandbox, login, password.
const LOGINS: [(&str, &str, &str); 4] = [
    ("lakeshore", "ruth.lindqvist", "sandbox-heron-3318"),
    ("beacon", "lindqvist.invest", "sandbox-lantern-4410"),
    ("meridian", "samuel.lindqvist", "sandbox-compass-5096"),
    ("granite", "lindqvist.home", "sandbox-quarry-0071"),
];
/// How long one institution of the sandbox may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was made, or found from the last start.
pub(super) struct Seeded {
    /// The token of an invitation that nobody has used.
    pub(super) invitation: String,
}

/// Makes what isn't there yet.
pub(super) async fn seed(engine: &Engine, store: &Store) -> anyhow::Result<Seeded> {
    let firm = match store.visitor().firms().await?.into_iter().next() {
        Some(firm) => firm,
        None => start_firm(store).await?,
    };
    let advisor = person(store, ADVISOR).await?;
    if store.visitor().login(SUPPORT.email).await?.is_none() {
        hire_support(store, &firm).await?;
    }
    let client = match store.visitor().login(CLIENT.email).await? {
        Some(login) => login.person,
        None => register_client(store, &firm, &advisor).await?,
    };
    connect_all(engine, store, &subject(&client)).await?;
    let invitation = invite(store, &firm, &advisor).await?;
    Ok(Seeded { invitation })
}

fn now() -> Timestamp {
    SystemClock.now()
}

async fn begin(store: &Store) -> anyhow::Result<Tx> {
    Ok(store.begin(&Doer::Operator, OPERATION, now()).await?)
}

async fn person(store: &Store, who: SignIn) -> anyhow::Result<Person> {
    let login = store.visitor().login(who.email).await?;
    Ok(login.with_context(|| format!("{} is missing: was this folder made by the demo?", who.email))?.person)
}

/// As if this person had signed in.
fn subject(person: &Person) -> Subject {
    let session = SessionId::new(now(), &SystemEntropy);
    let Person { id, firm, role, household, .. } = person.clone();
    Subject { person: id, firm, role, household, through: Through::Session(session) }
}

async fn start_firm(store: &Store) -> anyhow::Result<Firm> {
    let mut tx = begin(store).await?;
    let firm = tx.add_firm(FIRM, ZONE).await?;
    add(&mut tx, &firm, Role::Advisor, None, "Elena Marsh", ADVISOR).await?;
    tx.commit().await?;
    Ok(firm)
}

async fn hire_support(store: &Store, firm: &Firm) -> anyhow::Result<()> {
    let mut tx = begin(store).await?;
    add(&mut tx, firm, Role::DataSupport, None, "Noor Haddad", SUPPORT).await?;
    Ok(tx.commit().await?)
}

async fn register_client(store: &Store, firm: &Firm, advisor: &Person) -> anyhow::Result<Person> {
    let mut tx = begin(store).await?;
    let household = tx.add_household(firm.id, "The Lindqvist household", advisor.id).await?;
    let client = add(&mut tx, firm, Role::Client, Some(household.id), "Ruth Lindqvist", CLIENT).await?;
    tx.commit().await?;
    Ok(client)
}

async fn add(
    tx: &mut Tx,
    firm: &Firm,
    role: Role,
    household: Option<HouseholdId>,
    name: &str,
    sign_in: SignIn,
) -> anyhow::Result<Person> {
    let password_hash = web::hash_password(&SecretString::from(sign_in.password), &SystemEntropy);
    let new = NewPerson {
        firm: firm.id,
        role,
        household,
        name,
        email: sign_in.email,
        password_hash: &password_hash,
    };
    Ok(tx.add_person(new).await?)
}

/// A link that works: the last one if nobody has used it, with a new token, since the old one isn't known any more.
async fn invite(store: &Store, firm: &Firm, advisor: &Person) -> anyhow::Result<String> {
    let (token, token_hash) = token();
    let reader = store.reader(&subject(advisor));
    let (used, open): (Vec<Invitation>, Vec<Invitation>) =
        reader.invitations().await?.into_iter().partition(|one| one.opening(now()) == Opening::Used);
    let (household, name, email) = INVITED[used.len() % INVITED.len()];
    let mut tx = begin(store).await?;
    match open.into_iter().next() {
        Some(invitation) => {
            tx.renew_invitation(&invitation, &token_hash).await?;
        }
        None => {
            let household = tx.add_household(firm.id, household, advisor.id).await?;
            let email = free_address(store, email).await?;
            tx.invite(&household, advisor.id, name, &email, &token_hash).await?;
        }
    }
    tx.commit().await?;
    Ok(token)
}

/// `ada@okafor.example`, or with a number once that has registered.
async fn free_address(store: &Store, email: &str) -> anyhow::Result<String> {
    let mut address = email.to_owned();
    for number in 2.. {
        if store.visitor().login(&address).await?.is_none() {
            break;
        }
        address = email.replacen('@', &format!("{number}@"), 1);
    }
    Ok(address)
}

/// A random token and the hash under which it is kept.
fn token() -> (String, [u8; 32]) {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes);
    let mut token = String::with_capacity(64);
    for byte in bytes {
        write!(token, "{byte:02x}").expect("a string");
    }
    let hash = Sha256::digest(token.as_bytes()).into();
    (token, hash)
}

/// Connects the household's institutions that aren't connected yet, all at once.
async fn connect_all(engine: &Engine, store: &Store, client: &Subject) -> anyhow::Result<()> {
    let there = store.reader(client).all_connections().await?;
    let missing = LOGINS.into_iter().filter(|(institution, ..)| {
        let offering = sandbox::offering_id(institution);
        !there.iter().any(|connection| connection.offering == offering)
    });
    let connecting =
        missing.map(|(institution, login, password)| connect(engine, client, institution, login, password));
    for connected in futures_util::future::join_all(connecting).await {
        connected?;
    }
    Ok(())
}

async fn connect(
    engine: &Engine,
    client: &Subject,
    institution: &str,
    login: &str,
    password: &str,
) -> anyhow::Result<()> {
    let field = |name: &str, text: &str| (name.to_owned(), SecretString::from(text));
    let new = NewConnection {
        offering: sandbox::offering_id(institution),
        login: Login::from_fields(vec![field("user_id", login), field("password", password)]),
        form_key: format!("{OPERATION}-{institution}"),
    };
    let id = engine
        .connect(client, OPERATION, new)
        .await
        .with_context(|| format!("cannot connect {institution}"))?;
    let found = tokio::time::timeout(PATIENCE, found(engine, client, id)).await;
    let found = found.with_context(|| format!("{institution} takes too long"))??;
    let decisions = found.into_iter().map(decision).collect();
    Ok(engine.review(client, OPERATION, id, decisions).await?)
}

/// The accounts that a connection came to.
async fn found(engine: &Engine, client: &Subject, id: ConnectionId) -> anyhow::Result<Vec<Account>> {
    let mut woken = std::pin::pin!(engine.watch(id));
    loop {
        let progress = engine.progress(client, id).await?;
        if !progress.connection.is_running() {
            if progress.found.is_empty() {
                bail!("{}: {}", progress.connection.institution, progress.connection.reason.title());
            }
            return Ok(progress.found);
        }
        if woken.next().await.is_none() {
            bail!("stopped");
        }
    }
}

fn decision(account: Account) -> Decision {
    let joint = account.name.to_lowercase().contains("joint");
    let owner = if joint { Owner::Joint } else { account.owner };
    let choice = Choice::Add { name: account.name, kind: account.kind, owner, counted: true };
    Decision { account: account.id, choice }
}
