//! People, channels, messages and their timeline.

mod accounts;
mod archiving;
mod avatars;
mod changes;
mod channels;
mod deletion;
mod direct;
mod expiry;
mod history;
mod invitations;
mod limits;
mod marks;
mod members;
mod membership;
mod mentions;
mod messages;
mod passwords;
mod people;
mod person_pages;
mod pins;
mod profile;
mod reactions;
mod session_list;
mod sessions;
mod standing;
mod threads;
mod timeline;
mod updates;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = accounts::trials(world);
    trials.extend(sessions::trials(world));
    trials.extend(session_list::trials(world));
    trials.extend(passwords::trials(world));
    trials.extend(people::trials(world));
    trials.extend(person_pages::trials(world));
    trials.extend(profile::trials(world));
    trials.extend(avatars::trials(world));
    trials.extend(standing::trials(world));
    trials.extend(deletion::trials(world));
    trials.extend(channels::trials(world));
    trials.extend(updates::trials(world));
    trials.extend(archiving::trials(world));
    trials.extend(limits::trials(world));
    trials.extend(members::trials(world));
    trials.extend(membership::trials(world));
    trials.extend(marks::trials(world));
    trials.extend(direct::trials(world));
    trials.extend(invitations::trials(world));
    trials.extend(messages::trials(world));
    trials.extend(mentions::trials(world));
    trials.extend(expiry::trials(world));
    trials.extend(changes::trials(world));
    trials.extend(threads::trials(world));
    trials.extend(reactions::trials(world));
    trials.extend(pins::trials(world));
    trials.extend(history::trials(world));
    trials.extend(timeline::trials(world));
    trials
}
