//! Who may see how the server is.

use std::net::IpAddr;
use std::sync::Arc;

use poem::Request;
use poem::http::{HeaderMap, StatusCode, Version, header};
use warren_domain::account::Role;

use crate::node::Node;
use crate::problem::Problem;

/// What proxies add to a request that they pass on.
const FORWARDING: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Lets monitors in, by their address, and owners and admins of the server, by
/// their token. To everybody else there is nothing to see.
///
/// # Errors
/// 404; or 503 if a token is good and the database cannot tell whose it is.
pub(crate) async fn admit(node: &Arc<Node>, request: &Request) -> Result<(), Problem> {
    if address(request).is_some_and(|address| node.watching.monitors.admit(address)) {
        return Ok(());
    }
    match bearer(request.headers()) {
        Some(token) if is_manager(node, token).await? => Ok(()),
        _ => Err(Problem::not_found("resource")),
    }
}

/// Where a request surely comes from. Of one that a proxy passed on nobody here
/// knows; one that does not say so betrays itself by speaking HTTP/1.0, as nginx
/// does unless told otherwise.
fn address(request: &Request) -> Option<IpAddr> {
    let forwarded = FORWARDING.iter().any(|name| request.headers().contains_key(*name));
    if forwarded || request.version() < Version::HTTP_11 {
        return None;
    }
    request.remote_addr().as_socket_addr().map(|peer| peer.ip())
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
