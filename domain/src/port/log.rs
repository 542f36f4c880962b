//! The message log: between the API, which accepts a send, and the committer,
//! which makes it a message. It keeps the order within a partition, delivers
//! at least once, and forgets only what was acknowledged.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::message::{Outcome, Pending, Receipt};

/// The log as the API sees it.
#[async_trait]
pub trait MessageLog: Send + Sync + 'static {
    /// Hands a send over. Returning `Ok` is the promise that nothing but a
    /// final [`Outcome`] ends this send: the log has it on disk. A strategy
    /// without a disk of its own returns only when the outcome is known.
    ///
    /// # Errors
    /// [`NotAcknowledged`] when `deadline` passes or the log refuses. The send
    /// may have happened nevertheless: the caller repeats it with the same id.
    async fn append(
        &self,
        pending: Pending,
        deadline: Instant,
    ) -> Result<Accepted, NotAcknowledged>;

    /// `Err` names what is wrong if a send would be refused now.
    ///
    /// # Errors
    /// [`LogError`] while the log cannot be reached.
    fn check(&self) -> Result<(), LogError>;

    /// What waits in each partition. It asks the log, so it takes a moment; the
    /// caller limits it.
    ///
    /// # Errors
    /// [`LogError`] while the log cannot be reached.
    async fn backlog(&self) -> Result<Vec<Backlog>, LogError>;

    /// What strategy this is, for people: `in-process`, `rabbitmq`.
    fn strategy(&self) -> &'static str;
}

/// What waits in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Which.
    pub partition: u32,
    /// Sends that no consumer has taken yet.
    pub waiting: u64,
    /// How many consumers stand in line; one of them is delivered to.
    pub consumers: u32,
    /// What was taken and is not settled, where the log knows it.
    pub taken: Option<Taken>,
}

/// What a consumer has taken and not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many sends.
    pub count: u64,
    /// When the oldest of them was accepted, if there is one and it says so.
    pub oldest_at: Option<DateTime<Utc>>,
}

/// A send that the log has. Its outcome arrives here if this node hears it in time.
#[derive(Debug)]
pub struct Accepted {
    outcome: oneshot::Receiver<Outcome>,
}

impl Accepted {
    /// A send whose outcome will be sent to the other end of `outcome`.
    #[must_use]
    pub fn waiting(outcome: oneshot::Receiver<Outcome>) -> Self {
        Self { outcome }
    }

    /// A send whose outcome is known already.
    #[must_use]
    pub fn settled(outcome: Outcome) -> Self {
        let (sender, receiver) = oneshot::channel();
        // The receiver is right here.
        let _ = sender.send(outcome);
        Self { outcome: receiver }
    }

    /// The outcome, if it is known within `wait`. `None` says nothing about
    /// the send: receipts are best effort, the database has the answer.
    pub async fn outcome_within(&mut self, wait: Duration) -> Option<Outcome> {
        if let Ok(outcome) = self.outcome.try_recv() {
            return Some(outcome);
        }
        tokio::time::timeout(wait, &mut self.outcome).await.ok()?.ok()
    }
}

/// The log did not take a send, or nobody knows whether it did.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not acknowledged: {reason}")]
pub struct NotAcknowledged {
    /// What is wrong, for the operator's log.
    pub reason: String,
}

/// The log as a worker sees it.
#[async_trait]
pub trait LogConsumer: Send + Sync + 'static {
    /// Begins to consume a partition. Of all workers that do so the log picks
    /// one to deliver to; the others wait in [`PartitionReader::next_batch`].
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be reached.
    async fn open(&self, partition: u32) -> Result<Box<dyn PartitionReader>, LogError>;
}

/// One partition, consumed in order by one task.
#[async_trait]
pub trait PartitionReader: Send {
    /// What is there, in order, at least one and at most `limit` deliveries;
    /// waits only while there is none. Cancel safe.
    ///
    /// # Errors
    /// [`LogError`] when the link is lost: drop the reader and open another.
    async fn next_batch(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError>;

    /// Tells the nodes that wait for these sends what became of them. Best
    /// effort: whoever misses it reads the database.
    async fn send_receipts(&mut self, reply_to: &str, receipts: &[Receipt]);

    /// Puts a delivery among the dead letters with its reason, durably. It
    /// still has to be acknowledged.
    ///
    /// # Errors
    /// [`LogError`] if it is not known to be there: nothing may be acknowledged.
    async fn set_aside(&mut self, delivery: &Delivery, reason: &str) -> Result<(), LogError>;

    /// Forgets everything up to and including `delivery`.
    ///
    /// # Errors
    /// [`LogError`] when the link is lost: everything unacknowledged comes again.
    async fn acknowledge(&mut self, delivery: &Delivery) -> Result<(), LogError>;

    /// Stops consuming, so that another worker takes over. Call it with
    /// everything delivered acknowledged.
    ///
    /// # Errors
    /// [`LogError`] when the link is lost, which has the same effect.
    async fn close(self: Box<Self>) -> Result<(), LogError>;
}

/// One payload as the log delivers it, not yet looked at.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where it stands in this reader's order.
    pub tag: u64,
    /// The bytes.
    pub payload: Bytes,
    /// The send's id, as the publisher wrote it beside the payload.
    pub message_id: Option<String>,
    /// The node that waits for the receipt.
    pub reply_to: Option<String>,
    /// How often it was delivered before.
    pub redelivery_count: u32,
    /// When the log was first asked to take it, by the clock of the API node;
    /// if its publisher says so.
    pub accepted_at: Option<DateTime<Utc>>,
}

/// The log cannot be reached, or refuses.
#[derive(Clone, Debug, thiserror::Error)]
#[error("message log: {reason}")]
pub struct LogError {
    /// What is wrong, for the operator's log.
    pub reason: String,
}
