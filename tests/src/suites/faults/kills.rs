//! The big run: senders and sockets while whatever there is gets killed.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::crowd::{Crowd, Habits};
use super::stage::Stage;
use crate::deployment::Options;
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::world::World;

/// In the short form; in the long one there are as many as the minutes hold.
const KILLS: usize = 7;
/// Between two kills, at least, in the long form.
const PACE: Duration = Duration::from_secs(10);
/// What has to be stored between two kills: proof of recovery.
const PROGRESS: i64 = 300;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [nothing_is_lost_doubled_or_reordered_while_everything_is_killed])
}

/// Faults 1 and 9.
async fn nothing_is_lost_doubled_or_reordered_while_everything_is_killed(world: Arc<World>) {
    let mut chance = parameters().chance("kills");
    let mut stage = Stage::set(&world, Options::default()).await;
    let crowd = Crowd::start(&world, &stage.deployment, &Habits::default()).await;
    let pace = parameters().either(Duration::from_millis(1), PACE);
    let end = Instant::now() + parameters().length(Duration::ZERO);
    let mut kills = 0;
    crowd.progress(PROGRESS).await;
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while kills == 0 || Instant::now() < end {
        for victim in stage.victims(KILLS, &mut chance) {
            ticks.tick().await;
            stage.kill(victim, &mut chance).await;
            kills += 1;
            crowd.progress(PROGRESS).await;
            println!("kill {kills}, {victim}: {}", crowd.tally());
        }
    }
    let redelivered = stage.redelivered();
    let verdict = crowd.finish().await;
    let name = world.combination.name();
    held(1, name, &format!("{kills} kills, {verdict}, redelivered {redelivered}"));
    if stage.servers.is_some() {
        held(9, name, &format!("{kills} kills, {verdict}, {}", verdict.of_sockets()));
    }
}
