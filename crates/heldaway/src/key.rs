//! The master key: 32 bytes from a file, the environment or a command, and older ones that still open what they sealed.

use std::{
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::world::Entropy;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::{Config, KeySource};

/// The variable that holds the key with `source = "environment"`.
pub const VARIABLE: &str = "HELDAWAY_MASTER_KEY";
/// The length of a key: XChaCha20-Poly1305 takes 256 bits.
pub const BYTES: usize = 32;
/// More than any way of writing 32 bytes down needs.
const TEXT_BYTES_MAX: u64 = 4096;

/// One master key. Wiped when dropped; `Debug` shows nothing.
pub type Secret = Zeroizing<[u8; BYTES]>;

/// The keys: what is sealed from now on is sealed under `active`; the others only open.
pub struct Keys {
    pub active: Secret,
    pub previous: Vec<Secret>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys(1 active, {} previous)", self.previous.len())
    }
}

/// Reads the keys that the settings name. `create` makes a missing key file, as the first start does.
pub fn read(config: &Config, entropy: &dyn Entropy, create: bool) -> anyhow::Result<Keys> {
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
            let text = std::env::var(VARIABLE).map(Zeroizing::new);
            parse(text.with_context(|| format!("{VARIABLE} is not set"))?.as_bytes()).context(VARIABLE)?
        }
        KeySource::Command => from_command(&config.key.command)?,
    };
    let previous = config.key.previous.iter().map(|path| from_file(path)).collect::<Result<_, _>>()?;
    Ok(Keys { active, previous })
}

fn create_file(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<()> {
    let mut bytes = Secret::default();
    entropy.fill(bytes.as_mut_slice());
    let text = Zeroizing::new(STANDARD.encode(bytes.as_slice()) + "\n");
    // Written beside and linked into place: a crash leaves no half key, and of two that start at once one wins.
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    // A key that is lost with the directory entry would take every stored login with it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(std::fs::File::open(folder)?.sync_all()?)
}

fn from_file(path: &Path) -> anyhow::Result<Secret> {
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open the key {shown}"))?;
    let mode = file.metadata()?.permissions().mode();
    ensure!(mode & 0o077 == 0, "others may read the key {shown} (mode {:o}): chmod 600 it", mode & 0o777);
    let mut text = Zeroizing::new(Vec::new());
    file.take(TEXT_BYTES_MAX).read_to_end(&mut text)?;
    parse(&text).with_context(|| format!("in the key {shown}"))
}

fn from_command(command: &[String]) -> anyhow::Result<Secret> {
    let (program, arguments) = command.split_first().context("key.command is empty")?;
    // What it says goes to the log's stream; what it prints is the key and goes nowhere else.
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot run {program} for the key"))?;
    let mut text = Zeroizing::new(Vec::new());
    let output = child.stdout.take().context("its output is piped")?;
    output.take(TEXT_BYTES_MAX).read_to_end(&mut text)?;
    let status = child.wait()?;
    ensure!(status.success(), "{program} failed to print the key: {status}");
    parse(&text).with_context(|| format!("in what {program} printed"))
}

/// A key written in base64, with white space around it.
fn parse(text: &[u8]) -> anyhow::Result<Secret> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(TEXT_BYTES_MAX as usize));
    // The text itself never stands in the message.
    if STANDARD.decode_vec(text.trim_ascii(), &mut decoded).is_err() {
        bail!("a key is {BYTES} bytes in base64");
    }
    ensure!(decoded.len() == BYTES, "a key is {BYTES} bytes in base64, this has {}", decoded.len());
    let mut key = Secret::default();
    key.copy_from_slice(&decoded);
    decoded.zeroize();
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    fn config_in(folder: &Path) -> Config {
        Config { data: folder.to_owned(), ..Config::default() }
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        assert!(read(&config, &SystemEntropy, false).is_err(), "it is made only when asked");
        let made = read(&config, &SystemEntropy, true).unwrap();
        let mode = config.key_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = read(&config, &SystemEntropy, true).unwrap();
        assert_eq!(*made.active, *again.active);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config_in(folder.path());
        read(&config, &SystemEntropy, true).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            std::fs::set_permissions(config.key_file(), std::fs::Permissions::from_mode(mode)).unwrap();
            let message = format!("{:#}", read(&config, &SystemEntropy, true).unwrap_err());
            assert!(message.contains("chmod 600"), "{message}");
        }
    }

    #[test]
    fn a_command_prints_the_key_and_older_keys_come_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_in(folder.path());
        let older = read(&config, &SystemEntropy, true).unwrap();
        config.key.previous = vec![config.key_file()];
        config.key.source = KeySource::Command;
        config.key.command = vec!["printf".into(), STANDARD.encode([7; BYTES])];
        let keys = read(&config, &SystemEntropy, true).unwrap();
        assert_eq!(*keys.active, [7; BYTES]);
        assert_eq!(*keys.previous[0], *older.active);
        config.key.command = vec!["false".into()];
        assert!(read(&config, &SystemEntropy, true).is_err());
    }

    #[test]
    fn a_wrong_key_is_refused_without_being_shown() {
        for text in ["", "c2hvcnQ=", "not base64 at all!", &STANDARD.encode([1; 33])] {
            let message = format!("{:#}", parse(text.as_bytes()).unwrap_err());
            assert!(text.is_empty() || !message.contains(text), "{message}");
        }
        assert_eq!(*parse(format!(" {}\n", STANDARD.encode([9; 32])).as_bytes()).unwrap(), [9; 32]);
    }
}
