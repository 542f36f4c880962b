//! The suites. Tests are named as facts.

mod admin;
mod browser;
mod clock;
mod contract;
mod database;
mod edge;
mod faults;
mod gateway;
mod hostile_log;
mod hostile_rest;
mod hostile_socket;
pub mod log;
mod machinery;
mod migrations;
mod plans;
mod programs;
mod proxy;
mod rabbitmq;
mod schemathesis;
mod sdk;
mod spine;
mod unavailable;
mod watching;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::deployment::Combination;
use crate::servers::DatabaseServer;
use crate::world::World;

/// The kind of a test that gets the whole machine: it loads, starves, or kills so much
/// that others would fail of it, or would itself fail of others.
const ALONE: &str = "alone";

/// Whether a test runs when no other does.
pub fn is_alone(trial: &Trial) -> bool {
    trial.kind() == ALONE
}

fn alone(trials: Vec<Trial>) -> impl Iterator<Item = Trial> {
    trials.into_iter().map(|trial| trial.with_kind(ALONE))
}

/// Everything that runs on a combination.
pub fn of(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = black_box(world);
    match world.combination {
        // What is the same on every combination: one is enough.
        Combination::Embedded => trials.extend(sdk::trials(world)),
        Combination::Cluster(DatabaseServer::Postgres) => {
            trials.extend(on_a_server(world));
            trials.extend(beside_any(world));
        }
        Combination::Cluster(DatabaseServer::Mariadb) => trials.extend(on_a_server(world)),
    }
    trials
}

/// The suites that run on every combination: the black box.
fn black_box(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = spine::trials(world);
    trials.extend(contract::trials(world));
    trials.extend(edge::trials(world));
    trials.extend(gateway::trials(world));
    trials.extend(hostile_rest::trials(world));
    trials.extend(hostile_socket::trials(world));
    trials.extend(unavailable::trials(world));
    trials.extend(watching::trials(world));
    trials.extend(admin::trials(world));
    trials.extend(clock::trials(world));
    trials.extend(browser::trials(world));
    trials.extend(plans::trials(world));
    trials.extend(schemathesis::trials(world));
    trials.extend(migrations::trials(world));
    trials.extend(faults::trials(world));
    trials
}

/// What has to do with the database server of a cluster.
fn on_a_server(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = database::trials(world);
    trials.extend(programs::trials(world));
    trials.extend(watching::cluster(world));
    trials.extend(faults::of_a_cluster(world));
    trials
}

/// What depends on no database server, and so runs beside one of them only: the
/// message log, and the machinery of the tests.
fn beside_any(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = machinery::trials(world);
    trials.extend(faults::beside_any(world));
    trials.extend(hostile_log::trials(world));
    trials.extend(hostile_log::faults(world));
    trials.extend(rabbitmq::trials(world));
    trials.extend(proxy::trials(world));
    trials.extend(faults::of_the_log(world));
    trials
}
