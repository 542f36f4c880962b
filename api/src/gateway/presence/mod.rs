//! Who is online: people with a socket at any node.
//!
//! Each node tells the others who has come and gone there, in one message a
//! second at most, and every four seconds how many such messages there were:
//! who missed one asks for the whole list. A node that is silent for twelve
//! seconds is gone, and with it its people ([`table`]).
//!
//! Each watched channel knows its members and which of them changed last
//! ([`company`]); a socket pulls what changed since it looked, as it does with
//! events. In channels of more than 500 members nobody is told of the others.

mod company;
mod table;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use warren_domain::account;
use warren_domain::channel;
use warren_domain::database::{DbErr, in_time};
use warren_domain::id::{ChannelId, UserId};
use warren_domain::port::Ephemeral;

use crate::gateway::hub::{DATABASE_TIMEOUT, Hub};
use crate::node::Node;

pub(crate) use company::{Company, MAX_MEMBERS};
pub(crate) use table::Presence;

/// How often news is told: what happens in between is told as one.
const TICK: Duration = Duration::from_secs(1);

/// How often it is written down that people with sockets are still there.
const SEEN_INTERVAL: Duration = Duration::from_secs(60);

/// Tells the other nodes, and the sockets here, of who comes and goes.
pub(crate) async fn run(hub: &Arc<Hub>, node: &Arc<Node>) {
    let presence = hub.presence();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen_at = Instant::now();
    loop {
        ticks.tick().await;
        let now = Instant::now();
        if node.domain.bus.check().is_err() {
            presence.hear_nothing(now);
        }
        let tick = presence.tick(now, node.domain.clock.now(), hub.people());
        for news in tick.tell {
            let ephemeral = Ephemeral::Presence { node_id: presence.node_id(), news };
            node.domain.bus.publish_ephemeral(&ephemeral).await;
        }
        if !tick.changed.is_empty() {
            hub.for_streams(|stream| stream.mark(&tick.changed));
        }
        let mut seen = tick.gone;
        if now.duration_since(seen_at) >= SEEN_INTERVAL {
            seen_at = now;
            seen.extend(hub.people());
            tidy(node.clone());
        }
        if !seen.is_empty() {
            write_down(node.clone(), seen);
        }
    }
}

/// Looks up who is a member of the channels that are newly watched.
pub(crate) async fn learn(hub: &Arc<Hub>, node: &Arc<Node>) {
    loop {
        for channel_id in hub.unlearned().await {
            let Some(stream) = hub.stream(channel_id) else { continue };
            match in_time(DATABASE_TIMEOUT, members(node, channel_id)).await {
                Ok(members) => stream.learn(members),
                Err(error) => {
                    tracing::warn!(%error, channel.id = %channel_id, "its members are not known");
                    tokio::time::sleep(TICK).await;
                    hub.learn_soon(&[channel_id]);
                }
            }
        }
    }
}

async fn members(node: &Node, channel_id: ChannelId) -> Result<Vec<UserId>, DbErr> {
    channel::first_members(&node.domain, channel_id, MAX_MEMBERS as u64 + 1).await
}

/// Writes that these people are there, or were a moment ago.
fn write_down(node: Arc<Node>, people: HashSet<UserId>) {
    tokio::spawn(async move {
        let seen = account::seen(&node.domain, people.into_iter().collect());
        if let Err(error) = in_time(DATABASE_TIMEOUT, seen).await {
            tracing::warn!(%error, "when people were last seen was not written");
        }
    });
}

fn tidy(node: Arc<Node>) {
    tokio::spawn(async move {
        if let Err(error) = in_time(DATABASE_TIMEOUT, account::sweep_tickets(&node.domain)).await {
            tracing::warn!(%error, "expired tickets were not removed");
        }
    });
}
