//! `heldaway demo`: the portal with sandbox institutions and a firm to try it with, on this machine only.

pub mod sandbox;
mod seed;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;

use self::{sandbox::Sandbox, seed::Seeded};
use crate::{config::Config, logs, metrics::Metrics, portal::Portal, stop::Stop};

/// Tried one after the other when nobody asks for a port.
const PORTS: std::ops::Range<u16> = 8080..8100;

/// `heldaway demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the demo keeps its database.
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
    /// Where the portal listens; 0 takes any free port. Without it 8080 or the next free one.
    #[arg(long)]
    port: Option<u16>,
    /// How long a business day lasts, in seconds, to watch connections refresh by themselves.
    #[arg(long, value_name = "SECONDS")]
    day: Option<u32>,
    /// Print one line of JSON, and nothing else, to standard output.
    #[arg(long)]
    json: bool,
    /// Use a sandbox that runs already, such as http://127.0.0.1:8090, and leave it running.
    #[arg(long, value_name = "URL")]
    sandbox: Option<String>,
}

/// What is printed: one line of JSON, or words.
#[derive(Debug, Serialize)]
struct Announcement<'a> {
    portal: &'a str,
    sandbox: &'a str,
    /// A link that nobody has used yet.
    invitation: &'a str,
    client: SignIn,
    advisor: SignIn,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct SignIn {
    email: &'static str,
    password: &'static str,
}

/// Runs the demo until it is told to stop.
pub async fn run(config: Config, asked: Demo) -> anyhow::Result<()> {
    let metrics = Arc::new(Metrics::default());
    logs::start(&quiet(&config), &metrics)?;
    let stop = Stop::on_signals()?;
    let sandbox = match &asked.sandbox {
        Some(address) => Sandbox::running(address),
        None => Sandbox::start().await?,
    };
    let listener = listen(asked.port).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let config = settings(config, &asked, &origin);
    let offerings = sandbox::offerings(&sandbox.directory()).await?;
    let portal = Portal::open(config, offerings, metrics, stop.clone()).await?;
    let (engine, store) = (portal.engine.clone(), portal.store.clone());
    let serving = tokio::spawn(portal.serve(listener));
    tokio::select! {
        seeded = seed::seed(&engine, &store) => announce(&asked, &origin, &sandbox, &seeded?)?,
        () = stop.ordered() => {}
    }
    serving.await?
}

/// A person at a terminal wants to read addresses, not a line for each request.
fn quiet(config: &Config) -> crate::config::Log {
    let mut log = config.log.clone();
    if log == crate::config::Log::default() {
        "warn".clone_into(&mut log.level);
    }
    log
}

/// The demo's own settings; what concerns the machine (log, debugging) stays as configured.
fn settings(config: Config, asked: &Demo, origin: &str) -> Config {
    let mut demo = Config { data: asked.data.clone(), public_origin: origin.to_owned(), ..Config::default() };
    demo.log = config.log;
    demo.debuggable = config.debuggable;
    demo.server = config.server;
    if demo.server.metrics_listen == Config::default().server.metrics_listen {
        demo.server.metrics_listen.clear();
    }
    demo.engine.day_seconds = asked.day.unwrap_or(config.engine.day_seconds);
    demo.connectors.loopback_http = true;
    demo
}

async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let ports: Vec<u16> = port.map_or_else(|| PORTS.collect(), |port| vec![port]);
    for port in &ports {
        match TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], *port))).await {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            other => return other.with_context(|| format!("cannot listen on port {port}")),
        }
    }
    ensure!(ports.len() > 1, "port {} is taken: choose another with --port", ports[0]);
    anyhow::bail!("ports {PORTS:?} are all taken: choose another with --port")
}

fn announce(asked: &Demo, origin: &str, sandbox: &Sandbox, seeded: &Seeded) -> anyhow::Result<()> {
    let invitation = format!("{origin}/invitation/{}", seeded.invitation);
    let told = Announcement {
        portal: origin,
        sandbox: &sandbox.address,
        invitation: &invitation,
        client: seed::CLIENT,
        advisor: seed::ADVISOR,
    };
    if asked.json {
        println!("{}", serde_json::to_string(&told)?);
        return Ok(());
    }
    let Announcement { portal, sandbox, client, advisor, .. } = &told;
    println!(
        "
  Heldaway is running.

  Portal         {portal}
  Institutions   {sandbox}   (what each one does, and the logins to type there)

  New client     {invitation}
  Client         {}   password  {}
  Advisor        {}   password  {}
  Data support   {}    password  {}

  Everything is kept in {}. Ctrl-C stops it.
",
        client.email,
        client.password,
        advisor.email,
        advisor.password,
        seed::SUPPORT.email,
        seed::SUPPORT.password,
        asked.data.display(),
    );
    Ok(())
}
