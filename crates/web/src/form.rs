//! Forms: the typed text is read once into values of the domain; what can't be read stays in its field with a sentence.
//!
//! ```text
//! let mut form = Form::new(typed);
//! let email = form.email("email");           // Option; a problem is noted with the field
//! let password = form.secret("password");    // never shown again
//! let Some(email) = email else { return page.with(form) };
//! ```

use std::str::FromStr;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use domain::{Currency, Date, Money, limits, person};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::fail::Fail;

/// The most fields a form may have; the largest of ours, a review of found accounts, has five an account.
const FIELDS_MAX: usize = 1_000;

/// A sent form: names and texts in their order. `Debug` shows names only, since any text may be a secret.
#[derive(Default)]
pub(crate) struct Typed {
    fields: Vec<(String, Zeroizing<String>)>,
}

impl Typed {
    /// Reads `application/x-www-form-urlencoded` (URL Standard, §5.1).
    fn read(body: &[u8]) -> Result<Self, Fail> {
        let mut fields = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS_MAX {
                return Err(Fail::Unreadable);
            }
            let split = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match split {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            fields.push((decoded(name)?.to_string(), decoded(value)?));
        }
        Ok(Self { fields })
    }

    /// The text of the first field of this name, as typed.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A text that must not be shown again.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.get(name).map(SecretString::from)
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

impl<S: Send + Sync> FromRequest<S> for Typed {
    type Rejection = Fail;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fail> {
        let body =
            Bytes::from_request(request, state).await.map_err(|refused| Fail::Status(refused.status()))?;
        Self::read(&body)
    }
}

fn decoded(text: &[u8]) -> Result<Zeroizing<String>, Fail> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(*byte).to_digit(16));
                let (high, low) = (digit().ok_or(Fail::Unreadable)?, digit().ok_or(Fail::Unreadable)?);
                (high * 16 + low) as u8
            }
            byte => *byte,
        });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Fail::Unreadable)?;
    if text.contains('\0') {
        return Err(Fail::Unreadable);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// A form while it is read, and what its page shows again.
#[derive(Default)]
pub(crate) struct Form {
    typed: Typed,
    secrets: Vec<String>,
    problems: Vec<(String, String)>,
}

impl Form {
    /// A sent form.
    pub(crate) fn new(typed: Typed) -> Self {
        Self { typed, secrets: Vec::new(), problems: Vec::new() }
    }

    /// A form that nobody has sent yet, filled with these texts.
    pub(crate) fn filled(fields: &[(&str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned())))
            .collect();
        Self::new(Typed { fields })
    }

    /// Fills a field that was not sent with this form but stands on its page.
    pub(crate) fn fill(&mut self, name: &str, value: &str) {
        if self.typed.get(name).is_none() {
            self.typed.fields.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        }
    }

    /// The form with another text in a field.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.typed.fields.retain(|(field, _)| field != name);
        self.typed.fields.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        self
    }

    /// The text of a field without spaces around it; empty when it wasn't sent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.typed.get(name).unwrap_or_default().trim()
    }

    /// Whether a checkbox was set.
    pub(crate) fn checked(&self, name: &str) -> bool {
        self.typed.get(name).is_some_and(|value| !value.is_empty())
    }

    /// A name of up to [`limits::NAME_CHARS_MAX`] characters in one line; `what` is how a sentence calls it.
    pub(crate) fn name(&mut self, name: &str, what: &str) -> Option<String> {
        let text = self.text(name).to_owned();
        if text.is_empty() {
            self.problem(name, format!("Please enter {what}."));
        } else if text.chars().count() > limits::NAME_CHARS_MAX {
            self.problem(name, format!("Please use at most {} characters.", limits::NAME_CHARS_MAX));
        } else if text.chars().any(char::is_control) {
            self.problem(name, "Please use letters and digits only.");
        } else {
            return Some(text);
        }
        None
    }

    /// An e-mail address, lower-cased.
    pub(crate) fn email(&mut self, name: &str) -> Option<String> {
        let email = person::email(self.text(name));
        if email.is_none() {
            self.problem(name, "Please enter an e-mail address, like name@example.com.");
        }
        email
    }

    /// An amount of money as people type it.
    pub(crate) fn money(&mut self, name: &str, currency: Currency) -> Option<Money> {
        let amount = Money::parse(self.text(name), currency).ok();
        if amount.is_none() {
            self.problem(name, "Please enter an amount, like 1,234.50.");
        }
        amount
    }

    /// A day as browsers send it: `2026-11-21`.
    pub(crate) fn date(&mut self, name: &str) -> Option<Date> {
        let date = self.text(name).parse().ok();
        if date.is_none() {
            self.problem(name, "Please enter a date, like 2026-11-21.");
        }
        date
    }

    /// A day that is not after `today`.
    pub(crate) fn past_date(&mut self, name: &str, today: Date) -> Option<Date> {
        let date = self.date(name)?;
        if date > today {
            self.problem(name, "Please enter a date that is not in the future.");
            return None;
        }
        Some(date)
    }

    /// One of a list, by its code; `read` knows the codes.
    pub(crate) fn choice<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let choice = read(self.text(name));
        if choice.is_none() {
            self.problem(name, "Please choose one.");
        }
        choice
    }

    /// Anything that reads from text, such as an id.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).parse().ok()
    }

    /// A text that is never shown again; spaces around it are kept. Empty counts as missing.
    pub(crate) fn secret(&mut self, name: &str, what: &str) -> Option<SecretString> {
        self.hide(name);
        let secret = self.typed.secret(name).filter(|text| !text.expose_secret().is_empty());
        if secret.is_none() {
            self.problem(name, format!("Please enter {what}."));
        }
        secret
    }

    /// Keeps the text of a field from being shown again.
    pub(crate) fn hide(&mut self, name: &str) {
        self.secrets.push(name.to_owned());
    }

    /// Notes what is wrong with a field.
    pub(crate) fn problem(&mut self, name: &str, sentence: impl Into<String>) {
        self.problems.push((name.to_owned(), sentence.into()));
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// The raw fields, for forms whose fields are not known beforehand.
    pub(crate) fn typed(&self) -> &Typed {
        &self.typed
    }

    /// For templates: what to show in a field again; empty for secrets and password fields.
    pub(crate) fn value(&self, name: &str) -> &str {
        let hidden = name.contains("password") || self.secrets.iter().any(|secret| secret == name);
        if hidden { "" } else { self.typed.get(name).unwrap_or_default() }
    }

    /// For templates: what is wrong with a field.
    pub(crate) fn error(&self, name: &str) -> Option<&str> {
        self.problems.iter().find(|(field, _)| field == name).map(|(_, sentence)| sentence.as_str())
    }

    /// For templates: all that is wrong, `(field, sentence)`, for the summary above the form.
    pub(crate) fn errors(&self) -> &[(String, String)] {
        &self.problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Form {
        Form::new(Typed::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn reads_what_browsers_send() {
        let form = form("name=Ruth+Lindqvist&note=100%25+%26+more&empty=&flag");
        assert_eq!(form.text("name"), "Ruth Lindqvist");
        assert_eq!(form.text("note"), "100% & more");
        assert!(!form.checked("empty") && !form.checked("flag") && form.checked("name"));
        assert_eq!(form.typed().get("flag"), Some(""));
    }

    #[test]
    fn refuses_what_no_browser_sends() {
        for body in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00"] {
            assert!(matches!(Typed::read(body.as_bytes()), Err(Fail::Unreadable)), "{body}");
        }
        assert!(Typed::read("a=1&".repeat(FIELDS_MAX).as_bytes()).is_ok());
        assert!(Typed::read("a=1&".repeat(FIELDS_MAX + 1).as_bytes()).is_err());
    }

    #[test]
    fn a_secret_is_neither_shown_again_nor_printed() {
        let mut form = form("user=ruth&pin=8421-canary&password=canary-2");
        assert!(form.secret("pin", "the PIN").is_some());
        assert_eq!((form.value("pin"), form.value("password"), form.value("user")), ("", "", "ruth"));
        assert!(!format!("{:?}", form.typed()).contains("canary"));
    }

    #[test]
    fn problems_stay_with_their_field() {
        let mut form = form("email=ruth&amount=x&day=2026-13-01&name=");
        assert!(form.email("email").is_none() && form.money("amount", Currency::USD).is_none());
        assert!(form.date("day").is_none() && form.name("name", "your name").is_none());
        assert_eq!(form.error("name"), Some("Please enter your name."));
        assert_eq!(form.errors().len(), 4);
        assert_eq!(form.value("email"), "ruth");
        let long = "x".repeat(limits::NAME_CHARS_MAX + 1);
        assert!(Form::filled(&[("name", &long)]).name("name", "your name").is_none());
        assert!(Form::filled(&[("name", &long[1..])]).name("name", "your name").is_some());
    }
}
