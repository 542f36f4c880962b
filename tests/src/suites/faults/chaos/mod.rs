//! The big run: senders and sockets while processes are killed. What clients
//! were told and saw is set against what the database holds.

mod load;
mod verdict;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::DatabaseConnection;

use super::cluster_on;
use crate::client::{Person, Rest};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::servers::{Rabbitmq, Trace, connect};
use crate::wait::eventually;
use crate::world::World;

use load::Load;
use watch::Watch;

const SENDERS: usize = 20;
const SOCKETS: usize = 24;
const CHANNELS: usize = 5;
const WORKER_KILLS: usize = 5;
/// What has to be stored between two faults: proof of recovery.
const PROGRESS: i64 = 500;
const RECOVERY: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [nothing_is_lost_doubled_or_reordered_while_everything_is_killed])
}

/// Faults 1, 2, 7 and 9.
async fn nothing_is_lost_doubled_or_reordered_while_everything_is_killed(world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let deployment = cluster_on(&world, &rabbitmq, Options::default()).await;
    let people = people(&world, &deployment).await;
    let channels = join_all((0..CHANNELS).map(|_| people[0].create_channel("public"))).await;
    for person in &people[1..] {
        join_all(channels.iter().map(|channel| person.join(channel))).await;
    }
    let bases = [deployment.api(0).to_owned(), deployment.api(1).to_owned()];
    let mut run = Run {
        trace: Trace::start(&rabbitmq).await,
        database: connect(&deployment.database_url).await,
        watch: Watch::start(&people, &bases, &channels, SOCKETS),
        load: Load::start(&people, &bases, &channels),
        deployment,
        rabbitmq,
    };
    run.faults().await;
    run.finish(&people[0], &channels).await;
}

struct Run {
    deployment: Deployment,
    rabbitmq: Rabbitmq,
    trace: Trace,
    load: Load,
    watch: Watch,
    database: DatabaseConnection,
}

async fn people(world: &World, deployment: &Deployment) -> Vec<Person> {
    let rest = Rest::new(deployment.api(0), &world.coverage);
    join_all((0..SENDERS).map(|_| Person::sign_up(&rest, "sender"))).await
}

impl Run {
    async fn faults(&mut self) {
        self.progress().await;
        for kill in 1..=WORKER_KILLS {
            self.kill_worker(kill).await;
            self.progress().await;
        }
        self.deployment.restart_api(0).await;
        self.report("one API process killed").await;
        self.progress().await;
        self.rabbitmq.kill();
        self.rabbitmq.restart().await;
        self.trace.resume(&self.rabbitmq).await;
        self.report("RabbitMQ killed and restarted").await;
        self.progress().await;
    }

    /// Stops a worker until it holds messages that it has not acknowledged,
    /// then kills it and starts another.
    async fn kill_worker(&mut self, kill: usize) {
        let index = kill % self.deployment.workers.len();
        self.deployment.workers[index].signal(Signal::Stop);
        let namespace = self.deployment.namespace();
        let unacknowledged = eventually("a worker holds messages", RECOVERY, async || {
            Some(self.rabbitmq.unacknowledged(namespace)).filter(|count| *count > 0)
        })
        .await;
        self.deployment.workers[index].kill();
        self.deployment.workers[index] = self.deployment.start_worker();
        let what = format!("worker kill {kill}, {unacknowledged} unacknowledged");
        self.report(&what).await;
    }

    /// Waits until more is stored: the fault has been recovered from.
    async fn progress(&self) {
        let target = verdict::count(&self.database, "count(*)").await + PROGRESS;
        eventually("more is stored", RECOVERY, async || {
            (verdict::count(&self.database, "count(*)").await >= target).then_some(())
        })
        .await;
    }

    async fn report(&self, what: &str) {
        println!(
            "chaos: {what}: sent {}, accepted {}, stored {}, redelivered {}",
            self.load.sent(),
            self.load.accepted(),
            verdict::count(&self.database, "count(*)").await,
            self.trace.redelivered()
        );
    }

    async fn finish(self, reader: &Person, channels: &[String]) {
        let histories = self.load.stop().await;
        let accepted = histories.iter().map(Vec::len).sum::<usize>();
        eventually("everything accepted is stored", RECOVERY, async || {
            let stored = verdict::count(&self.database, "count(*)").await;
            (stored >= accepted as i64).then_some(())
        })
        .await;
        let mut heads = Vec::new();
        for channel in channels {
            heads.push(reader.channel(channel).await["last_seq"].as_i64().expect("a number"));
        }
        let seen = self.watch.stop(channels, &heads).await;
        println!("chaos: the end: accepted {accepted}, sockets {}, heads {heads:?}", seen.len());
        let redelivered = self.trace.redelivered();
        assert!(redelivered > 0, "no message was delivered again: nothing was proved");
        verdict::check(&self.database, reader, channels, &histories, &seen).await;
    }
}
