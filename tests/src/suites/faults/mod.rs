//! Faults; each test names its row of docs/faults.md.

mod chaos;
mod convergence;
mod frozen;
mod full_disk;
mod head_lock;
mod keys;
mod partitions;
mod rejection;
mod revocation;
mod stop;
mod synced;
mod takeover;
mod upgrade;
mod versions;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::deployment::{Deployment, Options};
use crate::servers::Rabbitmq;
use crate::world::World;

/// On every combination.
pub(super) fn everywhere(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = keys::trials(world);
    trials.extend(convergence::trials(world));
    trials.extend(revocation::trials(world));
    trials.extend(upgrade::trials(world));
    trials.extend(synced::trials(world));
    trials.extend(stop::trials(world));
    trials.extend(full_disk::everywhere(world));
    trials
}

/// In a cluster.
pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = frozen::trials(world);
    trials.extend(takeover::trials(world));
    trials.extend(chaos::trials(world));
    trials.extend(partitions::trials(world));
    trials.extend(rejection::trials(world));
    trials
}

/// Beside any database server.
pub(super) fn of_the_log(world: &Arc<World>) -> Vec<Trial> {
    versions::trials(world)
}

async fn cluster_on(world: &World, rabbitmq: &Rabbitmq, options: Options) -> Deployment {
    Deployment::cluster(world.create_database().await, rabbitmq, options).await
}
