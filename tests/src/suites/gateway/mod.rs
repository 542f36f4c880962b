//! The socket: replay, live delivery, sends.

mod changes;
mod delivery;
mod presence;
mod resume;
mod sending;
mod slow_reader;
mod tickets;
mod visibility;

use std::sync::Arc;

use libtest_mimic::Trial;

use super::alone;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = delivery::trials(world);
    trials.extend(changes::trials(world));
    trials.extend(presence::trials(world));
    trials.extend(resume::trials(world));
    trials.extend(sending::trials(world));
    trials.extend(alone(slow_reader::trials(world)));
    trials.extend(tickets::trials(world));
    trials.extend(visibility::trials(world));
    trials
}
