//! What a monitor and an operator see of a running server.

mod health;
mod metrics;
mod outage;
mod ping;
mod secrets;
mod worker;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = ping::trials(world);
    trials.extend(health::trials(world));
    trials.extend(metrics::trials(world));
    trials.extend(secrets::trials(world));
    trials
}

/// What only a cluster has.
pub(super) fn cluster(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = outage::trials(world);
    trials.extend(worker::trials(world));
    trials
}
