//! The institutions of the demo: the sandbox as a process of its own, and its list as offerings.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use domain::institution::{Access, InstitutionKind, Notice, Offering};
use domain::login::{Field, FieldKind};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

const PROGRAM: &str = "heldaway-sandbox";
/// The sandbox listens within a few milliseconds; an answer takes as long.
const PATIENCE: Duration = Duration::from_secs(20);
/// Its list has some 50 institutions at half a kilobyte.
const LIST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Before every id, so that no institution of the sandbox is taken for one of the directory.
const ID_PREFIX: &str = "sandbox-";
/// Found before its real namesakes of the directory.
const POPULARITY: u8 = 2;

/// A running sandbox. The process ends when this is dropped, also if we are killed: it watches its standard input.
#[derive(Debug)]
pub struct Sandbox {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    #[expect(dead_code, reason = "held so that its standard input stays open")]
    process: Option<Child>,
}

#[derive(Deserialize)]
struct Announcement {
    sandbox: String,
}

impl Sandbox {
    /// Starts the sandbox beside our own program. When cargo started us, it is built first.
    pub async fn start() -> anyhow::Result<Self> {
        let program = program().await?;
        let mut process = Command::new(&program)
            .args(["--port", "0", "--json", "--exit-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = process.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let line =
            tokio::time::timeout(PATIENCE, lines.next_line()).await.context("the sandbox says nothing")??;
        let line = line.context("the sandbox ended at once")?;
        let announced: Announcement = serde_json::from_str(&line).context("what the sandbox says")?;
        Ok(Self { address: announced.sandbox, process: Some(process) })
    }

    /// One that runs already, and goes on after us.
    pub fn running(address: &str) -> Self {
        Self { address: address.trim_end_matches('/').to_owned(), process: None }
    }

    /// Where its list is.
    pub fn directory(&self) -> String {
        format!("{}/directory.json", self.address)
    }
}

/// The sandbox's program: beside ours, made up to date when cargo is at hand.
async fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = own.parent().context("a program is in a folder")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(&cargo, folder).await?;
    }
    let program = folder.join(PROGRAM);
    ensure!(program.exists(), "{} is not there; it belongs beside this program", program.display());
    Ok(program)
}

/// Builds it as we were built; our folder is named after the profile. What it prints is the progress.
async fn build(cargo: &OsStr, folder: &Path) -> anyhow::Result<()> {
    let profile = match folder.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(name) => name,
        None => bail!("{} is no folder of cargo's", folder.display()),
    };
    eprintln!("Building the sandbox institutions");
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--profile", profile, "--bin", PROGRAM]);
    if let Some(crate_folder) = std::env::var_os("CARGO_MANIFEST_DIR") {
        command.current_dir(Path::new(&crate_folder).join("../.."));
    }
    let status = command.stdin(Stdio::null()).status().await.context("cannot run cargo")?;
    ensure!(status.success(), "the sandbox can't be built: {status}");
    Ok(())
}

/// An institution as the sandbox lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    brand: String,
    name: String,
    kind: InstitutionKind,
    #[serde(rename = "for")]
    purpose: String,
    home_url: String,
    login_url: String,
    /// The name of the connector that speaks to it.
    protocol: String,
    ofx_url: String,
    org: String,
    fid: String,
    version: u16,
    appid: String,
    appver: u16,
    login_form: Vec<ListedField>,
    notice: Option<ListedNotice>,
}

#[derive(Debug, Deserialize)]
struct ListedField {
    name: String,
    label: String,
    kind: FieldKind,
    help: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ListedNotice {
    version: String,
    text: String,
}

impl Listed {
    fn offering(self) -> Offering {
        let parameters = serde_json::json!({
            "url": self.ofx_url,
            "org": self.org,
            "fid": self.fid,
            "version": self.version,
            "appid": self.appid,
            "appver": self.appver,
        });
        let form = self.login_form.into_iter().map(ListedField::field).collect();
        Offering {
            id: format!("{ID_PREFIX}{}", self.id),
            brand: self.brand,
            name: self.name,
            kind: self.kind,
            purpose: self.purpose,
            also_known_as: Vec::new(),
            home_url: self.home_url,
            login_url: self.login_url,
            place: String::new(),
            popularity: POPULARITY,
            assets_usd_thousands: 0,
            note: String::new(),
            listed: true,
            access: Some(Access { connector: self.protocol, parameters, form }),
            notice: self.notice.map(ListedNotice::notice),
        }
    }
}

impl ListedField {
    fn field(self) -> Field {
        Field { name: self.name, label: self.label, kind: self.kind, help: self.help.unwrap_or_default() }
    }
}

impl ListedNotice {
    /// The sandbox's versions are dates; the digits of `2026-10` rise as well.
    fn notice(self) -> Notice {
        let digits: String = self.version.chars().filter(char::is_ascii_digit).collect();
        Notice { version: digits.parse().unwrap_or(1), text: self.text }
    }
}

/// The id under which an institution of the sandbox is found in the directory.
pub fn offering_id(institution: &str) -> String {
    format!("{ID_PREFIX}{institution}")
}

/// Reads the list at a loopback address.
pub async fn offerings(url: &str) -> anyhow::Result<Vec<Offering>> {
    let read = tokio::time::timeout(PATIENCE, fetch(url)).await.context("no answer")?;
    let body = read.with_context(|| format!("cannot read the sandbox's list at {url}"))?;
    let listed: Vec<Listed> =
        serde_json::from_slice(&body).with_context(|| format!("in the list at {url}"))?;
    ensure!(!listed.is_empty(), "the list at {url} is empty");
    Ok(listed.into_iter().map(Listed::offering).collect())
}

/// One GET over HTTP/1.0, whose answer ends with the connection: too little to bring an HTTP client along for.
async fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    let rest = url.strip_prefix("http://").context("the sandbox is reached by http")?;
    let (host, path) = rest.split_once('/').context("an address with a path")?;
    let mut addresses = tokio::net::lookup_host(host).await?;
    let address =
        addresses.find(|address| address.ip().is_loopback()).context("the sandbox is on this machine")?;
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LIST_BYTES_MAX).read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").context("an answer without a head")?;
    let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
    ensure!(status == "200", "it answers {status}");
    Ok(answer.split_off(end + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sandboxs_list_becomes_offerings() {
        let sandbox = sandbox::Sandbox::start(sandbox::Options::default()).await.unwrap();
        let url = format!("{}/directory.json", sandbox.address());
        let offerings = offerings(&url).await.unwrap();
        let find = |id: &str| offerings.iter().find(|offering| offering.id == offering_id(id)).unwrap();
        let lakeshore = find("lakeshore");
        let access = lakeshore.access.as_ref().unwrap();
        let registry = connectors::registry::find(&access.connector);
        assert!(registry.is_some(), "{}", access.connector);
        assert_eq!(
            access.form.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(),
            ["user_id", "password"]
        );
        assert_eq!(access.form[1].kind, FieldKind::Password);
        assert_eq!(find("larkspur").notice.as_ref().unwrap().version, 202_610);
        assert!(super::offerings(&format!("{}/elsewhere", sandbox.address())).await.is_err());
        drop(sandbox);
    }

    #[tokio::test]
    async fn only_this_machine_is_asked() {
        for url in ["https://127.0.0.1/x", "http://192.0.2.1:80/directory.json", "http://127.0.0.1"] {
            assert!(offerings(url).await.is_err(), "{url}");
        }
    }
}
