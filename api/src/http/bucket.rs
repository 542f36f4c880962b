//! A leaky bucket: quick for a moment, at a steady rate for long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How fast a bucket leaks and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// The time that each thing takes up.
    pub(crate) interval: Duration,
    /// How many things may come at once after a pause.
    pub(crate) burst: u32,
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
    pub(crate) fn try_take(&self, rate: Rate, now: Instant) -> bool {
        let mut empty_at = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = (*empty_at).max(now) + rate.interval;
        let fits = rate.excess(taken, now).is_zero();
        if fits {
            *empty_at = taken;
        }
        fits
    }
}

impl Rate {
    fn excess(self, empty_at: Instant, now: Instant) -> Duration {
        empty_at.duration_since(now).saturating_sub(self.interval * self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_takes_no_place() {
        let rate = Rate { interval: Duration::from_millis(200), burst: 3 };
        let (bucket, begin) = (Bucket::default(), Instant::now());
        let taken = (0..10).filter(|_| bucket.try_take(rate, begin)).count();
        assert_eq!(taken, 3);
        assert!(bucket.try_take(rate, begin + rate.interval));
        assert!(!bucket.try_take(rate, begin + rate.interval));
    }
}
