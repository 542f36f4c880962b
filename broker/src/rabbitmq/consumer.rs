//! The worker's side of the log: the partitions' queues and the dead letters.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lapin::BasicProperties;
use lapin::message::Delivery as RawDelivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use tokio::time::timeout;
use tracing::{debug, warn};
use uuid::Uuid;
use warren_domain::message::Receipt;
use warren_domain::port::{Delivery, LogConsumer, LogError, PartitionReader};

use super::Rabbit;
use super::lane::{Lane, Publication};
use super::link::Link;
use super::log::{ACCEPTED_AT, PERSISTENT};
use super::session::{Session, SessionError};
use super::subscription::Subscription;
use super::topology::Topology;

/// How much of a partition may be under way to one worker: what a kill returns.
const PREFETCH: u16 = 512;

/// How long to look for a connection before saying that there is none.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Nobody waits longer than this for a receipt that may get lost anyway.
const RECEIPTS_TIMEOUT: Duration = Duration::from_secs(1);

/// A dead letter that is not confirmed by then is not known to be there.
const SET_ASIDE_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers share a frame; the log has the rest of a longer reason.
const MAX_REASON_SIZE_BYTES: usize = 1000;

/// The log as a worker sees it.
#[derive(Debug)]
pub struct RabbitConsumer {
    topology: Topology,
    link: Link,
    lane: Lane,
}

impl RabbitConsumer {
    /// A worker's access to all partitions. Needs a Tokio runtime.
    #[must_use]
    pub fn new(rabbit: &Rabbit) -> Self {
        Self {
            topology: rabbit.topology.clone(),
            link: rabbit.consume.clone(),
            lane: Lane::start(rabbit.publish.clone(), &rabbit.tasks),
        }
    }

    async fn session(&self) -> Result<Session, SessionError> {
        let session = timeout(OPEN_TIMEOUT, self.link.session()).await;
        session.ok().flatten().ok_or(SessionError::Absent)
    }
}

#[async_trait]
impl LogConsumer for RabbitConsumer {
    async fn open(&self, partition: u32) -> Result<Box<dyn PartitionReader>, LogError> {
        let session = self.session().await?;
        let channel = session.channel().await?;
        let queue = self.topology.partition_queue(partition);
        let subscription = Subscription::open(session, channel, &queue, PREFETCH).await?;
        Ok(Box::new(RabbitReader {
            partition,
            subscription,
            lane: self.lane.clone(),
            dead_letter_exchange: self.topology.dead_letter_exchange(),
        }))
    }
}

struct RabbitReader {
    partition: u32,
    subscription: Subscription,
    lane: Lane,
    dead_letter_exchange: String,
}

#[async_trait]
impl PartitionReader for RabbitReader {
    async fn next_batch(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError> {
        let taken = self.subscription.take(limit).await?;
        Ok(taken.into_iter().map(delivery).collect())
    }

    async fn send_receipts(&mut self, reply_to: &str, receipts: &[Receipt]) {
        if !self.lane.is_open() {
            return debug!("receipts not sent: the broker takes nothing");
        }
        let payload = match serde_json::to_vec(receipts) {
            Ok(payload) => payload.into(),
            Err(error) => return warn!(%error, "receipts cannot be serialised"),
        };
        // The default exchange leads to the queue named by the key, if it is still there.
        let publication = Publication {
            exchange: String::new(),
            routing_key: reply_to.into(),
            must_be_routed: false,
            properties: BasicProperties::default().with_content_type("application/json".into()),
            payload,
        };
        match timeout(RECEIPTS_TIMEOUT, self.lane.publish(publication)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "receipts not sent"),
            Err(_) => debug!("receipts not sent in time"),
        }
    }

    async fn set_aside(&mut self, delivery: &Delivery, reason: &str) -> Result<(), LogError> {
        let publication = self.dead_letter(delivery, reason);
        let published = timeout(SET_ASIDE_TIMEOUT, self.lane.publish(publication)).await;
        let published = published.map_err(|_| LogError::from(SessionError::Silent))?;
        published.map_err(|error| LogError { reason: format!("not set aside: {error}") })
    }

    async fn acknowledge(&mut self, delivery: &Delivery) -> Result<(), LogError> {
        Ok(self.subscription.acknowledge(delivery.tag).await?)
    }

    async fn close(self: Box<Self>) -> Result<(), LogError> {
        Ok(self.subscription.close().await?)
    }
}

impl RabbitReader {
    fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Publication {
        let reason = truncated(reason, MAX_REASON_SIZE_BYTES);
        let mut headers = FieldTable::default();
        headers.insert("warren-reason".into(), AMQPValue::LongString(reason.into()));
        headers.insert("warren-partition".into(), AMQPValue::LongUInt(self.partition));
        let redeliveries = AMQPValue::LongUInt(delivery.redelivery_count);
        headers.insert("warren-redelivery-count".into(), redeliveries);
        let id = delivery.message_id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(truncated(&id, MAX_SHORT_STRING_SIZE_BYTES).into())
            .with_timestamp(Utc::now().timestamp().unsigned_abs())
            .with_headers(headers);
        Publication {
            exchange: self.dead_letter_exchange.clone(),
            routing_key: Topology::partition_key(self.partition),
            must_be_routed: true,
            properties,
            payload: delivery.payload.clone(),
        }
    }
}

/// AMQP 0-9-1, section 4.2.5.3.
const MAX_SHORT_STRING_SIZE_BYTES: usize = 255;

fn delivery(raw: RawDelivery) -> Delivery {
    Delivery {
        tag: raw.delivery_tag,
        redelivery_count: redelivery_count(&raw),
        accepted_at: accepted_at(&raw),
        message_id: raw.properties.message_id().as_ref().map(ShortString::to_string),
        reply_to: raw.properties.reply_to().as_ref().map(ShortString::to_string),
        payload: raw.data.into(),
    }
}

/// A quorum queue counts in a header, which is absent the first time.
fn redelivery_count(raw: &RawDelivery) -> u32 {
    let headers = raw.properties.headers().as_ref();
    let counted = headers.and_then(|headers| headers.inner().get("x-delivery-count"));
    match counted.and_then(integer) {
        Some(count) => u32::try_from(count).unwrap_or(u32::MAX),
        None => u32::from(raw.redelivered),
    }
}

fn accepted_at(raw: &RawDelivery) -> Option<DateTime<Utc>> {
    let headers = raw.properties.headers().as_ref()?;
    headers.inner().get(ACCEPTED_AT).and_then(integer).and_then(DateTime::from_timestamp_micros)
}

pub(super) fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::LongLongInt(number) => Some(*number),
        AMQPValue::LongInt(number) => Some((*number).into()),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => Some((*number).into()),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        _ => None,
    }
}

/// The longest beginning of `text` that fits and ends with a whole character.
fn truncated(text: &str, max_size_bytes: usize) -> &str {
    let end = (0..=max_size_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_keeps_characters_whole() {
        assert_eq!(truncated("añb", 2), "a");
        assert_eq!(truncated("añb", 3), "añ");
        assert_eq!(truncated("añb", 99), "añb");
    }

    #[test]
    fn redelivery_count_prefers_the_queues_own_count() {
        let mut raw = RawDelivery::mock(1, "".into(), "".into(), true, Vec::new());
        assert_eq!(redelivery_count(&raw), 1);
        let mut headers = FieldTable::default();
        headers.insert("x-delivery-count".into(), AMQPValue::LongInt(4));
        raw.properties = BasicProperties::default().with_headers(headers);
        assert_eq!(redelivery_count(&raw), 4);
    }
}
