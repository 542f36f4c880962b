//! The log as an API process sees it: what it accepts is stored, but what it does not
//! confirm may be stored too, or later, or twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::Instant;
use warren_domain::id::MessageId;
use warren_domain::message::{Outcome, Pending, Receipt};
use warren_domain::port::{Accepted, Backlog, LogError, MessageLog, NotAcknowledged};

use super::Broker;

/// How late a copy may arrive that is on its way twice.
const LATEST_COPY: Duration = Duration::from_secs(5);

/// A node's link to the log.
pub(crate) struct NodeLog {
    broker: Arc<Broker>,
    node: String,
    waiters: Arc<Waiters>,
}

/// Who waits for which receipts on one node.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Mutex<BTreeMap<Address, Vec<oneshot::Sender<Outcome>>>>,
}

/// A send and its content.
type Address = (MessageId, uuid::Uuid);

impl NodeLog {
    /// The link of a node of this name: receipts for an earlier node of this name
    /// are lost.
    pub(crate) fn new(broker: Arc<Broker>, node: &str) -> Arc<Self> {
        let waiters = Arc::new(Waiters::default());
        let mut all = broker.waiters.lock().expect("no panic under this lock");
        all.insert(node.to_owned(), waiters.clone());
        drop(all);
        Arc::new(Self { broker, node: node.to_owned(), waiters })
    }

    /// Stores a copy after a while, whatever becomes of the publisher.
    fn store_later(&self, pending: &Pending, delay: Duration) {
        let (broker, pending, node) = (self.broker.clone(), pending.clone(), self.node.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            broker.store(&pending, &node);
        });
    }
}

#[async_trait]
impl MessageLog for NodeLog {
    async fn append(
        &self,
        pending: Pending,
        deadline: Instant,
    ) -> Result<Accepted, NotAcknowledged> {
        let (world, weather) = (&self.broker.world, &self.broker.world.weather);
        let refused = || NotAcknowledged { reason: "no confirmation".to_owned() };
        let outcome = self.waiters.register(&pending);
        let delay = world.some_time();
        if world.happens(weather.published_twice) {
            self.store_later(&pending, world.time_below(LATEST_COPY));
        }
        if world.happens(weather.publish_lost) {
            tokio::time::sleep_until(deadline).await;
            return Err(refused());
        }
        if world.happens(weather.confirm_lost) {
            self.store_later(&pending, delay);
            tokio::time::sleep_until(deadline).await;
            return Err(refused());
        }
        tokio::time::timeout_at(deadline, world.pause(delay)).await.map_err(|_| refused())?;
        self.broker.store(&pending, &self.node);
        world.pause(world.some_time()).await;
        if Instant::now() > deadline {
            return Err(refused());
        }
        Ok(Accepted::waiting(outcome))
    }

    fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, LogError> {
        Ok(Vec::new())
    }

    fn strategy(&self) -> &'static str {
        "simulated"
    }
}

impl Waiters {
    fn register(&self, pending: &Pending) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let address = (pending.id, pending.fingerprint().0);
        let mut waiting = self.waiting.lock().expect("no panic under this lock");
        waiting.entry(address).or_default().push(sender);
        receiver
    }

    pub(super) fn resolve(&self, receipt: &Receipt) {
        let address = (receipt.id, receipt.fingerprint.0);
        let mut waiting = self.waiting.lock().expect("no panic under this lock");
        for sender in waiting.remove(&address).unwrap_or_default() {
            // Whoever has gone asks the database.
            let _ = sender.send(receipt.outcome.clone());
        }
    }
}
