//! The API's side of the log: publish, confirm, and hear what came of it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::warn;
use warren_domain::Clock;
use warren_domain::message::{MAX_PAYLOAD_SIZE_BYTES, Pending, Receipt};
use warren_domain::partition::partition_of;
use warren_domain::port::{Accepted, Backlog, LogError, MessageLog, NotAcknowledged};

use super::Rabbit;
use super::lane::{Lane, NotPublished, Publication};
use super::link::Link;
use super::node_queue::{Listener, NodeQueue};
use super::receipts::Waiters;
use super::session::{Session, SessionError};
use super::topology::{Topology, queue_length};

/// What people call it.
pub(super) const STRATEGY: &str = "rabbitmq";

/// The header that says when a send was accepted, in microseconds since 1970.
pub(super) const ACCEPTED_AT: &str = "warren-accepted-at";

/// AMQP's number for "on disk before it is confirmed".
pub(super) const PERSISTENT: u8 = 2;

/// The log as an API node sees it: a quorum queue for each partition.
#[derive(Debug)]
pub struct RabbitLog {
    topology: Topology,
    link: Link,
    /// What only asks must not wait behind publications.
    questions: Link,
    /// One for each partition, so that a queue that hangs delays only its own.
    lanes: Vec<Lane>,
    waiters: Arc<Waiters>,
    receipts_queue: watch::Receiver<Option<String>>,
}

impl RabbitLog {
    /// Begins to accept sends, and to listen for their receipts.
    #[must_use]
    pub fn start(rabbit: &Rabbit) -> Self {
        let Rabbit { topology, publish, consume, tasks } = rabbit;
        let partitions = topology.partitions().get();
        let waiters = Arc::new(Waiters::default());
        let queue = NodeQueue { purpose: "receipts", exchange: None };
        let listener = ReceiptListener { waiters: waiters.clone() };
        let receipts_queue = queue.listen(consume.clone(), topology.clone(), listener, tasks);
        Self {
            topology: topology.clone(),
            link: publish.clone(),
            questions: consume.clone(),
            lanes: (0..partitions).map(|_| Lane::start(publish.clone(), tasks)).collect(),
            waiters,
            receipts_queue,
        }
    }

    /// `Err` while this node hears no receipts: sends are accepted, but their
    /// outcomes have to be read from the database.
    ///
    /// # Errors
    /// [`LogError`] while the receipts queue is not there.
    pub fn check_receipts(&self) -> Result<(), LogError> {
        match *self.receipts_queue.borrow() {
            Some(_) => Ok(()),
            None => Err(SessionError::Absent.into()),
        }
    }

    /// Publishes again and again, always under the same id, until the broker
    /// says yes or no. The caller's deadline ends it.
    async fn publish(&self, pending: &Pending, payload: Bytes) -> Result<(), NotAcknowledged> {
        let partition = partition_of(pending.channel_id, self.topology.partitions());
        let lane =
            self.lanes.get(partition as usize).ok_or_else(|| refused("no such partition"))?;
        let accepted_at = Clock::System.now();
        loop {
            // Without a session the lane would keep it: wait here, where the deadline cancels.
            self.link.session().await.ok_or_else(|| refused("the log is closed"))?;
            let publication = self.publication(pending, partition, accepted_at, payload.clone());
            match lane.publish(publication).await {
                Ok(()) => return Ok(()),
                Err(NotPublished::Refused(reason)) => return Err(refused(reason)),
                Err(NotPublished::Unknown) => tokio::task::yield_now().await,
            }
        }
    }

    fn publication(
        &self,
        pending: &Pending,
        partition: u32,
        accepted_at: DateTime<Utc>,
        payload: Bytes,
    ) -> Publication {
        let mut headers = FieldTable::default();
        headers.insert("warren-version".into(), AMQPValue::LongUInt(pending.version()));
        headers.insert(ACCEPTED_AT.into(), AMQPValue::LongLongInt(accepted_at.timestamp_micros()));
        let mut properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_message_id(pending.id.to_string().into())
            .with_headers(headers);
        if let Some(queue) = self.receipts_queue.borrow().as_deref() {
            properties = properties.with_reply_to(queue.into());
        }
        Publication {
            exchange: self.topology.messages_exchange(),
            routing_key: Topology::partition_key(partition),
            must_be_routed: true,
            properties,
            payload,
        }
    }
}

#[async_trait]
impl MessageLog for RabbitLog {
    async fn append(
        &self,
        pending: Pending,
        deadline: Instant,
    ) -> Result<Accepted, NotAcknowledged> {
        let payload = pending.encode();
        if payload.len() > MAX_PAYLOAD_SIZE_BYTES {
            return Err(refused("the payload is too large"));
        }
        if self.link.current().is_ok_and(|session| session.is_blocked()) {
            return Err(refused(BLOCKED));
        }
        // Before publishing: the receipt may be quicker than the confirmation.
        let outcome = self.waiters.register(pending.id, pending.fingerprint());
        match timeout_at(deadline, self.publish(&pending, payload)).await {
            Ok(published) => published.map(|()| Accepted::waiting(outcome)),
            Err(_) => Err(self.late()),
        }
    }

    fn check(&self) -> Result<(), LogError> {
        if self.link.current()?.is_blocked() {
            return Err(LogError { reason: BLOCKED.into() });
        }
        Ok(())
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, LogError> {
        let session = self.questions.current()?;
        Ok(backlog(&session, &self.topology).await?)
    }

    fn strategy(&self) -> &'static str {
        STRATEGY
    }
}

/// What waits in each partition.
pub(super) async fn backlog(
    session: &Session,
    topology: &Topology,
) -> Result<Vec<Backlog>, SessionError> {
    let channel = session.channel().await?;
    let mut backlog = Vec::new();
    for partition in topology.each_partition() {
        let queue = topology.partition_queue(partition);
        let length = session.bounded(queue_length(&channel, &queue)).await?;
        let (waiting, consumers) = (length.waiting.into(), length.consumers);
        backlog.push(Backlog { partition, waiting, consumers, taken: None });
    }
    session.bounded(channel.close(200, "asked".into())).await?;
    Ok(backlog)
}

impl RabbitLog {
    /// Why a deadline passed.
    fn late(&self) -> NotAcknowledged {
        match self.check() {
            Ok(()) => refused("the broker did not confirm in time"),
            Err(error) => refused(error.reason),
        }
    }
}

const BLOCKED: &str = "the broker is short of memory or disk and takes no publications";

fn refused(reason: impl Into<String>) -> NotAcknowledged {
    NotAcknowledged { reason: reason.into() }
}

/// Hands receipts to whoever waits for them.
struct ReceiptListener {
    waiters: Arc<Waiters>,
}

impl Listener for ReceiptListener {
    fn connected(&mut self) {}

    fn received(&mut self, payload: &[u8]) {
        match serde_json::from_slice::<Vec<Receipt>>(payload) {
            Ok(receipts) => receipts.into_iter().for_each(|receipt| self.waiters.resolve(receipt)),
            Err(error) => warn!(%error, "undecodable receipts ignored"),
        }
    }
}
