//! What is accepted, and what is not.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::{Instant, timeout};
use warren_domain::id::ChannelId;
use warren_domain::port::MessageLog;

use super::super::log::{STEP, sends};
use super::{Node, connect, namespace, scattered};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "rabbitmq",
        [
            unroutable_send_is_never_accepted,
            lost_binding_heals_by_itself,
            unreachable_broker_refuses_at_the_deadline
        ]
    )
}

/// One partition's binding goes while sends into all of them are under way:
/// an answer must belong to its own send.
async fn unroutable_send_is_never_accepted(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let node = Node::on(rabbitmq).await;
    let (_connection, amqp) = connect(rabbitmq).await;
    let mut accepted = Vec::new();
    let mut refused = 0;
    for _ in 0..5 {
        let sends = scattered(400);
        let (half, appending) = (sends.len() / 2, node.fixture().append_all(&sends));
        node.unbind(&amqp, node.fixture().partition(sends[half].channel_id)).await;
        let answers = timeout(2 * STEP, appending).await.expect("answers").expect("no panic");
        refused += answers.iter().filter(|answer| answer.is_err()).count();
        let yes = sends.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        accepted.extend(yes.map(|(send, _)| send.id));
    }
    assert!(refused > 0, "the binding was missed");
    node.expect_stored(&accepted).await;
    node.stop().await;
}

async fn lost_binding_heals_by_itself(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let node = Node::on(rabbitmq).await;
    let (_connection, amqp) = connect(rabbitmq).await;
    let send = sends(ChannelId::generate(), 1).remove(0);
    node.unbind(&amqp, node.fixture().partition(send.channel_id)).await;
    let begun = Instant::now();
    let refused = node.log.append(send.clone(), begun + STEP).await;
    let reason = refused.expect_err("there is no queue").reason;
    assert!(reason.contains("reached no queue"), "{reason}");
    assert!(begun.elapsed() < STEP / 2, "refused at once, not at the deadline");
    let log = &node.log;
    eventually("a send is accepted again", STEP, async || {
        log.append(send.clone(), Instant::now() + STEP).await.ok()
    })
    .await;
    node.stop().await;
}

async fn unreachable_broker_refuses_at_the_deadline(_world: Arc<World>) {
    // Nothing listens on the discard port.
    let node = Node::start("amqp://guest:guest@127.0.0.1:9/%2f", &namespace());
    assert!(node.log.check().is_err());
    let begun = Instant::now();
    let wait = Duration::from_millis(500);
    let send = sends(ChannelId::generate(), 1).remove(0);
    let refused = node.log.append(send, begun + wait).await.expect_err("no broker");
    assert!((wait..wait * 3).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert!(!refused.reason.contains("guest"), "{}", refused.reason);
    node.stop().await;
}
