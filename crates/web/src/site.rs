//! Settings of the site: its address, and what follows from it for cookies and callers' addresses.

use std::net::IpAddr;

use http::{HeaderMap, Uri};

/// Settings that no firm changes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and port under which browsers reach the portal; `None` only in tests.
    pub(crate) public_origin: Option<String>,
    https: bool,
    /// What the portal is called before somebody has signed in.
    pub(crate) portal_name: String,
    proxies: Vec<IpAddr>,
}

/// A public address that the portal can't be served under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrigin {
    /// Not `https://host[:port]`.
    #[error("{0} is not an address of the form https://host")]
    Malformed(String),
    /// Session cookies would travel in the clear.
    #[error("{0} is not on this machine, so it must be https")]
    Plain(String),
}

/// The address that a connection comes from; the binary puts it into each request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl Settings {
    /// Settings for a portal reached at `origin`, such as `https://portal.firm.example`. Plain http is permitted on
    /// loopback only, for the demo: there cookies go without `Secure` and the `__Host-` that demands it.
    pub fn new(origin: &str, portal_name: &str) -> Result<Self, NotAnOrigin> {
        let malformed = || NotAnOrigin::Malformed(origin.to_owned());
        let uri: Uri = origin.parse().map_err(|_| malformed())?;
        let host = uri.host().ok_or_else(malformed)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(host) => false,
            Some("http") => return Err(NotAnOrigin::Plain(origin.to_owned())),
            _ => return Err(malformed()),
        };
        let scheme = if https { "https" } else { "http" };
        let authority =
            uri.authority().map(|authority| authority.as_str().to_lowercase()).ok_or_else(malformed)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.contains('@') {
            return Err(malformed());
        }
        Ok(Self {
            public_origin: Some(format!("{scheme}://{authority}")),
            https,
            portal_name: portal_name.to_owned(),
            proxies: Vec::new(),
        })
    }

    /// Believes the `X-Forwarded-For` of these reverse proxies, and of nobody else.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpAddr>) -> Self {
        self.proxies = proxies;
        self
    }

    /// Whether browsers come by https.
    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// The full address of a path, for links that leave the portal.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_origin.as_deref().unwrap_or_default())
    }

    /// Where a request comes from: the peer, or what a trusted proxy says of it. The last entry is the proxy's own.
    pub(crate) fn caller(&self, peer: Option<Peer>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer?.0;
        if !self.proxies.contains(&peer) {
            return Some(peer);
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|list| list.to_str().ok()).and_then(|list| list.rsplit(',').next());
        last.and_then(|address| address.trim().parse().ok()).or(Some(peer))
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(Settings::new("https://portal.firm.example", "P").unwrap().is_https());
        for origin in ["http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080"] {
            assert!(!Settings::new(origin, "P").unwrap().is_https(), "{origin}");
        }
        assert!(matches!(Settings::new("http://portal.firm.example", "P"), Err(NotAnOrigin::Plain(_))));
        for origin in ["", "portal", "ftp://x", "https://x/path", "https://x?y", "https://a@x"] {
            assert!(matches!(Settings::new(origin, "P"), Err(NotAnOrigin::Malformed(_))), "{origin}");
        }
    }

    #[test]
    fn only_a_named_proxy_is_believed() {
        let settings = Settings::new("https://portal.firm.example", "P").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let peer = Some(Peer("127.0.0.1".parse().unwrap()));
        assert_eq!(settings.caller(peer, &headers), Some("127.0.0.1".parse().unwrap()));
        let behind = settings.behind(vec!["127.0.0.1".parse().unwrap()]);
        assert_eq!(behind.caller(peer, &headers), Some("198.51.100.7".parse().unwrap()));
        assert_eq!(behind.caller(peer, &HeaderMap::new()), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(behind.caller(None, &headers), None);
    }
}
