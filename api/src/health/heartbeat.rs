//! This process among the live ones.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::node::Node;

/// A third of what it takes to count as gone.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long the goodbye may take.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Says for as long as `work` takes that this process lives, then that it is gone.
pub(crate) async fn while_listed<T>(node: &Node, work: impl Future<Output = T>) -> T {
    let done = tokio::select! {
        biased;
        done = work => done,
        never = beat(node) => match never {},
    };
    if !matches!(timeout(LEAVE_TIMEOUT, node.watching.registry.leave()).await, Ok(Ok(()))) {
        tracing::debug!("this process stays listed until its entry expires");
    }
    done
}

async fn beat(node: &Node) -> Infallible {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = node.watching.registry.report().await {
            tracing::debug!(%error, "this process could not say that it lives");
        }
    }
}
