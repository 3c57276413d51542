//! The engine on both databases: with a scripted connector, and with the real one against the sandbox.

mod accounts;
mod bank;
mod decisions;
mod directories;
mod housekeeping;
mod life;
mod rights;
mod scripted;
mod simulation;
mod stage;
