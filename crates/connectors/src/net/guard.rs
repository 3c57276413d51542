//! Which addresses may be contacted: checked for literal hosts before the request and, for names, on the addresses that
//! the lookup gave, which are the ones that get connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::Policy;

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither https, nor http to a permitted loopback address.
    #[error("not https")]
    Scheme,
    /// No host.
    #[error("no host")]
    NoHost,
    /// A user name or password in the address itself.
    #[error("a user name in the address")]
    UserInfo,
    /// A private, link-local, metadata, multicast or reserved address.
    #[error("not a public address")]
    NotPublic,
}

/// The lookup found no address.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name does not resolve")]
pub(super) struct NoSuchName;

/// Checks an address before it is used, and each redirect's. Names are checked again when they are resolved.
pub fn check_url(url: &Url, policy: Policy) -> Result<(), Refused> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo);
    }
    let literal = match url.host() {
        Some(Host::Domain(_)) => None,
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        None => return Err(Refused::NoHost),
    };
    if let Some(address) = literal {
        check_address(address, policy)?;
    }
    // What `localhost` resolves to is checked again when it is resolved.
    let is_loopback =
        literal.is_some_and(|address| address.is_loopback()) || url.host_str() == Some("localhost");
    match url.scheme() {
        "https" => Ok(()),
        "http" if policy.loopback && is_loopback => Ok(()),
        _ => Err(Refused::Scheme),
    }
}

/// Checks an address that a request would connect to.
pub(super) fn check_address(address: IpAddr, policy: Policy) -> Result<(), Refused> {
    if is_public(address) || (policy.loopback && address.is_loopback()) {
        Ok(())
    } else {
        Err(Refused::NotPublic)
    }
}

/// Whether an address is on the public internet (IANA special-purpose registries of IPv4 and IPv6).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => b & 0xc0 == 64,
        169 => b == 254,
        172 => b & 0xf0 == 16,
        192 => {
            matches!((b, c), (0, 0 | 2) | (88, 99) | (168, _)) || (b, c) == (31, 196) || (b, c) == (52, 193)
        }
        198 => matches!(b, 18 | 19) || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, c, ..] = address.segments();
    match a {
        // Teredo, ORCHID and the other protocol assignments of 2001::/23, and documentation.
        0x2001 => b >= 0x200 && b != 0xdb8,
        // 6to4 carries an IPv4 address.
        0x2002 => is_public_v4(Ipv4Addr::new((b >> 8) as u8, b as u8, (c >> 8) as u8, c as u8)),
        0x3fff => b >= 0x1000,
        // Everything that is not global unicast: unspecified, loopback, unique local, link-local, NAT64, multicast.
        _ => a & 0xe000 == 0x2000,
    }
}

/// Looks names up and refuses the whole name when any of its addresses is not public: a name that answers both ways is
/// an attempt at rebinding.
pub(super) struct Resolver {
    pub(super) policy: Policy,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoSuchName)?;
            checked(found, policy)
        })
    }
}

fn checked(
    found: impl Iterator<Item = SocketAddr>,
    policy: Policy,
) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(Box::new(NoSuchName));
    }
    for address in &addresses {
        check_address(address.ip(), policy)?;
    }
    Ok(Box::new(addresses.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: Policy, addresses: &[&str]) -> bool {
        let found = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0));
        checked(found, policy).is_err()
    }

    #[test]
    fn a_name_with_one_private_address_is_refused_whole() {
        assert!(!refused(Policy::PUBLIC, &["93.184.216.34", "2606:2800:220:1::1"]));
        assert!(refused(Policy::PUBLIC, &["93.184.216.34", "10.0.0.1"]));
        assert!(refused(Policy::PUBLIC, &["::ffff:169.254.169.254"]));
        assert!(refused(Policy::PUBLIC, &["127.0.0.1"]));
        assert!(refused(Policy::WITH_SANDBOX, &["127.0.0.1", "192.168.0.1"]));
        assert!(!refused(Policy::WITH_SANDBOX, &["127.0.0.1", "::1"]));
        assert!(refused(Policy::PUBLIC, &[]));
    }

    #[test]
    fn the_edges_of_the_special_ranges() {
        for (address, public) in [
            ("1.0.0.0", true),
            ("9.255.255.255", true),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("126.255.255.255", true),
            ("128.0.0.0", true),
            ("169.253.255.255", true),
            ("169.255.0.0", true),
            ("172.15.255.255", true),
            ("172.16.0.0", false),
            ("172.31.255.255", false),
            ("172.32.0.0", true),
            ("192.0.0.192", false),
            ("192.0.1.0", true),
            ("192.167.255.255", true),
            ("192.169.0.0", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2001:200::1", true),
            ("2001:1ff::1", false),
            ("2001:db8::1", false),
            ("2002:0a00:0001::", false),
            ("2002:5db8:d822::", true),
            ("2600::", true),
            ("64:ff9b::a00:1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("::", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
