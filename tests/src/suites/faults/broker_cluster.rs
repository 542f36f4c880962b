//! A broker of three nodes that loses the one that leads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::Instant;

use super::cluster_on;
use super::crowd::{Crowd, Habits};
use crate::deployment::{Options, new_namespace};
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

const PROGRESS: i64 = 300;
/// In the short form; in the long one there are as many as the minutes hold.
const KILLS: usize = 2;
const WITHIN: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [lost_leader_of_three_brokers_loses_nothing])
}

/// Fault 1, on three brokers.
async fn lost_leader_of_three_brokers_loses_nothing(world: Arc<World>) {
    let nodes = Rabbitmq::start_cluster().await;
    let hosts = nodes.each_ref().map(|node| node.address().to_string()).join(",");
    let namespace = new_namespace();
    let url = format!("amqp://guest:guest@{hosts}:{}/%2f?namespace={namespace}", nodes[0].port());
    let options = Options { log_url: Some(url), ..Options::default() };
    let deployment = cluster_on(&world, &nodes[0], options).await;
    nodes.iter().for_each(Rabbitmq::remember_queues);
    let crowd = Crowd::start(&world, &deployment, &Habits::default()).await;
    let end = Instant::now() + parameters().length(Duration::ZERO);
    let (mut kills, mut longest) = (0, Duration::ZERO);
    crowd.progress(PROGRESS).await;
    while kills < KILLS || Instant::now() < end {
        let (leader, partitions) = leader(&nodes, &namespace).await;
        leader.kill();
        let begun = Instant::now();
        crowd.progress(PROGRESS).await;
        longest = longest.max(begun.elapsed());
        kills += 1;
        println!("kill {kills}, the leader of {partitions} partitions: {}", crowd.tally());
        leader.restart().await;
        crowd.progress(PROGRESS).await;
    }
    let verdict = crowd.finish().await;
    let figures = format!(
        "{kills} leaders killed, {verdict}, {PROGRESS} more stored without them after at most {:.1} s",
        longest.as_secs_f64()
    );
    held(1, &format!("{}, 3 RabbitMQ nodes", world.combination.name()), &figures);
}

/// The node that leads the most partitions, when each partition is on all three.
async fn leader<'a>(nodes: &'a [Rabbitmq; 3], namespace: &str) -> (&'a Rabbitmq, usize) {
    let queues = eventually("every partition is on three nodes", WITHIN, async || {
        let queues = nodes[0].leaders(namespace);
        let is_everywhere = |online: &[String]| nodes.iter().all(|it| online.contains(&it.name()));
        queues.values().all(|(_, online)| is_everywhere(online)).then_some(queues)
    })
    .await;
    let mut led = BTreeMap::<&str, usize>::new();
    for (leader, _) in queues.values() {
        *led.entry(leader).or_default() += 1;
    }
    let (name, count) = led.into_iter().max_by_key(|(_, count)| *count).expect("partitions");
    (nodes.iter().find(|node| node.name() == name).expect("one of the nodes"), count)
}
