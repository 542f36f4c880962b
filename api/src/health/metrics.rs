//! How the server is, as figures for Prometheus (OpenMetrics 1.0).

use std::fmt;
use std::time::Duration;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry as Metrics, Unit};
use warren_process::figures::{self, MEDIA_TYPE, Seconds, add, add_bytes, add_seconds, signed};

use crate::health::report::{Health, HealthStatus};

/// From a cached read to a long poll, in seconds.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The requests that this process has answered.
pub(crate) struct Requests {
    metrics: Metrics,
    durations: Family<Answered, Histogram>,
}

/// An answer, as its operation documents it: few kinds, however many requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPartition {
    partition: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPart {
    part: &'static str,
}

impl Default for Requests {
    fn default() -> Self {
        let durations =
            Family::<Answered, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let mut metrics = figures::registry();
        metrics.register_with_unit(
            "http_request_duration",
            "From a request's headers to its answer's, by operation",
            Unit::Seconds,
            durations.clone(),
        );
        Self { metrics, durations }
    }
}

impl Requests {
    /// Notes an answer.
    pub(crate) fn note(&self, operation: &'static str, status: u16, elapsed: Duration) {
        let answered = Answered { operation, status };
        self.durations.get_or_create(&answered).observe(elapsed.as_secs_f64());
    }

    /// All figures, as text.
    ///
    /// # Errors
    /// None: a string takes all that is written to it.
    pub(super) fn expose(&self, health: &Health) -> Result<String, fmt::Error> {
        figures::expose(&[&self.metrics, &figures_of(health)])
    }
}

/// The figures of a report: what is not known is absent.
fn figures_of(health: &Health) -> Metrics {
    let mut metrics = figures::registry();
    add_parts(&mut metrics, health);
    add_process(&mut metrics, health);
    add_log(&mut metrics, health);
    if let Some(counts) = &health.counts {
        add(&mut metrics, "users", "Accounts, counted at most twice a minute", counts.users);
        add(&mut metrics, "channels", "Channels of every kind", counts.channels);
        add(&mut metrics, "messages", "Messages that were ever committed", counts.messages);
    }
    metrics
}

fn add_parts(metrics: &mut Metrics, health: &Health) {
    let up = Family::<OfPart, Gauge>::default();
    for (part, status) in [
        ("database", health.database.status),
        ("message_log", health.message_log.status),
        ("event_bus", health.event_bus.status),
        ("node", health.node.status),
    ] {
        let level = match status {
            HealthStatus::Ok => 2,
            HealthStatus::Degraded => 1,
            HealthStatus::Down => 0,
        };
        up.get_or_create(&OfPart { part }).set(level);
    }
    metrics.register("health", "2: ok, 1: degraded, 0: down", up);
    if let Some(size) = health.database.size_bytes {
        add_bytes(metrics, "database_size", "The data and its indexes", size);
    }
    if let Some(ping_ms) = health.database.ping_ms {
        let help = "Writing a row to the database and reading it";
        add_seconds(metrics, "database_ping", help, ping_ms / 1_000.0);
    }
}

fn add_process(metrics: &mut Metrics, health: &Health) {
    let node = &health.node;
    add(metrics, "sockets", "Open WebSockets of this process", node.sockets);
    let started_s = node.started_at.timestamp_millis() as f64 / 1_000.0;
    add_seconds(metrics, "start_time", "When this process started, since 1970", started_s);
    if let Some(free) = node.disk_free_bytes {
        add_bytes(metrics, "disk_free", "What the data directory's disk has left", free);
    }
    figures::add_process(metrics);
}

fn add_log(metrics: &mut Metrics, health: &Health) {
    let (waiting, unsettled) = (Family::<OfPartition, Gauge>::default(), Family::default());
    let (lag, consumers) = (Family::<OfPartition, Seconds>::default(), Family::default());
    for partition in &health.message_log.partitions {
        let label = OfPartition { partition: partition.partition };
        waiting.get_or_create(&label).set(signed(partition.waiting));
        let taken: &Family<OfPartition, Gauge> = &unsettled;
        taken.get_or_create(&label).set(signed(partition.unsettled));
        lag.get_or_create(&label).set(partition.lag_s);
        let line: &Family<OfPartition, Gauge> = &consumers;
        line.get_or_create(&label).set(i64::from(partition.consumers));
    }
    metrics.register("log_waiting", "Sends that no worker has taken yet", waiting);
    metrics.register("log_unsettled", "Sends that a worker has taken and not settled", unsettled);
    metrics.register("log_consumers", "Workers in line for the partition", consumers);
    let help = "The age of the oldest unsettled send";
    metrics.register_with_unit("log_lag", help, Unit::Seconds, lag);
    if let Some(count) = health.message_log.dead_letters {
        let help = "Sends that nobody could make messages of";
        add(metrics, "dead_letters", help, count);
    }
    let alive = health.workers.iter().filter(|worker| worker.alive).count();
    add(metrics, "workers", "Workers that were seen lately", u64::try_from(alive).unwrap_or(0));
}

/// The figures.
pub(crate) struct MetricsAnswer(pub(super) String);

impl IntoResponse for MetricsAnswer {
    fn into_response(self) -> Response {
        Response::builder().content_type(MEDIA_TYPE).body(self.0)
    }
}

impl ApiResponse for MetricsAnswer {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: MEDIA_TYPE, schema: text() }];
        let description = "OpenMetrics 1.0, which Prometheus reads.";
        let (status, status_range, headers) = (Some(200), None, vec![]);
        let response = MetaResponse { description, status, status_range, content, headers };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}

fn text() -> MetaSchemaRef {
    String::schema_ref()
}
