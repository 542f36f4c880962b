//! Faults in a cluster; each test names its row of docs/faults.md.

mod chaos;
mod frozen;
mod takeover;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::deployment::{Deployment, Options};
use crate::servers::Rabbitmq;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = frozen::trials(world);
    trials.extend(takeover::trials(world));
    trials.extend(chaos::trials(world));
    trials
}

async fn cluster_on(world: &World, rabbitmq: &Rabbitmq, options: Options) -> Deployment {
    Deployment::cluster(world.create_database().await, rabbitmq, options).await
}
