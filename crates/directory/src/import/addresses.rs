//! Web addresses as they are published, and as the table keeps them: `https`, small host, nothing behind it that says
//! nothing.

use std::net::IpAddr;

/// Second-level endings under which anybody may have a name: an address that is only one of them is nobody's.
const PUBLIC_SUFFIXES: [&str; 9] =
    ["co.uk", "org.uk", "com.au", "co.nz", "co.in", "com.mx", "com.br", "github.io", "web.app"];
const SOCIAL: [&str; 10] = [
    "facebook.com",
    "fb.com",
    "twitter.com",
    "x.com",
    "instagram.com",
    "linkedin.com",
    "youtube.com",
    "tiktok.com",
    "yelp.com",
    "sites.google.com",
];
const PLACEHOLDERS: [&str; 12] = [
    "example.com",
    "example.org",
    "example.net",
    "test.com",
    "none.com",
    "na.com",
    "localhost.com",
    "website.com",
    "domain.com",
    "yoursite.com",
    "comingsoon.com",
    "underconstruction.com",
];
const MAIL_HOSTS: [&str; 7] =
    ["gmail.com", "yahoo.com", "aol.com", "hotmail.com", "outlook.com", "comcast.net", "msn.com"];

/// What is wrong with the shape of an address, if anything is: nobody could log in there.
pub(crate) fn wrong_shape(url: &str) -> Option<&'static str> {
    if url.contains(char::is_whitespace) {
        return Some("has a space");
    }
    let Some(rest) = url.strip_prefix("https://") else {
        return Some("isn't https");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Some("is a mail address");
    }
    let bracketed = host.trim_start_matches('[').split(']').next().unwrap_or_default();
    if host.parse::<IpAddr>().is_ok() || bracketed.parse::<IpAddr>().is_ok() {
        return Some("is a bare number");
    }
    if host.contains(':') {
        return Some("names a port");
    }
    let name = host.strip_prefix("www.").unwrap_or(host);
    if !name.contains('.') {
        return Some("has no dot in its host");
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let ending = name.rsplit('.').next().unwrap_or_default();
    if !name.split('.').all(label) || !ending.bytes().all(|b| b.is_ascii_lowercase()) || ending.len() < 2 {
        return Some("isn't the name of a host");
    }
    if PUBLIC_SUFFIXES.contains(&name) {
        return Some("is an ending, not a name");
    }
    let under = |known: &str| name == known || name.ends_with(&format!(".{known}"));
    if SOCIAL.iter().any(|known| under(known)) {
        return Some("is a page of a social network");
    }
    if PLACEHOLDERS.iter().any(|known| under(known)) || MAIL_HOSTS.contains(&name) {
        return Some("is a placeholder");
    }
    None
}

/// The address in what somebody typed into an official form; `None` when there is none.
pub(crate) fn cleaned(raw: &str) -> Option<String> {
    let raw = raw.trim().replace('\\', "/");
    let first = raw.split([';', ',', ' ', '\t', '\r', '\n']).find(|part| part.contains('.'))?;
    let mut rest = first;
    // `http://https://www…` and `https//www…` are there, too.
    while let Some((scheme, behind)) = rest.split_once("//").filter(|(before, _)| !before.contains('.')) {
        let scheme = scheme.trim_end_matches(':').to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https" | "" | "htttp" | "htp") {
            return None;
        }
        rest = behind;
    }
    let (host, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    let mut host = host.to_ascii_lowercase();
    for (slip, meant) in [("www:", "www."), ("www,", "www."), ("..", ".")] {
        host = host.replace(slip, meant);
    }
    let host = host.trim_matches('.');
    let path = path.split('#').next().unwrap_or_default().trim_end_matches(['/', '.']);
    let url = format!("https://{host}{path}");
    wrong_shape(&url).is_none().then_some(url)
}

/// The host without `www.`.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// An address to compare: no scheme, no `www.`, no slash at the end.
pub(crate) fn place(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches('/')
}
