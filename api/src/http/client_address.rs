//! Whose request it is, where proxies stand between.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::Request;
use poem::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";
const REAL_IP: &str = "x-real-ip";

/// The proxies whose word about their clients is believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// These.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether the address is a trusted proxy's.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the peer's; or, if the peer is a trusted proxy, whom it
    /// names. IPv4 in IPv6 is answered as IPv4. None without an IP connection.
    pub(crate) fn client_address(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
        Some(self.behind(peer, request.headers()))
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = self.contains(peer).then(|| self.named(headers)).flatten();
        named.unwrap_or(peer)
    }

    /// Whom a trusted proxy names with these headers: the last address in
    /// `X-Forwarded-For` that is no proxy's, or else `X-Real-IP`. Nothing that a client
    /// writes itself is believed: it stands further left.
    pub(crate) fn named(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let mut nearest = None;
        for hop in hops(headers) {
            // Beyond what nobody can read, nobody vouches for anything.
            let Some(address) = hop.and_then(parse) else { return nearest };
            nearest = Some(address);
            if !self.contains(address) {
                return nearest;
            }
        }
        nearest.or_else(|| headers.get(REAL_IP).and_then(|value| parse(value.to_str().ok()?)))
    }
}

/// The hops of `X-Forwarded-For`, the nearest first; `None` for one that is no text.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).into_iter().collect();
    lines.into_iter().rev().flat_map(|line| match line.to_str() {
        Ok(line) => line.rsplit(',').map(|hop| Some(hop.trim())).collect(),
        Err(_) => vec![None],
    })
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    let address = address.or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use poem::Body;
    use poem::http::HeaderValue;
    use poem::http::uri::Scheme;
    use poem::web::{LocalAddr, RemoteAddr};

    use super::*;

    const PROXY: &str = "10.0.0.1";

    /// The address that is found for a peer and its headers.
    fn found(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let proxies = TrustedProxies::new(networks.to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        proxies.behind(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn stranger_is_who_connects_whatever_it_says() {
        let headers = [(FORWARDED_FOR, "198.51.100.1"), (REAL_IP, "198.51.100.1")];
        assert_eq!(found("203.0.113.9", &headers), "203.0.113.9");
        let none = TrustedProxies::default();
        assert!(!none.contains(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn trusted_proxy_is_believed_and_what_stands_before_its_word_is_not() {
        for (forwarded, client) in [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("198.51.100.1,203.0.113.9, 10.2.3.4", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7, fd00::1", "2001:db8::7"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("10.2.3.4, 10.2.3.5", "10.2.3.4"),
            ("203.0.113.9, unknown", PROXY),
            ("203.0.113.9, nonsense, 10.2.3.4", "10.2.3.4"),
            ("", PROXY),
        ] {
            assert_eq!(found(PROXY, &[(FORWARDED_FOR, forwarded)]), client, "{forwarded}");
        }
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let lines = [(FORWARDED_FOR, "198.51.100.1"), (FORWARDED_FOR, "203.0.113.9, 10.2.3.4")];
        assert_eq!(found(PROXY, &lines), "203.0.113.9");
    }

    #[test]
    fn real_ip_counts_where_nothing_was_forwarded() {
        assert_eq!(found(PROXY, &[(REAL_IP, "203.0.113.9")]), "203.0.113.9");
        assert_eq!(found(PROXY, &[(REAL_IP, "nonsense")]), PROXY);
        let both = [(FORWARDED_FOR, "203.0.113.9"), (REAL_IP, "198.51.100.1")];
        assert_eq!(found(PROXY, &both), "203.0.113.9");
        assert_eq!(found("::ffff:10.0.0.1", &[(REAL_IP, "203.0.113.9")]), "203.0.113.9");
        assert_eq!(found(PROXY, &[]), PROXY);
    }

    #[test]
    fn request_gives_its_peer() {
        let proxies = TrustedProxies::default();
        let peer: SocketAddr = "203.0.113.9:5".parse().unwrap();
        let (parts, ()) = poem::http::Request::new(()).into_parts();
        let from = (parts, LocalAddr::default(), RemoteAddr(peer.into()), Scheme::HTTP);
        let request = Request::from_parts(from.into(), Body::empty());
        assert_eq!(proxies.client_address(&request), Some(peer.ip()));
        assert_eq!(proxies.client_address(&Request::default()), None);
    }
}
