//! A limit on how often each of many may ask, and what an answer tells of it: the
//! fields `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use tokio::time::Instant;

use crate::http::bucket::{Bucket, Rate, Standing};
use crate::http::problem::Problem;

/// So many are remembered, each until its bucket is surely empty. A flood from
/// more of them only forgets: it gets more, never less, than its due.
const MAX_REMEMBERED: u64 = 100_000;

/// The same rate for every `K`, on one node.
pub(crate) struct Limit<K> {
    name: &'static str,
    quota: Option<Quota<K>>,
}

struct Quota<K> {
    rate: Rate,
    buckets: Cache<K, Arc<Bucket>>,
}

/// What the limits said to one request, for its answer.
#[derive(Clone, Default)]
pub(crate) struct Standings(Arc<Mutex<Vec<Told>>>);

struct Told {
    name: &'static str,
    rate: Rate,
    standing: Standing,
}

impl<K: Hash + Eq + Send + Sync + 'static> Limit<K> {
    /// Its name is for clients. Without a rate it lets everything through.
    pub(crate) fn new(name: &'static str, rate: Option<Rate>) -> Self {
        Self { name, quota: rate.map(Quota::new) }
    }

    /// Lets a request of this one through if it has not asked too often.
    ///
    /// # Errors
    /// 429, with these words.
    pub(crate) fn admit(&self, key: K, request: &Request, refusal: &str) -> Result<(), Problem> {
        let Some(Quota { rate, buckets }) = &self.quota else { return Ok(()) };
        let bucket = buckets.get_with(key, Arc::default);
        let standing = bucket.try_take(*rate, Instant::now());
        if let Some(standings) = request.data::<Standings>() {
            standings.note(Told { name: self.name, rate: *rate, standing });
        }
        match standing.wait.is_zero() {
            true => Ok(()),
            false => Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", refusal)),
        }
    }
}

impl<K: Hash + Eq + Send + Sync + 'static> Quota<K> {
    fn new(rate: Rate) -> Self {
        let buckets = Cache::builder()
            .max_capacity(MAX_REMEMBERED)
            .time_to_idle(rate.whole() + rate.interval)
            // Takes every newcomer in; the default turns them away in a flood, uncounted.
            .eviction_policy(EvictionPolicy::lru());
        Self { rate, buckets: buckets.build() }
    }
}

impl Standings {
    /// Tells them, and to whom was refused when to come again.
    pub(crate) fn tell(&self, response: &mut Response) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_empty() {
            return;
        }
        let policies = told.iter().map(Told::policy).collect::<Vec<_>>().join(", ");
        let standings = told.iter().map(Told::standing).collect::<Vec<_>>().join(", ");
        insert(response, "ratelimit-policy", policies);
        insert(response, "ratelimit", standings);
        let wait = told.iter().map(|told| told.standing.wait).max().unwrap_or_default();
        if !wait.is_zero() {
            insert(response, header::RETRY_AFTER.as_str(), whole_seconds(wait).to_string());
        }
    }

    fn note(&self, told: Told) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl Told {
    /// The quota and the window in which it is there anew.
    fn policy(&self) -> String {
        let Self { name, rate, .. } = self;
        format!("\"{name}\";q={};w={}", rate.burst, whole_seconds(rate.whole()))
    }

    /// What remains of the quota, and when all of it is there again.
    fn standing(&self) -> String {
        let Self { name, standing, .. } = self;
        format!("\"{name}\";r={};t={}", standing.left, whole_seconds(standing.empty_in))
    }
}

/// The address as limits know it: whoever has one IPv6 address has the whole /64
/// (RFC 6177), which counts as one.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
    }
}

fn insert(response: &mut Response, name: &'static str, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// At least as long.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { interval: Duration::from_secs(30), burst: 2 };

    fn admitted(limit: &Limit<IpAddr>, address: &str) -> usize {
        let key = household(address.parse().unwrap());
        (0..5).filter(|_| limit.admit(key, &Request::default(), "no").is_ok()).count()
    }

    #[test]
    fn each_address_has_its_own_limit_and_one_household_has_one() {
        let limit = Limit::new("test", Some(RATE));
        assert_eq!(admitted(&limit, "203.0.113.9"), 2);
        assert_eq!(admitted(&limit, "203.0.113.10"), 2);
        assert_eq!(admitted(&limit, "2001:db8::7"), 2);
        assert_eq!(admitted(&limit, "2001:db8::8"), 0);
        assert_eq!(admitted(&limit, "2001:db8:0:1::8"), 2);
        assert_eq!(admitted(&Limit::new("none", None), "203.0.113.9"), 5);
    }

    #[test]
    fn answers_tell_of_every_limit_and_of_the_longest_wait() {
        let (slow, quick) = (Limit::new("slow", Some(RATE)), Limit::new("quick", Some(RATE)));
        let mut request = Request::default();
        let mut response = Response::default();
        for _ in 0..3 {
            let standings = Standings::default();
            request.set_data(standings.clone());
            let _ = slow.admit((), &request, "no");
            let _ = quick.admit((), &request, "no");
            response = Response::default();
            standings.tell(&mut response);
        }
        let header = |name: &str| response.header(name).unwrap_or_default();
        assert_eq!(header("ratelimit-policy"), "\"slow\";q=2;w=60, \"quick\";q=2;w=60");
        assert_eq!(header("ratelimit"), "\"slow\";r=0;t=60, \"quick\";r=0;t=60");
        assert_eq!(header("retry-after"), "30");
    }
}
