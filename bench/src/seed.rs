//! The households that the pages and the API are asked for.

use anyhow::ensure;
use engine::Schedule;

use crate::{
    firm::{Client, Credentials, Firm, Place},
    institution::Institution,
    process::Sandbox,
};

/// As many as the peers' test had.
pub(crate) const ACCOUNTS: usize = 41;
pub(crate) const ACCOUNTS_ON_PAGE: usize = 30;
/// Connected accounts of each household; the others are kept by hand.
pub(crate) const CONNECTIONS: usize = 10;

/// Transactions of the one account that has many.
pub(crate) const MANY: u32 = 100_000;

/// Institution, login and password of the sandbox: one checking account with a few entries a day.
const FEW: (&str, &str, &str) = ("sandbox-pinegrove", "uma.corrected", "sandbox-cone-1402");

/// A household to ask for.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) email: String,
    pub(crate) access_key: String,
    /// Transactions of all its accounts.
    pub(crate) entries: u64,
}

/// The three households.
#[derive(Debug)]
pub(crate) struct Seeded {
    /// [`ACCOUNTS`] accounts.
    pub(crate) few: Asking,
    /// [`ACCOUNTS`] accounts, one of them with [`MANY`] transactions.
    pub(crate) many: Asking,
    /// [`ACCOUNTS_ON_PAGE`] accounts.
    pub(crate) page: Asking,
}

/// Fills an empty place.
pub(crate) async fn seed(place: &Place<'_>, sandbox: &Sandbox) -> anyhow::Result<Seeded> {
    let institution = Institution::start(MANY)?;
    let mut offerings = heldaway::demo::sandbox::offerings(&sandbox.directory()).await?;
    offerings.push(institution.offering());
    let firm = Firm::new(place, offerings, Schedule::BusinessDays).await?;
    Ok(Seeded {
        few: household(&firm, "few", &[], ACCOUNTS).await?,
        many: household(&firm, "many", &[Institution::LOGIN], ACCOUNTS).await?,
        page: household(&firm, "page", &[], ACCOUNTS_ON_PAGE).await?,
    })
}

async fn household(
    firm: &Firm,
    name: &str,
    special: &[Credentials<'_>],
    accounts: usize,
) -> anyhow::Result<Asking> {
    let client = firm.client(name).await?;
    // A login with a number has the same story and entries of its own.
    let (offering, user, password) = FEW;
    let users: Vec<String> =
        (1..=CONNECTIONS).map(|number| format!("{user}+{}", number + accounts)).collect();
    let plain = users.iter().map(|user| Credentials { offering, user, password });
    for credentials in special.iter().cloned().chain(plain).take(CONNECTIONS) {
        let id = firm.connect(&client, &credentials).await?;
        firm.work().await?;
        firm.add_found(&client, id).await?;
    }
    firm.fill_by_hand(&client, accounts).await?;
    let entries = entries(firm, &client).await?;
    ensure!(firm.accounts(&client).await?.len() == accounts, "not {accounts} accounts");
    Ok(Asking { access_key: firm.access_key(&client).await?, email: client.email, entries })
}

async fn entries(firm: &Firm, client: &Client) -> anyhow::Result<u64> {
    let mut sum = 0;
    for account in firm.accounts(client).await? {
        sum += firm.entries(client, account).await?;
    }
    Ok(sum)
}
