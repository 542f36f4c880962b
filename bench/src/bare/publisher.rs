//! A bare publisher with confirms on quorum queues declared as Warren declares its own.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

/// As many as Warren has by default.
const QUEUES: usize = 4;

/// What Warren publishes of a message with the bench's text, in bytes.
const PAYLOAD_SIZE_BYTES: usize = 420;

/// Publishes for a while, `window` publications unconfirmed at most; confirmed
/// publications per second.
pub(crate) async fn publish(url: &str, window: usize, duration: Duration) -> f64 {
    let connection = Connection::connect(url, ConnectionProperties::default());
    let connection = connection.await.expect("connect to RabbitMQ");
    let channel = connection.create_channel().await.expect("a channel");
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    let queues = declare(&channel).await;
    let rate = rate(&channel, &queues, window, duration).await;
    for queue in queues {
        let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
        deleted.await.expect("delete a queue");
    }
    connection.close(200, "measured".into()).await.expect("close");
    rate
}

async fn rate(channel: &Channel, queues: &[String], window: usize, duration: Duration) -> f64 {
    let (properties, payload) = (properties(), vec![b'x'; PAYLOAD_SIZE_BYTES]);
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let mut unconfirmed = FuturesUnordered::new();
    let mut confirmed = 0_u64;
    let begin = Instant::now();
    for queue in queues.iter().cycle() {
        if begin.elapsed() >= duration {
            break;
        }
        while unconfirmed.len() >= window {
            let confirmation: lapin::Result<lapin::Confirmation> =
                unconfirmed.next().await.expect("one is under way");
            assert!(confirmation.expect("a confirmation").is_ack());
            confirmed += 1;
        }
        let published = channel
            .basic_publish("".into(), queue.as_str().into(), options, &payload, properties.clone())
            .await;
        unconfirmed.push(published.expect("publish"));
    }
    confirmed as f64 / begin.elapsed().as_secs_f64()
}

async fn declare(channel: &Channel) -> Vec<String> {
    let prefix = uuid::Uuid::new_v4().simple().to_string();
    let queues: Vec<String> = (0..QUEUES).map(|number| format!("bare.{prefix}.{number}")).collect();
    for queue in &queues {
        let mut arguments = FieldTable::default();
        let text = |text: &str| AMQPValue::LongString(text.into());
        arguments.insert("x-queue-type".into(), text("quorum"));
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(2_000_000_000));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(1_000_000));
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = channel.queue_declare(queue.as_str().into(), options, arguments).await;
        declared.expect("declare a queue");
    }
    queues
}

/// Persistent, with what Warren's publications carry.
fn properties() -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("warren-version".into(), AMQPValue::LongUInt(1));
    headers.insert("warren-accepted-at".into(), AMQPValue::LongLongInt(1_700_000_000_000_000));
    BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_message_id(uuid::Uuid::new_v4().to_string().into())
        .with_reply_to("bare.receipts.of-some-node".into())
        .with_headers(headers)
}
