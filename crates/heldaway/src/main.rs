//! `heldaway`: reads the command line and runs a role. Everything else is in the library beside it.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use heldaway::{
    allocator::{self, Wiping},
    check,
    config::{self, Config},
    demo, directory, process, serve, staff,
};

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// The client portal of an advisory firm: clients connect their held-away accounts, and everybody knows how fresh each
/// value is.
#[derive(Debug, Parser)]
#[command(name = "heldaway", version)]
struct Arguments {
    /// The settings file. Without it heldaway.toml is read, if it is there.
    #[arg(long, global = true, env = "HELDAWAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Run the portal.
    Serve,
    /// Run the portal with the sandbox institutions and a firm to try it with, on this machine only.
    Demo(demo::Demo),
    /// Make the first firm, its administrator and its first advisor.
    Init(staff::Init),
    /// Give one more member of the firm a login.
    AddStaff(staff::AddStaff),
    /// Bring the database's schema up to date.
    Migrate,
    /// Bring the institutions that a search finds up to date, look them over, measure the search.
    Directory(directory::Asked),
    /// Look whether settings, key, database and clock are in order.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("heldaway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the runtime only when the process is hardened, so that no thread is older than that.
fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if cfg!(feature = "unfenced") {
        anyhow::bail!("this build has a fault planted in it (feature `unfenced`), for the crash tests alone");
    }
    if let Role::Init(staff::Init { example: true, .. }) = arguments.role {
        print!("{}", config::EXAMPLE);
        return Ok(ExitCode::SUCCESS);
    }
    let file = arguments.config.as_deref();
    let config = match (&arguments.role, Config::load(file)) {
        // `check` tells about broken settings itself.
        (Role::Check, Err(_)) => Config::default(),
        (_, config) => config?,
    };
    process::harden(config.debuggable)?;
    allocator::give_back_large();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.role {
            Role::Serve => serve::run(config).await.map(|()| ExitCode::SUCCESS),
            Role::Demo(asked) => demo::run(config, asked).await.map(|()| ExitCode::SUCCESS),
            Role::Init(asked) => staff::init(&config, asked).await.map(|()| ExitCode::SUCCESS),
            Role::AddStaff(asked) => staff::add_staff(&config, asked).await.map(|()| ExitCode::SUCCESS),
            Role::Migrate => serve::migrate(&config).await.map(|()| ExitCode::SUCCESS),
            Role::Directory(asked) => directory::run(&config, &asked)
                .map(|well| if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
            Role::Check => Ok(if check::run(file).await { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        }
    })
}
