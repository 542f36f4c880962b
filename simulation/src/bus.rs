//! An event bus, simulated: it tells nodes what happened, or does not, or twice, or
//! late, and in any order.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral, EventBus, LogError};

use crate::database::Server;
use crate::verdict;
use crate::world::{Invariant, World};

/// How late a hint may be.
const LATEST: Duration = Duration::from_secs(8);

/// How many signals a node may be behind.
const QUEUE_LENGTH: usize = 1024;

/// The bus, as all processes share it.
pub(crate) struct Bus {
    world: Arc<World>,
    server: Arc<Server>,
    nodes: Mutex<Vec<mpsc::Sender<BusSignal>>>,
}

impl Bus {
    pub(crate) fn new(world: Arc<World>, server: Arc<Server>) -> Arc<Self> {
        Arc::new(Self { world, server, nodes: Mutex::default() })
    }

    /// One node's hint, or none.
    fn send(&self, node: &mpsc::Sender<BusSignal>, signal: BusSignal) {
        let (world, weather) = (&self.world, &self.world.weather);
        let mut copies = 1;
        if world.happens(weather.hint_twice) {
            copies += 1;
        }
        if world.happens(weather.hint_lost) {
            // A link that broke says so when it is back, if it can.
            return if world.happens(2_000) {
                self.send_later(node, BusSignal::Missed)
            };
        }
        for _ in 0..copies {
            self.send_later(node, signal.clone());
        }
    }

    fn send_later(&self, node: &mpsc::Sender<BusSignal>, signal: BusSignal) {
        let delay = match self.world.happens(self.world.weather.hint_late) {
            true => self.world.time_below(LATEST),
            false => self.world.some_time(),
        };
        let node = node.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            // A node that is gone, or full, hears nothing.
            let _ = node.try_send(signal);
        });
    }

    fn check_committed(&self, told: &ChannelEvents) {
        let unknown = self.server.look(|sqlite| verdict::first_uncommitted(sqlite, told));
        self.world.check(unknown.is_none(), Invariant::AnnouncedIsCommitted, || {
            format!("{}: {unknown:?} was announced and is not stored", told.channel_id)
        });
    }
}

#[async_trait]
impl EventBus for Bus {
    async fn publish_events(&self, events: &[ChannelEvents]) {
        events.iter().for_each(|told| self.check_committed(told));
        self.world.pause(self.world.some_time()).await;
        let nodes = self.nodes.lock().expect("no panic under this lock").clone();
        for told in events {
            for node in nodes.iter().filter(|node| !node.is_closed()) {
                self.send(node, BusSignal::Events(Arc::new(told.clone())));
            }
        }
    }

    /// Whatever this is about is stored nowhere, and not what is simulated.
    async fn publish_ephemeral(&self, _: &Ephemeral) {}

    fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let mut nodes = self.nodes.lock().expect("no panic under this lock");
        nodes.retain(|node| !node.is_closed());
        nodes.push(sender);
        receiver
    }

    fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn strategy(&self) -> &'static str {
        "simulated"
    }
}
