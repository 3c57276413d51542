//! `heldaway-sandbox`: starts the sandbox and prints where it listens.

use std::io::Write;
use std::net::IpAddr;

use clap::Parser;
use jiff::Timestamp;
use sandbox::{Options, Sandbox};
use tokio::io::AsyncReadExt;

/// The financial institutions of Heldaway's demo and tests. They speak OFX over plain HTTP, on loopback only.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// A loopback address.
    #[arg(long, default_value = "127.0.0.1")]
    bind: IpAddr,
    /// 0 takes a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Another seed gives other transactions.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Start the sandbox's clock here, such as 2026-11-20T15:00:00Z, instead of at the real time.
    #[arg(long)]
    clock: Option<Timestamp>,
    /// Let the sandbox's clock stand still until it is moved.
    #[arg(long)]
    clock_stopped: bool,
    /// Print one line of JSON, and nothing else, to standard output.
    #[arg(long)]
    json: bool,
    /// Stop when standard input closes, so that a parent process never leaves the sandbox behind.
    #[arg(long)]
    exit_with_parent: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut sandbox = Sandbox::start(Options {
        bind: arguments.bind,
        port: arguments.port,
        seed: arguments.seed,
        clock: arguments.clock,
        clock_stopped: arguments.clock_stopped,
    })
    .await?;
    announce(&sandbox.address(), arguments.json)?;
    tokio::select! {
        () = sandbox.wait() => {}
        () = stdin_closed(), if arguments.exit_with_parent => {}
        signal = tokio::signal::ctrl_c() => signal?,
    }
    // Reading standard input holds a thread that can't be cancelled; leaving the process ends it.
    std::process::exit(0)
}

fn announce(address: &str, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{{\"sandbox\":\"{address}\"}}")?;
    if !json {
        writeln!(
            out,
            "Open {address}/ for the institutions and their logins, {address}/control to break them."
        )?;
    }
    out.flush()
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut sink = [0; 256];
    while matches!(stdin.read(&mut sink).await, Ok(read) if read > 0) {}
}
