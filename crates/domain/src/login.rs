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
