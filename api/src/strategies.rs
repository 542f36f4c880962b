//! From configuration to the parts that a node is made of.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_broker::StrategyError;
use warren_domain::account::People;
use warren_domain::database::{Database, DbErr};
use warren_domain::port::{EventBus, MessageLog};
use warren_domain::schema::{self, DatabaseFacts, SchemaError};
use warren_process::Configuration;

/// The database and the strategies that the configuration chose, started.
pub struct Strategies {
    /// The database.
    pub database: Database,
    /// What it says of itself.
    pub facts: DatabaseFacts,
    /// Where sends go.
    pub log: Arc<dyn MessageLog>,
    /// Where the nodes hear of what happened.
    pub bus: Arc<dyn EventBus>,
    /// Who is who.
    pub people: People,
    /// Their tasks, which end after `stop`.
    pub tasks: TaskTracker,
    /// Ends them, once nothing is sent any more.
    pub stop: CancellationToken,
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Database(#[from] DbErr),
    /// This program and the database do not fit.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The message log or the event bus cannot be used.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
}

impl Strategies {
    /// Connects to the database, checks that it fits, and starts the log and
    /// the bus.
    ///
    /// # Errors
    /// [`StartError`] says what to run or to set.
    pub async fn start(configuration: &Configuration) -> Result<Self, StartError> {
        let database = Database::connect(configuration.database_url.expose()).await?;
        let facts = schema::check(&database, configuration.partitions).await?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let people = People::default();
        let runtime = warren_broker::Runtime { tasks: tasks.clone(), stop: stop.clone() };
        let partitions = facts.partition_count;
        let bus = warren_broker::event_bus(&configuration.bus_url, partitions, &runtime)?;
        let committer =
            warren_domain::message::Committer::new(database.clone(), bus.clone(), people.clone());
        let log =
            warren_broker::message_log(&configuration.log_url, partitions, committer, &runtime)?;
        Ok(Self { database, facts, log, bus, people, tasks, stop })
    }
}
