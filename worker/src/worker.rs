//! One worker: all partitions consumed, a fair share of them held.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use warren_broker::Strategies;
use warren_domain::WorkerRegistry;
use warren_domain::message::Committer;
use warren_domain::port::LogConsumer;
use warren_process::process_name;

use crate::commit::Settler;
use crate::door::Door;
use crate::holdings::Holdings;
use crate::metrics::Metrics;
use crate::{partition, share};

/// Commits what the message log holds.
pub struct Worker {
    consumer: Option<Arc<dyn LogConsumer>>,
    committer: Committer,
    registry: WorkerRegistry,
    partitions: u32,
    door: Option<Door>,
}

/// What a worker works with.
pub struct Parts {
    /// Where sends come from.
    pub consumer: Arc<dyn LogConsumer>,
    /// What makes them messages.
    pub committer: Committer,
    /// Where it says that it lives.
    pub registry: WorkerRegistry,
    /// How many partitions the log has.
    pub partitions: u32,
}

/// A worker that cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("a partition's task ended unexpectedly: {0}")]
pub struct WorkerError(#[from] tokio::task::JoinError);

impl Worker {
    /// A worker on these strategies.
    #[must_use]
    pub fn new(strategies: &Strategies) -> Self {
        Self {
            consumer: strategies.log_consumer(),
            committer: strategies.committer(),
            registry: WorkerRegistry::new(strategies.database.clone(), process_name()),
            partitions: strategies.partition_count().get(),
            door: None,
        }
    }

    /// A worker of parts that somebody else chose: the simulation.
    #[must_use]
    pub fn of(parts: Parts) -> Self {
        let Parts { consumer, committer, registry, partitions } = parts;
        Self { consumer: Some(consumer), committer, registry, partitions, door: None }
    }

    /// The same, answering who watches it there.
    #[must_use]
    pub fn behind(self, door: Option<Door>) -> Self {
        Self { door, ..self }
    }

    /// Works until `stop`, then finishes what it has taken and steps back.
    /// Where the log needs no worker there is nothing to do.
    ///
    /// # Errors
    /// [`WorkerError`] if a task panicked: end the process, so that a
    /// supervisor starts it anew; what was not acknowledged comes again.
    pub async fn run(self, stop: CancellationToken) -> Result<(), WorkerError> {
        let Some(consumer) = self.consumer else { return Ok(()) };
        let holdings = Arc::new(Holdings::default());
        let metrics = Arc::new(Metrics::default());
        let mut tasks = JoinSet::new();
        for number in 0..self.partitions {
            let partition = partition::Partition {
                number,
                consumer: consumer.clone(),
                settler: Settler { committer: self.committer.clone(), metrics: metrics.clone() },
                holdings: holdings.clone(),
            };
            tasks.spawn(partition.run(stop.clone()));
        }
        if let Some(door) = self.door {
            tasks.spawn(door.answer(metrics, holdings.clone(), stop.clone()));
        }
        tasks.spawn(share::run(self.registry, holdings, self.partitions, stop));
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}
