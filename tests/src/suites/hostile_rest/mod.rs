//! Hostile input over REST; each test names its rows of docs/hostile-inputs.md.
//! The answer is a problem of the 4xx family, and nothing is stored.

mod bodies;
mod credentials;
mod limits;
mod texts;
mod wire;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = bodies::trials(world);
    trials.extend(texts::trials(world));
    trials.extend(credentials::trials(world));
    trials.extend(limits::trials(world));
    trials.extend(wire::trials(world));
    trials
}
