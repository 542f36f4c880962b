//! Who may see how the server is.

use std::net::IpAddr;
use std::sync::Arc;

use poem::Request;
use poem::http::{HeaderMap, StatusCode, Version, header};
use warren_domain::account::Role;

use crate::http::client_address::TrustedProxies;
use crate::http::problem::Problem;
use crate::node::Node;

/// Where a trusted proxy says whose request it passes on.
const VOUCHING: [&str; 2] = ["x-forwarded-for", "x-real-ip"];

/// What other proxies add to such a request.
const PASSED_ON: [&str; 2] = ["forwarded", "via"];

/// Lets monitors in, by their address, and owners and admins of the server, by
/// their token. To everybody else there is nothing to see.
///
/// # Errors
/// 404; or 503 if a token is good and the database cannot tell whose it is.
pub(crate) async fn admit(node: &Arc<Node>, request: &Request) -> Result<(), Problem> {
    let address = address(&node.proxies, request);
    if address.is_some_and(|address| node.watching.monitors.admit(address)) {
        return Ok(());
    }
    match bearer(request.headers()) {
        Some(token) if is_manager(node, token).await? => Ok(()),
        _ => Err(Problem::not_found("resource")),
    }
}

/// Where a request surely comes from. Of one that was passed on, only a trusted
/// proxy can tell, and only by naming an address: that of any other may come
/// from anywhere.
fn address(proxies: &TrustedProxies, request: &Request) -> Option<IpAddr> {
    let peer = request.remote_addr().as_socket_addr()?.ip();
    let has = |name: &&str| request.headers().contains_key(*name);
    if VOUCHING.iter().any(has) && proxies.contains(peer) {
        return proxies.named(request.headers());
    }
    (!VOUCHING.iter().chain(&PASSED_ON).any(has) && !is_old(request)).then_some(peer)
}

/// A proxy that does not say so betrays itself by speaking HTTP/1.0, as nginx does
/// unless told otherwise.
fn is_old(request: &Request) -> bool {
    request.version() < Version::HTTP_11
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn is_manager(node: &Node, token: &str) -> Result<bool, Problem> {
    match node.authenticator.authenticate(&node.domain, token).await {
        Ok(actor) => Ok(matches!(actor.user.role, Role::Owner | Role::Admin)),
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED.as_u16() => Ok(false),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use poem::Body;
    use poem::http::HeaderValue;
    use poem::http::uri::Scheme;
    use poem::web::{LocalAddr, RemoteAddr};

    use super::*;

    const PROXY: &str = "10.0.0.1";
    const STRANGER: &str = "127.0.0.1";

    fn request(peer: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let peer = std::net::SocketAddr::new(peer.parse().unwrap(), 5);
        let (mut parts, ()) = poem::http::Request::new(()).into_parts();
        for (name, value) in headers {
            parts.headers.append(*name, HeaderValue::from_static(value));
        }
        let from = (parts, LocalAddr::default(), RemoteAddr(peer.into()), Scheme::HTTP);
        Request::from_parts(from.into(), Body::empty())
    }

    fn found(request: &Request) -> Option<String> {
        let proxies = TrustedProxies::new(vec!["10.0.0.1/32".parse().unwrap()]);
        address(&proxies, request).map(|address| address.to_string())
    }

    #[test]
    fn trusted_proxy_vouches_for_the_nearest_hop() {
        for (headers, client) in [
            ([("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
            ([("x-forwarded-for", "127.0.0.1, 203.0.113.9")], "203.0.113.9"),
            ([("x-real-ip", "203.0.113.9")], "203.0.113.9"),
        ] {
            assert_eq!(found(&request(PROXY, &headers)).as_deref(), Some(client));
        }
        let both = [("x-real-ip", "127.0.0.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(found(&request(PROXY, &both)).as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn nothing_is_known_of_what_others_pass_on() {
        for name in ["x-forwarded-for", "x-real-ip", "forwarded", "via"] {
            assert_eq!(found(&request(STRANGER, &[(name, "127.0.0.1")])), None, "{name}");
        }
        for name in ["forwarded", "via"] {
            assert_eq!(found(&request(PROXY, &[(name, "127.0.0.1")])), None, "{name}");
        }
        assert_eq!(found(&request(PROXY, &[("x-forwarded-for", "unknown")])), None);
    }

    #[test]
    fn peer_that_passes_nothing_on_comes_from_where_it_is() {
        let mut direct = request(STRANGER, &[]);
        assert_eq!(found(&direct).as_deref(), Some(STRANGER));
        direct.set_version(Version::HTTP_10);
        assert_eq!(found(&direct), None);
    }
}
