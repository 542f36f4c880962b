//! The event bus.

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use libtest_mimic::Trial;
use tokio::sync::mpsc;
use tokio::time::timeout;
use warren_domain::id::{ChannelId, SessionId};
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral, EventBus};

use super::super::log::STEP;
use super::{Node, connect};
use crate::facts;
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "rabbitmq",
        [
            bus_reaches_every_node_and_ignores_what_it_cannot_read,
            bus_says_missed_after_a_reconnection,
            node_that_does_not_listen_is_sent_nothing
        ]
    )
}

async fn bus_reaches_every_node_and_ignores_what_it_cannot_read(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let node = Node::on(rabbitmq).await;
    let other = node.sibling().await;
    let (mut here, mut there) = (node.bus.subscribe(), other.bus.subscribe());
    for signals in [&mut here, &mut there] {
        assert!(matches!(hear(signals).await, BusSignal::Missed), "what was before");
    }
    let (_connection, amqp) = connect(rabbitmq).await;
    for garbage in [&b"{"[..], br#"{"v":99,"kind":"unheard_of"}"#, b"\xff"] {
        let exchange = node.topology.events_exchange();
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        let publishing =
            amqp.basic_publish(exchange.into(), "".into(), options, garbage, properties);
        publishing.await.expect("publish");
    }
    eventually("the garbage is counted", STEP, async || {
        (other.bus.undecodable_count() == 3).then_some(())
    })
    .await;
    let ended = Ephemeral::SessionEnded { session_id: SessionId::generate() };
    let events = [1, 2].map(|reached_seq| ChannelEvents {
        channel_id: ChannelId::generate(),
        reached_seq,
        events: Vec::new(),
    });
    node.bus.publish_ephemeral(&ended).await;
    node.bus.publish_events(&events).await;
    for signals in [&mut here, &mut there] {
        assert!(matches!(hear(signals).await, BusSignal::Ephemeral(told) if told == ended));
        for events in &events {
            assert!(matches!(hear(signals).await, BusSignal::Events(told) if *told == *events));
        }
    }
    node.stop().await;
    other.stop().await;
}

async fn bus_says_missed_after_a_reconnection(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let node = Node::on(&rabbitmq).await;
    let mut signals = node.bus.subscribe();
    assert!(matches!(hear(&mut signals).await, BusSignal::Missed), "what was before");
    rabbitmq.restart().await;
    assert!(matches!(hear(&mut signals).await, BusSignal::Missed));
    node.ready().await;
    let ended = Ephemeral::SessionEnded { session_id: SessionId::generate() };
    node.bus.publish_ephemeral(&ended).await;
    assert!(matches!(hear(&mut signals).await, BusSignal::Ephemeral(told) if told == ended));
    node.stop().await;
    rabbitmq.stop();
}

/// As a worker, which only tells.
async fn node_that_does_not_listen_is_sent_nothing(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let teller = Node::on(rabbitmq).await;
    let listener = teller.sibling().await;
    let queues = || rabbitmq.bus_queues(&teller.namespace);
    assert_eq!(queues(), 0);
    let mut signals = listener.bus.subscribe();
    assert!(matches!(hear(&mut signals).await, BusSignal::Missed), "what was before");
    let ended = Ephemeral::SessionEnded { session_id: SessionId::generate() };
    teller.bus.publish_ephemeral(&ended).await;
    assert!(matches!(hear(&mut signals).await, BusSignal::Ephemeral(told) if told == ended));
    assert_eq!(queues(), 1);
    teller.stop().await;
    listener.stop().await;
}

async fn hear(signals: &mut mpsc::Receiver<BusSignal>) -> BusSignal {
    timeout(STEP, signals.recv()).await.expect("a signal in time").expect("the bus lives")
}
