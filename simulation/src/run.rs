//! One simulation, from its seed to its judgement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Sender, Watcher, meddle};
use crate::cluster::Cluster;
use crate::judgement::judge;
use crate::world::{Invariant, Tally, Violation, World};

/// How long the weather is as bad as the seed makes it.
const BAD_WEATHER: Duration = Duration::from_secs(12);

/// How soon after it everything must be decided, delivered and seen.
const CALM: Duration = Duration::from_secs(120);

/// How often it is looked whether that is so.
const LOOK: Duration = Duration::from_millis(500);

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which.
    pub seed: u64,
    /// The first invariant that did not hold, if any.
    pub violation: Option<Violation>,
    /// What happened how often.
    pub tally: Tally,
    /// A digest of everything that happened: the same seed has the same.
    pub digest: u64,
}

/// Runs a seed. With `is_told` everything that happens is printed.
///
/// # Panics
/// If the simulation itself is wrong.
#[must_use]
pub fn run(seed: u64, is_told: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let world = World::new(seed, is_told);
        let cluster = Cluster::new(world.clone());
        tokio::select! {
            biased;
            () = world.ended.notified() => {}
            () = live(&cluster) => {}
        }
        let (violation, tally, digest) = (world.violation(), world.tally(), world.digest());
        Report { seed, violation, tally, digest }
    })
}

async fn live(cluster: &Arc<Cluster>) {
    let world = &cluster.world;
    cluster.start();
    let open = Arc::new(AtomicUsize::new(0));
    let mut watchers = Vec::new();
    for actor in &cluster.setting.people {
        for number in 0..world.within(1..3) as usize {
            let cluster = cluster.clone();
            let sender = Sender { cluster, actor: actor.clone(), number, open: open.clone() };
            let count = world.within(2..8) as usize;
            sender.start(count);
        }
        for number in 0..world.within(1..3) as usize {
            let watcher = Watcher::new(cluster.clone(), actor.clone(), number);
            tokio::spawn(watcher.clone().run());
            watchers.push(watcher);
        }
    }
    tokio::spawn(meddle(cluster.clone(), 8));
    tokio::spawn(meddle(cluster.clone(), 8));
    sleep(BAD_WEATHER).await;
    world.note(|| "calm".to_owned());
    world.weather.calm_down();
    let unfinished = || {
        let open = open.load(Ordering::Relaxed);
        let backlog = cluster.broker.backlog();
        let lacks: Vec<String> = watchers.iter().filter_map(|watcher| watcher.lacks()).collect();
        let all_done = open == 0 && backlog == 0 && lacks.is_empty();
        (!all_done).then(|| format!("{open} sends are open, {backlog} in the log; {lacks:?}"))
    };
    let deadline = Instant::now() + CALM;
    while let Some(unfinished) = unfinished() {
        if Instant::now() > deadline {
            return world.violated(Invariant::Liveness, unfinished);
        }
        sleep(LOOK).await;
    }
    judge(cluster);
}
