//! The directory: institutions as people know them, and the ways to connect to each.

use serde::{Deserialize, Serialize};

use crate::login::Field;

/// What an institution mainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstitutionKind {
    Bank,
    CreditUnion,
    Broker,
    Retirement,
    Insurer,
    Lender,
    Card,
    Hsa,
    Payroll,
    Crypto,
    Other,
}

/// A text an institution wants read before somebody connects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Rises with each change of the text; a confirmation names it.
    pub version: u32,
    pub text: String,
}

/// How an offering is reached: a connector's name and its parameters, as data of the directory row.
///
/// The parameters are the connector's own (for OFX: url, org, fid, version, appid, appver and quirks); nobody else
/// reads them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The connector's name in the registry.
    pub connector: String,
    /// The connector's parameters.
    pub parameters: serde_json::Value,
    /// The institution's own login form.
    pub form: Vec<Field>,
}

/// One way to connect at an institution; what a search result shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Stable; connections keep it.
    pub id: String,
    /// The brand that groups offerings, such as `Fidelity`.
    pub brand: String,
    pub name: String,
    pub kind: InstitutionKind,
    /// A few words on what this offering is for: "workplace retirement plans".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// Other names people type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_known_as: Vec<String>,
    pub home_url: String,
    /// Where the client logs in; equals `home_url` when unknown.
    pub login_url: String,
    /// City and state of the head office, for institutions that share a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// 1 (household name) to 6 (tiny).
    pub popularity: u8,
    /// Total assets in thousands of US dollars; 0 where unknown.
    #[serde(default)]
    pub assets_usd_thousands: u64,
    /// What the firm's data support tells those who find it; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// `false`: no longer in the official lists, or hidden by the firm. A search doesn't show it, but it keeps its id for
    /// those who use it.
    #[serde(default = "listed")]
    pub listed: bool,
    /// `None`: known, but not connectable yet.
    pub access: Option<Access>,
    pub notice: Option<Notice>,
}

fn listed() -> bool {
    true
}

impl Offering {
    /// The address to compare, without scheme and `www.`: `fidelity.com`.
    pub fn address(&self) -> &str {
        let url = if self.login_url.is_empty() { &self.home_url } else { &self.login_url };
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or(rest);
        host.strip_prefix("www.").unwrap_or(host)
    }
}
