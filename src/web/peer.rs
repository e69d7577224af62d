//! Whose request is this? The address that limits count by and that the audit names.
//!
//! Only a proxy that the operator trusts is believed about whom it speaks for, and only as far as an unbroken chain of
//! trusted hops reaches, read from the right: everything left of the first stranger is whatever that stranger chose to
//! write. `Forwarded` (RFC 7239) is not read. A proxy writes one of the two headers and passes the other on as
//! it came; believing both would let anybody speak through the one that the proxy does not write.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The client's address: `peer`, unless that is a trusted proxy; then the rightmost address in `X-Forwarded-For` that is
/// not one. Where the chain breaks off or holds what is no address, the hop that vouched for it answers. Never fails.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut known = peer.to_canonical();
    if !is_trusted(&known) {
        return known;
    }
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let mut hops = lines.into_iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    while is_trusted(&known) {
        match hops.next().map(hop) {
            Some(Some(address)) => known = address,
            Some(None) | None => break,
        }
    }
    known
}

/// One element of the header: an address, perhaps with a port, as some proxies write it.
fn hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let address = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']')?.0
    } else {
        match text.split_once(':') {
            Some((ip, port)) if !port.contains(':') => ip,
            _ => text,
        }
    };
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// What limits count by: an IPv4 address, or the /64 that an IPv6 address lies in, since whoever has one address of a
/// /64 has them all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AddressKey(IpAddr);

impl From<IpAddr> for AddressKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(ip) => Self(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)))),
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

impl fmt::Display for AddressKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => write!(f, "{ip}"),
            IpAddr::V6(ip) => write!(f, "{ip}/64"),
        }
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| (FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap()));
        lines.collect()
    }

    fn seen(peer: &str, lines: &[&str]) -> IpAddr {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(ip(peer), &headers(lines), &trusted)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), ip("203.0.113.9"));
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(seen("10.0.0.1", &[]), ip("10.0.0.1"));
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.9.9.9"]), ip("198.51.100.1"));
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.9.9.9"]), ip("198.51.100.1"));
        assert_eq!(seen("10.0.0.1", &["10.0.0.3,10.0.0.2"]), ip("10.0.0.3"));
        assert_eq!(seen("fd00::1", &["2001:db8::7"]), ip("2001:db8::7"));
    }

    #[test]
    fn ports_and_brackets_are_read_past() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.1:4711"]), ip("198.51.100.1"));
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]:4711"]), ip("2001:db8::7"));
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]"]), ip("2001:db8::7"));
        assert_eq!(seen("10.0.0.1", &["::ffff:198.51.100.1"]), ip("198.51.100.1"));
    }

    #[test]
    fn garbage_falls_back_to_the_hop_that_passed_it_on() {
        for garbage in ["a", "", ",", "unknown", "[", "1.1.1.1, x", "999.1.1.1", "\u{e9}"] {
            assert_eq!(seen("10.0.0.1", &[garbage]), ip("10.0.0.1"), "{garbage}");
        }
        assert_eq!(seen("10.0.0.1", &["garbage, 198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, , 10.0.0.2"]), ip("10.0.0.2"));
    }

    #[test]
    fn an_ipv6_client_is_counted_with_its_network() {
        let key = |text: &str| AddressKey::from(ip(text));
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_ne!(key("198.51.100.1"), key("198.51.100.2"));
        assert_eq!(key("::ffff:198.51.100.1"), key("198.51.100.1"));
        assert_eq!(key("2001:db8:0:1::1").to_string(), "2001:db8:0:1::/64");
    }

    fn forged() -> impl Strategy<Value = Vec<HeaderValue>> {
        let bytes = prop::collection::vec(any::<u8>(), 0..40);
        let shapes = "([0-9a-fx.:,\\[\\] ]{0,30}|10\\.[0-9]\\.0\\.1(, ?10\\.0\\.0\\.[0-9]){0,3})";
        let text = prop_oneof![bytes, shapes.prop_map(String::into_bytes)];
        let line = text.prop_filter_map("no header value", |bytes| HeaderValue::from_bytes(&bytes).ok());
        prop::collection::vec(line, 0..4)
    }

    proptest! {
        #[test]
        fn nothing_a_stranger_sends_changes_who_they_are(forged in forged(), direct in any::<bool>()) {
            let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
            let stranger = ip("203.0.113.9");
            let mut headers: HeaderMap = forged.into_iter().map(|line| (FORWARDED_FOR, line)).collect();
            if direct {
                prop_assert_eq!(client_address(stranger, &headers, &trusted), stranger);
            } else {
                // What every proxy does: it adds the address it was called from at the right.
                headers.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
                prop_assert_eq!(client_address(ip("10.0.0.1"), &headers, &trusted), stranger);
            }
        }
    }
}
