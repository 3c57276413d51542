//! The one binary of Heldaway: reads the settings, wires the parts and runs a role.
//!
//! `main.rs` only reads the command line; everything is here, so that tests can run it in their own process.

pub mod accept;
pub mod allocator;
pub mod check;
pub mod config;
pub mod demo;
pub mod directory;
pub mod health;
pub mod key;
pub mod logs;
pub mod metrics;
pub mod open;
pub mod portal;
pub mod process;
pub mod serve;
pub mod staff;
pub mod stop;
pub mod system;
