//! The event bus within one process.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral, EventBus, LogError};

use super::log::STRATEGY;
use crate::subscribers::Subscribers;

/// Tells the subscribers in this process.
#[derive(Default)]
pub struct InProcessBus {
    subscribers: Subscribers,
}

#[async_trait]
impl EventBus for InProcessBus {
    async fn publish_events(&self, events: &[ChannelEvents]) {
        for channel_events in events {
            self.subscribers.tell(&BusSignal::Events(Arc::new(channel_events.clone())));
        }
    }

    async fn publish_ephemeral(&self, ephemeral: &Ephemeral) {
        self.subscribers.tell(&BusSignal::Ephemeral(ephemeral.clone()));
    }

    fn subscribe(&self) -> mpsc::Receiver<BusSignal> {
        self.subscribers.subscribe()
    }

    fn check(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn strategy(&self) -> &'static str {
        STRATEGY
    }
}
