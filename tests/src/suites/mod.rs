//! The suites. Tests are named as facts.

mod browser;
mod contract;
mod edge;
mod faults;
mod gateway;
mod hostile_log;
mod hostile_rest;
mod hostile_socket;
pub mod log;
mod machinery;
mod plans;
mod programs;
mod proxy;
mod rabbitmq;
mod spine;
mod unavailable;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

/// The suites that run on every combination: the black box.
pub fn black_box(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = spine::trials(world);
    trials.extend(contract::trials(world));
    trials.extend(edge::trials(world));
    trials.extend(gateway::trials(world));
    trials.extend(hostile_rest::trials(world));
    trials.extend(hostile_socket::trials(world));
    trials.extend(unavailable::trials(world));
    trials.extend(browser::trials(world));
    trials.extend(plans::trials(world));
    trials
}

/// What only a cluster has.
pub fn cluster(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = machinery::trials(world);
    trials.extend(hostile_log::trials(world));
    trials.extend(faults::trials(world));
    trials.extend(rabbitmq::trials(world));
    trials.extend(programs::trials(world));
    trials.extend(proxy::trials(world));
    trials
}
