//! The log and the bus on RabbitMQ: the suite of every log, and what only a
//! broker can do to one.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select_all;
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use libtest_mimic::Trial;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use warren_broker::rabbitmq::{
    Rabbit, RabbitBus, RabbitConsumer, RabbitLog, RabbitSettings, Topology,
};
use warren_domain::id::{ChannelId, MessageId, SessionId};
use warren_domain::message::Pending;
use warren_domain::port::{
    BusSignal, ChannelEvents, Delivery, Ephemeral, EventBus, LogConsumer, MessageLog,
    PartitionReader,
};

use super::log::{self, LogFixture, STEP, assert_all_accepted, decoded, sends, settle, take};
use crate::facts;
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

const PARTITIONS: NonZeroU32 = NonZeroU32::new(4).unwrap();

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = facts!(
        world,
        "rabbitmq",
        [
            one_worker_has_a_partition_and_the_next_takes_over_in_order,
            dropped_worker_returns_its_prefetch_before_the_next_begins,
            set_aside_delivery_is_a_dead_letter_with_its_reason,
            garbage_is_delivered_as_it_is,
            unroutable_send_is_never_accepted,
            lost_binding_heals_by_itself,
            unreachable_broker_refuses_at_the_deadline,
            broker_restart_loses_nothing_and_everybody_recovers,
            sends_within_their_deadline_survive_a_kill,
            bus_reaches_every_node_and_ignores_what_it_cannot_read,
            bus_says_missed_after_a_reconnection,
        ]
    );
    for (name, fact) in log::all() {
        trials.push(world.trial("log", name, move |world| async move {
            let node = Node::on(world.servers.rabbitmq().await).await;
            fact(&node.fixture()).await;
            node.stop().await;
        }));
    }
    trials
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

/// A process's side of the broker.
struct Node {
    url: String,
    namespace: String,
    topology: Topology,
    log: Arc<RabbitLog>,
    consumer: Arc<RabbitConsumer>,
    bus: RabbitBus,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Node {
    /// In a namespace of its own, connected.
    async fn on(rabbitmq: &Rabbitmq) -> Self {
        let node = Self::start(&rabbitmq.plain_url(), &namespace());
        node.ready().await;
        node
    }

    /// Another node of the same installation.
    async fn sibling(&self) -> Self {
        let node = Self::start(&self.url, &self.namespace);
        node.ready().await;
        node
    }

    fn start(url: &str, namespace: &str) -> Self {
        let full_url = format!("{url}?namespace={namespace}");
        let settings = RabbitSettings::parse(&full_url, PARTITIONS).expect("a url");
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let topology = settings.topology();
        let rabbit = Rabbit::start(settings, &tracker, cancel.clone());
        Self {
            url: url.into(),
            namespace: namespace.into(),
            topology,
            log: Arc::new(RabbitLog::start(&rabbit)),
            consumer: Arc::new(RabbitConsumer::new(&rabbit)),
            bus: RabbitBus::start(&rabbit),
            tracker,
            cancel,
        }
    }

    async fn ready(&self) {
        eventually("log and bus are ready", STEP, async || {
            let checks = [self.log.check(), self.log.check_receipts(), self.bus.check()];
            checks.iter().all(Result::is_ok).then_some(())
        })
        .await;
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        timeout(STEP, self.tracker.wait()).await.expect("everything ends");
    }

    fn fixture(&self) -> LogFixture {
        LogFixture {
            log: self.log.clone(),
            consumer: self.consumer.clone(),
            partitions: PARTITIONS,
        }
    }

    fn append_within(&self, sends: &[Pending], wait: Duration) -> log::Appending {
        self.fixture().append_all_by(sends, Instant::now() + wait)
    }

    async fn unbind(&self, amqp: &Channel, partition: u32) {
        let unbinding = amqp.queue_unbind(
            self.topology.partition_queue(partition).into(),
            self.topology.messages_exchange().into(),
            Topology::partition_key(partition).into(),
            FieldTable::default(),
        );
        unbinding.await.expect("unbind");
    }

    /// Everything that was accepted is in the queues, however often.
    async fn expect_stored(&self, ids: &[MessageId]) {
        let mut missing: std::collections::HashSet<MessageId> = ids.iter().copied().collect();
        let mut readers = Vec::new();
        for partition in 0..PARTITIONS.get() {
            readers.push(self.consumer.open(partition).await.expect("open"));
        }
        let reading = async {
            while !missing.is_empty() {
                for send in decoded(&any_batch(&mut readers).await) {
                    missing.remove(&send.id);
                }
            }
        };
        let done = timeout(STEP, reading).await;
        assert!(done.is_ok(), "accepted, but not stored: {missing:?}");
    }
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

/// What arrives next on any of them, acknowledged.
async fn any_batch(readers: &mut [Box<dyn PartitionReader>]) -> Vec<Delivery> {
    let reading = readers.iter_mut().map(|reader| reader.next_batch(1000));
    let (batch, index, _) = select_all(reading).await;
    let batch = batch.expect("the link holds");
    readers[index].acknowledge(batch.last().expect("a delivery")).await.expect("acknowledge");
    batch
}

/// Sends into as many channels.
fn scattered(count: usize) -> Vec<Pending> {
    (0..count).flat_map(|_| sends(ChannelId::generate(), 1)).collect()
}

async fn hear(signals: &mut mpsc::Receiver<BusSignal>) -> BusSignal {
    timeout(STEP, signals.recv()).await.expect("a signal in time").expect("the bus lives")
}

async fn connect(rabbitmq: &Rabbitmq) -> (Connection, Channel) {
    let url = rabbitmq.plain_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connection.expect("connect");
    let channel = connection.create_channel().await.expect("open a channel");
    (connection, channel)
}

fn namespace() -> String {
    format!("test-{}", Uuid::new_v4().simple())
}
