//! A started `heldaway`, and what it says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// Far beyond what anything here takes: it only turns a hang into a failure.
const HANG: Duration = Duration::from_secs(60);

/// `heldaway` with these arguments in a folder of its own, and no settings from outside.
pub(crate) fn heldaway(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heldaway"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HELDAWAY_") || name == "CARGO") {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs to the end.
pub(crate) fn output(mut command: Command) -> (bool, String) {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// A running one. Killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    log: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        let reading = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().expect("no reader panics").push(line);
            }
        });
        Self { child, stdout, log, reading: Some(reading) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        assert!(!line.is_empty(), "it ended: {:?}", self.log.lock());
        line
    }

    /// The first log line with this in it, waited for.
    pub(crate) fn logged(&mut self, wanted: &str) -> String {
        let deadline = std::time::Instant::now() + HANG;
        while std::time::Instant::now() < deadline {
            let found =
                self.log.lock().expect("no reader panics").iter().find(|line| line.contains(wanted)).cloned();
            if let Some(line) = found {
                return line;
            }
            assert!(self.child.try_wait().expect("a child").is_none(), "it ended: {:?}", self.log.lock());
            std::thread::yield_now();
        }
        panic!("never said {wanted}: {:?}", self.log.lock());
    }

    /// Sends a signal and waits for the end; all that was logged comes with it.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
        let status = self.child.wait().expect("it ends");
        self.reading.take().expect("once").join().expect("the reader ends");
        let log = self.log.lock().expect("no reader panics").join("\n");
        (status, log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Over already, most of the time.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer to a GET: head and body.
pub(crate) fn get(address: &str, path: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Sends a request as it is and reads until the other side hangs up.
pub(crate) fn exchange(address: &str, request: &str) -> String {
    let address = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(HANG)).expect("a socket");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}
