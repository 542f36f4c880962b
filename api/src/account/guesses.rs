//! How often one may try to sign in to one account from where its owner is not
//! known to be. Guesses from a thousand addresses are slow together, and yet lock
//! nobody out: where somebody was signed in lately, they are not counted.
//!
//! A name that nobody has counts like any other. One node knows nothing of another's.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use poem::Request;
use warren_domain::account::User;
use warren_process::configuration::Switch;

use crate::http::bucket::Rate;
use crate::http::limit::{Limit, household};
use crate::http::problem::Problem;
use crate::node::Node;

/// Ten at once, then two a minute: under 3,000 a day.
const RATE: Rate = Rate { interval: Duration::from_secs(30), burst: 10 };

/// How long an address is known after its last success.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// So many addresses are known, those that succeeded last.
const MAX_KNOWN: u64 = 100_000;

/// A name to sign in by, as a keyed hash: small, and nobody can make two alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name(u64);

/// What was tried, and where somebody succeeded.
pub(crate) struct Guesses {
    limit: Limit<Name>,
    known: Cache<(Name, IpAddr), ()>,
    hashes: RandomState,
}

impl Guesses {
    /// Limits, unless it is told not to.
    pub(crate) fn new(limits: Switch) -> Self {
        let known = Cache::builder().max_capacity(MAX_KNOWN).time_to_live(KNOWN);
        Self {
            limit: Limit::new("guesses", (limits == Switch::On).then_some(RATE)),
            known: known.eviction_policy(EvictionPolicy::lru()).build(),
            hashes: RandomState::new(),
        }
    }

    /// Names are alike without regard to case.
    fn name(&self, text: &str) -> Name {
        Name(self.hashes.hash_one(text.to_lowercase()))
    }
}

/// Lets somebody try to sign in by this name.
///
/// # Errors
/// 429.
pub(crate) fn admit(node: &Node, request: &Request, name: &str) -> Result<(), Problem> {
    let Some(address) = node.proxies.client_address(request) else { return Ok(()) };
    let Guesses { limit, known, .. } = &node.guesses;
    let name = node.guesses.name(name);
    if known.contains_key(&(name, household(address))) {
        return Ok(());
    }
    let refusal = "Somebody tried to sign in by this name too often. Wait, or sign in from \
        where you did lately.";
    limit.admit(name, request, refusal)
}

/// Knows from now on that this is where the user is.
pub(crate) fn know(node: &Node, request: &Request, user: &User) {
    let Some(address) = node.proxies.client_address(request) else { return };
    for name in [Some(&user.username), user.email.as_ref()].into_iter().flatten() {
        node.guesses.known.insert((node.guesses.name(name), household(address)), ());
    }
}
