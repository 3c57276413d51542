//! Web addresses as pasted or half typed, and the offerings that are reached there.

use std::ops::Range;

use domain::institution::Offering;

/// Where an address points: host and path, without scheme, user, port and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// In small letters, without `www.`.
    pub(super) host: String,
    /// Without the slash at its end; `/bank`, or empty.
    path: String,
    /// Where in `host` the part begins that somebody registered: `chase.com` of `secure.chase.com`.
    domain_at: usize,
}

impl Address {
    /// Reads what looks like an address: a dotted host, or anything after `https://` or `www.`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let host = host.split(':').next().unwrap_or(host);
        let bare = host.strip_prefix("www.").unwrap_or(host);
        let said_so = rest.len() < text.len() || bare.len() < host.len();
        let bare = if said_so { bare.trim_end_matches('.') } else { bare };
        let clean = bare.split('.').all(|label| !label.is_empty())
            && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
        if !clean || !(said_so || bare.contains('.')) {
            return None;
        }
        let path = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
        Some(Self { domain_at: domain_at(bare), host: bare.to_owned(), path: path.to_owned() })
    }

    /// The part of the host that somebody registered.
    pub(super) fn domain(&self) -> &str {
        &self.host[self.domain_at..]
    }

    /// The domain without its ending: `chase` of `secure.chase.com`.
    pub(super) fn label(&self) -> &str {
        self.domain().split('.').next().unwrap_or_default()
    }

    /// How well this address of an offering answers one that was typed with the same domain; 1.0 is the best.
    fn answers(&self, typed: &Self) -> f32 {
        let labels = |host: &str| host.split('.').count() as f32;
        if self.host == typed.host {
            // Of several at one host, the path decides: the longest that was typed, or the shortest.
            let within = typed.path.starts_with(&self.path);
            return if within { 0.96 + 0.001 * (self.path.len().min(40) as f32) } else { 0.9 };
        }
        if typed.host.ends_with(&self.host) {
            return 0.7 + 0.02 * labels(&self.host).min(5.0);
        }
        0.6 - 0.02 * labels(&self.host).min(5.0)
    }
}

/// Where the registered part of a host begins: two labels, or three under endings such as `com.pr` and `ca.gov`.
fn domain_at(host: &str) -> usize {
    let dots: Vec<usize> = host.rmatch_indices('.').map(|(at, _)| at).collect();
    let shared = |second: usize| match host[second + 1..].split_once('.').unwrap_or_default() {
        (category, country) if country.len() == 2 && category.len() > 2 => {
            matches!(category, "com" | "org" | "net" | "gov")
        }
        (state, ending) => state.len() == 2 && matches!(ending, "gov" | "us"),
    };
    match dots.as_slice() {
        [_, second, rest @ ..] if shared(*second) => rest.first().map_or(0, |third| third + 1),
        [_, second, ..] => second + 1,
        _ => 0,
    }
}

/// An address of an offering.
struct Site {
    address: Address,
    /// Number of the offering in the order of the index.
    entry: u32,
    login: bool,
}

/// An address that answers, of an offering.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtAddress {
    pub(super) entry: u32,
    pub(super) site: u32,
    /// How well, up to 1.0.
    pub(super) relevance: f32,
}

/// All addresses of all offerings.
pub(super) struct Sites {
    /// Sorted by domain, then host.
    sites: Vec<Site>,
    /// Numbers of sites, sorted by host.
    by_host: Vec<u32>,
}

/// So many addresses are looked at for one that is half typed.
const HALF_TYPED_MAX: usize = 300;

impl Sites {
    pub(super) fn build(offerings: &[&Offering]) -> Self {
        let mut sites = Vec::with_capacity(offerings.len() * 2);
        for (entry, offering) in offerings.iter().enumerate() {
            let home = Address::read(&offering.home_url);
            let login = Address::read(&offering.login_url).filter(|login| Some(login) != home.as_ref());
            for (address, login) in [(home, false), (login, true)] {
                sites.extend(address.map(|address| Site { address, entry: entry as u32, login }));
            }
        }
        let key = |site: &Site| (site.address.domain_at, site.entry, site.login);
        sites.sort_unstable_by(|a, b| {
            let (one, other) = (&a.address, &b.address);
            one.domain().cmp(other.domain()).then_with(|| one.host.cmp(&other.host)).then(key(a).cmp(&key(b)))
        });
        let mut by_host: Vec<u32> = (0..sites.len() as u32).collect();
        by_host.sort_by(|a, b| sites[*a as usize].address.host.cmp(&sites[*b as usize].address.host));
        Self { sites, by_host }
    }

    /// Every offering at the domain of `typed`, or, when nobody is, those whose host goes on as `typed` begins. An
    /// offering may come twice.
    pub(super) fn find(&self, typed: &Address) -> Vec<AtAddress> {
        let domain = typed.domain();
        let start = self.sites.partition_point(|site| site.address.domain() < domain);
        let same = self.sites[start..].iter().take_while(|site| site.address.domain() == domain);
        let found: Vec<AtAddress> = same
            .enumerate()
            .map(|(at, site)| {
                let home = if site.login { 0.0 } else { 0.02 };
                let relevance = site.address.answers(typed) + home;
                AtAddress { entry: site.entry, site: (start + at) as u32, relevance }
            })
            .collect();
        if found.is_empty() { self.half_typed(&typed.host) } else { found }
    }

    fn half_typed(&self, beginning: &str) -> Vec<AtAddress> {
        let hosts = self.by_host.partition_point(|site| self.host(*site) < beginning);
        let hosts = self.by_host[hosts..].iter().copied();
        let hosts = hosts.take_while(|site| self.host(*site).starts_with(beginning)).take(HALF_TYPED_MAX);
        let domains = self.sites.partition_point(|site| site.address.domain() < beginning);
        let domains = (domains as u32..self.sites.len() as u32)
            .take_while(|site| self.sites[*site as usize].address.domain().starts_with(beginning));
        let found = hosts.chain(domains.take(HALF_TYPED_MAX)).map(|number| {
            let site = &self.sites[number as usize];
            let typed = beginning.len() as f32 / site.address.host.len() as f32;
            let relevance = 0.5 + 0.3 * typed.min(1.0) + if site.login { 0.0 } else { 0.02 };
            AtAddress { entry: site.entry, site: number, relevance }
        });
        found.collect()
    }

    fn host(&self, site: u32) -> &str {
        &self.sites[site as usize].address.host
    }

    /// A site's host, and the bytes of it that answer `typed`.
    pub(super) fn highlighted(&self, site: u32, typed: Option<&Address>) -> (String, Vec<Range<usize>>) {
        let address = &self.sites[site as usize].address;
        let host = address.host.as_str();
        let Some(typed) = typed else { return (host.to_owned(), Vec::new()) };
        let span = if typed.host.ends_with(host) {
            0..host.len()
        } else if host.starts_with(&typed.host) {
            0..typed.host.len()
        } else if host.ends_with(&typed.host) {
            host.len() - typed.host.len()..host.len()
        } else {
            let shared = typed.host.len().min(host.len() - address.domain_at);
            address.domain_at..address.domain_at + shared
        };
        (host.to_owned(), vec![span])
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let texts: usize =
            self.sites.iter().map(|site| site.address.host.capacity() + site.address.path.capacity()).sum();
        texts + self.sites.capacity() * size_of::<Site>() + self.by_host.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_however_they_are_pasted() {
        for (text, host, domain, path) in [
            ("https://www.chase.com/a?b", "chase.com", "chase.com", "/a"),
            ("NB.Fidelity.com", "nb.fidelity.com", "fidelity.com", ""),
            ("http://me:secret@online.citi.com:8443/US/login#x", "online.citi.com", "citi.com", "/us/login"),
            ("me@chase.com", "chase.com", "chase.com", ""),
            ("www.vangu", "vangu", "vangu", ""),
            ("www.schwab.", "schwab", "schwab", ""),
            ("bppr.com.pr", "bppr.com.pr", "bppr.com.pr", ""),
            ("a.bppr.com.pr", "a.bppr.com.pr", "bppr.com.pr", ""),
            ("my.calpers.ca.gov", "my.calpers.ca.gov", "calpers.ca.gov", ""),
        ] {
            let address = Address::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (address.host.as_str(), address.domain(), address.path.as_str()),
                (host, domain, path),
                "{text}"
            );
        }
        for other in ["chase", "t. rowe", "a..b", "http://", "first.bank of x", ".", "", "www.", "é.com"] {
            assert_eq!(Address::read(other), None, "{other}");
        }
    }
}
