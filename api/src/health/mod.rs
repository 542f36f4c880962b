//! Whether the server lives, and how it is.

mod access;
mod answer;
mod at_most_every;
mod heartbeat;
mod metrics;
mod page;
mod ping;
mod ready;
mod report;
mod survey;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use poem::Request;
use poem::web::{Accept, Data};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use warren_domain::NodeRegistry;
use warren_domain::database::Database;
use warren_domain::port::DeadLetters;
use warren_process::{Configuration, Monitors, process_name};

use crate::http::body::Body;
use crate::http::problem::{Problem, Refused};
use crate::node::Node;
use crate::tag::Tag;

use access::admit;
use answer::HealthAnswer;
use at_most_every::AtMostEvery;
pub(crate) use heartbeat::while_listed;
use metrics::MetricsAnswer;
pub(crate) use metrics::Requests;
use ping::{Pong, ping};
use ready::{Check, ReadyAnswer, ready};
use survey::{Figures, Survey, survey};
use verdict::judge;

/// What takes a lock or asks a broker, and can be asked for by many.
const OFTEN: Duration = Duration::from_secs(1);

/// What reads a row for every user and channel.
const SELDOM: Duration = Duration::from_secs(30);

/// What a node keeps for those who watch it.
pub(crate) struct Watching {
    pub(crate) requests: Requests,
    registry: NodeRegistry,
    dead_letters: Arc<dyn DeadLetters>,
    monitors: Monitors,
    data_dir: PathBuf,
    ready: AtMostEvery<Vec<Check>>,
    ping: AtMostEvery<Result<Pong, &'static str>>,
    survey: AtMostEvery<Arc<Survey>>,
    figures: AtMostEvery<Option<Figures>>,
}

impl Watching {
    /// Nobody has asked yet.
    pub(crate) fn new(
        configuration: &Configuration,
        database: Database,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Self {
        Self {
            requests: Requests::default(),
            registry: NodeRegistry::new(database, process_name()),
            dead_letters,
            monitors: Monitors::new(configuration.monitor_addresses.clone()),
            data_dir: configuration.data_dir.clone(),
            ready: AtMostEvery::new(OFTEN),
            ping: AtMostEvery::new(OFTEN),
            survey: AtMostEvery::new(OFTEN),
            figures: AtMostEvery::new(SELDOM),
        }
    }
}

/// The process lives.
#[derive(Debug, Serialize, Object)]
pub(crate) struct Liveness {
    /// Always `ok`.
    status: String,
}

/// Health.
pub(crate) struct HealthApi;

#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// Does the process live
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    async fn livez(&self) -> Body<Liveness> {
        Body(Liveness { status: "ok".into() })
    }

    /// Is the process ready
    ///
    /// Whether it reaches its database, its message log and its event bus. It
    /// looks at most once a second, whoever asks.
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, node: Data<&Arc<Node>>) -> ReadyAnswer {
        ready(&node).await
    }

    /// Ping, through to the database
    ///
    /// Writes to the database and reads what was written, at most once a second,
    /// whoever asks.
    #[oai(path = "/ping", method = "get", operation_id = "ping")]
    async fn ping(&self, node: Data<&Arc<Node>>) -> Result<Body<Pong>, Refused<503>> {
        Ok(Body(ping(&node).await.map_err(Problem::unavailable)?))
    }

    /// How is the server
    ///
    /// Everything that a monitor wants, as JSON, or as a page for a browser. It
    /// looks at most once a second. Only for this machine, for the addresses in
    /// WARREN_MONITOR_ADDRESSES, and with the access token of an owner or admin of
    /// the server; for everybody else it does not exist.
    #[oai(path = "/healthcheck", method = "get", operation_id = "healthcheck")]
    async fn healthcheck(
        &self,
        node: Data<&Arc<Node>>,
        request: &Request,
        accept: Accept,
    ) -> Result<HealthAnswer, Refused<404>> {
        admit(&node, request).await?;
        let survey = survey(&node).await.ok_or_else(|| Problem::unavailable("It panicked."))?;
        Ok(HealthAnswer::new(judge(&node.watching, &survey), &accept))
    }

    /// Figures for Prometheus
    ///
    /// The figures of `healthcheck`, and how long this process's requests took, by
    /// operation. For the same readers.
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(
        &self,
        node: Data<&Arc<Node>>,
        request: &Request,
    ) -> Result<MetricsAnswer, Refused<404>> {
        admit(&node, request).await?;
        let survey = survey(&node).await.ok_or_else(|| Problem::unavailable("It panicked."))?;
        let health = judge(&node.watching, &survey);
        let text =
            node.watching.requests.expose(&health).map_err(|error| Problem::internal(&error))?;
        Ok(MetricsAnswer(text))
    }
}
