//! What all pages have in common.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::Offset;

/// A text as it may stand in HTML, in an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The page of an institution, in one of six colours. `name` is a text, `body` HTML.
pub(crate) fn institution_page(name: &str, greeting: &str, colour: u64, body: &str) -> Html<String> {
    let (name, greeting, colour) = (escape(name), escape(greeting), colour % 6);
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{name}</title><link rel=\"stylesheet\" href=\"/sandbox.css\"></head>\
         <body class=\"house house-{colour}\"><a class=\"skip\" href=\"#main\">Skip to content</a>\
         <header class=\"bar house-bar\"><p class=\"house-name\">{name}</p><p>{greeting}</p></header><main id=\"main\">{body}</main>\
         <footer><p>{name} is invented, part of a sandbox on this machine. <a href=\"/phone\">Text messages</a> · \
         <a href=\"/\">All sandbox institutions</a></p></footer></body></html>"
    ))
}

/// A page of the sandbox itself. `body` is HTML; a page that reloads itself says so in `head`.
pub(crate) fn page(title: &str, head: &str, body: &str) -> Html<String> {
    let title = escape(title);
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/sandbox.css\"></head><body>\
         <a class=\"skip\" href=\"#main\">Skip to content</a>\
         <header class=\"bar\"><a class=\"brand\" href=\"/\">Sandbox institutions</a>\
         <nav aria-label=\"Sandbox\"><a href=\"/\">Logins</a><a href=\"/phone\">Phone</a><a href=\"/control\">Control</a></nav>\
         </header><main id=\"main\">{body}</main>\
         <footer><p>Everything here is invented. The sandbox answers on this machine only and forgets everything when it \
         stops.</p></footer></body></html>"
    ))
}

/// An instant of the sandbox's clock in words, in GMT.
pub(crate) fn instant(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%b %-d, %Y, %H:%M:%S GMT").to_string()
}

/// `GET /sandbox.css`.
pub(crate) async fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("sandbox.css")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_become_markup() {
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
