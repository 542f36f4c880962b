//! Two workers share the partitions; one alone has them all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;

use crate::client::{Person, new_key};
use crate::deployment::Options;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

/// Enough that every partition has some.
const CHANNELS: usize = 40;
const TAKEOVER: Duration = Duration::from_secs(5);
const SHARING: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [killed_workers_partitions_are_taken_over_in_five_seconds])
}

async fn killed_workers_partitions_are_taken_over_in_five_seconds(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channels = join_all((0..CHANNELS).map(|_| ann.create_channel("private"))).await;
    let rabbitmq = world.servers.rabbitmq().await;
    let shares = eventually("two workers share the partitions", SHARING, async || {
        // A worker notices what it holds when something comes.
        say_everywhere(&ann, &channels).await;
        let shares = rabbitmq.partitions_by_connection(deployment.namespace());
        let counts: Vec<usize> = shares.values().copied().collect();
        let total: usize = counts.iter().sum();
        let fair = |count: &usize| (30..=70).contains(&(count * 100 / total.max(1)));
        (counts.len() == 2 && counts.iter().all(fair)).then_some(counts)
    });
    println!("takeover: the workers hold {:?} partitions", shares.await);
    say_everywhere(&ann, &channels).await;
    deployment.workers[0].kill();
    let begun = Instant::now();
    say_everywhere(&ann, &channels).await;
    println!("takeover: all partitions commit {:?} after the kill", begun.elapsed());
    assert!(begun.elapsed() <= TAKEOVER, "{:?}", begun.elapsed());
    let shares = rabbitmq.partitions_by_connection(deployment.namespace());
    assert_eq!(shares.len(), 1, "one worker has all partitions: {shares:?}");
}

/// A message in every channel, and each is committed.
async fn say_everywhere(ann: &Person, channels: &[String]) {
    join_all(channels.iter().map(|channel| async move {
        let key = new_key();
        eventually("the message is committed", SHARING, async || {
            let answer = ann.post_message(channel, "hello", &key).await;
            (answer.status == 201).then_some(())
        })
        .await;
    }))
    .await;
}
