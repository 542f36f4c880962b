//! The event bus: one fanout exchange, one bounded queue for each node.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lapin::BasicProperties;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tracing::{debug, warn};
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral, EventBus, LogError};

use super::Rabbit;
use super::lane::{Lane, NotPublished, Publication};
use super::link::Link;
use super::log::STRATEGY;
use super::node_queue::{Listener, NodeQueue};
use super::session::SessionError;
use crate::subscribers::Subscribers;

/// The newest version of the bus's messages that this program reads, and the
/// one it writes. A newer one is ignored: the database has what it says.
const WIRE_VERSION: u32 = 1;

/// Nobody waits longer than this for a hint.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The bus of one node.
#[derive(Debug)]
pub struct RabbitBus {
    exchange: String,
    link: Link,
    lane: Lane,
    subscribers: Arc<Subscribers>,
    undecodable: Arc<AtomicU64>,
    queue: watch::Receiver<Option<String>>,
}

impl RabbitBus {
    /// Begins to listen.
    #[must_use]
    pub fn start(rabbit: &Rabbit) -> Self {
        let Rabbit { topology, publish, consume, tasks } = rabbit;
        let exchange = topology.events_exchange();
        let subscribers = Arc::new(Subscribers::default());
        let undecodable = Arc::new(AtomicU64::new(0));
        let listener =
            EventListener { subscribers: subscribers.clone(), undecodable: undecodable.clone() };
        let queue = NodeQueue { purpose: "node", exchange: Some(exchange.clone()) };
        let queue = queue.listen(consume.clone(), topology.clone(), listener, tasks);
        let lane = Lane::start(publish.clone(), tasks);
        Self { exchange, link: publish.clone(), lane, subscribers, undecodable, queue }
    }

    /// How many messages this node ignored because it could not read them.
    #[must_use]
    pub fn undecodable_count(&self) -> u64 {
        self.undecodable.load(Ordering::Relaxed)
    }

    async fn publish(&self, wire: Wire) -> Result<(), NotPublished> {
        let payload = serde_json::to_vec(&wire)
            .map_err(|_| NotPublished::Refused("the event cannot be serialised"))?;
        let properties = BasicProperties::default().with_content_type("application/json".into());
        let publication = Publication {
            exchange: self.exchange.clone(),
            routing_key: String::new(),
            must_be_routed: false,
            properties,
            payload: payload.into(),
        };
        self.lane.publish(publication).await
    }

    async fn publish_all(&self, wires: Vec<Wire>) {
        let count = wires.len();
        if !self.lane.is_open() {
            return debug!(count, "hints not published: the broker takes nothing");
        }
        let publishing = join_all(wires.into_iter().map(|wire| self.publish(wire)));
        match timeout(PUBLISH_TIMEOUT, publishing).await {
            Ok(results) => {
                if let Some(Err(error)) = results.into_iter().find(Result::is_err) {
                    debug!(%error, count, "hints not published");
                }
            }
            Err(_) => debug!(count, "hints not published in time"),
        }
    }
}

#[async_trait]
impl EventBus for RabbitBus {
    async fn publish_events(&self, events: &[ChannelEvents]) {
        self.publish_all(events.iter().cloned().map(Wire::events).collect()).await;
    }

    async fn publish_ephemeral(&self, ephemeral: &Ephemeral) {
        self.publish_all(vec![Wire::ephemeral(ephemeral.clone())]).await;
    }

    fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        self.subscribers.subscribe()
    }

    fn check(&self) -> Result<(), LogError> {
        self.link.current()?;
        if self.queue.borrow().is_none() {
            return Err(SessionError::Absent.into());
        }
        Ok(())
    }

    fn strategy(&self) -> &'static str {
        STRATEGY
    }
}

/// A message of the bus.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wire {
    v: u32,
    #[serde(flatten)]
    body: Body,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
enum Body {
    Events(ChannelEvents),
    Ephemeral(Ephemeral),
}

impl Wire {
    fn events(events: ChannelEvents) -> Self {
        Self { v: WIRE_VERSION, body: Body::Events(events) }
    }

    fn ephemeral(ephemeral: Ephemeral) -> Self {
        Self { v: WIRE_VERSION, body: Body::Ephemeral(ephemeral) }
    }
}

/// Hands what arrives to the subscribers of this process.
struct EventListener {
    subscribers: Arc<Subscribers>,
    undecodable: Arc<AtomicU64>,
}

impl Listener for EventListener {
    fn connected(&mut self) {
        self.subscribers.tell(&BusSignal::Missed);
    }

    fn received(&mut self, payload: &[u8]) {
        match serde_json::from_slice::<Wire>(payload) {
            Ok(Wire { v: ..=WIRE_VERSION, body: Body::Events(events) }) => {
                self.subscribers.tell(&BusSignal::Events(Arc::new(events)));
            }
            Ok(Wire { v: ..=WIRE_VERSION, body: Body::Ephemeral(ephemeral) }) => {
                self.subscribers.tell(&BusSignal::Ephemeral(ephemeral));
            }
            Ok(Wire { v, .. }) => self.ignore(&format!("version {v}")),
            Err(error) => self.ignore(&error.to_string()),
        }
    }
}

impl EventListener {
    /// Counts every one, and warns ever more rarely.
    fn ignore(&self, reason: &str) {
        let count = self.undecodable.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            warn!(reason, count, "unreadable bus message ignored");
        }
    }
}
