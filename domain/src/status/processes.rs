//! The processes that say that they live.

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, EntityTrait, QueryOrder, QuerySelect};

use crate::clock::Clock;
use crate::database::Database;
use crate::entity::{node, worker};
use crate::node_registry::NODE_LIFETIME;
use crate::worker_registry::{Holding, WORKER_LIFETIME};

/// More than this is no installation of Warren.
const MAX_PROCESSES: u64 = 1_000;

/// An API process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiProcess {
    /// `host/process id`.
    pub name: String,
    /// Since when it runs.
    pub started_at: DateTime<Utc>,
    /// When it was seen last.
    pub seen_at: DateTime<Utc>,
    /// Whether that is not too long ago.
    pub alive: bool,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerProcess {
    /// `host/process id`.
    pub name: String,
    /// Since when it runs.
    pub started_at: DateTime<Utc>,
    /// When it was seen last.
    pub seen_at: DateTime<Utc>,
    /// Whether that is not too long ago.
    pub alive: bool,
    /// The partitions that deliver to it.
    pub holdings: Vec<Holding>,
}

/// The API processes, those of a few minutes ago included.
///
/// # Errors
/// If the database fails.
pub async fn api_processes(database: &Database) -> Result<Vec<ApiProcess>, DbErr> {
    let now = Clock::System.now();
    let listed = node::Entity::find().order_by_asc(node::Column::Name).limit(MAX_PROCESSES);
    let rows = listed.all(database.read()).await?;
    let process = |row: node::Model| ApiProcess {
        alive: now - row.seen_at < NODE_LIFETIME,
        name: row.name,
        started_at: row.started_at,
        seen_at: row.seen_at,
    };
    Ok(rows.into_iter().map(process).collect())
}

/// The workers, those of a few minutes ago included.
///
/// # Errors
/// If the database fails.
pub async fn workers(database: &Database) -> Result<Vec<WorkerProcess>, DbErr> {
    let now = Clock::System.now();
    let listed = worker::Entity::find().order_by_asc(worker::Column::Name).limit(MAX_PROCESSES);
    let rows = listed.all(database.read()).await?;
    let process = |row: worker::Model| WorkerProcess {
        alive: now - row.seen_at < WORKER_LIFETIME,
        holdings: holdings(row.holdings.as_deref().unwrap_or_default()),
        name: row.name,
        started_at: row.started_at,
        seen_at: row.seen_at,
    };
    Ok(rows.into_iter().map(process).collect())
}

/// The names of the processes of either kind that live.
///
/// # Errors
/// If the database fails.
pub async fn alive(database: &Database) -> Result<Vec<String>, DbErr> {
    let nodes = api_processes(database).await?.into_iter();
    let workers = workers(database).await?.into_iter();
    let nodes = nodes.filter(|process| process.alive).map(|process| process.name);
    let workers = workers.filter(|worker| worker.alive).map(|worker| worker.name);
    Ok(nodes.chain(workers).collect())
}

/// What a program of another version wrote otherwise is as good as nothing.
fn holdings(json: &str) -> Vec<Holding> {
    serde_json::from_str(json).unwrap_or_default()
}
