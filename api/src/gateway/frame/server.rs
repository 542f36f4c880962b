//! What the server says.

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object, Union};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use warren_domain::account::User;
use warren_domain::channel::{Channel, Mine};
use warren_domain::id::{ChannelId, UserId};
use warren_domain::timeline::{Event, Person};

use crate::http::problem::Problem;
use crate::message::receipt::Receipt;

/// What the server says.
#[derive(Debug, Serialize, Union)]
#[serde(tag = "type", rename_all = "snake_case")]
#[oai(one_of, discriminator_name = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a frame is encoded at once, never kept")]
pub(crate) enum ServerFrame {
    Ready(ReadyFrame),
    Event(Event),
    Receipt(ReceiptFrame),
    Done(DoneFrame),
    Error(ErrorFrame),
    Resync(ResyncFrame),
    Read(HasReadFrame),
    Presence(PresenceFrame),
    Typing(SomebodyTypingFrame),
    Pong(PongFrame),
}

/// The answer to `hello`: who you are, and all your channels with the number
/// where each stands. What follows the cursors comes next, then what happens.
#[derive(Debug, Serialize, Object)]
pub(crate) struct ReadyFrame {
    /// Who you are.
    pub(crate) me: User,
    /// The name of this history of numbers: cursors of another are worthless.
    pub(crate) epoch: String,
    /// By name.
    pub(crate) channels: Vec<Channel>,
}

/// What became of a send. After `accepted` a final one follows, or ask
/// `getReceipt`.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ReceiptFrame {
    /// The send's key.
    pub(crate) key: String,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(crate) receipt: Receipt,
}

/// What was asked under this `ref` is done.
#[derive(Debug, Serialize, Object)]
pub(crate) struct DoneFrame {
    /// The `ref` of the client's frame.
    #[serde(rename = "ref")]
    #[oai(rename = "ref")]
    pub(crate) reference: String,
}

/// A frame was refused.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ErrorFrame {
    /// The stable word for this error: those of the HTTP API, and
    /// `malformed_frame`.
    pub(crate) code: String,
    /// What is wrong, in a sentence.
    pub(crate) message: String,
    /// The key of the refused send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The `ref` of the refused frame.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    #[oai(rename = "ref")]
    pub(crate) reference: Option<String>,
}

/// A cursor was worthless: load the channel anew; its events follow from its
/// `last_seq`.
#[derive(Debug, Serialize, Object)]
pub(crate) struct ResyncFrame {
    /// Where the channel stands.
    pub(crate) channel: Channel,
    /// Why.
    pub(crate) reason: ResyncReason,
}

/// Why a cursor is worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum ResyncReason {
    /// The database was restored since.
    Epoch,
    /// The channel has no such number (yet).
    Ahead,
}

/// You read, cleared or muted a channel, on whichever client: what it is to you
/// now.
#[derive(Debug, Serialize, Object)]
pub(crate) struct HasReadFrame {
    /// Which.
    pub(crate) channel_id: ChannelId,
    #[serde(flatten)]
    #[oai(flatten)]
    pub(crate) mine: Mine,
}

/// Somebody in a watched channel came or went. After `ready` those who are
/// online are told; everybody else is not. Of channels with more than 500
/// members nothing is told.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PresenceFrame {
    /// Who.
    pub(crate) user_id: UserId,
    /// Whether they have a socket open.
    pub(crate) status: OnlineStatus,
    /// When they went, if they went while this server looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_seen_at: Option<DateTime<Utc>>,
}

/// Whether somebody has a socket open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum OnlineStatus {
    /// At some node.
    Online,
    /// At none.
    Offline,
}

/// Somebody is writing something in a watched channel: show it for six seconds.
/// Of one person in one channel it comes every three seconds at most; of more
/// than eight at once it is not told.
#[derive(Debug, Serialize, Object)]
pub(crate) struct SomebodyTypingFrame {
    /// Where.
    pub(crate) channel_id: ChannelId,
    /// Who.
    pub(crate) user: Person,
}

/// The answer to `ping`.
#[derive(Debug, Serialize, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct PongFrame {
    /// As it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
}

impl ServerFrame {
    /// The refusal of the frame that had this `ref`.
    pub(crate) fn refusal(problem: Problem, reference: Option<String>) -> Self {
        let Problem { code, detail: message, idempotency_key: key, .. } = problem;
        Self::Error(ErrorFrame { code, message, key, reference })
    }

    pub(crate) fn encode(&self) -> Utf8Bytes {
        // Strings, numbers, ids and times always serialise.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}
