//! How long something took, many times.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// A minute, in microseconds; what takes longer counts as this.
const HIGHEST: u64 = 60_000_000;

/// A distribution of times, to three digits.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    histogram: Histogram<u64>,
}

/// What one wants to know of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Default for Latency {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, HIGHEST, 3).expect("bounds that are fit");
        Self { histogram }
    }
}

impl Latency {
    pub(crate) fn note(&mut self, taken: Duration) {
        let micros = u64::try_from(taken.as_micros()).unwrap_or(HIGHEST);
        self.histogram.saturating_record(micros.clamp(1, HIGHEST));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("the same bounds");
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// In milliseconds; `part` is between 0 and 1.
    pub(crate) fn quantile_ms(&self, part: f64) -> f64 {
        millis(self.histogram.value_at_quantile(part))
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            p50_ms: self.quantile_ms(0.5),
            p99_ms: self.quantile_ms(0.99),
            max_ms: millis(self.histogram.max()),
        }
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}
