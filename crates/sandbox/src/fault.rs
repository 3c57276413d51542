//! What can go wrong on purpose, and for how long. Transport faults are played by `wire`, content faults by `ofx`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A fault and its figures.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub kind: Kind,
    /// `slow`: seconds before the answer; `http_503_later`: seconds to wait.
    #[serde(default = "default_seconds")]
    pub seconds: u64,
    /// `status`: the signon status code to answer with.
    #[serde(default)]
    pub code: u32,
}

fn default_seconds() -> u64 {
    20
}

impl Fault {
    pub(crate) const fn of(kind: Kind) -> Self {
        Self { kind, seconds: 20, code: 0 }
    }
}

macro_rules! kinds {
    ($($variant:ident $name:literal $about:literal)*) => {
        /// The kinds of faults, by the names the API uses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Kind { $(#[serde(rename = $name)] $variant,)* }

        impl Kind {
            /// Name and meaning of each, for the control page.
            pub(crate) const ALL: &[(Kind, &str, &str)] = &[$((Kind::$variant, $name, $about),)*];
        }
    };
}

kinds! {
    None "none" "nothing: heals an institution whose fault is on from the start"
    Refuse "refuse" "the connection is closed without a byte"
    Reset "reset" "the connection is reset"
    Slow "slow" "the answer comes after `seconds`"
    Hang "hang" "the connection stays open and silent"
    HangMidway "hang_midway" "half of the answer, then silence"
    Drip "drip" "one byte a second"
    Http400 "http_400" "HTTP 400"
    Http403 "http_403" "HTTP 403"
    Http404 "http_404" "HTTP 404"
    Http429 "http_429" "HTTP 429 with Retry-After: 120"
    Http500 "http_500" "HTTP 500"
    Http502 "http_502" "HTTP 502"
    Http503 "http_503" "HTTP 503"
    Http503Later "http_503_later" "HTTP 503 with Retry-After: `seconds`"
    Redirect "redirect" "redirects to itself without end"
    RedirectAway "redirect_away" "redirects to a link-local address"
    Html "html" "an HTML page with status 200"
    Garbage "garbage" "random bytes as application/x-ofx"
    Empty "empty" "status 200 and an empty body"
    Truncated "truncated" "the length is right, half of the body comes"
    HalfBody "half_body" "half of the document, framed as if it were whole"
    ShortLength "short_length" "Content-Length is ten bytes too small"
    LongLength "long_length" "Content-Length is a thousand bytes too large"
    GzipBomb "gzip_bomb" "one gigabyte of spaces, compressed"
    Huge "huge" "one gigabyte of entries"
    HeaderFlood "header_flood" "ten thousand response headers"
    DeepNesting "deep_nesting" "a hundred thousand nested aggregates"
    EntityBomb "entity_bomb" "entities that expand without end"
    WrongCharset "wrong_charset" "bytes that no charset explains"
    WrongTrnuid "wrong_trnuid" "answers carry another TRNUID"
    MissingAnswers "missing_answers" "the signon succeeds, the statements are left out"
    StatementError "statement_error" "the statement of the last account answers 2002, the others come"
    Status "status" "the signon answers with `code`"
    Maintenance "maintenance" "the signon answers 13505"
    NoAccounts "no_accounts" "the account list is empty"
    HalfList "half_list" "half of the accounts are listed"
    ZeroBalances "zero_balances" "all balances are zero, nothing has happened"
}

/// A fault that somebody has set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Active {
    /// Institution id, or `*`.
    pub institution: String,
    /// Only for this login.
    pub login: Option<String>,
    #[serde(flatten)]
    pub fault: Fault,
    /// So many requests are still hit; none means all.
    pub count: Option<u32>,
    /// Ends at this instant of the sandbox's clock.
    pub until: Option<Timestamp>,
}

impl Active {
    pub(crate) fn hits(&self, institution: &str, login: Option<&str>, now: Timestamp) -> bool {
        let here = self.institution == "*" || self.institution == institution;
        let them = self.login.is_none() || self.login.as_deref() == login;
        here && them && self.until.is_none_or(|until| now < until) && self.count != Some(0)
    }
}

/// Picks the fault that hits a request, newest first, and counts it down. What was set wins over what is on from the start.
pub(crate) fn pick(
    active: &mut Vec<Active>,
    always: Option<Fault>,
    institution: &str,
    login: Option<&str>,
    now: Timestamp,
) -> Option<Fault> {
    active.retain(|fault| fault.count != Some(0) && fault.until.is_none_or(|until| now < until));
    let set = active.iter_mut().rev().find(|fault| fault.hits(institution, login, now));
    let picked = match set {
        Some(fault) => {
            fault.count = fault.count.map(|count| count - 1);
            Some(fault.fault)
        }
        None => always,
    };
    picked.filter(|fault| fault.kind != Kind::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(institution: &str, kind: Kind, count: Option<u32>) -> Active {
        let fault = Fault { kind, seconds: 0, code: 0 };
        Active { institution: institution.to_owned(), login: None, fault, count, until: None }
    }

    #[test]
    fn the_newest_wins_and_counts_down() {
        let now = Timestamp::UNIX_EPOCH;
        let mut active = vec![set("*", Kind::Hang, None), set("a", Kind::Html, Some(1))];
        let mut next = |institution| pick(&mut active, None, institution, None, now).map(|fault| fault.kind);
        assert_eq!(next("b"), Some(Kind::Hang));
        assert_eq!(next("a"), Some(Kind::Html));
        assert_eq!(next("a"), Some(Kind::Hang));
    }

    #[test]
    fn none_heals_what_is_on_from_the_start() {
        let always = Some(Fault::of(Kind::Http503));
        let now = Timestamp::UNIX_EPOCH;
        assert!(pick(&mut vec![], always, "a", None, now).is_some());
        assert!(pick(&mut vec![set("a", Kind::None, None)], always, "a", None, now).is_none());
    }
}
