//! Everything that exists in the broker: names, and how it is declared.
//! Publishers and consumers read this one file, so they cannot disagree.

use std::num::NonZeroU32;

use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use uuid::Uuid;
use warren_process::configuration::PARTITIONS_MAXIMUM;

/// As good as never. A killed worker returns its whole prefetch, and each
/// time counts as a delivery; only the committer decides what is poison.
const DELIVERY_LIMIT: i64 = 2_000_000_000;

/// What waits in one partition while no worker commits; then publishers are
/// refused, before the broker's disk is full.
const PARTITION_MAX_LENGTH: i64 = 1_000_000;

/// What a node's own queue holds while the node is slow; beyond it the oldest
/// go, because the database has the truth and newer hints are worth more.
const NODE_QUEUE_MAX_LENGTH: i64 = 10_000;
const NODE_QUEUE_MAX_SIZE_BYTES: i64 = 64 * 1024 * 1024;

/// The names of one installation.
#[derive(Clone, Debug)]
pub struct Topology {
    namespace: String,
    partitions: NonZeroU32,
}

impl Topology {
    pub(super) fn new(namespace: String, partitions: NonZeroU32) -> Self {
        Self { namespace, partitions }
    }

    /// How many partitions the log has.
    #[must_use]
    pub fn partitions(&self) -> NonZeroU32 {
        self.partitions
    }

    /// The direct exchange that sends are published to.
    #[must_use]
    pub fn messages_exchange(&self) -> String {
        format!("{}.messages", self.namespace)
    }

    /// The quorum queue of a partition.
    #[must_use]
    pub fn partition_queue(&self, partition: u32) -> String {
        format!("{}.messages.{partition}", self.namespace)
    }

    /// What a partition's queue is bound by.
    #[must_use]
    pub fn partition_key(partition: u32) -> String {
        partition.to_string()
    }

    /// The partitions' numbers.
    pub(super) fn each_partition(&self) -> std::ops::Range<u32> {
        0..self.partitions.get()
    }

    /// The fanout exchange for dead letters.
    #[must_use]
    pub fn dead_letter_exchange(&self) -> String {
        format!("{}.dead-letters", self.namespace)
    }

    /// The quorum queue that keeps the dead letters.
    #[must_use]
    pub fn dead_letter_queue(&self) -> String {
        format!("{}.dead-letters", self.namespace)
    }

    /// The fanout exchange of the event bus.
    #[must_use]
    pub fn events_exchange(&self) -> String {
        format!("{}.events", self.namespace)
    }

    /// A new name for a queue of this node. New for each session: the broker
    /// may still hold the old one for a connection that it has not missed yet.
    pub(super) fn node_queue(&self, purpose: &str) -> String {
        format!("{}.{purpose}.{}", self.namespace, Uuid::new_v4())
    }

    /// Declares all that outlives a session. Idempotent.
    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        self.declare_dead_letters(channel).await?;
        durable_exchange(channel, self.messages_exchange(), ExchangeKind::Direct).await?;
        for partition in self.each_partition() {
            self.declare_partition(channel, partition).await?;
        }
        durable_exchange(channel, self.events_exchange(), ExchangeKind::Fanout).await
    }

    /// Deletes all that outlives a session, and what waits in it, whatever number
    /// of partitions there ever was. Idempotent.
    pub(super) async fn delete(&self, channel: &Channel) -> lapin::Result<()> {
        let partitions = (0..PARTITIONS_MAXIMUM).map(|partition| self.partition_queue(partition));
        for queue in partitions.chain([self.dead_letter_queue()]) {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
        }
        for exchange in
            [self.messages_exchange(), self.dead_letter_exchange(), self.events_exchange()]
        {
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await?;
        }
        Ok(())
    }

    async fn declare_dead_letters(&self, channel: &Channel) -> lapin::Result<()> {
        durable_exchange(channel, self.dead_letter_exchange(), ExchangeKind::Fanout).await?;
        let queue = self.dead_letter_queue();
        let mut arguments = FieldTable::default();
        // Looking at them is delivering them; newer brokers would drop them after 20 times.
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
        quorum_queue(channel, &queue, arguments).await?;
        bind(channel, &queue, &self.dead_letter_exchange(), "").await
    }

    async fn declare_partition(&self, channel: &Channel, partition: u32) -> lapin::Result<()> {
        let mut arguments = FieldTable::default();
        let dead_letters = text(self.dead_letter_exchange());
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
        arguments.insert("x-dead-letter-exchange".into(), dead_letters);
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        // At-least-once requires it; and a refused publish is told, a dropped head is not.
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(PARTITION_MAX_LENGTH));
        let queue = self.partition_queue(partition);
        quorum_queue(channel, &queue, arguments).await?;
        bind(channel, &queue, &self.messages_exchange(), &Self::partition_key(partition)).await
    }
}

/// Declares a queue that only this connection consumes and that goes with it,
/// bound to everything of `exchange` if there is one.
pub(super) async fn declare_node_queue(
    channel: &Channel,
    queue: &str,
    exchange: Option<&str>,
) -> lapin::Result<()> {
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(NODE_QUEUE_MAX_LENGTH));
    let max_size = AMQPValue::LongLongInt(NODE_QUEUE_MAX_SIZE_BYTES);
    arguments.insert("x-max-length-bytes".into(), max_size);
    arguments.insert("x-overflow".into(), text("drop-head"));
    channel.queue_declare(queue.into(), options, arguments).await?;
    match exchange {
        Some(exchange) => bind(channel, queue, exchange, "").await,
        None => Ok(()),
    }
}

/// How much waits in a queue, and how many consume it.
pub(super) struct QueueLength {
    pub(super) waiting: u32,
    pub(super) consumers: u32,
}

/// Asks for the length of a queue that is there.
pub(super) async fn queue_length(channel: &Channel, queue: &str) -> lapin::Result<QueueLength> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(QueueLength { waiting: queue.message_count(), consumers: queue.consumer_count() })
}

async fn durable_exchange(
    channel: &Channel,
    name: String,
    kind: ExchangeKind,
) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
}

async fn quorum_queue(
    channel: &Channel,
    name: &str,
    mut arguments: FieldTable,
) -> lapin::Result<()> {
    arguments.insert("x-queue-type".into(), text("quorum"));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, arguments).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> lapin::Result<()> {
    let options = QueueBindOptions::default();
    channel
        .queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default())
        .await
}

fn text(value: impl Into<String>) -> AMQPValue {
    AMQPValue::LongString(value.into().into())
}
