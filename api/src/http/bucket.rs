//! A leaky bucket: quick for a moment, at a steady rate for long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use warren_process::configuration;

/// How fast a bucket leaks and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// The time that each thing takes up.
    pub(crate) interval: Duration,
    /// How many things may come at once after a pause.
    pub(crate) burst: u32,
}

/// What a bucket says to one that asked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How long to wait for a place; zero if one was taken.
    pub(crate) wait: Duration,
    /// How many places are left.
    pub(crate) left: u32,
    /// How long until all places are free again.
    pub(crate) empty_in: Duration,
}

/// The bucket, kept as the time at which it will be empty (GCRA).
#[derive(Debug)]
pub(crate) struct Bucket {
    empty_at: Mutex<Instant>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { empty_at: Mutex::new(Instant::now()) }
    }
}

impl Bucket {
    /// How long to wait before one more thing; its place is taken.
    pub(crate) fn take(&self, rate: Rate, now: Instant) -> Duration {
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        *empty_at = (*empty_at).max(now) + rate.interval;
        rate.excess(*empty_at, now)
    }

    /// Takes a place if there is one at once.
    pub(crate) fn try_take(&self, rate: Rate, now: Instant) -> Standing {
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = (*empty_at).max(now) + rate.interval;
        let wait = rate.excess(taken, now);
        if wait.is_zero() {
            *empty_at = taken;
        }
        let empty_in = empty_at.duration_since(now);
        let free = rate.whole().saturating_sub(empty_in).as_nanos() / rate.interval.as_nanos();
        Standing { wait, left: free.try_into().unwrap_or(rate.burst), empty_in }
    }
}

impl From<configuration::Rate> for Rate {
    fn from(configured: configuration::Rate) -> Self {
        let interval = Duration::from_secs(1) / configured.per_second;
        Self { interval, burst: configured.burst }
    }
}

impl Rate {
    /// How long a full bucket takes to become empty.
    pub(crate) fn whole(self) -> Duration {
        self.interval * self.burst
    }

    fn excess(self, empty_at: Instant, now: Instant) -> Duration {
        empty_at.duration_since(now).saturating_sub(self.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_takes_no_place() {
        let rate = Rate { interval: Duration::from_millis(200), burst: 3 };
        let (bucket, begin) = (Bucket::default(), Instant::now());
        let left: Vec<u32> = (0..5).map(|_| bucket.try_take(rate, begin).left).collect();
        assert_eq!(left, [2, 1, 0, 0, 0]);
        let refused = Standing { wait: rate.interval, left: 0, empty_in: rate.whole() };
        assert_eq!(bucket.try_take(rate, begin), refused);
        assert!(bucket.try_take(rate, begin + rate.interval).wait.is_zero());
        assert!(!bucket.try_take(rate, begin + rate.interval).wait.is_zero());
    }
}
