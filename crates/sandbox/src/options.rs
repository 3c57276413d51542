//! How a sandbox is started.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

/// Settings of a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// A loopback address; anything else is refused.
    pub bind: IpAddr,
    /// 0 takes a free port.
    pub port: u16,
    /// Another seed gives other data.
    pub seed: u64,
    /// Where the sandbox's clock starts; none is the real time.
    pub clock: Option<Timestamp>,
    /// Whether the clock stands still until it is moved.
    pub clock_stopped: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { bind: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 0, seed: 7, clock: None, clock_stopped: false }
    }
}
