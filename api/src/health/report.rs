//! How the server is, as a monitor reads it.

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use serde::Serialize;

/// How something is. The worst counts for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum HealthStatus {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Degraded,
    /// It does not work.
    Down,
}

/// How the server is, seen from one API process.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Health {
    /// The worst of all parts.
    pub(super) status: HealthStatus,
    /// Why it is not `ok`, a sentence each.
    pub(super) reasons: Vec<String>,
    /// When it was looked at: at most once a second.
    pub(super) at: DateTime<Utc>,
    /// The version of the program.
    pub(super) version: String,
    /// The database schema that the program is made for.
    pub(super) schema: i32,
    /// The process that answers.
    pub(super) node: NodeHealth,
    /// The database.
    pub(super) database: DatabaseHealth,
    /// The message log.
    pub(super) message_log: LogHealth,
    /// The event bus.
    pub(super) event_bus: BusHealth,
    /// API processes that were seen during the last minutes.
    pub(super) api_processes: Vec<ProcessHealth>,
    /// Workers that were seen during the last minutes. One process alone needs none.
    pub(super) workers: Vec<ProcessHealth>,
    /// How much there is, counted at most twice a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<CountsHealth>,
}

/// A process, and what it uses.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct NodeHealth {
    /// Its disk's share in the verdict.
    pub(super) status: HealthStatus,
    /// Host and process id.
    pub(super) name: String,
    /// Since when it runs.
    pub(super) started_at: DateTime<Utc>,
    /// For how many seconds.
    pub(super) uptime_s: u64,
    /// Open WebSockets on this process that have said hello.
    pub(super) sockets: u64,
    /// Its resident memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_bytes: Option<u64>,
    /// What the disk of its data directory has left, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disk_free_bytes: Option<u64>,
    /// The size of that disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disk_size_bytes: Option<u64>,
}

/// The database.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct DatabaseHealth {
    /// Whether it takes what is written and gives it back.
    pub(super) status: HealthStatus,
    /// `SQLite`, `PostgreSQL`, `MySQL` or `MariaDB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<String>,
    /// Its version, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// How long writing and reading a row took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ping_ms: Option<f64>,
    /// What the data takes on its disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size_bytes: Option<u64>,
}

/// The message log.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct LogHealth {
    /// Whether it takes sends, and somebody makes messages of them.
    pub(super) status: HealthStatus,
    /// `in-process` or `rabbitmq`.
    pub(super) strategy: String,
    /// How long it took to answer for all its partitions, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answered_ms: Option<f64>,
    /// Each partition.
    pub(super) partitions: Vec<PartitionHealth>,
    /// Sends that nobody could make messages of, which wait for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letters: Option<u64>,
}

/// A partition of the message log.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PartitionHealth {
    /// Which.
    pub(super) partition: u32,
    /// Whether it is consumed, and soon enough.
    pub(super) status: HealthStatus,
    /// Sends that no worker has taken yet.
    pub(super) waiting: u64,
    /// Sends that a worker has taken and not settled.
    pub(super) unsettled: u64,
    /// The age of the oldest of these, in seconds; 0 if there is none.
    pub(super) lag_s: f64,
    /// How many workers stand in line for it.
    pub(super) consumers: u32,
    /// The worker that has it, once it has delivered something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) held_by: Option<String>,
}

/// The event bus.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct BusHealth {
    /// Whether the processes hear of each other's events at once. Without it
    /// they look at the database every few seconds.
    pub(super) status: HealthStatus,
    /// `in-process` or `rabbitmq`.
    pub(super) strategy: String,
}

/// A process that says that it lives.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct ProcessHealth {
    /// Host and process id.
    pub(super) name: String,
    /// Whether it was seen lately; one that ended in order is not listed.
    pub(super) alive: bool,
    /// Since when it runs.
    pub(super) started_at: DateTime<Utc>,
    /// When it was seen last.
    pub(super) seen_at: DateTime<Utc>,
    /// The partitions that deliver to it, if it is a worker.
    pub(super) partitions: Vec<u32>,
}

/// How much there is.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct CountsHealth {
    /// Accounts.
    pub(super) users: u64,
    /// Channels of every kind.
    pub(super) channels: u64,
    /// Messages that were ever committed.
    pub(super) messages: u64,
}
