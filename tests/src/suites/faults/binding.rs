//! Queues that lose their binding while they are sent to.

use std::sync::Arc;
use std::time::Duration;

use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use libtest_mimic::Trial;
use rand::RngExt;

use super::crowd::{Crowd, Habits};
use crate::deployment::Options;
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const PARTITIONS: u32 = 4;
const PROGRESS: i64 = 100;
const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [send_without_a_queue_behind_it_is_refused])
}

/// Fault 3. A send to a partition without a queue gets a 503, and nothing of what was
/// accepted is missing.
async fn send_without_a_queue_behind_it_is_refused(world: Arc<World>) {
    let mut chance = parameters().chance("binding");
    let deployment = world.deploy(Options::default()).await;
    let habits = Habits { prefer: Some("respond-async"), ..Habits::default() };
    let crowd = Crowd::start(&world, &deployment, &habits).await;
    let url = world.servers.rabbitmq().await.plain_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connection.expect("connect");
    let channel = connection.create_channel().await.expect("open a channel");
    let rounds = parameters().either(8, 80);
    for _ in 0..rounds {
        crowd.progress(PROGRESS).await;
        let before = crowd.tally().refused;
        // Each in its turn, from any on: their channels need not be in all of them.
        let first = chance.random_range(0..PARTITIONS);
        for partition in (first..first + PARTITIONS).map(|number| number % PARTITIONS) {
            unbind(&channel, deployment.namespace(), partition).await;
        }
        eventually("a send is refused", WITHIN, async || {
            (crowd.tally().refused > before).then_some(())
        })
        .await;
    }
    crowd.progress(PROGRESS).await;
    let verdict = crowd.finish().await;
    let figures = format!("bindings deleted {rounds} times, {verdict}");
    held(3, world.combination.name(), &figures);
}

async fn unbind(channel: &Channel, namespace: &str, partition: u32) {
    let unbinding = channel.queue_unbind(
        format!("{namespace}.messages.{partition}").into(),
        format!("{namespace}.messages").into(),
        partition.to_string().into(),
        FieldTable::default(),
    );
    unbinding.await.expect("unbind");
}
