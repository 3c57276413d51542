//! An institution as the catalog writes it down: its addresses, what it demands of a client, and its manner of writing OFX.

use crate::fault::Fault;
use crate::ofx::date::Style;
use crate::persona::{Persona, User};

#[derive(Debug)]
pub(crate) struct Institution {
    /// Part of all its addresses: `/ofx/{id}`, `/site/{id}`, `/phone/{id}`.
    pub id: &'static str,
    pub name: &'static str,
    /// bank, credit_union, broker, retirement, lender, card or hsa.
    pub kind: &'static str,
    /// What one has there, in few words.
    pub purpose: &'static str,
    pub org: &'static str,
    pub fid: &'static str,
    /// The version that the directory recommends.
    pub version: u16,
    /// The versions it answers; empty means all that the sandbox knows. Others get HTTP 400.
    pub versions: &'static [u16],
    pub demands: Demands,
    pub manner: Manner,
    pub notice: Option<Notice>,
    /// A fault that is on from the start.
    pub fault: Option<Fault>,
    pub personas: &'static [Persona],
}

/// What a client must send.
#[derive(Debug)]
pub(crate) struct Demands {
    /// Without the right ORG and FID: 13504.
    pub fi: bool,
    /// Without a CLIENTUID confirmed on the site: 15510.
    pub client_uid: bool,
    /// The lowest APPVER that is served; below it: 2000.
    pub app_version_min: u16,
    /// Label of a third credential, USERCRED1 (OFX 2.3 §2.5.1.4.2).
    pub credential: Option<&'static str>,
    /// MFACHALLENGEFIRST in the profile.
    pub challenge_first: bool,
}

/// How it writes.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent habits of servers, named wherever they are set"
)]
pub(crate) struct Manner {
    pub dates: Style,
    pub comma: bool,
    pub one_line: bool,
    pub currency: &'static str,
    /// Sends ACCTINFO/NAME from version 2.2 on.
    pub nicknames: bool,
    /// Bank and investment messages have addresses of their own.
    pub split_urls: bool,
    /// The FITID of an entry is another one at each download.
    pub changing_ids: bool,
    /// Sends only so many entries of an account, the newest.
    pub rows_max: usize,
}

/// A text that a person must have read before connecting.
#[derive(Debug)]
pub(crate) struct Notice {
    pub version: &'static str,
    pub text: &'static str,
}

/// The versions that the sandbox answers unless an institution says otherwise.
pub(crate) const ALL_VERSIONS: [u16; 15] =
    [102, 103, 151, 160, 200, 201, 202, 203, 210, 211, 212, 220, 221, 222, 230];

impl Institution {
    pub(crate) const PLAIN: Self = Self {
        id: "",
        name: "",
        kind: "bank",
        purpose: "",
        org: "SANDBOX",
        fid: "",
        version: 211,
        versions: &[],
        demands: Demands::NONE,
        manner: Manner::PLAIN,
        notice: None,
        fault: None,
        personas: &[],
    };

    pub(crate) fn answers(&self, version: u16) -> bool {
        if self.versions.is_empty() {
            ALL_VERSIONS.contains(&version)
        } else {
            self.versions.contains(&version)
        }
    }

    /// A routing number that can't exist: real ones don't start with 99.
    pub(crate) fn bank_id(&self) -> String {
        format!("99{:07}", crate::random::dice(0, self.id) % 10_000_000)
    }

    /// The domain of a broker (OFX 2.3 §13.6.1), in the top level reserved for examples.
    pub(crate) fn broker_id(&self) -> String {
        format!("{}.example", self.id)
    }

    pub(crate) fn user(&self, login: &str) -> Option<User> {
        User::find(login, |name| self.personas.iter().find(|persona| persona.login == name))
    }
}

impl Demands {
    pub(crate) const NONE: Self =
        Self { fi: false, client_uid: false, app_version_min: 0, credential: None, challenge_first: false };
    pub(crate) const FI: Self = Self { fi: true, ..Self::NONE };
}

impl Manner {
    pub(crate) const PLAIN: Self = Self {
        dates: Style::Plain,
        comma: false,
        one_line: false,
        currency: "USD",
        nicknames: false,
        split_urls: false,
        changing_ids: false,
        rows_max: usize::MAX,
    };
}
