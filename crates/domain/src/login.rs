//! A login at an institution: what the form asks, and what a person typed into it.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How a field of an institution's login form is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Shown while typed.
    Text,
    /// Hidden while typed.
    Password,
}

/// One field of an institution's own login form, in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name under which the connector reads it, such as `user_id`.
    pub name: String,
    /// The institution's label.
    pub label: String,
    /// How it is typed.
    pub kind: FieldKind,
    /// A sentence of help below the field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// The filled-in form. Secret from the first byte: no `Serialize`, and `Debug` shows names only.
#[derive(Debug, Clone, Default)]
pub struct Login {
    fields: Vec<(String, SecretString)>,
}

/// Why a form can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginProblem {
    /// A field that the institution needs is empty.
    #[error("{label} is missing")]
    Missing { name: String, label: String },
    /// Longer than any institution accepts ([`crate::limits::LOGIN_FIELD_BYTES_MAX`]).
    #[error("{label} is too long")]
    TooLong { name: String, label: String },
}

impl Login {
    /// Reads the answers to `form` through `typed`, in the form's order. Nothing but the declared fields is kept.
    pub fn read(
        form: &[Field],
        mut typed: impl FnMut(&str) -> Option<SecretString>,
    ) -> Result<Self, Vec<LoginProblem>> {
        let mut login = Self::default();
        let mut problems = Vec::new();
        for field in form {
            let (name, label) = (field.name.clone(), field.label.clone());
            match typed(&field.name) {
                Some(value) if value.expose_secret().len() > crate::limits::LOGIN_FIELD_BYTES_MAX => {
                    problems.push(LoginProblem::TooLong { name, label });
                }
                Some(value) if !value.expose_secret().trim().is_empty() => login.fields.push((name, value)),
                _ => problems.push(LoginProblem::Missing { name, label }),
            }
        }
        if problems.is_empty() { Ok(login) } else { Err(problems) }
    }

    /// A login of known fields, for connectors' tests and the vault.
    pub fn from_fields(fields: Vec<(String, SecretString)>) -> Self {
        Self { fields }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// All fields in the form's order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// One of several logins of a household at the same institution.
#[derive(Debug, Clone, Copy)]
pub struct Namesake<'a> {
    /// The name of the person whose login it is.
    pub owner: &'a str,
    /// The masked digits of its accounts, joined by commas; empty when it has none.
    pub digits: &'a str,
}

/// The most accounts by whose digits a login is told from another one.
const DIGITS_NAMED: usize = 1;

/// What tells each of several logins at one institution from the others, in the order in which they were made: its
/// owner's first name, else the digits of its accounts, else its place.
pub fn tell_apart(logins: &[Namesake<'_>]) -> Vec<String> {
    let first = |login: &Namesake<'_>| login.owner.split_whitespace().next().unwrap_or_default().to_owned();
    let digits =
        |login: &Namesake<'_>| login.digits.split(", ").take(DIGITS_NAMED).collect::<Vec<_>>().join(", ");
    let by_owner = logins.iter().any(|login| first(login) != first(&logins[0]));
    let names = logins.iter().enumerate().map(|(at, login)| {
        let rivals = |other: &&Namesake<'_>| !by_owner || first(other) == first(login);
        let alike = logins.iter().filter(rivals).filter(|other| digits(other) == digits(login)).count();
        let own = match digits(login) {
            _ if logins.iter().filter(rivals).count() == 1 => String::new(),
            of if of.is_empty() || alike > 1 => place(logins[..at].iter().filter(rivals).count()),
            of => of,
        };
        let owner = if by_owner { first(login) } else { String::new() };
        [owner, own].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    });
    names.collect()
}

/// The `before + 1`-th login, in words.
fn place(before: usize) -> String {
    match before {
        0 => "first login".to_owned(),
        1 => "second login".to_owned(),
        2 => "third login".to_owned(),
        _ => format!("login {}", before + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(logins: &[(&str, &str)]) -> Vec<String> {
        let logins: Vec<_> = logins.iter().map(|(owner, digits)| Namesake { owner, digits }).collect();
        tell_apart(&logins)
    }

    #[test]
    fn logins_are_told_apart_by_owner_then_digits_then_place() {
        assert_eq!(told(&[("Ruth Lindqvist", "•••1"), ("Samuel Lindqvist", "•••1")]), ["Ruth", "Samuel"]);
        assert_eq!(told(&[("Ruth", "•••1"), ("Ruth", "•••2, •••3, •••4")]), ["•••1", "•••2"]);
        assert_eq!(told(&[("Ruth", "•••1"), ("Ruth", "")]), ["•••1", "second login"]);
        assert_eq!(told(&[("Ruth", "•••1"), ("Ruth", "•••1")]), ["first login", "second login"]);
        assert_eq!(
            told(&[("Ruth", ""), ("Samuel", ""), ("Ruth", "")]),
            ["Ruth, first login", "Samuel", "Ruth, second login"]
        );
    }
}
