//! How often one address may ask for what is dear to answer, or worth guessing
//! at: what hashes a password, or sends a letter.

use std::net::IpAddr;

use poem::Request;

use crate::http::bucket::Rate;
use crate::http::limit::{Limit, household};
use crate::http::problem::Problem;
use crate::node::Node;

/// Who asked lately.
pub(crate) struct Costly(Limit<IpAddr>);

impl Costly {
    /// At this rate, if any.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        Self(Limit::new("costly", rate))
    }
}

/// Lets a request through if its address has not asked too often.
///
/// # Errors
/// 429.
pub(crate) fn admit(node: &Node, request: &Request) -> Result<(), Problem> {
    let refusal = "Too many requests of this kind come from this address. Wait a little.";
    match node.proxies.client_address(request) {
        Some(address) => node.costly.0.admit(household(address), request, refusal),
        None => Ok(()),
    }
}
