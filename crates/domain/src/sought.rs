//! What people look for and don't find: requests of clients, and searches kept without anybody's data.

use jiff::{Timestamp, civil::Date};

use crate::{RequestId, limits};

/// Why a search is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Miss {
    /// It found nothing.
    Nothing,
    /// What was chosen in the end was not what was typed.
    Corrected,
}

impl Miss {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Corrected => "corrected",
        }
    }

    /// The kind of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Nothing, Self::Corrected].into_iter().find(|miss| miss.code() == code)
    }
}

/// A text that was searched for, over all people and days that are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub text: String,
    pub miss: Miss,
    /// What was chosen in the end.
    pub offering: Option<String>,
    pub count: u32,
    /// The last day on which it was typed.
    pub last: Date,
}

/// What may be kept of a typed search, or `None`: it might say something about a person.
///
/// Lower-cased, with single spaces, cut to [`limits::SEARCH_CHARS_KEPT`]. Of a web address the host alone. Nothing with
/// an `@` (an e-mail), with five digits in a row (a number of an account, a card or a person), of a mix that passwords
/// are made of, or longer than any institution's name.
pub fn kept_text(typed: &str) -> Option<String> {
    const WORDS_MAX: usize = 8;
    let text = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let host = host(&text);
    let is_host = host.is_some();
    let text = host.unwrap_or(text);
    let password = |word: &str| !is_host && is_like_a_password(word);
    if text.chars().count() < 2
        || text.contains('@')
        || text.chars().any(char::is_control)
        || has_number(&text)
        || text.split(' ').count() > WORDS_MAX
        || text.split(' ').any(password)
    {
        return None;
    }
    Some(text.chars().take(limits::SEARCH_CHARS_KEPT).collect::<String>().trim_end().to_owned())
}

/// Five digits in a row, also when they are typed in groups, such as a date.
fn has_number(text: &str) -> bool {
    const DIGITS_MAX: u32 = 4;
    let mut run = 0;
    text.chars().any(|c| {
        run = match c {
            _ if c.is_numeric() => run + 1,
            _ if c.is_alphabetic() => 0,
            _ => run,
        };
        run > DIGITS_MAX
    })
}

/// Letters and digits in one word, longer than `my529` and `401(k)`.
fn is_like_a_password(word: &str) -> bool {
    let (letters, digits) = (word.chars().any(char::is_alphabetic), word.chars().any(char::is_numeric));
    let most = if word.chars().all(char::is_alphanumeric) { 7 } else { 6 };
    letters && digits && word.chars().count() > most
}

/// The host of something that looks like a web address.
fn host(text: &str) -> Option<String> {
    if text.contains(' ') {
        return None;
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let ending = host.rsplit('.').next().unwrap_or_default();
    let named = (2..=12).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_lowercase());
    (host.contains('.') && host.split('.').all(label) && named)
        .then(|| host.trim_start_matches("www.").to_owned())
}

/// Where a request for an institution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    Open,
    /// It is in the directory now.
    Added,
    Declined,
}

impl RequestState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Open, Self::Added, Self::Declined];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Added => "added",
            Self::Declined => "declined",
        }
    }

    /// The state of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A client asks the firm to add an institution. Who asks is not part of it: data support need not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstitutionRequest {
    pub id: RequestId,
    /// As the client typed it.
    pub typed: String,
    /// Where the client logs in; empty when not told.
    pub address: String,
    /// [`wanted`] of what was typed: requests that are alike are worked on as one.
    pub wanted: String,
    pub state: RequestState,
    /// The firm's words to the client.
    pub answer: String,
    /// What it is in the directory, once it is there.
    pub offering: Option<String>,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// What makes two requests the same: letters and digits in lower case, with single spaces.
pub fn wanted(typed: &str) -> String {
    let lower = typed.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_hosts_are_kept() {
        for (typed, kept) in [
            ("  Harbor   TRUST ", "harbor trust"),
            ("1st fedral", "1st fedral"),
            ("https://www.harbor-trust.com/login?user=ruth", "harbor-trust.com"),
            ("nb.fidelity.com", "nb.fidelity.com"),
            ("harbor.com/accounts/1234567?who=ruth@x.example", "harbor.com"),
            ("www.4-u-federal-2023.com", "4-u-federal-2023.com"),
            ("401k", "401k"),
            ("403(b)", "403(b)"),
            ("my529", "my529"),
            ("at&t", "at&t"),
            ("bank of the first national trust of ohio", "bank of the first national trust of ohio"),
        ] {
            assert_eq!(kept_text(typed).as_deref(), Some(kept), "{typed}");
        }
        assert_eq!(kept_text(&"harbor ".repeat(8)).unwrap().chars().count(), 55);
        assert_eq!(kept_text(&"x".repeat(200)).unwrap().len(), limits::SEARCH_CHARS_KEPT);
    }

    #[test]
    fn what_may_be_about_a_person_is_not_kept() {
        for typed in [
            "",
            "x",
            "ruth@lindqvist.example",
            "harbor 12345",
            "4111 1111 1111 1111",
            "078-05-1120",
            "copper-orchard-41",
            "12/31/1970",
            "Summer24!",
            "Sunshine2024",
            "Tr0ub4dor&3-horse",
            "my password is Tr0ub4dor&3x here",
            "i would like to find the bank where my mother is",
            "harbor\u{7}trust",
        ] {
            assert_eq!(kept_text(typed), None, "{typed}");
        }
    }

    #[test]
    fn requests_alike_are_the_same() {
        assert_eq!(wanted(" Harbor-Trust, N.A."), "harbor trust n a");
        assert_eq!(wanted("HARBOR   trust n a"), "harbor trust n a");
        assert_eq!(wanted("!!"), "");
    }
}
