//! How fast people are heard: quick for a moment, at a steady rate for long. Who
//! is quicker waits; who stays quicker is let go.

use std::time::Duration;

use tokio::time::Instant;

use crate::http::bucket::{Bucket, Rate};

/// 50 frames a second, and 250 at once after a pause.
const RATE: Rate = Rate { interval: Duration::from_millis(20), burst: 250 };

/// How long somebody may be too quick without a pause.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pace of one person's sockets together, on one node.
#[derive(Debug, Default)]
pub(crate) struct Pace(Bucket);

/// Since when one socket has been too quick.
#[derive(Debug, Default)]
pub(crate) struct Haste {
    since: Option<Instant>,
}

/// Who is too quick for too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooQuick;

impl Haste {
    /// How long to wait before a frame that came `now` is heard.
    ///
    /// # Errors
    /// [`TooQuick`] after ten seconds without a pause.
    pub(crate) fn wait(&mut self, pace: &Pace, now: Instant) -> Result<Duration, TooQuick> {
        let wait = pace.0.take(RATE, now);
        if wait.is_zero() {
            self.since = None;
            return Ok(wait);
        }
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) > PATIENCE { Err(TooQuick) } else { Ok(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames that are heard until the end, if each comes `gap` after the one
    /// before was heard.
    fn heard(gap: Duration, most: u32) -> u32 {
        let (pace, mut haste, mut now) = (Pace::default(), Haste::default(), Instant::now());
        for count in 0..most {
            match haste.wait(&pace, now) {
                Ok(wait) => now += wait + gap,
                Err(TooQuick) => return count,
            }
        }
        most
    }

    #[test]
    fn who_keeps_the_pace_is_heard_for_ever_and_who_does_not_for_ten_seconds() {
        assert_eq!(heard(RATE.interval, 10_000), 10_000);
        assert_eq!(heard(Duration::ZERO, RATE.burst), RATE.burst);
        let hasty = heard(Duration::from_millis(1), 10_000);
        assert!((700..=900).contains(&hasty), "{hasty}");
    }

    #[test]
    fn pause_makes_up_for_haste() {
        let (pace, mut haste, begin) = (Pace::default(), Haste::default(), Instant::now());
        for _ in 0..RATE.burst {
            assert_eq!(haste.wait(&pace, begin), Ok(Duration::ZERO));
        }
        assert_eq!(haste.wait(&pace, begin), Ok(RATE.interval));
        let later = begin + RATE.interval * (RATE.burst + 1);
        assert_eq!(haste.wait(&pace, later), Ok(Duration::ZERO));
    }
}
