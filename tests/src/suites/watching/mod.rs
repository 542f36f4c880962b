//! What a monitor and an operator see of a running server.

mod ping;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    ping::trials(world)
}
