//! What the bus did not bring, or not in time: all that a node watches is compared
//! with the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use warren_domain::account;
use warren_domain::channel;
use warren_domain::database::{DbErr, in_time};
use warren_domain::id::{SessionId, UserId};
use warren_domain::timeline;

use super::{DATABASE_TIMEOUT, Hub, lock, spawn_repair};
use crate::gateway::stream::ChannelStream;
use crate::node::Node;

/// How often every head, membership and session is compared with the database:
/// what a lost hint may cost, and within the 5 s in which an ended session's
/// sockets close.
const CHECK_INTERVAL: Duration = Duration::from_secs(4);

/// Compares at its interval, and whenever it is asked to.
pub(super) async fn check_regularly(hub: &Arc<Hub>, node: &Arc<Node>) {
    let mut interval = tokio::time::interval(CHECK_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = interval.tick() => {}
            () = hub.check_now.notified() => {}
        }
        if let Err(error) = in_time(DATABASE_TIMEOUT, check(hub, node)).await {
            tracing::warn!(%error, "the sockets' state was not compared with the database");
        }
    }
}

/// Three queries for the whole node: heads, memberships, sessions.
async fn check(hub: &Arc<Hub>, node: &Arc<Node>) -> Result<(), DbErr> {
    let streams: Vec<Arc<ChannelStream>> = {
        let mut streams = lock(&hub.streams);
        streams.retain(|_, stream| stream.is_watched());
        streams.values().cloned().collect()
    };
    if !streams.is_empty() {
        let ids = streams.iter().map(|stream| stream.channel_id()).collect();
        let heads = timeline::heads(&node.domain.database, ids).await?;
        for stream in streams {
            let head = heads.get(&stream.channel_id()).copied().unwrap_or(0);
            stream.begin_at(head);
            if stream.offer(head, []) {
                spawn_repair(hub, node, stream);
            }
        }
    }
    check_sockets(hub, node).await
}

async fn check_sockets(hub: &Arc<Hub>, node: &Arc<Node>) -> Result<(), DbErr> {
    let (users, sessions): (Vec<UserId>, HashSet<SessionId>) = {
        let sockets = lock(&hub.sockets);
        let sessions = sockets.values().flatten().map(|entry| entry.session_id).collect();
        (sockets.keys().copied().collect(), sessions)
    };
    if users.is_empty() {
        return Ok(());
    }
    let live = account::live_among(&node.domain, sessions.iter().copied().collect()).await?;
    hub.end_sessions(|session| sessions.contains(&session) && !live.contains(&session));
    check_memberships(hub, node, users).await
}

pub(super) async fn check_memberships(
    hub: &Hub,
    node: &Node,
    users: Vec<UserId>,
) -> Result<(), DbErr> {
    for (user_id, channels) in channel::memberships_of(&node.domain, users).await? {
        hub.for_sockets_of(user_id, |signal| signal.reconcile(&channels));
    }
    Ok(())
}
