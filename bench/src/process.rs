//! The measured processes: the portal and the sandbox as people run them, with what the kernel says of their time and memory.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::firm::Place;

/// Longer than anything that is started here takes to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks whether a starting portal answers: what a cold start is measured to.
const LOOK: Duration = Duration::from_millis(1);
/// Processor time in `/proc` is counted in this unit (`USER_HZ`, 100 on Linux).
const TICK: Duration = Duration::from_millis(10);

/// A started process, ended when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        Ok(Self { child })
    }

    /// Starts it and reads the first line that it prints.
    pub(crate) fn announced(command: &mut Command) -> anyhow::Result<(Self, String)> {
        let mut process = Self::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let output = process.child.stdout.take().context("its output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok((process, line.trim().to_owned()))
    }

    /// User and system time since its start.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces.
        let (_, fields) = stat.rsplit_once(") ").context("/proc/PID/stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks: u32 = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
        Ok(TICK * ticks)
    }

    /// Resident memory now.
    pub(crate) fn resident(&self) -> anyhow::Result<Bytes> {
        memory(&self.child.id().to_string(), "VmRSS:")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Over already, when it ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// A number of bytes, told in MiB.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Bytes(pub(crate) u64);

impl Bytes {
    pub(crate) fn mib(self) -> f64 {
        self.0 as f64 / 1024.0 / 1024.0
    }
}

/// A line of `/proc/PID/status`; `self` is a process too.
pub(crate) fn memory(process: &str, name: &str) -> anyhow::Result<Bytes> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(Bytes(kib * 1024))
}

/// A program of ours: they are all built into one folder.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    ensure!(program.exists(), "{} is not built; use bench/run", program.display());
    Ok(program)
}

/// The sandbox institutions.
pub(crate) struct Sandbox {
    pub(crate) process: Process,
    pub(crate) address: String,
}

impl Sandbox {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(program("heldaway-sandbox")?);
        let (process, line) =
            Process::announced(command.args(["--port", "0", "--json", "--exit-with-parent"]))?;
        let announced: serde_json::Value = serde_json::from_str(&line).context("what the sandbox says")?;
        let address = announced["sandbox"].as_str().context("its address")?.to_owned();
        Ok(Self { process, address })
    }

    pub(crate) fn directory(&self) -> String {
        format!("{}/directory.json", self.address)
    }
}

/// `heldaway serve`.
pub(crate) struct Portal {
    pub(crate) process: Process,
    pub(crate) address: String,
    /// From the start of the process to the first good answer.
    pub(crate) answered_after: Duration,
}

impl Portal {
    /// Starts it with its usual settings and these; waits until it answers the list of accounts of `access_key`.
    pub(crate) async fn start(
        place: &Place<'_>,
        access_key: &str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        // Somebody else could take the port before the portal does; then it ends, and so does the measurement.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let log = std::fs::File::create(place.folder.join("portal.log"))?;
        let mut command = Command::new(program("heldaway")?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HELDAWAY_")) {
            command.env_remove(name);
        }
        command
            .arg("serve")
            .current_dir(place.folder)
            .env("HELDAWAY_DATA", place.folder)
            .env("HELDAWAY_SERVER_LISTEN", &address)
            .env("HELDAWAY_PUBLIC_ORIGIN", format!("http://{address}"))
            .env("HELDAWAY_SERVER_METRICS_LISTEN", "")
            .env("HELDAWAY_DATABASE_URL", place.database)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let started = Instant::now();
        let process = Process::start(&mut command)?;
        let key = format!("Bearer {access_key}");
        while started.elapsed() < PATIENCE {
            let asked = Request::get("/api/v1/accounts").header("Authorization", &key).send(&address);
            if asked.is_ok_and(|answer| answer.status == 200) {
                return Ok(Self { process, address, answered_after: started.elapsed() });
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the portal doesn't answer; see {}", place.folder.join("portal.log").display())
    }

    /// Signs a client in, and returns the cookie.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> anyhow::Result<String> {
        let body = format!("email={}&password={password}", email.replace('@', "%40"));
        let origin = format!("http://{}", self.address);
        let answer = Request::post("/sign-in", &body).header("Origin", &origin).send(&self.address)?;
        ensure!(answer.status == 303, "signing in answers {}", answer.status);
        let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.context("no cookie")?.split(';').next().unwrap_or_default();
        Ok(cookie.to_owned())
    }
}

/// One HTTP request.
pub(crate) struct Request {
    head: String,
    body: String,
}

/// Its answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { head: format!("GET {path} HTTP/1.1\r\nConnection: close\r\n"), body: String::new() }
    }

    fn post(path: &str, body: &str) -> Self {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nConnection: close\r\n{kind}\r\nContent-Length: {length}\r\n");
        Self { head, body: body.to_owned() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn send(self, address: &str) -> anyhow::Result<Answer> {
        let address = address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{}Host: {address}\r\n\r\n{}", self.head, self.body).as_bytes())?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
        let status = head.get(9..12).context("no status")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }
}

/// The programs' file sizes.
pub(crate) fn size(path: &Path) -> anyhow::Result<Bytes> {
    Ok(Bytes(std::fs::metadata(path).with_context(|| path.display().to_string())?.len()))
}
