//! A page that shows a secret a single time, to be copied: the link of an invitation, an access key.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::{fail::Fail, page::Page, security::Uncompressed};

#[derive(Template)]
#[template(path = "once.html")]
pub(crate) struct Once<'a> {
    /// Its title is the headline.
    pub(crate) page: Page,
    /// What it is good for, and that it is shown only now.
    pub(crate) sentence: &'a str,
    /// Of the field that holds it.
    pub(crate) label: &'a str,
    pub(crate) secret: &'a str,
    /// Where to go on once it is copied.
    pub(crate) back: &'static str,
}

impl Once<'_> {
    pub(crate) fn answer(&self) -> Result<Response, Fail> {
        let mut response = Html(self.render()?).into_response();
        response.extensions_mut().insert(Uncompressed);
        Ok(response)
    }
}
