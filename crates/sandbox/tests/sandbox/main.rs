//! Scenario tests over a real socket, with a raw HTTP client of their own.

mod challenge;
mod client;
mod faults;
mod moving;
mod pages;
mod program;
mod signon;
mod statements;
