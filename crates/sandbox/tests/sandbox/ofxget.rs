//! An independent client: `ofxget` of ofxtools 1.1.1, an OFX client that nobody of us wrote. The environment variable OFXGET names it;
//! `e2e/ofxget/run.sh` installs it and runs this test. Without it the test fails rather than pass unseen.

use std::path::PathBuf;
use std::process::Command;

use sandbox::Sandbox;
use tempfile::TempDir;

use crate::client::{Reply, start};

const LOGIN: [&str; 4] = ["-u", "alex.plain", "--password", "sandbox-maple-1001"];
const FI: [&str; 4] = ["--org", "SANDBOX", "--fid", "10201"];
const ACCOUNTS: [&str; 3] = ["6100450017", "6100450025", "4485120077310022"];

/// The client, with a home of its own, since it remembers profiles between runs.
struct Ofxget {
    program: PathBuf,
    home: TempDir,
}

impl Ofxget {
    fn find() -> Self {
        let program = std::env::var_os("OFXGET").expect(
            "set OFXGET to the ofxget of ofxtools 1.1.1 (python3 -m venv V && V/bin/pip install ofxtools==1.1.1), \
             or run e2e/ofxget/run.sh",
        );
        Self { program: program.into(), home: tempfile::tempdir().unwrap() }
    }

    async fn run(&self, request: &str, sandbox: &Sandbox, institution: &str, arguments: &[&str]) -> Reply {
        let url = format!("{}/ofx/{institution}", sandbox.address());
        let mut command = Command::new(&self.program);
        command.args([request, "--nokeyring", "--url", &url]).args(arguments);
        command
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(
            output.status.success(),
            "{request} {arguments:?}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Reply { status: 200, head: String::new(), body: output.stdout }
    }
}

#[tokio::test]
async fn ofxget_reads_profile_accounts_and_statements_in_all_versions() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    for version in ["102", "103", "151", "160", "203", "211", "220"] {
        let base = [&["--version", version], &LOGIN[..], &FI[..]].concat();
        let profile = ofxget.run("prof", &sandbox, "evergreen", &base).await;
        assert_eq!(profile.first("FINAME"), "Evergreen Savings Bank (sandbox)", "{version}");
        let accounts = ofxget.run("acctinfo", &sandbox, "evergreen", &base).await;
        assert_eq!(accounts.all("ACCTID"), ACCOUNTS, "{version}");
        let statements = ofxget.run("stmt", &sandbox, "evergreen", &[&base[..], &["--all"]].concat()).await;
        let mut balances = statements.all("BALAMT");
        balances.sort();
        assert_eq!(balances[0], "-1430.77", "{version}");
        assert!(
            balances.contains(&"5239.10".to_owned()) && balances.contains(&"22100.04".to_owned()),
            "{version} {balances:?}"
        );
        assert!(statements.all("FITID").len() > 1_000, "{version}");
    }
}

#[tokio::test]
async fn ofxget_reads_holdings() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    for version in ["102", "160", "203", "220"] {
        let arguments =
            ["--version", version, "-u", "dana.trader", "--password", "sandbox-crag-1701", "--all"];
        let reply = ofxget.run("stmt", &sandbox, "summit", &arguments).await;
        assert_eq!(reply.all("MKTVAL").len(), 9, "{version}");
        assert_eq!(reply.first("AVAILCASH"), "42188.05", "{version}");
    }
}

#[tokio::test]
async fn ofxget_sends_unclosed_leaves_without_a_profile() {
    let ofxget = Ofxget::find();
    let sandbox = start().await;
    let arguments = [
        "--version",
        "102",
        "--unclosedelements",
        "--skipprofile",
        "--bankid",
        "1",
        "-C",
        ACCOUNTS[0],
        "-c",
        ACCOUNTS[2],
    ];
    let arguments = [&arguments[..], &["--start", "20261101"], &LOGIN[..]].concat();
    let reply = ofxget.run("stmt", &sandbox, "evergreen", &arguments).await;
    assert_eq!(reply.all("CODE"), ["0", "0", "0"]);
    assert!(reply.all("DTPOSTED").iter().all(|date| date.starts_with("202611")));
}
