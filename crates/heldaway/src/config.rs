//! The settings: one commented file, each setting also by environment, unknown ones refused.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

/// The example file: every setting, commented, with its default.
pub const EXAMPLE: &str = include_str!("../../../docs/operating/heldaway.example.toml");

/// The file that is read when none is named and it is there.
const DEFAULT_FILE: &str = "heldaway.toml";
const PREFIX: &str = "HELDAWAY_";
/// Variables that are no settings: the file's name, the master key, and what tests are told.
const NOT_SETTINGS: [&str; 2] = ["HELDAWAY_CONFIG", crate::key::VARIABLE];
const TEST_PREFIX: &str = "HELDAWAY_TEST_";

/// All settings. What each means stands in [`EXAMPLE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub public_origin: String,
    pub data: PathBuf,
    pub zone: String,
    pub debuggable: bool,
    pub server: Server,
    pub database: Database,
    pub key: Key,
    pub log: Log,
    pub engine: Engine,
    pub connectors: Connectors,
    pub directory: Directory,
}

/// How the portal listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    /// Empty: `/metrics` is nowhere.
    pub metrics_listen: String,
    pub connections_max: usize,
    pub header_timeout_seconds: u64,
    pub drain_seconds: u64,
    pub trusted_proxies: Vec<IpAddr>,
}

/// Where rows are kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// May hold a password: see [`Database::shown`].
    pub url: String,
    pub connections_max: u32,
    pub migrate_at_start: bool,
}

/// Where the master key comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    pub source: KeySource,
    pub file: PathBuf,
    pub command: Vec<String>,
    pub previous: Vec<PathBuf>,
}

/// The kinds of places of the master key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    #[default]
    File,
    Environment,
    Command,
}

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

/// Who reads the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The engine's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    pub node: String,
    /// 0: real business days.
    pub day_seconds: u32,
}

/// How institutions are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connectors {
    pub loopback_http: bool,
    pub sandbox_directory: String,
}

/// Which institutions a search finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Directory {
    pub file: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_origin: "http://127.0.0.1:8080".to_owned(),
            data: PathBuf::from("data"),
            zone: domain::time::MARKET_ZONE.to_owned(),
            debuggable: false,
            server: Server::default(),
            database: Database::default(),
            key: Key::default(),
            log: Log::default(),
            engine: Engine::default(),
            connectors: Connectors::default(),
            directory: Directory::default(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: "127.0.0.1:9464".to_owned(),
            connections_max: 1024,
            header_timeout_seconds: 10,
            drain_seconds: 10,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: String::new(), connections_max: 8, migrate_at_start: true }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.shown()).finish_non_exhaustive()
    }
}

impl Database {
    /// The address without its password, for logs and reports.
    pub fn shown(&self) -> String {
        // Passwords stand before the @ or in the query.
        let bare = self.url.split('?').next().unwrap_or_default();
        let Some((scheme, rest)) = bare.split_once("://") else { return bare.to_owned() };
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}")
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl Server {
    /// See `header_timeout_seconds`.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds)
    }

    /// See `drain_seconds`.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// Where `/metrics` listens, if anywhere.
    pub fn metrics_address(&self) -> anyhow::Result<Option<SocketAddr>> {
        if self.metrics_listen.is_empty() {
            return Ok(None);
        }
        let address = self.metrics_listen.parse();
        address
            .map(Some)
            .with_context(|| format!("server.metrics_listen: {} is no address", self.metrics_listen))
    }
}

impl Config {
    /// Reads the file (the named one, or `heldaway.toml` if it is there) and the environment over it.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Self::read(&text, std::env::vars()).with_context(|| format!("in the settings ({})", path.display()))
    }

    /// The settings of a file's text and an environment, checked.
    pub fn read(text: &str, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let mut table: toml::Table = text.parse()?;
        let known = leaves(&Self::default());
        for (variable, value) in environment.filter(|(name, _)| is_setting(name)) {
            let Some((path, kind)) = known.iter().find(|(path, _)| variable_of(path) == variable) else {
                bail!("{variable} is no setting of Heldaway; see `heldaway init --example`");
            };
            let value = typed(kind, &value).with_context(|| format!("{variable}={value}"))?;
            put(&mut table, path, value);
        }
        let config: Self = toml::Value::Table(table).try_into()?;
        config.check()?;
        Ok(config)
    }

    /// What no type can say.
    fn check(&self) -> anyhow::Result<()> {
        let origin = &self.public_origin;
        let Some((scheme, host)) = origin.split_once("://") else {
            bail!("public_origin: {origin} lacks https://")
        };
        let bare = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        ensure!(bare, "public_origin: {origin} is more than scheme, host and port");
        let loopback = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        let right = scheme == "https" || (scheme == "http" && loopback);
        ensure!(
            right,
            "public_origin: {origin} must begin with https:// (http:// is for loopback addresses only)"
        );
        jiff::tz::TimeZone::get(&self.zone)
            .with_context(|| format!("zone: {} is no time zone", self.zone))?;
        self.server.metrics_address()?;
        ensure!(self.server.connections_max > 0, "server.connections_max: 0 would let nobody in");
        ensure!(
            self.server.header_timeout_seconds > 0,
            "server.header_timeout_seconds: 0 would hang up on everybody"
        );
        let by_command = self.key.source == KeySource::Command;
        ensure!(!by_command || !self.key.command.is_empty(), "key.command: which command prints the key?");
        let sandboxed = self.connectors.sandbox_directory.is_empty() || self.connectors.loopback_http;
        ensure!(sandboxed, "connectors.sandbox_directory: needs connectors.loopback_http = true");
        Ok(())
    }

    /// The database's address; by default a file in the data folder.
    pub fn database_url(&self) -> String {
        if self.database.url.is_empty() {
            return format!("sqlite:{}", self.data.join("heldaway.db").display());
        }
        self.database.url.clone()
    }

    /// The directory's file; `None` for the one in the binary.
    pub fn directory_file(&self) -> Option<&Path> {
        Some(self.directory.file.as_path()).filter(|file| !file.as_os_str().is_empty())
    }

    /// Where the master key's file is, with `source = "file"`.
    pub fn key_file(&self) -> PathBuf {
        if self.key.file.as_os_str().is_empty() {
            self.data.join("master.key")
        } else {
            self.key.file.clone()
        }
    }
}

fn is_setting(variable: &str) -> bool {
    variable.starts_with(PREFIX) && !variable.starts_with(TEST_PREFIX) && !NOT_SETTINGS.contains(&variable)
}

fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "_").to_uppercase())
}

/// Every setting as dotted path and default value; its type is the default's.
fn leaves(config: &Config) -> Vec<(String, toml::Value)> {
    let toml::Value::Table(table) = toml::Value::try_from(config).expect("settings are plain values") else {
        unreachable!("a struct is a table")
    };
    let mut leaves = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(section) => {
                leaves.extend(section.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => leaves.push((name, value)),
        }
    }
    leaves
}

/// A variable's text as a value of the same type as `like`.
fn typed(like: &toml::Value, text: &str) -> anyhow::Result<toml::Value> {
    Ok(match like {
        toml::Value::Integer(_) => toml::Value::Integer(text.parse().context("not a number")?),
        toml::Value::Boolean(_) => toml::Value::Boolean(text.parse().context("neither true nor false")?),
        toml::Value::Array(_) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            toml::Value::Array(parts.map(|part| toml::Value::String(part.to_owned())).collect())
        }
        _ => toml::Value::String(text.to_owned()),
    })
}

fn put(table: &mut toml::Table, path: &str, value: toml::Value) {
    let Some((section, key)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return;
    };
    let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let toml::Value::Table(section) = entry {
        section.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let pairs: Vec<_> = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::read(text, pairs.into_iter())
    }

    fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
        format!("{:#}", read(text, environment).expect_err("is refused"))
    }

    /// The example with its comment marks removed from the settings.
    fn example_uncommented() -> String {
        let is_setting =
            |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        let lines = EXAMPLE.lines().map(|line| if is_setting(line) { &line[1..] } else { line });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_shows_every_setting_with_its_default() {
        let text = example_uncommented();
        assert_eq!(read(&text, &[]).unwrap(), Config::default());
        let shown = text.lines().filter(|line| !line.starts_with('#') && line.contains(" = ")).count();
        assert_eq!(shown, leaves(&Config::default()).len());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "data = \"/srv/a\"\n[server]\nconnections_max = 5\nlisten = \"127.0.0.1:1\"";
        let config = read(
            file,
            &[
                ("HELDAWAY_SERVER_LISTEN", "0.0.0.0:9000"),
                ("HELDAWAY_SERVER_TRUSTED_PROXIES", "10.0.0.1, ::1"),
                ("HELDAWAY_ENGINE_DAY_SECONDS", "60"),
                ("HELDAWAY_KEY_SOURCE", "environment"),
                ("HELDAWAY_CONNECTORS_LOOPBACK_HTTP", "true"),
                ("HELDAWAY_MASTER_KEY", "not looked at here"),
                ("HELDAWAY_TEST_POSTGRES", "not looked at here"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 9000);
        assert_eq!(config.server.connections_max, 5);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.engine.day_seconds, 60);
        assert_eq!(config.key.source, KeySource::Environment);
        assert!(config.connectors.loopback_http);
        assert_eq!(config.data, PathBuf::from("/srv/a"));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_by_name() {
        for (text, environment, named) in [
            ("lisen = 1", None, "lisen"),
            ("[server]\nlisen = 1", None, "lisen"),
            ("", Some(("HELDAWAY_SERVER_LISEN", "x")), "HELDAWAY_SERVER_LISEN"),
            ("", Some(("HELDAWAY_DEBUGGABLE", "perhaps")), "HELDAWAY_DEBUGGABLE"),
            ("public_origin = \"http://portal.example\"", None, "https://"),
            ("public_origin = \"http://127.0.0.1.example\"", None, "https://"),
            ("public_origin = \"https://portal.example/path\"", None, "public_origin"),
            ("zone = \"Mars/Olympus\"", None, "Mars/Olympus"),
            ("[key]\nsource = \"command\"", None, "key.command"),
            ("[key]\nsource = \"pocket\"", None, "pocket"),
            ("[connectors]\nsandbox_directory = \"http://127.0.0.1/\"", None, "loopback_http"),
            ("[server]\nmetrics_listen = \"nine\"", None, "metrics_listen"),
            ("[server]\nconnections_max = 0", None, "connections_max"),
        ] {
            let message = refusal(text, environment.as_slice());
            assert!(message.contains(named), "{text} {environment:?}: {message}");
        }
    }

    #[test]
    fn a_database_password_is_not_shown() {
        let config = read("[database]\nurl = \"postgres://u:hunter2@db/held\"", &[]).unwrap();
        assert_eq!(config.database.shown(), "postgres://db/held");
        assert!(!format!("{config:?}").contains("hunter2"));
        let password_in_query =
            read("[database]\nurl = \"postgres://db/held?password=hunter2\"", &[]).unwrap();
        assert!(!format!("{password_in_query:?}").contains("hunter2"));
    }
}
