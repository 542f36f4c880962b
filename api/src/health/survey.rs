//! Looks at everything at once: each part has its own short time, so that one
//! which is away keeps the others from nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::time::timeout;
use warren_domain::Clock;
use warren_domain::database::{DbErr, in_time};
use warren_domain::port::{Backlog, LogError};
use warren_domain::status::{self, About, ApiProcess, Counts, WorkerProcess};
use warren_process::resources::{self, DiskSpace};

use crate::health::ping::{Pong, ping};
use crate::node::Node;

/// How long a part may take.
const PART_TIMEOUT: Duration = Duration::from_secs(2);

/// How long counting may take, behind the answers.
const COUNT_TIMEOUT: Duration = Duration::from_secs(20);

/// What was found. `Err` and `None` are findings too.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    pub(super) at: DateTime<Utc>,
    pub(super) ping: Result<Pong, &'static str>,
    pub(super) figures: Option<Figures>,
    pub(super) api_processes: Vec<ApiProcess>,
    pub(super) workers: Vec<WorkerProcess>,
    pub(super) log_strategy: &'static str,
    pub(super) bus_strategy: &'static str,
    /// Whether the log would take a send now.
    pub(super) log: Result<(), LogError>,
    pub(super) backlog: Result<Asked<Vec<Backlog>>, LogError>,
    pub(super) dead_letters: Result<u64, LogError>,
    pub(super) bus: Result<(), LogError>,
    pub(super) sockets: u64,
    pub(super) memory_bytes: Option<u64>,
    pub(super) disk: Option<DiskSpace>,
}

/// What is costly to find, and changes slowly.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(super) about: About,
    pub(super) counts: Counts,
}

/// An answer, and how long it took.
#[derive(Clone, Debug)]
pub(crate) struct Asked<T> {
    pub(super) answer: T,
    pub(super) elapsed_ms: f64,
}

/// Looks at everything, at most once a second. `None` if that panicked.
pub(crate) async fn survey(node: &Arc<Node>) -> Option<Arc<Survey>> {
    let surveyed = node.clone();
    node.watching.survey.answer(async move { Arc::new(survey_now(&surveyed).await) }).await
}

async fn survey_now(node: &Arc<Node>) -> Survey {
    let database = &node.domain.database;
    let (ping, figures, api_processes, workers, backlog, dead_letters) = tokio::join!(
        ping(node),
        figures(node),
        listed(status::api_processes(database)),
        listed(status::workers(database)),
        log_in_time(asked(node.domain.log.backlog())),
        log_in_time(node.watching.dead_letters.count()),
    );
    Survey {
        at: Clock::System.now(),
        ping,
        figures,
        api_processes,
        workers,
        log_strategy: node.domain.log.strategy(),
        bus_strategy: node.domain.bus.strategy(),
        log: node.domain.log.check(),
        backlog,
        dead_letters,
        bus: node.domain.bus.check(),
        sockets: node.gateway.sockets(),
        memory_bytes: resources::resident_bytes(),
        disk: resources::disk_space(&node.watching.data_dir),
    }
}

/// Counting goes on behind an answer that does not wait for it any more.
async fn figures(node: &Arc<Node>) -> Option<Figures> {
    let counting = node.clone();
    let answer = node.watching.figures.answer(async move { figures_now(&counting).await.ok() });
    timeout(PART_TIMEOUT, answer).await.ok().flatten().flatten()
}

async fn figures_now(node: &Node) -> Result<Figures, DbErr> {
    let database = &node.domain.database;
    let counting = async { tokio::try_join!(status::about(database), status::count(database)) };
    let (about, counts) = in_time(COUNT_TIMEOUT, counting).await?;
    Ok(Figures { about, counts })
}

/// Without the database nobody knows who lives, and the ping says why.
async fn listed<T>(processes: impl Future<Output = Result<Vec<T>, DbErr>>) -> Vec<T> {
    timeout(PART_TIMEOUT, processes).await.ok().and_then(Result::ok).unwrap_or_default()
}

async fn asked<T>(
    question: impl Future<Output = Result<T, LogError>>,
) -> Result<Asked<T>, LogError> {
    let begun = Instant::now();
    let answer = question.await?;
    Ok(Asked { answer, elapsed_ms: begun.elapsed().as_micros() as f64 / 1_000.0 })
}

async fn log_in_time<T>(
    question: impl Future<Output = Result<T, LogError>>,
) -> Result<T, LogError> {
    let late = |_| Err(LogError { reason: "no answer in time".into() });
    timeout(PART_TIMEOUT, question).await.unwrap_or_else(late)
}
