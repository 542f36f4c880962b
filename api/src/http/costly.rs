//! How often one address may ask for what is dear to answer, or worth guessing
//! at: what hashes a password, or sends a letter.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use poem::Request;
use poem::http::StatusCode;
use tokio::time::Instant;

use crate::http::bucket::{Bucket, Rate};
use crate::http::problem::Problem;
use crate::node::Node;

/// Of one address, on one node: as nginx/warren/limits.conf says it.
const RATE: Rate = Rate { interval: Duration::from_millis(200), burst: 20 };

/// So many addresses are remembered, each until its bucket is surely empty. A
/// flood from more of them only forgets: it gets more, never less, than its due.
const MAX_ADDRESSES: u64 = 100_000;

/// Who asked lately.
pub(crate) struct Costly {
    buckets: Option<Cache<IpAddr, Arc<Bucket>>>,
}

impl Costly {
    /// Limits, unless it is told not to.
    pub(crate) fn new(limited: bool) -> Self {
        let memory = RATE.interval * (RATE.burst + 1);
        let buckets = Cache::builder().max_capacity(MAX_ADDRESSES).time_to_idle(memory).build();
        Self { buckets: limited.then_some(buckets) }
    }

    fn admit(&self, address: IpAddr) -> bool {
        let Some(buckets) = &self.buckets else { return true };
        let bucket = buckets.get_with(household(address), Arc::default);
        bucket.try_take(RATE, Instant::now())
    }
}

/// Lets a request through if its address has not asked too often.
///
/// # Errors
/// 429.
pub(crate) fn admit(node: &Node, request: &Request) -> Result<(), Problem> {
    match node.proxies.client_address(request) {
        Some(address) if !node.costly.admit(address) => Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests of this kind come from this address. Wait a little.",
        )),
        _ => Ok(()),
    }
}

/// Whoever has one IPv6 address has the whole /64 (RFC 6177): it counts as one.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(costly: &Costly, address: &str) -> usize {
        let address = address.parse().unwrap();
        (0..50).filter(|_| costly.admit(address)).count()
    }

    #[test]
    fn each_address_has_its_own_limit_and_one_household_has_one() {
        let costly = Costly::new(true);
        // A moment passes between the first and the last.
        assert!((20..25).contains(&admitted(&costly, "203.0.113.9")));
        assert!((20..25).contains(&admitted(&costly, "203.0.113.10")));
        assert!((20..25).contains(&admitted(&costly, "2001:db8::7")));
        assert!(admitted(&costly, "2001:db8::8") < 5);
        assert!((20..25).contains(&admitted(&costly, "2001:db8:0:1::8")));
        assert_eq!(admitted(&Costly::new(false), "203.0.113.9"), 50);
    }
}
