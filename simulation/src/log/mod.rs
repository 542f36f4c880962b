//! A message log, simulated: partitions with an order, one active consumer each, and
//! deliveries until they are acknowledged. It survives everything; what is told of it
//! does not.

mod publisher;
mod reader;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use warren_domain::id::MessageId;
use warren_domain::message::{Pending, Receipt};
use warren_domain::partition::partition_of;
use warren_domain::port::{Delivery, LogConsumer, LogError, PartitionReader};

use self::publisher::Waiters;
use self::reader::Reader;
use crate::database::Server;
use crate::world::World;

pub(crate) use self::publisher::NodeLog;

/// The broker.
pub(crate) struct Broker {
    world: Arc<World>,
    server: Arc<Server>,
    count: NonZeroU32,
    partitions: Mutex<Vec<Partition>>,
    /// Who waits for receipts, by the node's name.
    waiters: Mutex<BTreeMap<String, Arc<Waiters>>>,
    /// What was set aside.
    set_aside: Mutex<Vec<Option<String>>>,
}

#[derive(Default)]
struct Partition {
    /// Something is to be delivered, or somebody else is to get it.
    changed: Arc<Notify>,
    entries: VecDeque<Entry>,
    /// How many of them, from the first on, the active consumer has.
    delivered: usize,
    /// Those who stand in line, the first one being active.
    line: VecDeque<u64>,
    last_tag: u64,
}

struct Entry {
    tag: u64,
    payload: Bytes,
    id: MessageId,
    reply_to: String,
    deliveries: u32,
}

impl Broker {
    pub(crate) fn new(world: Arc<World>, server: Arc<Server>, count: NonZeroU32) -> Arc<Self> {
        let partitions = (0..count.get()).map(|_| Partition::default()).collect();
        Arc::new(Self {
            world,
            server,
            count,
            partitions: Mutex::new(partitions),
            waiters: Mutex::default(),
            set_aside: Mutex::default(),
        })
    }

    pub(crate) fn partition_count(&self) -> u32 {
        self.count.get()
    }

    /// How many sends were not acknowledged.
    pub(crate) fn backlog(&self) -> usize {
        self.partitions().iter().map(|partition| partition.entries.len()).sum()
    }

    /// The ids of what was set aside, as far as they are known.
    pub(crate) fn set_aside(&self) -> Vec<Option<String>> {
        self.set_aside.lock().expect("no panic under this lock").clone()
    }

    /// Stores a send at the end of its partition.
    fn store(&self, pending: &Pending, reply_to: &str) {
        let number = partition_of(pending.channel_id, self.count);
        let mut partitions = self.partitions();
        let partition = &mut partitions[number as usize];
        partition.last_tag += 1;
        let entry = Entry {
            tag: partition.last_tag,
            payload: pending.encode(),
            id: pending.id,
            reply_to: reply_to.to_owned(),
            deliveries: 0,
        };
        self.world.note(|| format!("log {number}: {} is number {}", pending.id, entry.tag));
        if partition.entries.iter().any(|other| other.id == pending.id) {
            self.world.count(|tally| tally.duplicates += 1);
        }
        partition.entries.push_back(entry);
        partition.changed.notify_waiters();
    }

    /// Takes a consumer out of the line: what it had is delivered to the next.
    fn leave(&self, number: u32, consumer: u64) {
        let mut partitions = self.partitions();
        let partition = &mut partitions[number as usize];
        let was_active = partition.line.front() == Some(&consumer);
        partition.line.retain(|other| *other != consumer);
        if was_active {
            partition.delivered = 0;
            self.world.note(|| format!("log {number}: consumer {consumer} is gone"));
        }
        partition.changed.notify_waiters();
    }

    fn is_in_line(&self, number: u32, consumer: u64) -> bool {
        self.partitions()[number as usize].line.contains(&consumer)
    }

    /// Delivers to the consumer if it is its turn and there is something: at most
    /// `limit`.
    fn deliver(&self, number: u32, consumer: u64, limit: usize) -> Option<Vec<Delivery>> {
        let mut partitions = self.partitions();
        let partition = &mut partitions[number as usize];
        if partition.line.front() != Some(&consumer) {
            return None;
        }
        let begin = partition.delivered;
        let fresh = partition.entries.iter_mut().skip(begin).take(limit);
        let deliveries: Vec<Delivery> = fresh.map(Entry::deliver).collect();
        partition.delivered += deliveries.len();
        let again = deliveries.iter().filter(|delivery| delivery.redelivery_count > 0).count();
        self.world.count(|tally| tally.redeliveries += again as u64);
        (!deliveries.is_empty()).then_some(deliveries)
    }

    /// Forgets everything up to a tag, if the consumer is still the active one.
    fn forget(&self, number: u32, consumer: u64, tag: u64) {
        let mut partitions = self.partitions();
        let partition = &mut partitions[number as usize];
        if partition.line.front() != Some(&consumer) {
            return;
        }
        while partition.entries.front().is_some_and(|entry| entry.tag <= tag) {
            partition.entries.pop_front();
            partition.delivered -= 1;
        }
        self.world.note(|| format!("log {number}: acknowledged up to {tag}"));
    }

    /// The ids of what would be forgotten.
    fn acknowledged(&self, number: u32, tag: u64) -> Vec<MessageId> {
        let partitions = self.partitions();
        let entries = partitions[number as usize].entries.iter();
        entries.take_while(|entry| entry.tag <= tag).map(|entry| entry.id).collect()
    }

    /// Tells a node of receipts; those that arrive.
    fn tell(&self, node: &str, receipts: &[Receipt]) {
        let waiters = self.waiters.lock().expect("no panic under this lock").get(node).cloned();
        let Some(waiters) = waiters else { return };
        for receipt in receipts {
            if !self.world.happens(self.world.weather.receipt_lost) {
                let (waiters, receipt, delay) =
                    (waiters.clone(), receipt.clone(), self.world.some_time());
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    waiters.resolve(&receipt);
                });
            }
        }
    }

    fn partitions(&self) -> MutexGuard<'_, Vec<Partition>> {
        self.partitions.lock().expect("no panic under this lock")
    }
}

impl Entry {
    fn deliver(&mut self) -> Delivery {
        let redelivery_count = self.deliveries;
        self.deliveries += 1;
        Delivery {
            tag: self.tag,
            payload: self.payload.clone(),
            message_id: Some(self.id.to_string()),
            reply_to: Some(self.reply_to.clone()),
            redelivery_count,
            accepted_at: None,
        }
    }
}

/// What a worker has of the broker.
pub(crate) struct Consumer(pub(crate) Arc<Broker>);

#[async_trait]
impl LogConsumer for Consumer {
    async fn open(&self, partition: u32) -> Result<Box<dyn PartitionReader>, LogError> {
        let world = &self.0.world;
        world.pause(world.some_time()).await;
        if world.happens(world.weather.link_cut) {
            return Err(cut());
        }
        Ok(Box::new(Reader::new(self.0.clone(), partition)))
    }
}

fn cut() -> LogError {
    LogError { reason: "the link was cut".to_owned() }
}
