//! What the process forbids to the rest of the machine: reading its memory, alive or dead.

use anyhow::Context as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dumps, and no reading of `/proc/PID/mem` by other processes of the same user. Call before a secret is read.
pub fn harden(debuggable: bool) -> anyhow::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("cannot switch off core dumps")?;
    if debuggable {
        return Ok(());
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .context("cannot make the memory unreadable for others")
}
