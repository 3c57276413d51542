//! `bench`: measures the portal as people run it and writes a report. Started by `bench/run`, which builds what it needs.

mod firm;
mod import;
mod institution;
mod load;
mod machine;
mod measure;
mod parser;
mod process;
mod refresh;
mod report;
mod seed;
mod statement;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use domain::world::Clock as _;
use heldaway::{
    allocator::{self, Wiping},
    system::SystemClock,
};

/// As in the portal, so that an import costs here what it costs there.
#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// Measures the portal.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Measure, and print the report.
    Measure(measure::Asked),
    /// Import entries into an empty folder, and print the figures as JSON.
    Import {
        #[arg(long)]
        entries: u32,
        #[arg(long)]
        folder: PathBuf,
    },
    /// Print a generated statement, for other readers of OFX.
    Statement {
        #[arg(long)]
        entries: u32,
        #[arg(long)]
        xml: bool,
    },
    /// Be an OFX server with one account.
    Institution {
        #[arg(long)]
        entries: u32,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    allocator::give_back_large();
    match Arguments::parse().role {
        Role::Measure(asked) => measure::run(asked).await,
        Role::Import { entries, folder } => {
            let imported = import::run(&folder, entries).await?;
            println!("{}", serde_json::to_string(&imported)?);
            Ok(())
        }
        Role::Statement { entries, xml } => {
            let shape = statement::Shape { xml, entries, generation: 0, today: today() };
            print!("{}", statement::answer(shape, None, Some("1")));
            Ok(())
        }
        Role::Institution { entries } => {
            institution::run(statement::Shape { xml: false, entries, generation: 0, today: today() })
        }
    }
}

/// The day by which generated entries are dated.
fn today() -> domain::Date {
    SystemClock.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date()
}
