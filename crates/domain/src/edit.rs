//! What a firm changes of its directory: fields put over an offering of the binary, or an offering of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    institution::{InstitutionKind, Offering},
    limits,
};

/// What an edit does. It is told in the history; what holds afterwards is in its [`Changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditKind {
    Added,
    Corrected,
    /// No longer found by those who search; connections to it live on.
    Hidden,
    Shown,
    /// Only the note to clients.
    Annotated,
    /// As an earlier version was.
    Restored,
}

impl EditKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Added, Self::Corrected, Self::Hidden, Self::Shown, Self::Annotated, Self::Restored];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Corrected => "corrected",
            Self::Hidden => "hidden",
            Self::Shown => "shown",
            Self::Annotated => "annotated",
            Self::Restored => "restored",
        }
    }

    /// The kind of a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The fields of an offering that a firm has its own way. Everything else stays as the binary has it, also in its next
/// release. How an offering is reached is not among them: no edit makes one connectable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<InstitutionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases_added: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases_removed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
}

impl Changes {
    /// What makes `wanted` of `base`. Fields that no firm can change are not looked at.
    pub fn between(base: &Offering, wanted: &Offering) -> Self {
        fn other<T: Clone + PartialEq>(base: &T, wanted: &T) -> Option<T> {
            (base != wanted).then(|| wanted.clone())
        }
        let not_in = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|alias| !those.contains(alias)).cloned().collect()
        };
        Self {
            brand: other(&base.brand, &wanted.brand),
            name: other(&base.name, &wanted.name),
            kind: other(&base.kind, &wanted.kind),
            purpose: other(&base.purpose, &wanted.purpose),
            aliases_added: not_in(&wanted.also_known_as, &base.also_known_as),
            aliases_removed: not_in(&base.also_known_as, &wanted.also_known_as),
            home_url: other(&base.home_url, &wanted.home_url),
            login_url: other(&base.login_url, &wanted.login_url),
            place: other(&base.place, &wanted.place),
            note: other(&base.note, &wanted.note),
            listed: other(&base.listed, &wanted.listed),
        }
    }

    /// The offering with these changes.
    #[must_use]
    pub fn over(&self, base: &Offering) -> Offering {
        fn or<T: Clone>(change: Option<&T>, base: &T) -> T {
            change.unwrap_or(base).clone()
        }
        let kept = base.also_known_as.iter().filter(|alias| !self.aliases_removed.contains(alias));
        let added = self.aliases_added.iter().filter(|alias| !base.also_known_as.contains(alias));
        Offering {
            brand: or(self.brand.as_ref(), &base.brand),
            name: or(self.name.as_ref(), &base.name),
            kind: self.kind.unwrap_or(base.kind),
            purpose: or(self.purpose.as_ref(), &base.purpose),
            also_known_as: kept.chain(added).cloned().collect(),
            home_url: or(self.home_url.as_ref(), &base.home_url),
            login_url: or(self.login_url.as_ref(), &base.login_url),
            place: or(self.place.as_ref(), &base.place),
            note: or(self.note.as_ref(), &base.note),
            listed: self.listed.unwrap_or(base.listed),
            ..base.clone()
        }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an offering can be made of these alone.
    pub fn is_whole(&self) -> bool {
        self.name.is_some() && self.home_url.is_some()
    }
}

/// One row of an offering's history. The newest of an offering holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub offering: String,
    /// Counts from 1 for each offering of a firm.
    pub version: u32,
    pub kind: EditKind,
    pub changes: Changes,
    /// Why, in the words of who did it.
    pub comment: String,
    /// The name of who did it.
    pub by: String,
    pub at: Timestamp,
}

/// The beginning of an id of a firm's own offering.
const OWN: &str = "firm-";
/// Neither a household name nor tiny.
const OWN_POPULARITY: u8 = 4;

/// Whether an id is that of a firm's own offering.
pub fn is_own(id: &str) -> bool {
    id.starts_with(OWN)
}

/// The id of a firm's own offering: its name in letters and digits that an address may have, and `word`, which keeps
/// two of one name apart.
pub fn own_id(name: &str, word: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && c != '\'' && c != '’' {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    let word: String =
        word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(6).collect();
    [OWN.trim_end_matches('-'), slug, &word]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// What a firm's own offering begins as.
pub fn blank(id: &str) -> Offering {
    Offering {
        id: id.to_owned(),
        brand: String::new(),
        name: String::new(),
        kind: InstitutionKind::Other,
        purpose: String::new(),
        also_known_as: Vec::new(),
        home_url: String::new(),
        login_url: String::new(),
        place: String::new(),
        popularity: OWN_POPULARITY,
        assets_usd_thousands: 0,
        note: String::new(),
        listed: true,
        access: None,
        notice: None,
    }
}

/// A web address as the directory keeps it: https, a host with a dot, no port and nobody's name in it. Without a scheme
/// it is taken for https.
pub fn web_address(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let rest = match typed.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return None,
        None => typed,
    };
    let clean = !rest
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\' | '@'));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.to_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let dotted = host.contains('.') && host.split('.').all(label);
    // The last part of a name is no number; an address of numbers is no name.
    let named = host.rsplit('.').next().is_some_and(|last| last.chars().any(char::is_alphabetic));
    let fits = typed.chars().count() <= limits::ADDRESS_CHARS_MAX;
    (clean && dotted && named && fits)
        .then(|| format!("https://{host}{}", if path == "/" { "" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Offering {
        Offering {
            name: "Harbor Trust".to_owned(),
            also_known_as: vec!["HTB".to_owned(), "Old Harbor".to_owned()],
            home_url: "https://harbortrust.com".to_owned(),
            ..blank("harbor-trust")
        }
    }

    #[test]
    fn only_what_differs_is_kept_and_the_rest_follows_the_binary() {
        let wanted = Offering {
            name: "Harbor Trust Bank".to_owned(),
            also_known_as: vec!["HTB".to_owned(), "Harbour Trust".to_owned()],
            listed: false,
            ..base()
        };
        let changes = Changes::between(&base(), &wanted);
        assert_eq!(changes.over(&base()), wanted);
        let text = serde_json::to_string(&changes).unwrap();
        assert_eq!(
            text,
            r#"{"name":"Harbor Trust Bank","aliases_added":["Harbour Trust"],"aliases_removed":["Old Harbor"],"listed":false}"#
        );
        assert_eq!(serde_json::from_str::<Changes>(&text).unwrap(), changes);
        // The next release has moved it, and knows a name that the firm added.
        let mut next = base();
        next.home_url = "https://harbor.bank".to_owned();
        next.also_known_as.extend(["Harbour Trust".to_owned(), "HT".to_owned()]);
        let over = changes.over(&next);
        assert_eq!(
            (over.home_url.as_str(), over.name.as_str()),
            ("https://harbor.bank", "Harbor Trust Bank")
        );
        assert_eq!(over.also_known_as, ["HTB", "Harbour Trust", "HT"]);
        assert!(Changes::between(&base(), &base()).is_empty());
    }

    #[test]
    fn ids_are_made_of_names() {
        for (name, id) in [
            ("Harbor Trust Bank", "firm-harbor-trust-bank-7k2m9q"),
            ("  O’Neill & Sons, N.A.  ", "firm-oneill-sons-n-a-7k2m9q"),
            ("東京", "firm-7k2m9q"),
        ] {
            assert_eq!(own_id(name, "7K2M9QXX"), id);
            assert!(is_own(id));
        }
        assert!(own_id(&"x".repeat(200), "1").len() < 60);
        assert!(!is_own("first-platypus"));
    }

    #[test]
    fn addresses_are_of_the_web_and_named() {
        for (typed, kept) in [
            ("https://www.Harbor.com/", "https://www.harbor.com"),
            ("harbor.com", "https://harbor.com"),
            (" HTTPS://harbor.com/Login?x=1 ", "https://harbor.com/Login?x=1"),
        ] {
            assert_eq!(web_address(typed).as_deref(), Some(kept), "{typed}");
        }
        for typed in [
            "",
            "harbor",
            "http://harbor.com",
            "javascript://harbor.com",
            "https://user@harbor.com",
            "https://harbor.com:8443",
            "https://127.0.0.1",
            "https://har bor.com",
            "https://-harbor.com",
            "https://harbor..com",
            "https://harbor.com/\"><script>",
        ] {
            assert_eq!(web_address(typed), None, "{typed}");
        }
        assert_eq!(web_address(&format!("harbor.com/{}", "x".repeat(300))), None);
    }
}
