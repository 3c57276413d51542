//! The machine that measures, since figures mean nothing without it.

use std::process::Command;

/// Facts for the report's head.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    pub(crate) commit: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let first = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        let memory: f64 =
            first("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            processor: first("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            memory: format!("{:.0} GiB", memory / 1024.0 / 1024.0),
            kernel: said("uname", &["-sr"]),
            compiler: said("rustc", &["--version"]),
            commit: said("git", &["rev-parse", "--short", "HEAD"]),
        }
    }
}

/// What a program prints; nothing when it isn't there.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
