//! Who asks, and whether too often.

use std::net::IpAddr;
use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Request, Response};
use warren_domain::id::UserId;

use crate::auth::Identity;
use crate::http::bucket::Rate;
use crate::http::limit::{Limit, household};
use crate::http::problem::Problem;
use crate::node::Node;

/// The paths that are limited. What monitors ask for and the page's files are not:
/// a probe that is refused would take the node away from everybody.
const LIMITED: &str = "/v1/";

/// A user, whatever address they have; of everybody else the address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    User(UserId),
    Address(IpAddr),
}

/// How often each may ask.
pub(crate) struct Callers {
    reads: Limit<Caller>,
    writes: Limit<Caller>,
}

impl Callers {
    /// For what only reads, and for what changes something.
    pub(crate) fn new(reads: Option<Rate>, writes: Option<Rate>) -> Self {
        Self { reads: Limit::new("reads", reads), writes: Limit::new("writes", writes) }
    }

    fn admit(&self, caller: Caller, request: &Request) -> Result<(), Problem> {
        let limit = if request.method().is_safe() { &self.reads } else { &self.writes };
        let refusal = match caller {
            Caller::User(_) => "You ask too often. Wait a little.",
            Caller::Address(_) => "Too many requests come from this address. Wait a little.",
        };
        limit.admit(caller, request, refusal)
    }
}

/// Finds out who asks, and lets them through unless they ask too often.
pub(crate) async fn admit<E: Endpoint>(
    endpoint: Arc<E>,
    mut request: Request,
) -> poem::Result<Response> {
    let limited = request.uri().path().starts_with(LIMITED);
    if let Some(node) = request.data::<Arc<Node>>().filter(|_| limited).cloned() {
        let identity = Identity::of(&node, &request).await;
        let address = || node.proxies.client_address(&request).map(household);
        let user = identity.user_id().map(Caller::User);
        if let Some(caller) = user.or_else(|| address().map(Caller::Address)) {
            node.callers.admit(caller, &request)?;
        }
        request.set_data(identity);
    }
    endpoint.call(request).await.map(IntoResponse::into_response)
}
