//! A partition as a worker reads it, over a link that may be cut at any moment. The
//! broker knows at once and delivers to the next worker; this one goes on with what
//! it has, and notices when it calls again.

use std::sync::Arc;

use async_trait::async_trait;
use warren_domain::message::Receipt;
use warren_domain::port::{Delivery, LogError, PartitionReader};

use super::{Broker, cut};
use crate::verdict;
use crate::world::Invariant;

pub(super) struct Reader {
    broker: Arc<Broker>,
    partition: u32,
    consumer: u64,
}

impl Reader {
    /// Stands at the end of the line.
    pub(super) fn new(broker: Arc<Broker>, partition: u32) -> Self {
        let consumer = broker.world.next_number();
        let mut partitions = broker.partitions();
        let entry = &mut partitions[partition as usize];
        entry.line.push_back(consumer);
        entry.changed.notify_waiters();
        drop(partitions);
        Self { broker, partition, consumer }
    }

    fn cut(&self) {
        self.broker.leave(self.partition, self.consumer);
    }

    fn require_link(&self) -> Result<(), LogError> {
        let world = &self.broker.world;
        if world.happens(world.weather.link_cut) {
            self.cut();
        }
        match self.broker.is_in_line(self.partition, self.consumer) {
            true => Ok(()),
            false => Err(cut()),
        }
    }

    /// What is acknowledged has an outcome.
    fn check(&self, delivery: &Delivery) {
        let world = &self.broker.world;
        for id in self.broker.acknowledged(self.partition, delivery.tag) {
            let is_decided = self.broker.server.look(|sqlite| verdict::is_decided(sqlite, id));
            let detail = || format!("{id} is acknowledged and has no outcome");
            world.check(is_decided, Invariant::AcknowledgedIsDecided, detail);
        }
    }
}

#[async_trait]
impl PartitionReader for Reader {
    async fn next_batch(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError> {
        let world = &self.broker.world;
        let bell = self.broker.partitions()[self.partition as usize].changed.clone();
        loop {
            let changed = bell.notified();
            world.pause(world.some_time()).await;
            self.require_link()?;
            let most = world.within(1..40) as usize;
            let deliveries = self.broker.deliver(self.partition, self.consumer, limit.min(most));
            if let Some(deliveries) = deliveries {
                return Ok(deliveries);
            }
            changed.await;
        }
    }

    async fn send_receipts(&mut self, reply_to: &str, receipts: &[Receipt]) {
        let world = &self.broker.world;
        world.pause(world.some_time()).await;
        for receipt in receipts {
            let stored = self.broker.server.look(|sqlite| verdict::outcome(sqlite, receipt));
            world.check(
                stored.as_ref() == Some(&receipt.outcome),
                Invariant::AnswerIsStored,
                || format!("a receipt says {receipt:?}, and stored is {stored:?}"),
            );
        }
        self.broker.tell(reply_to, receipts);
    }

    async fn set_aside(&mut self, delivery: &Delivery, reason: &str) -> Result<(), LogError> {
        let world = &self.broker.world;
        world.pause(world.some_time()).await;
        self.require_link()?;
        world.note(|| format!("set aside: {:?}: {reason}", delivery.message_id));
        let mut set_aside = self.broker.set_aside.lock().expect("no panic under this lock");
        set_aside.push(delivery.message_id.clone());
        Ok(())
    }

    /// A broker answers no acknowledgement: it arrives later, or never.
    async fn acknowledge(&mut self, delivery: &Delivery) -> Result<(), LogError> {
        let world = &self.broker.world;
        self.check(delivery);
        world.pause(world.some_time()).await;
        self.require_link()?;
        if world.happens(world.weather.acknowledgement_lost) {
            self.cut();
            return if world.happens(5_000) { Err(cut()) } else { Ok(()) };
        }
        self.broker.forget(self.partition, self.consumer, delivery.tag);
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), LogError> {
        let world = self.broker.world.clone();
        world.pause(world.some_time()).await;
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.cut();
    }
}
