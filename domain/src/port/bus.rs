//! The event bus: tells every API node quickly what the database already
//! holds. It may lose; the gateway's arithmetic finds and mends every loss.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::channel::Mine;
use crate::id::{ChannelId, SessionId, UserId};
use crate::timeline::{Event, Person};

/// Publishes after a commit, and delivers to every subscribed node.
#[async_trait]
pub trait EventBus: Send + Sync + 'static {
    /// Tells all nodes, this one included. Best effort and bounded to one
    /// second: a failure is logged by the strategy and costs only speed.
    async fn publish_events(&self, events: &[ChannelEvents]);

    /// Tells all nodes something that is stored nowhere. Best effort.
    async fn publish_ephemeral(&self, ephemeral: &Ephemeral);

    /// What is published from now on, through a bounded queue.
    fn subscribe(&self) -> mpsc::Receiver<BusSignal>;

    /// `Err` names what is wrong while hints do not arrive.
    ///
    /// # Errors
    /// [`super::LogError`] while the bus cannot be reached.
    fn check(&self) -> Result<(), super::LogError>;

    /// What strategy this is, for people: `in-process`, `rabbitmq`.
    fn strategy(&self) -> &'static str;
}

/// What a subscriber gets.
#[derive(Clone, Debug)]
pub enum BusSignal {
    /// Events of one channel that one transaction committed, in order.
    Events(Arc<ChannelEvents>),
    /// Something that is stored nowhere.
    Ephemeral(Ephemeral),
    /// Something may have been missed (a reconnection, a full queue): look at
    /// the database.
    Missed,
}

/// Consecutive events of one channel, or the mere word that it has some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelEvents {
    /// The channel.
    pub channel_id: ChannelId,
    /// A number that the channel has reached, at least: who is not there yet
    /// and does not find it among the events reads the database.
    pub reached_seq: i64,
    /// Its events, in order of their numbers.
    pub events: Vec<Event>,
}

/// What nodes tell each other and nobody stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Ephemeral {
    /// A session was ended: its sockets close, its tokens are worth nothing.
    SessionEnded {
        /// Which.
        session_id: SessionId,
    },
    /// What somebody is called, or may do, is another way now: ask the database.
    PersonChanged {
        /// Who.
        user_id: UserId,
    },
    /// Somebody read, cleared or muted a channel: their other clients show it so.
    Read {
        /// Who.
        user_id: UserId,
        /// Which.
        channel_id: ChannelId,
        /// What the channel is to them now.
        mine: Mine,
    },
    /// Somebody is writing something.
    Typing {
        /// Where.
        channel_id: ChannelId,
        /// Who.
        user: Person,
    },
    /// A node says who has a socket open there.
    Presence {
        /// Which; a node that starts again has another id.
        node_id: Uuid,
        /// What it says.
        news: PresenceNews,
    },
}

/// What a node says of the people with sockets open there. It counts how often
/// it told of changes, so that whoever missed one notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PresenceNews {
    /// It wants to hear from all who is there.
    Ask,
    /// These are all.
    All {
        /// After so many changes.
        version: u64,
        /// Who.
        online: Vec<UserId>,
    },
    /// This changed.
    Changed {
        /// The number of this change.
        version: u64,
        /// Who came.
        came: Vec<UserId>,
        /// Who went.
        went: Vec<UserId>,
    },
    /// It lives.
    Beat {
        /// After so many changes.
        version: u64,
    },
}
