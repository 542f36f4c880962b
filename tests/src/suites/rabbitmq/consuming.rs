//! Who has which partition, and what comes out of it.

use std::sync::Arc;

use futures_util::FutureExt;
use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::types::AMQPValue;
use libtest_mimic::Trial;
use warren_broker::rabbitmq::Topology;
use warren_domain::id::ChannelId;
use warren_domain::message::Pending;
use warren_domain::port::{LogConsumer, PartitionReader};

use super::super::log::{assert_all_accepted, decoded, sends, settle, take};
use super::{Node, connect};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "rabbitmq",
        [
            one_worker_has_a_partition_and_the_next_takes_over_in_order,
            dropped_worker_returns_its_prefetch_before_the_next_begins,
            set_aside_delivery_is_a_dead_letter_with_its_reason,
            garbage_is_delivered_as_it_is
        ]
    )
}

async fn one_worker_has_a_partition_and_the_next_takes_over_in_order(world: Arc<World>) {
    let node = Node::on(world.servers.rabbitmq().await).await;
    let other = node.sibling().await;
    let channel = ChannelId::generate();
    let mut first = node.fixture().open(channel).await;
    let mut second = other.fixture().open(channel).await;
    // More than a prefetch, so that the queue still holds some when the first goes.
    let sends = sends(channel, 1500);
    assert_all_accepted(node.fixture().append_all(&sends)).await;
    let taken = take(&mut *first, 100).await;
    settle(&mut *first, &taken).await;
    assert!(second.next_batch(1).now_or_never().is_none(), "the second waits");
    first.close().await.expect("close");
    let rest = drain(&mut *second, sends.len() - taken.len()).await;
    assert_order(&rest, &sends[taken.len()..]);
    node.stop().await;
    other.stop().await;
}

async fn dropped_worker_returns_its_prefetch_before_the_next_begins(world: Arc<World>) {
    let node = Node::on(world.servers.rabbitmq().await).await;
    let other = node.sibling().await;
    let channel = ChannelId::generate();
    let mut first = node.fixture().open(channel).await;
    let mut second = other.fixture().open(channel).await;
    let sends = sends(channel, 1500);
    assert_all_accepted(node.fixture().append_all(&sends)).await;
    take(&mut *first, 100).await;
    drop(first);
    let all = drain(&mut *second, sends.len()).await;
    assert_order(&all, &sends);
    node.stop().await;
    other.stop().await;
}

async fn set_aside_delivery_is_a_dead_letter_with_its_reason(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let node = Node::on(rabbitmq).await;
    let channel = ChannelId::generate();
    let sends = sends(channel, 1);
    assert_all_accepted(node.fixture().append_all(&sends)).await;
    let mut reader = node.fixture().open(channel).await;
    let delivery = take(&mut *reader, 1).await.remove(0);
    reader.set_aside(&delivery, "makes no sense").await.expect("set aside");
    reader.acknowledge(&delivery).await.expect("acknowledge");
    let (_connection, amqp) = connect(rabbitmq).await;
    let got = amqp
        .basic_get(node.topology.dead_letter_queue().into(), BasicGetOptions { no_ack: true })
        .await;
    let letter = got.expect("get").expect("a dead letter").delivery;
    assert_eq!(letter.data, sends[0].encode());
    let id = letter.properties.message_id().as_ref().map(ToString::to_string);
    assert_eq!(id, Some(sends[0].id.to_string()));
    let headers = letter.properties.headers().clone().expect("headers");
    let reason = AMQPValue::LongString("makes no sense".into());
    assert_eq!(headers.inner().get("warren-reason"), Some(&reason));
    node.stop().await;
}

/// Judging it is the committer's business.
async fn garbage_is_delivered_as_it_is(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let node = Node::on(rabbitmq).await;
    let (_connection, amqp) = connect(rabbitmq).await;
    let publishing = amqp.basic_publish(
        node.topology.messages_exchange().into(),
        Topology::partition_key(2).into(),
        BasicPublishOptions::default(),
        b"\xff\x00 garbage",
        BasicProperties::default(),
    );
    publishing.await.expect("publish");
    let mut reader = node.consumer.open(2).await.expect("open");
    let delivery = take(&mut *reader, 1).await.remove(0);
    assert_eq!(delivery.payload.as_ref(), b"\xff\x00 garbage");
    assert_eq!((delivery.message_id, delivery.reply_to), (None, None));
    node.stop().await;
}

fn assert_order(arrived: &[Pending], sent: &[Pending]) {
    let wrong = arrived.iter().zip(sent).find(|(arrived, sent)| arrived != sent);
    assert!(wrong.is_none(), "out of order: {wrong:?}");
}

/// The next sends, acknowledged as they come: more than may be under way at once.
async fn drain(reader: &mut dyn PartitionReader, count: usize) -> Vec<Pending> {
    let mut sends = Vec::new();
    while sends.len() < count {
        let batch = take(reader, (count - sends.len()).min(100)).await;
        reader.acknowledge(&batch[batch.len() - 1]).await.expect("acknowledge");
        sends.extend(decoded(&batch));
    }
    sends
}
