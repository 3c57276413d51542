//! An independent client: `ofxget` of ofxtools 1.1.1, which nobody of us wrote, reads the sandbox in every version it knows.
//!
//! The environment variable OFXGET names the program; without it these tests fail rather than pass unseen. They are not among the
//! tests that run by themselves (`test = false` in the manifest), since they need a Python package:
//! `python3 -m venv V && V/bin/pip install ofxtools==1.1.1 && OFXGET=V/bin/ofxget cargo nextest run -p sandbox --test ofxget`.

use std::path::PathBuf;
use std::process::Command;

use sandbox::{Options, Sandbox};
use tempfile::TempDir;

const LOGIN: [&str; 4] = ["-u", "alex.plain", "--password", "sandbox-maple-1001"];
const FI: [&str; 4] = ["--org", "SANDBOX", "--fid", "10201"];
const ACCOUNTS: [&str; 3] = ["6100450017", "6100450025", "4485120077310022"];

async fn start() -> Sandbox {
    let clock = Some("2026-11-20T22:00:00Z".parse().unwrap());
    Sandbox::start(Options { clock, clock_stopped: true, ..Options::default() }).await.unwrap()
}

/// The client, with a home of its own, since it remembers profiles between runs.
struct Ofxget {
    program: PathBuf,
    home: TempDir,
}

impl Ofxget {
    fn find() -> Self {
        let program = std::env::var_os("OFXGET").expect("OFXGET names the ofxget of ofxtools 1.1.1");
        Self { program: program.into(), home: tempfile::tempdir().unwrap() }
    }

    /// What it prints: the server's answer, after it went through its own reader where it follows a profile.
    async fn run(&self, request: &str, sandbox: &Sandbox, institution: &str, arguments: &[&str]) -> String {
        let url = format!("{}/ofx/{institution}", sandbox.address());
        let mut command = Command::new(&self.program);
        command.args([request, "--nokeyring", "--url", &url]).args(arguments);
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(variable, self.home.path());
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(
            output.status.success(),
            "{request} {arguments:?}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The values of all leaves of this name, in order.
fn all(text: &str, tag: &str) -> Vec<String> {
    let open = format!("<{tag}>");
    text.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap().trim().to_owned()).collect()
}

#[tokio::test]
async fn it_reads_profile_accounts_and_statements_in_all_versions() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    for version in ["102", "103", "151", "160", "203", "211", "220"] {
        let base = [&["--version", version], &LOGIN[..], &FI[..]].concat();
        let profile = ofxget.run("prof", &sandbox, "evergreen", &base).await;
        assert_eq!(all(&profile, "FINAME"), ["Evergreen Savings Bank (sandbox)"], "{version}");
        let accounts = ofxget.run("acctinfo", &sandbox, "evergreen", &base).await;
        assert_eq!(all(&accounts, "ACCTID"), ACCOUNTS, "{version}");
        let statements = ofxget.run("stmt", &sandbox, "evergreen", &[&base[..], &["--all"]].concat()).await;
        let balances = all(&statements, "BALAMT");
        for balance in ["5239.10", "22100.04", "-1430.77"] {
            assert!(balances.contains(&balance.to_owned()), "{version}: {balances:?}");
        }
        assert!(all(&statements, "FITID").len() > 1_000, "{version}");
    }
}

#[tokio::test]
async fn it_reads_holdings() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    for version in ["102", "160", "203", "220"] {
        let arguments =
            ["--version", version, "-u", "dana.trader", "--password", "sandbox-crag-1701", "--all"];
        let statement = ofxget.run("stmt", &sandbox, "summit", &arguments).await;
        assert_eq!(all(&statement, "MKTVAL").len(), 9, "{version}");
        assert_eq!(all(&statement, "AVAILCASH"), ["42188.05"], "{version}");
    }
}

#[tokio::test]
async fn its_unclosed_leaves_are_read_without_a_profile() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    let arguments = ["--version", "102", "--unclosedelements", "--skipprofile", "--start", "20261101"];
    let accounts = ["--bankid", "1", "-C", ACCOUNTS[0], "-c", ACCOUNTS[2]];
    let statements = ofxget
        .run("stmt", &sandbox, "evergreen", &[&arguments[..], &accounts[..], &LOGIN[..]].concat())
        .await;
    assert_eq!(all(&statements, "CODE"), ["0", "0", "0"]);
    assert!(all(&statements, "DTPOSTED").iter().all(|date| date.starts_with("202611")));
}
