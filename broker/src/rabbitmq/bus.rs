//! The event bus: one fanout exchange, one bounded queue for each node.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use lapin::BasicProperties;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tracing::{debug, warn};
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral, EventBus, LogError};

use super::Rabbit;
use super::lane::{Lane, NotPublished, Publication};
use super::log::STRATEGY;
use super::node_queue::{Listener, NodeQueue};
use super::session::SessionError;
use crate::subscribers::Subscribers;

/// The version of the bus's messages that this program writes, and reads. Another one
/// is ignored: the database has what it says.
const WIRE_VERSION: u32 = 2;

/// What a commit says of several channels goes in one message, but not more events
/// than this, if they are of several.
const BUNDLE_LENGTH: usize = 64;

/// Nobody waits longer than this for a hint.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(1);

/// The bus of one node.
#[derive(Debug)]
pub struct RabbitBus {
    rabbit: Rabbit,
    exchange: String,
    lane: Lane,
    subscribers: Arc<Subscribers>,
    undecodable: Arc<AtomicU64>,
    queue: OnceLock<watch::Receiver<Option<String>>>,
}

impl RabbitBus {
    /// Begins to publish. The node has a queue from its first subscriber on: a worker,
    /// which has none, is not sent what it would throw away.
    #[must_use]
    pub fn start(rabbit: &Rabbit) -> Self {
        Self {
            rabbit: rabbit.clone(),
            exchange: rabbit.topology.events_exchange(),
            lane: Lane::start(rabbit.publish.clone(), &rabbit.tasks),
            subscribers: Arc::default(),
            undecodable: Arc::default(),
            queue: OnceLock::new(),
        }
    }

    fn listen(&self) -> watch::Receiver<Option<String>> {
        let Rabbit { topology, consume, tasks, .. } = &self.rabbit;
        let listener = EventListener {
            subscribers: self.subscribers.clone(),
            undecodable: self.undecodable.clone(),
        };
        let queue = NodeQueue { purpose: "node", exchange: Some(self.exchange.clone()) };
        queue.listen(consume.clone(), topology.clone(), listener, tasks)
    }

    /// How many messages this node ignored because it could not read them.
    #[must_use]
    pub fn undecodable_count(&self) -> u64 {
        self.undecodable.load(Ordering::Relaxed)
    }

    async fn publish(&self, kind: Kind, body: impl Serialize) -> Result<(), NotPublished> {
        let payload = serde_json::to_vec(&Wire { v: WIRE_VERSION, kind, body })
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

    /// Waits until the broker has it, for a while: it is a hint only.
    async fn publish_in_time(&self, publishing: impl Future<Output = Result<(), NotPublished>>) {
        if !self.lane.is_open() {
            return debug!("hints not published: the broker takes nothing");
        }
        match timeout(PUBLISH_TIMEOUT, publishing).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "hints not published"),
            Err(_) => debug!("hints not published in time"),
        }
    }
}

#[async_trait]
impl EventBus for RabbitBus {
    async fn publish_events(&self, events: &[ChannelEvents]) {
        let publishing = join_all(bundles(events).map(|bundle| self.publish(Kind::Events, bundle)));
        // All of them, whatever became of the others.
        self.publish_in_time(async { publishing.await.into_iter().collect() }).await;
    }

    async fn publish_ephemeral(&self, ephemeral: &Ephemeral) {
        self.publish_in_time(self.publish(Kind::Ephemeral, ephemeral)).await;
    }

    fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        let signals = self.subscribers.subscribe();
        self.queue.get_or_init(|| self.listen());
        signals
    }

    fn check(&self) -> Result<(), LogError> {
        self.rabbit.publish.current()?;
        if self.queue.get().is_some_and(|queue| queue.borrow().is_none()) {
            return Err(SessionError::Absent.into());
        }
        Ok(())
    }

    fn strategy(&self) -> &'static str {
        STRATEGY
    }
}

/// In as few messages as may be.
fn bundles(mut events: &[ChannelEvents]) -> impl Iterator<Item = &[ChannelEvents]> {
    std::iter::from_fn(move || {
        let mut length = 0;
        let fits = |of_channel: &&ChannelEvents| {
            length += of_channel.events.len();
            length <= BUNDLE_LENGTH
        };
        let channels = events.iter().take_while(fits).count().max(1).min(events.len());
        let (bundle, rest) = events.split_at(channels);
        events = rest;
        (!bundle.is_empty()).then_some(bundle)
    })
}

/// A message of the bus. The body stays as it is until its kind is known: a value that
/// serde has to keep in between costs more than to read it.
#[derive(Serialize, Deserialize)]
struct Wire<B> {
    v: u32,
    kind: Kind,
    body: B,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Of several channels.
    Events,
    Ephemeral,
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
        if let Err(error) = self.tell(payload) {
            self.ignore(&error);
        }
    }
}

impl EventListener {
    fn tell(&self, payload: &[u8]) -> serde_json::Result<()> {
        let Wire { v, kind, body } = serde_json::from_slice::<Wire<&RawValue>>(payload)?;
        if v != WIRE_VERSION {
            return Err(serde::de::Error::custom(format_args!("version {v}")));
        }
        match kind {
            Kind::Events => {
                let events: Vec<ChannelEvents> = serde_json::from_str(body.get())?;
                let signals = events.into_iter().map(|events| BusSignal::Events(Arc::new(events)));
                signals.for_each(|signal| self.subscribers.tell(&signal));
            }
            Kind::Ephemeral => {
                let ephemeral = serde_json::from_str(body.get())?;
                self.subscribers.tell(&BusSignal::Ephemeral(ephemeral));
            }
        }
        Ok(())
    }

    /// Counts every one, and warns ever more rarely.
    fn ignore(&self, reason: &serde_json::Error) {
        let count = self.undecodable.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_power_of_two() {
            warn!(%reason, count, "unreadable bus message ignored");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use warren_domain::id::{ChannelId, UserId};

    use super::*;

    fn of_channel(length: i64) -> ChannelEvents {
        let channel_id = ChannelId::generate();
        let event = |seq| {
            let event = json!({
                "channel_id": channel_id,
                "seq": seq,
                "kind": "channel_created",
                "actor_id": UserId::generate(),
                "at": "2026-11-27T12:00:00Z",
            });
            serde_json::from_value(event).unwrap()
        };
        let events = (1..=length).map(event).collect();
        ChannelEvents { channel_id, reached_seq: length, events }
    }

    /// How many channels are in each, for channels with so many events.
    fn channels(lengths: &[i64]) -> Vec<usize> {
        let events: Vec<_> = lengths.iter().copied().map(of_channel).collect();
        let bundled: Vec<_> = bundles(&events).flatten().cloned().collect();
        assert_eq!(bundled, events, "all of it, in order");
        bundles(&events).map(<[_]>::len).collect()
    }

    #[test]
    fn bundles_have_several_channels_while_they_are_short() {
        assert_eq!(channels(&[]), [0; 0]);
        assert_eq!(channels(&[0, 1, 2]), [3]);
        assert_eq!(channels(&[40, 24, 1]), [2, 1]);
        assert_eq!(channels(&[1, 500, 1]), [1, 1, 1], "one channel's are never parted");
    }
}
