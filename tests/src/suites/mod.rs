//! The suites. Tests are named as facts.

pub mod log;
mod machinery;
mod rabbitmq;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

/// The suites that run on every combination: the black box.
pub fn black_box(world: &Arc<World>) -> Vec<Trial> {
    let _ = world;
    Vec::new()
}

/// What only a cluster has.
pub fn cluster(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = machinery::trials(world);
    trials.extend(rabbitmq::trials(world));
    trials
}
