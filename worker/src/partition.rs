//! One partition, from opening it to giving it away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use warren_domain::port::{LogConsumer, LogError, PartitionReader};

use crate::commit::{self, Next, Settler};
use crate::holdings::Holdings;

/// Sends per transaction at most. Nobody waits for it to fill.
const BATCH_LENGTH: usize = 512;

/// Before a lost link is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How long this worker leaves a partition alone whose next payload it cannot
/// read, so that a newer program may take it.
const STAND_BACK: Duration = Duration::from_secs(10);

/// How long a batch under way may take after the stop was asked for. Dropped,
/// it is rolled back, and delivered to the next owner.
const DRAIN: Duration = Duration::from_secs(8);

/// What consuming one partition needs.
pub(crate) struct Partition {
    pub(crate) number: u32,
    pub(crate) consumer: Arc<dyn LogConsumer>,
    pub(crate) settler: Settler,
    pub(crate) holdings: Arc<Holdings>,
}

/// Why a partition was let go.
enum Released {
    /// The process stops.
    Stopped,
    /// Another worker is to have it; stay in line for it.
    Yielded,
    /// A newer program must read on.
    Newer,
}

impl Partition {
    /// Consumes until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let released = self.hold(&stop).await;
            self.holdings.release(self.number);
            let pause = match released {
                Ok(Released::Stopped) => return,
                Ok(Released::Yielded) => {
                    tracing::info!(partition = self.number, "gave a partition away");
                    Duration::ZERO
                }
                Ok(Released::Newer) => STAND_BACK,
                Err(error) => {
                    tracing::debug!(partition = self.number, %error, "a partition was lost");
                    RETRY
                }
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    async fn hold(&self, stop: &CancellationToken) -> Result<Released, LogError> {
        let Some(reader) = stop.run_until_cancelled(self.consumer.open(self.number)).await else {
            return Ok(Released::Stopped);
        };
        let mut reader = reader?;
        let released = self.consume(reader.as_mut(), stop).await?;
        reader.close().await?;
        Ok(released)
    }

    async fn consume(
        &self,
        reader: &mut dyn PartitionReader,
        stop: &CancellationToken,
    ) -> Result<Released, LogError> {
        let mut bell: Option<Arc<Notify>> = None;
        loop {
            let rung = async {
                match &bell {
                    Some(bell) => bell.notified().await,
                    None => std::future::pending().await,
                }
            };
            let deliveries = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Released::Stopped),
                () = rung => return Ok(Released::Yielded),
                deliveries = reader.next_batch(BATCH_LENGTH) => deliveries?,
            };
            if bell.is_none() {
                tracing::info!(partition = self.number, "took a partition");
                bell = Some(self.holdings.hold(self.number));
            }
            self.holdings.take(self.number, &deliveries);
            let overdue = async {
                stop.cancelled().await;
                tokio::time::sleep(DRAIN).await;
            };
            let next = tokio::select! {
                biased;
                next = commit::settle(&self.settler, reader, &deliveries) => next?,
                () = overdue => return Ok(Released::Stopped),
            };
            self.holdings.settled(self.number);
            if let Next::Newer(version) = next {
                tracing::error!(
                    partition = self.number,
                    version,
                    "a newer program wrote the next message: this partition waits for an upgraded worker",
                );
                return Ok(Released::Newer);
            }
        }
    }
}
