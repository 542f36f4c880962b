//! RabbitMQ's own record of what it delivered again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties, Consumer};

use super::Rabbitmq;

/// Counts the deliveries that the broker marks as redelivered.
pub struct Trace {
    redelivered: Arc<AtomicU64>,
}

impl Trace {
    /// Turns the broker's tracing on.
    pub async fn start(rabbitmq: &Rabbitmq) -> Self {
        let trace = Self { redelivered: Arc::default() };
        trace.resume(rabbitmq).await;
        trace
    }

    /// How many so far.
    pub fn redelivered(&self) -> u64 {
        self.redelivered.load(Ordering::Relaxed)
    }

    /// Goes on counting after the broker was restarted.
    pub async fn resume(&self, rabbitmq: &Rabbitmq) {
        rabbitmq.control(&["trace_on"]);
        let url = rabbitmq.plain_url();
        let connection = Connection::connect(&url, ConnectionProperties::default()).await;
        let connection = connection.expect("connect");
        let consumer = consume(&connection).await.expect("consume the trace");
        let redelivered = Arc::clone(&self.redelivered);
        tokio::spawn(async move {
            count(consumer, &redelivered).await;
            drop(connection);
        });
    }
}

async fn consume(connection: &Connection) -> lapin::Result<Consumer> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
    let (bind, none) = (QueueBindOptions::default(), FieldTable::default());
    let (exchange, key) = ("amq.rabbitmq.trace", "deliver.#");
    channel.queue_bind(queue.name().clone(), exchange.into(), key.into(), bind, none).await?;
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let tag = "trace".into();
    channel.basic_consume(queue.name().clone(), tag, options, FieldTable::default()).await
}

async fn count(mut deliveries: Consumer, redelivered: &AtomicU64) {
    while let Some(Ok(delivery)) = deliveries.next().await {
        let headers = delivery.properties.headers().clone().unwrap_or_default();
        if is_set(headers.inner().get("redelivered")) {
            redelivered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn is_set(value: Option<&AMQPValue>) -> bool {
    match value {
        Some(AMQPValue::Boolean(set)) => *set,
        Some(AMQPValue::ShortShortInt(number)) => *number != 0,
        Some(AMQPValue::LongInt(number)) => *number != 0,
        Some(AMQPValue::LongLongInt(number)) => *number != 0,
        _ => false,
    }
}
