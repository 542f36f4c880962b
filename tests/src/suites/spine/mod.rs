//! People, channels, messages and their timeline.

mod accounts;
mod changes;
mod channels;
mod history;
mod messages;
mod pins;
mod reactions;
mod sessions;
mod timeline;

use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;

use crate::client::Person;
use crate::servers::connect;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    let mut trials = accounts::trials(world);
    trials.extend(sessions::trials(world));
    trials.extend(channels::trials(world));
    trials.extend(messages::trials(world));
    trials.extend(changes::trials(world));
    trials.extend(reactions::trials(world));
    trials.extend(pins::trials(world));
    trials.extend(history::trials(world));
    trials.extend(timeline::trials(world));
    trials
}

/// Archives a channel.
async fn archive(world: &World, owner: &Person, channel: &str) {
    let name = owner.channel(channel).await["name"].to_string().replace('"', "'");
    let database = connect(&world.shared().await.database_url).await;
    let statement = format!(
        "UPDATE channel_head SET archived_at = last_at \
         WHERE channel_id = (SELECT id FROM channel WHERE name = {name})"
    );
    database.execute_unprepared(&statement).await.expect("archive");
}
