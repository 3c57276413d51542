//! The parameters of an OFX offering: where its server is, and in which ways it differs from the specification.
//!
//! They are data of the directory row. Each quirk has a default that fits a server which keeps to the specification, so a
//! row usually holds `url`, `org`, `fid` and `version` only. Described for people in `docs/connectors/ofx.md`.

use std::borrow::Cow;

use domain::Currency;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

/// Everything the connector may be told about a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent quirks, each a key of a directory row")]
pub struct Parameters {
    /// Where requests are posted.
    pub url: Url,
    /// FI/ORG. Without it no FI is sent (OFX 2.3 §2.5.1.8).
    #[serde(default)]
    pub org: String,
    /// FI/FID.
    #[serde(default, deserialize_with = "text_or_number")]
    pub fid: String,
    /// The version in the header, which decides the dialect of the answer: 102 to 160 is SGML, 200 to 230 XML.
    #[serde(default = "defaults::version")]
    pub version: u16,
    /// APPID: the program that the server is to see. Many servers let only known ones in.
    #[serde(default = "defaults::appid")]
    pub appid: String,
    /// APPVER: four digits.
    #[serde(default = "defaults::appver", deserialize_with = "text_or_number")]
    pub appver: String,
    /// User-Agent; empty for none.
    #[serde(default = "defaults::user_agent")]
    pub user_agent: String,
    /// Accept.
    #[serde(default = "defaults::accept")]
    pub accept: String,
    /// LANGUAGE.
    #[serde(default = "defaults::language")]
    pub language: String,
    /// Whether CLIENTUID is sent from the versions on that know it (103, 203, 211). `false` never sends it.
    #[serde(default = "defaults::yes")]
    pub client_uid: bool,
    /// Whether the profile is asked for at all.
    #[serde(default = "defaults::yes")]
    pub profile: bool,
    /// Whether the profile may send message sets to other addresses than `url`.
    #[serde(default = "defaults::yes")]
    pub follow_profile_urls: bool,
    /// Ask for the profile once more as the user after the first sign-on (OFX 2.3 §7.1.4). Off, since servers with the
    /// rules of 1.0.2 count that as a failed sign-on.
    #[serde(default)]
    pub profile_as_user: bool,
    /// One account per request, for servers that answer only the first of several.
    #[serde(default)]
    pub one_account_per_request: bool,
    /// How tags are laid out.
    #[serde(default)]
    pub layout: Layout,
    /// Whether leaves of OFX 1 get end tags. OFX 2 always closes.
    #[serde(default)]
    pub close_leaves: bool,
    /// How dates and times are written.
    #[serde(default)]
    pub date_form: DateForm,
    /// Whether a NEWFILEUID is made for each request; else NONE.
    #[serde(default = "defaults::yes")]
    pub new_file_uid: bool,
    /// Whether pending entries are asked for. Sent from 220 on.
    #[serde(default = "defaults::yes")]
    pub pending: bool,
    /// How the balance of a credit card is signed.
    #[serde(default)]
    pub card_balance: Sign,
    /// How the balance of a loan or a line of credit is signed.
    #[serde(default = "defaults::loan_balance")]
    pub loan_balance: Sign,
    /// The currency of statements that name none.
    #[serde(default = "defaults::currency")]
    pub currency: Currency,
    /// The institution's IANA time zone, for servers that write their times in GMT. Without it dates are taken as written.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// How tags are laid out in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A new line after each tag; some servers demand it (Vanguard).
    #[default]
    Lines,
    /// Everything on one line.
    OneLine,
}

/// How moments are written in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// `20261123150953.000[0:GMT]`; dates alone as `20261123`.
    #[default]
    Full,
    /// `20261123150953`.
    Seconds,
    /// `20261123`; some servers take nothing else (USAA).
    Day,
}

/// How an institution signs what is owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// As the specification says: owed is negative.
    #[default]
    OwedNegative,
    /// Owed is positive.
    OwedPositive,
    /// Any amount is owed, whatever its sign: right for everything that is never overpaid.
    AlwaysOwed,
}

mod defaults {
    use domain::Currency;

    use super::Sign;

    pub(super) fn version() -> u16 {
        102
    }

    /// What most servers let in: they check these two instead of asking for a registration.
    pub(super) fn appid() -> String {
        "QWIN".to_owned()
    }

    pub(super) fn appver() -> String {
        "2700".to_owned()
    }

    pub(super) fn user_agent() -> String {
        "InetClntApp/3.0".to_owned()
    }

    pub(super) fn accept() -> String {
        "*/*, application/x-ofx".to_owned()
    }

    pub(super) fn language() -> String {
        "ENG".to_owned()
    }

    pub(super) fn yes() -> bool {
        true
    }

    pub(super) fn loan_balance() -> Sign {
        Sign::AlwaysOwed
    }

    pub(super) fn currency() -> Currency {
        Currency::USD
    }
}

/// A text that people write as a number in JSON.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either<'a> {
        Number(u64),
        Text(#[serde(borrow)] Cow<'a, str>),
        Owned(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Number(number) => number.to_string(),
        Either::Text(text) => text.into_owned(),
        Either::Owned(text) => text,
    })
}

/// Versions whose requests we can write.
const VERSIONS: [u16; 14] = [102, 103, 151, 160, 200, 201, 202, 203, 210, 211, 220, 221, 230, 231];

impl Parameters {
    /// Reads a directory row's parameters; the error tells data support what is wrong.
    pub fn read(parameters: &serde_json::Value) -> Result<Self, String> {
        let read: Self = serde_json::from_value(parameters.clone()).map_err(|error| error.to_string())?;
        if !VERSIONS.contains(&read.version) {
            return Err(format!("version {} is none of {VERSIONS:?}", read.version));
        }
        if read.appid.is_empty() || read.appver.parse::<u16>().is_err() {
            return Err("appid is empty or appver is not a number".to_owned());
        }
        if let Some(zone) = &read.time_zone {
            TimeZone::get(zone).map_err(|_| format!("time_zone {zone} is not known"))?;
        }
        Ok(read)
    }

    /// Whether requests are XML.
    pub fn is_xml(&self) -> bool {
        self.version >= 200
    }

    /// Whether the version knows CLIENTUID, challenges and access keys (OFX 1.0.3, 2.0.3, 2.1.1 and later).
    pub fn knows_challenges(&self) -> bool {
        matches!(self.version, 103 | 203 | 211..)
    }

    /// Whether the version knows loan statements (OFX 2.1).
    pub fn knows_loans(&self) -> bool {
        self.version >= 210
    }

    /// Whether the version knows pending entries (OFX 2.2).
    pub fn knows_pending(&self) -> bool {
        self.pending && self.version >= 220
    }

    /// The institution's zone, when it is known.
    pub fn zone(&self) -> Option<TimeZone> {
        self.time_zone.as_ref().and_then(|name| TimeZone::get(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_needs_only_an_address() {
        let read = Parameters::read(&json!({"url": "https://ofx.bank.example/ofx"})).unwrap();
        assert_eq!((read.version, read.appid.as_str(), read.appver.as_str()), (102, "QWIN", "2700"));
        assert!(read.client_uid && !read.knows_challenges() && !read.is_xml());
    }

    #[test]
    fn numbers_may_be_written_as_numbers() {
        let row = json!({"url": "https://a.example/", "fid": 10101, "appver": 2700, "version": 211});
        let read = Parameters::read(&row).unwrap();
        assert_eq!((read.fid.as_str(), read.appver.as_str()), ("10101", "2700"));
        assert!(read.knows_challenges() && read.knows_loans() && !read.knows_pending());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (row, word) in [
            (json!({}), "url"),
            (json!({"url": "nowhere"}), "URL"),
            (json!({"url": "https://a.example/", "version": 104}), "version"),
            (json!({"url": "https://a.example/", "appver": "new"}), "appver"),
            (json!({"url": "https://a.example/", "time_zone": "Mars/Olympus"}), "time_zone"),
            (json!({"url": "https://a.example/", "vresion": 102}), "vresion"),
        ] {
            let error = Parameters::read(&row).unwrap_err();
            assert!(error.contains(word), "{row}: {error}");
        }
    }

    #[test]
    fn challenges_are_known_from_103_203_and_211_on() {
        let knows = |version: u16| {
            Parameters::read(&json!({"url": "https://a.example/", "version": version}))
                .unwrap()
                .knows_challenges()
        };
        let known: Vec<u16> = VERSIONS.into_iter().filter(|version| knows(*version)).collect();
        assert_eq!(known, [103, 203, 211, 220, 221, 230, 231]);
    }
}
