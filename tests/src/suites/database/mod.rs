//! What Warren counts on from a database server: how its sessions are set, what
//! its errors mean, and that it refuses a server that would lose something.

mod failures;
mod fitness;
mod sessions;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = sessions::trials(world);
    trials.extend(failures::trials(world));
    trials.extend(fitness::trials(world));
    trials
}
