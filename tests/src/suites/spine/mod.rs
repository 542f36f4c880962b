//! People, channels, messages and their timeline.

mod accounts;
mod channels;
mod history;
mod messages;
mod passwords;
mod session_list;
mod sessions;
mod timeline;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = accounts::trials(world);
    trials.extend(sessions::trials(world));
    trials.extend(session_list::trials(world));
    trials.extend(passwords::trials(world));
    trials.extend(channels::trials(world));
    trials.extend(messages::trials(world));
    trials.extend(history::trials(world));
    trials.extend(timeline::trials(world));
    trials
}
