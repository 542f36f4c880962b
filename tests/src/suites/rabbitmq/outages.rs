//! A broker that stops, or is killed.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::{Instant, timeout};
use warren_domain::id::{ChannelId, MessageId};
use warren_domain::message::Pending;
use warren_domain::port::{LogConsumer, MessageLog};

use super::super::log::{STEP, assert_all_accepted, sends, take};
use super::{Node, scattered};
use crate::facts;
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "rabbitmq",
        [
            broker_restart_loses_nothing_and_everybody_recovers,
            sends_within_their_deadline_survive_a_kill
        ]
    )
}

async fn broker_restart_loses_nothing_and_everybody_recovers(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let node = Node::on(&rabbitmq).await;
    let channel = ChannelId::generate();
    let (before, during) = (sends(channel, 50), sends(channel, 50));
    assert_all_accepted(node.fixture().append_all(&before)).await;
    let mut reader = node.fixture().open(channel).await;
    take(&mut *reader, 10).await;
    rabbitmq.stop();
    let lost = timeout(STEP, async { while reader.next_batch(100).await.is_ok() {} }).await;
    assert!(lost.is_ok(), "the reader notices");
    assert!(node.log.check().is_err());
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(1);
    assert!(node.log.append(during[0].clone(), deadline).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(2), "refused at its deadline");
    let appending = node.append_within(&during, 4 * STEP);
    rabbitmq.restart().await;
    assert_all_accepted(appending).await;
    let back = Instant::now();
    let mut reader = eventually("the partition opens", STEP, async || {
        node.consumer.open(node.fixture().partition(channel)).await.ok()
    })
    .await;
    take(&mut *reader, 1).await;
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
    drop(reader);
    let ids: Vec<MessageId> = before.iter().chain(&during).map(|send| send.id).collect();
    node.expect_stored(&ids).await;
    node.stop().await;
    rabbitmq.stop();
}

async fn sends_within_their_deadline_survive_a_kill(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let node = Node::on(&rabbitmq).await;
    // See the machinery's test: a queue's registration reaches the disk late.
    rabbitmq.restart().await;
    node.ready().await;
    let sends: Vec<Pending> = scattered(2000);
    let appending = node.append_within(&sends, 4 * STEP);
    tokio::task::yield_now().await;
    rabbitmq.kill();
    rabbitmq.restart().await;
    assert_all_accepted(appending).await;
    let ids: Vec<MessageId> = sends.iter().map(|send| send.id).collect();
    node.expect_stored(&ids).await;
    node.stop().await;
    rabbitmq.stop();
}
