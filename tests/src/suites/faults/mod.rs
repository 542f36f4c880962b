//! What Warren promises under faults; each test names its row of docs/faults.md.

mod binding;
mod broker_cluster;
mod broker_outage;
mod capacity;
mod convergence;
mod crowd;
mod cuts;
mod database_outage;
mod frozen;
mod full_disk;
mod head_lock;
mod keys;
mod kills;
mod partitions;
mod redelivery;
mod rejection;
mod revocation;
mod slow_reader;
mod stage;
mod stop;
mod synced;
mod takeover;
mod upgrade;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::{Instant, interval};

use super::alone;
use crate::client::Rest;
use crate::deployment::{Combination, Deployment, Options};
use crate::parameters::parameters;
use crate::servers::{DatabaseServer, Rabbitmq};
use crate::world::World;

/// On every combination.
pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = keys::trials(world);
    trials.extend(convergence::trials(world));
    trials.extend(revocation::trials(world));
    trials.extend(upgrade::trials(world));
    trials.extend(stop::trials(world));
    trials.extend(alone(heavy(world)));
    trials
}

/// What loads, kills, starves and traces whole deployments. A run of everything has the
/// time for all of it on one process, and for the most important of it on PostgreSQL;
/// `make faults` does all of it everywhere.
fn heavy(world: &Arc<World>) -> Vec<Trial> {
    let (is_short, combination) = (!parameters().alone(), world.combination);
    let mut trials = Vec::new();
    if is_short && combination == Combination::Cluster(DatabaseServer::Mariadb) {
        return trials;
    }
    trials.extend(kills::trials(world));
    trials.extend(redelivery::trials(world));
    if is_short && combination != Combination::Embedded {
        return trials;
    }
    trials.extend(cuts::trials(world));
    trials.extend(database_outage::trials(world));
    trials.extend(synced::trials(world));
    trials.extend(full_disk::everywhere(world));
    trials
}

/// On a cluster.
pub(super) fn of_a_cluster(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = frozen::trials(world);
    trials.extend(takeover::trials(world));
    trials.extend(partitions::trials(world));
    trials.extend(rejection::trials(world));
    trials
}

/// On a cluster, whatever its database.
pub(super) fn beside_any(world: &Arc<World>) -> Vec<Trial> {
    if !parameters().alone() {
        return Vec::new();
    }
    let mut trials = binding::trials(world);
    trials.extend(broker_outage::trials(world));
    trials.extend(broker_cluster::trials(world));
    trials.extend(capacity::trials(world));
    trials.extend(slow_reader::trials(world));
    alone(trials).collect()
}

/// Beside any database server.
pub(super) fn of_the_log(world: &Arc<World>) -> Vec<Trial> {
    versions::trials(world)
}

async fn cluster_on(world: &World, rabbitmq: &Rabbitmq, options: Options) -> Deployment {
    Deployment::cluster(world.create_database().await, rabbitmq, options).await
}

/// The dead letters, a line for each.
fn dead_letters(deployment: &Deployment) -> String {
    let listed = deployment.run(&["admin", "dead-letters", "list"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8(listed.stdout).expect("text")
}

/// Lets an outage last, and asks a node about itself meanwhile: it lives, and at the
/// end it is not ready.
async fn meanwhile(outage: Duration, node: &Rest) {
    let end = Instant::now() + outage;
    let mut pace = interval(Duration::from_secs(1));
    let mut ready = 200;
    while Instant::now() < end {
        pace.tick().await;
        node.get("/livez").await.expect(200);
        ready = node.get("/readyz").await.status;
    }
    assert_eq!(ready, 503, "not ready without what it needs");
}
