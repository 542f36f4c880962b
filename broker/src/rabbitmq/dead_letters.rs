//! The queue of dead letters, for people.

use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use lapin::Channel;
use lapin::message::Delivery as RawDelivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicQosOptions};
use lapin::types::AMQPValue;
use tokio::time::timeout;
use warren_domain::port::{DeadLetter, DeadLetterReader, DeadLetters, LogError};

use super::Rabbit;
use super::consumer::integer;
use super::link::Link;
use super::session::{Session, SessionError};
use super::topology::{Topology, queue_length};

/// How long to look for a connection before saying that there is none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The dead letters of an installation.
#[derive(Debug)]
pub struct RabbitDeadLetters {
    topology: Topology,
    link: Link,
}

impl RabbitDeadLetters {
    /// Those that this broker keeps. Needs a Tokio runtime.
    #[must_use]
    pub fn new(rabbit: &Rabbit) -> Self {
        Self { topology: rabbit.topology.clone(), link: rabbit.consume.clone() }
    }

    async fn session(&self) -> Result<Session, SessionError> {
        let session = timeout(CONNECT_TIMEOUT, self.link.session()).await;
        session.ok().flatten().ok_or(SessionError::Absent)
    }
}

#[async_trait]
impl DeadLetters for RabbitDeadLetters {
    async fn count(&self) -> Result<u64, LogError> {
        let session = self.link.current()?;
        let channel = session.channel().await?;
        let queue = self.topology.dead_letter_queue();
        let length = session.bounded(queue_length(&channel, &queue)).await?;
        session.bounded(channel.close(200, "asked".into())).await?;
        Ok(length.waiting.into())
    }

    async fn open(&self) -> Result<Box<dyn DeadLetterReader>, LogError> {
        let session = self.session().await?;
        let channel = session.channel().await?;
        let queue = self.topology.dead_letter_queue();
        let left = session.bounded(queue_length(&channel, &queue)).await?.waiting;
        Ok(Box::new(RabbitDeadLetterReader { session, channel, queue, left, seen: None }))
    }
}

/// Holds what it has looked at, on a channel of its own: when that is closed,
/// the broker puts everything back that was not acknowledged.
struct RabbitDeadLetterReader {
    session: Session,
    channel: Channel,
    queue: String,
    /// How many of those that were there are still to be looked at.
    left: u32,
    seen: Option<u64>,
}

#[async_trait]
impl DeadLetterReader for RabbitDeadLetterReader {
    async fn next(&mut self) -> Result<Option<DeadLetter>, LogError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let getting =
            self.channel.basic_get(self.queue.as_str().into(), BasicGetOptions::default());
        let got = self.session.bounded(getting).await?;
        self.seen = got.as_ref().map(|got| got.delivery.delivery_tag);
        Ok(got.map(|got| dead_letter(got.delivery)))
    }

    async fn remove(&mut self) -> Result<(), LogError> {
        let Some(tag) = self.seen.take() else { return Ok(()) };
        let acknowledging = self.channel.basic_ack(tag, BasicAckOptions::default());
        self.session.bounded(acknowledging).await?;
        // An acknowledgement is not answered; what comes after it is.
        let answered = self.channel.basic_qos(1, BasicQosOptions::default());
        Ok(self.session.bounded(answered).await?)
    }
}

fn dead_letter(raw: RawDelivery) -> DeadLetter {
    let headers = raw.properties.headers().clone().unwrap_or_default();
    let header = |name: &str| headers.inner().get(name);
    let reason = header("warren-reason").and_then(text);
    let id = raw.properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok());
    let seconds = raw.properties.timestamp().and_then(|seconds| i64::try_from(seconds).ok());
    DeadLetter {
        message_id: id,
        reason: reason.unwrap_or_else(|| "the broker set it aside by itself".into()),
        set_aside_at: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        partition: header("warren-partition")
            .and_then(integer)
            .and_then(|number| u32::try_from(number).ok()),
        payload: raw.data.into(),
    }
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}
