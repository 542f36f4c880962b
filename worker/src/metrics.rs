//! What a worker has done, as figures for Prometheus.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use warren_domain::message::Outcome;
use warren_domain::port::Delivery;
use warren_process::figures::{self, Registry, Unit};

/// From a batch of one to one that waited for another writer's lock, in seconds.
const DURATIONS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Counted since this process began.
pub(crate) struct Metrics {
    registry: Registry,
    sends: Family<Settled, Counter>,
    batch_lengths: Histogram,
    durations: Histogram,
    redeliveries: Counter,
    set_aside: Counter,
}

/// `committed`, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Settled {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: figures::registry(),
            sends: Family::default(),
            batch_lengths: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            durations: Histogram::new(DURATIONS),
            redeliveries: Counter::default(),
            set_aside: Counter::default(),
        };
        let Self { registry, sends, batch_lengths, durations, redeliveries, set_aside } =
            &mut metrics;
        registry.register("sends", "Sends that were settled, by outcome", sends.clone());
        let help = "How many sends were committed together";
        registry.register("batch_length", help, batch_lengths.clone());
        let help = "How long a batch took to be settled, however often it was tried";
        registry.register_with_unit("commit_duration", help, Unit::Seconds, durations.clone());
        let help = "Deliveries that had been delivered before";
        registry.register("redeliveries", help, redeliveries.clone());
        registry.register("set_aside", "Sends that became dead letters", set_aside.clone());
        metrics
    }
}

impl Metrics {
    /// A batch was delivered.
    pub(crate) fn note_delivered(&self, deliveries: &[Delivery]) {
        let again = deliveries.iter().filter(|delivery| delivery.redelivery_count > 0).count();
        self.redeliveries.inc_by(u64::try_from(again).unwrap_or(u64::MAX));
    }

    /// The database has decided a batch.
    pub(crate) fn note_batch(&self, length: usize, elapsed: Duration) {
        self.batch_lengths.observe(length as f64);
        self.durations.observe(elapsed.as_secs_f64());
    }

    /// A send has its outcome.
    pub(crate) fn note_outcome(&self, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Committed { .. } => "committed",
            Outcome::Rejected { reason } => reason.code(),
        };
        self.sends.get_or_create(&Settled { outcome }).inc();
    }

    /// A send became a dead letter.
    pub(crate) fn note_set_aside(&self) {
        self.set_aside.inc();
    }

    /// All figures, as text.
    ///
    /// # Errors
    /// None: a string takes all that is written to it.
    pub(crate) fn expose(&self, partitions_held: usize) -> Result<String, fmt::Error> {
        let mut now = figures::registry();
        figures::add_process(&mut now);
        let held = u64::try_from(partitions_held).unwrap_or(u64::MAX);
        figures::add(&mut now, "partitions_held", "Partitions that deliver to this worker", held);
        figures::expose(&[&self.registry, &now])
    }
}
