//! Where the master key comes from: a file, the environment or a command; and older ones that still open what they sealed.

use std::{
    fs,
    io::{ErrorKind, Read, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use domain::world::Entropy;
use engine::vault::{MasterKey, Vault};
use secrecy::SecretBox;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::config::{Config, KeySource};

/// The variable that holds the key with `source = "environment"`.
pub const VARIABLE: &str = "HELDAWAY_MASTER_KEY";
/// More than any way of writing 32 bytes down needs.
const TEXT_BYTES_MAX: usize = 4096;

/// The keys that the settings name: the first seals, the others only open.
pub struct Keys {
    active: MasterKey,
    previous: Vec<MasterKey>,
}

impl Keys {
    /// Reads the keys. `create` makes a missing key file, as the first start does.
    pub fn read(config: &Config, entropy: &dyn Entropy, create: bool) -> anyhow::Result<Self> {
        let active = match config.key.source {
            KeySource::File => {
                let path = config.key_file();
                if create && !path.exists() {
                    create_file(&path, entropy)
                        .with_context(|| format!("cannot create the key {}", path.display()))?;
                }
                from_file(&path)?
            }
            KeySource::Environment => {
                let text = std::env::var(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?;
                MasterKey::parse(&Zeroizing::new(text)).context(VARIABLE)?
            }
            KeySource::Command => from_command(&config.key.command)?,
        };
        let previous = config.key.previous.iter().map(|path| from_file(path)).collect::<Result<_, _>>()?;
        Ok(Self { active, previous })
    }

    /// The short hash that names the sealing key.
    pub fn active(&self) -> &str {
        self.active.id()
    }

    /// The key of the pages' keyed hashes (what visitors type): the same on all nodes, and of use for nothing else.
    pub fn web_key(&self) -> SecretBox<[u8; 32]> {
        let digest =
            Sha256::new().chain_update(b"heldaway pages").chain_update(self.active.to_text().as_bytes());
        SecretBox::new(Box::new(digest.finalize().into()))
    }

    /// The vault of these keys.
    pub fn into_vault(self) -> Vault {
        Vault::new(self.active, self.previous)
    }
}

fn create_file(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<()> {
    let text = MasterKey::generate(entropy).to_text();
    // Written beside and linked into place: a crash leaves no half key, and of two that start at once one wins.
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    // A key that is lost with the directory entry would take every stored login with it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::File::open(folder)?.sync_all()?)
}

fn from_file(path: &Path) -> anyhow::Result<MasterKey> {
    let shown = path.display();
    let file = fs::File::open(path).with_context(|| format!("cannot open the key {shown}"))?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    ensure!(mode & 0o077 == 0, "others may read the key {shown} (mode {mode:o}): chmod 600 it");
    parse(file).with_context(|| format!("in the key {shown}"))
}

fn from_command(command: &[String]) -> anyhow::Result<MasterKey> {
    let (program, arguments) = command.split_first().context("key.command is empty")?;
    // What it says of errors goes to the log's stream; what it prints is the key and goes nowhere else.
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot run {program} for the key"))?;
    let key = parse(child.stdout.take().context("its output is piped")?);
    let status = child.wait()?;
    ensure!(status.success(), "{program} failed to print the key: {status}");
    key.with_context(|| format!("in what {program} printed"))
}

fn parse(source: impl Read) -> anyhow::Result<MasterKey> {
    // Of full size from the start: a buffer that grows leaves its contents behind where it was.
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES_MAX));
    source.take(TEXT_BYTES_MAX as u64).read_to_string(&mut text).context("cannot be read as text")?;
    Ok(MasterKey::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    fn config_in(folder: &Path) -> Config {
        Config { data: folder.to_owned(), ..Config::default() }
    }

    fn read(config: &Config) -> anyhow::Result<Keys> {
        Keys::read(config, &SystemEntropy, true)
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        assert!(Keys::read(&config, &SystemEntropy, false).is_err(), "it is made only when asked");
        let made = read(&config).unwrap();
        let mode = config.key_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(made.active(), read(&config).unwrap().active());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        read(&config).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(config.key_file(), fs::Permissions::from_mode(mode)).unwrap();
            let message = format!("{:#}", read(&config).err().unwrap());
            assert!(message.contains("chmod 600"), "{message}");
        }
    }

    #[test]
    fn a_command_prints_the_key_and_older_keys_come_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_in(folder.path());
        let older = read(&config).unwrap().active().to_owned();
        let newer = MasterKey::generate(&SystemEntropy);
        config.key.previous = vec![config.key_file()];
        config.key.source = KeySource::Command;
        config.key.command = vec!["printf".into(), newer.to_text().to_string()];
        let vault = read(&config).unwrap().into_vault();
        assert_eq!(vault.ids().collect::<Vec<_>>(), [newer.id(), &older]);
        config.key.command = vec!["false".into()];
        assert!(read(&config).is_err());
    }

    #[test]
    fn a_wrong_key_is_refused_without_being_shown() {
        for text in ["short", "c2hvcnQ=", "not base64 at all!", &"a".repeat(2 * TEXT_BYTES_MAX)] {
            let message = format!("{:#}", parse(text.as_bytes()).err().unwrap());
            assert!(!message.contains(text), "{message}");
        }
        assert!(parse([0xff, 0xfe].as_slice()).is_err());
    }
}
