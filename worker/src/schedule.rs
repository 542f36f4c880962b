//! What is to happen at a time.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use warren_broker::Strategies;
use warren_domain::message::Expiry;

/// How late an expired message is deleted, at most, while the server keeps up.
const INTERVAL: Duration = Duration::from_secs(1);

/// Deletes messages whose time is over.
pub struct Schedule {
    expiry: Expiry,
}

impl Schedule {
    /// With these strategies.
    #[must_use]
    pub fn new(strategies: &Strategies) -> Self {
        Self { expiry: strategies.expiry() }
    }

    /// Works until `stop`, and then finishes what it has begun.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            match self.expiry.sweep().await {
                Ok(true) => ticks.reset_immediately(),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "expired messages stay for now"),
            }
        }
    }
}
