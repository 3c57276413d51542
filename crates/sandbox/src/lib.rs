//! The sandbox: the financial institutions of Heldaway's demo and tests.
//!
//! A separate program that speaks real OFX 1.0.2 to 2.3 over plain HTTP on loopback, with scripted personas and faults. It shares
//! no code with the rest of the product, so that both ends of the protocol can't share one bug. All state is in memory and
//! addressed by institution and login, never by a client's session: a portal that is restarted in the middle of a challenge
//! finds it waiting. A restarted sandbox starts its stories anew; the accounts' data are the same again, since they are a
//! function of seed and date.
//!
//! # Map
//! | module | its job |
//! | --- | --- |
//! | `options`, `server` | start, listen, route |
//! | `wire` | HTTP broken on purpose: takes the socket away from the HTTP layer |
//! | `catalog` | the institutions and personas, as data; one file per theme |
//! | `institution`, `persona`, `account` | what the catalog's entries are made of; a persona's state |
//! | `world`, `clock`, `phone`, `fault` | what changes while it runs |
//! | `random` | dice (repeatable, for data) and draws (unpredictable, for codes and keys) |
//! | `ledger`, `loan`, `market`, `holdings` | entries, payments, prices, positions: balances and entries always agree |
//! | `ofx` | the OFX server: request reader, signon, challenges, profile, accounts, statements, writer |
//! | `directory` | `GET /directory.json`, what a portal's search needs |
//! | `control` | the control API |
//! | `pages` | the index, the phone, the institutions' sites, the control page |
//!
//! # Addresses
//! `POST /ofx/{institution}` · `/` · `/phone`, `/phone/{institution}`, `/phone.json` · `/site/{institution}` · `/control` ·
//! `/directory.json` · `/api/faults`, `/api/clock`, `/api/reset`, `/api/log`, `/api/counters`, `/api/personas` (shapes: see
//! `control.rs` and `directory.rs`).

mod account;
mod catalog;
mod clock;
mod control;
mod directory;
mod fault;
mod holdings;
mod institution;
mod ledger;
mod loan;
mod market;
mod ofx;
mod options;
mod pages;
mod persona;
mod phone;
mod random;
mod server;
mod wire;
mod world;

pub use options::Options;
pub use server::Sandbox;
