//! The log and the bus on RabbitMQ: the suite of every log, and what only a
//! broker can do to one.

mod bus;
mod consuming;
mod outages;
mod publishing;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use libtest_mimic::Trial;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use warren_broker::rabbitmq::{
    Rabbit, RabbitBus, RabbitConsumer, RabbitLog, RabbitSettings, Topology,
};
use warren_domain::id::{ChannelId, MessageId};
use warren_domain::message::Pending;
use warren_domain::port::{Delivery, EventBus, LogConsumer, MessageLog, PartitionReader};

use super::log::{self, LogFixture, STEP, decoded, sends};
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

const PARTITIONS: NonZeroU32 = NonZeroU32::new(4).unwrap();

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = consuming::trials(world);
    trials.extend(publishing::trials(world));
    trials.extend(outages::trials(world));
    trials.extend(bus::trials(world));
    for (name, fact) in log::all() {
        trials.push(world.trial("log", name, move |world| async move {
            let node = Node::on(world.servers.rabbitmq().await).await;
            fact(&node.fixture()).await;
            node.stop().await;
        }));
    }
    trials
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
