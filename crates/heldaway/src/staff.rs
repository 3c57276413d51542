//! The first firm and its people, made at the command line.

use std::io::{BufRead, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use domain::{
    FirmId,
    audit::Doer,
    limits,
    person::{Person, Role},
    world::{Clock as _, Entropy},
};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Store, person::NewPerson};
use zeroize::Zeroizing;

use crate::{
    config::Config,
    open,
    system::{SystemClock, SystemEntropy},
};

/// Letters and digits that nobody mistakes for one another on paper.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
/// Twenty of 31 letters: 99 bits.
const GENERATED_CHARS: usize = 20;
/// What audit rows name as the operation.
const OPERATION: &str = "command line";

/// `heldaway init`
#[derive(Debug, Args)]
pub struct Init {
    /// The firm's name.
    #[arg(long)]
    firm: Option<String>,
    /// The time zone in which the firm tells times, such as America/Chicago.
    #[arg(long)]
    zone: Option<String>,
    /// The administrator's name.
    #[arg(long)]
    administrator: Option<String>,
    /// The administrator's e-mail address, which is the login.
    #[arg(long)]
    administrator_email: Option<String>,
    /// The first advisor's name. Clients are invited by advisors.
    #[arg(long)]
    advisor: Option<String>,
    /// The first advisor's e-mail address.
    #[arg(long)]
    advisor_email: Option<String>,
    /// Read the passwords from standard input, one a line (administrator, advisor), instead of making some up.
    #[arg(long)]
    passwords_from_stdin: bool,
    /// Print the commented example of a settings file, and do nothing else.
    #[arg(long)]
    pub example: bool,
}

/// `heldaway add-staff`
#[derive(Debug, Args)]
pub struct AddStaff {
    /// advisor, data-support, compliance or administrator
    #[arg(long, default_value = "advisor")]
    role: String,
    #[arg(long)]
    name: Option<String>,
    /// The login.
    #[arg(long)]
    email: Option<String>,
    /// The firm, when there are several.
    #[arg(long)]
    firm: Option<String>,
    /// Read the password from standard input instead of making one up.
    #[arg(long)]
    password_from_stdin: bool,
}

/// Makes the first firm, its administrator and its first advisor.
pub async fn init(config: &Config, asked: Init) -> anyhow::Result<()> {
    open::data_folder(&config.data)?;
    let store = open::store(config, true).await?;
    let firms = store.visitor().firms().await?;
    ensure!(firms.is_empty(), "there is a firm already: {}", firms[0].name);
    crate::key::Keys::read(config, &SystemEntropy, true)?;

    let firm = answer(asked.firm, "Name of the firm")?;
    let zone = answer_or(asked.zone, "Time zone", &config.zone)?;
    jiff::tz::TimeZone::get(&zone).with_context(|| format!("{zone} is no time zone"))?;
    let administrator = Newcomer::ask(Role::Administrator, asked.administrator, asked.administrator_email)?;
    let advisor = Newcomer::ask(Role::Advisor, asked.advisor, asked.advisor_email)?;
    ensure!(administrator.email != advisor.email, "one e-mail address is the login of one person");

    let mut passwords = Passwords::new(asked.passwords_from_stdin);
    let mut hired = Vec::new();
    for newcomer in [administrator, advisor] {
        let password = passwords.next(&newcomer, &firm)?;
        hired.push((newcomer, password));
    }
    let mut tx = store.begin(&Doer::Operator, OPERATION, SystemClock.now()).await?;
    let firm = tx.add_firm(&firm, &zone).await?;
    for (newcomer, password) in &hired {
        add(&mut tx, firm.id, newcomer, password).await?;
    }
    tx.commit().await?;
    println!("{} is set up.", firm.name);
    for (newcomer, password) in &hired {
        newcomer.tell(password);
    }
    println!("Start the portal with `heldaway serve`; it will be at {}", config.public_origin);
    Ok(())
}

/// Makes one more login for a member of the firm.
pub async fn add_staff(config: &Config, asked: AddStaff) -> anyhow::Result<()> {
    let role = match asked.role.as_str() {
        "advisor" => Role::Advisor,
        "data-support" | "data_support" => Role::DataSupport,
        "compliance" => Role::Compliance,
        "administrator" => Role::Administrator,
        other => bail!("{other} is no role of staff: advisor, data-support, compliance or administrator"),
    };
    let store = open::store(config, false).await?;
    let firms = store.visitor().firms().await?;
    let mut named = firms.iter().filter(|firm| asked.firm.as_ref().is_none_or(|name| *name == firm.name));
    let firm = named.next().context("there is no such firm; `heldaway init` makes the first one")?;
    ensure!(named.next().is_none(), "there are several firms: say which with --firm");
    let newcomer = Newcomer::ask(role, asked.name, asked.email)?;
    let password = Passwords::new(asked.password_from_stdin).next(&newcomer, &firm.name)?;
    let mut tx = store.begin(&Doer::Operator, OPERATION, SystemClock.now()).await?;
    add(&mut tx, firm.id, &newcomer, &password).await?;
    tx.commit().await?;
    newcomer.tell(&password);
    Ok(())
}

async fn add(
    tx: &mut store::Tx,
    firm: FirmId,
    newcomer: &Newcomer,
    password: &Password,
) -> anyhow::Result<Person> {
    let password_hash = web::hash_password(&password.text, &SystemEntropy);
    let new = NewPerson {
        firm,
        role: newcomer.role,
        household: None,
        name: &newcomer.name,
        email: &newcomer.email,
        password_hash: &password_hash,
    };
    tx.add_person(new).await.with_context(|| format!("cannot add {}", newcomer.email))
}

/// Somebody who gets a login.
struct Newcomer {
    role: Role,
    name: String,
    email: String,
}

impl Newcomer {
    fn ask(role: Role, name: Option<String>, email: Option<String>) -> anyhow::Result<Self> {
        let name = answer(name, &format!("Name of the {}", role.code()))?;
        let typed = answer(email, &format!("E-mail address of {name}"))?;
        let email = domain::person::email(&typed).with_context(|| format!("{typed} is no e-mail address"))?;
        Ok(Self { role, name, email })
    }

    /// Says how to sign in; a made-up password is shown here and never again.
    fn tell(&self, password: &Password) {
        let Self { role, name, email } = self;
        if password.made_up {
            println!(
                "{name} ({}) signs in as {email} with the password {}",
                role.code(),
                password.text.expose_secret()
            );
        } else {
            println!("{name} ({}) signs in as {email}", role.code());
        }
    }
}

struct Password {
    text: SecretString,
    made_up: bool,
}

/// Where passwords come from: never the command line, which every user of the machine can read.
struct Passwords {
    from_stdin: bool,
}

impl Passwords {
    fn new(from_stdin: bool) -> Self {
        Self { from_stdin }
    }

    fn next(&mut self, newcomer: &Newcomer, firm: &str) -> anyhow::Result<Password> {
        if !self.from_stdin {
            return Ok(Password { text: generated(&SystemEntropy), made_up: true });
        }
        let text = SecretString::from(line()?.as_str());
        web::check_password(&text, &[&newcomer.name, &newcomer.email, firm])
            .map_err(|problem| anyhow::anyhow!("the password of {}: {problem}", newcomer.email))?;
        Ok(Password { text, made_up: false })
    }
}

/// A password that is easy to copy from paper.
pub fn generated(entropy: &dyn Entropy) -> SecretString {
    let mut text = Zeroizing::new(String::with_capacity(GENERATED_CHARS + GENERATED_CHARS / 5));
    let mut made = 0;
    while made < GENERATED_CHARS {
        let mut byte = Zeroizing::new([0; 1]);
        entropy.fill(byte.as_mut_slice());
        let index = usize::from(byte[0] & 31);
        // The 32nd letter would come twice as often.
        if index == ALPHABET.len() - 1 {
            continue;
        }
        if made > 0 && made % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[index]));
        made += 1;
    }
    SecretString::from(text.as_str())
}

fn answer(given: Option<String>, question: &str) -> anyhow::Result<String> {
    answer_or(given, question, "")
}

/// What a flag said, or what a person at the terminal types.
fn answer_or(given: Option<String>, question: &str, default: &str) -> anyhow::Result<String> {
    let text = match given {
        Some(text) => text,
        None if std::io::stdin().is_terminal() => {
            if default.is_empty() {
                print!("{question}: ")
            } else {
                print!("{question} [{default}]: ")
            }
            std::io::stdout().flush()?;
            line()?.to_string()
        }
        None => default.to_owned(),
    };
    let text = if text.trim().is_empty() { default } else { text.trim() };
    ensure!(!text.is_empty(), "{question}: nothing was given; see --help for the flags");
    ensure!(text.chars().count() <= limits::NAME_CHARS_MAX, "{question}: too long");
    Ok(text.to_owned())
}

fn line() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    ensure!(std::io::stdin().lock().read_line(&mut text)? > 0, "standard input ended");
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

/// Whether there is somebody to sign in.
pub async fn is_set_up(store: &Store) -> anyhow::Result<bool> {
    Ok(store.visitor().people_count().await? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_are_long_distinct_and_readable() {
        let (one, other) = (generated(&SystemEntropy), generated(&SystemEntropy));
        assert_ne!(one.expose_secret(), other.expose_secret());
        let text = one.expose_secret();
        assert_eq!(text.len(), GENERATED_CHARS + 3);
        assert!(
            text.chars().all(|c| c == '-' || (ALPHABET.contains(&(c as u8)) && !"01lio".contains(c))),
            "{text}"
        );
    }
}
