//! What became of a send.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, MessageId};
use crate::message::pending::Fingerprint;

/// The final answer to a send: once given, no retry ever changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The database has it.
    Committed {
        /// The channel it is in.
        channel_id: ChannelId,
        /// Its number in the channel's sequence.
        seq: i64,
        /// When it was committed.
        at: DateTime<Utc>,
    },
    /// It will never be a message.
    Rejected {
        /// Why not.
        reason: Rejection,
    },
}

/// Why a send became no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum Rejection {
    /// There is no such channel (any more).
    ChannelNotFound,
    /// The channel is archived.
    ChannelArchived,
    /// The author was not a member when it came to be committed.
    NotAMember,
    /// What it answers is not there, hidden from its author, deleted, or a reply
    /// itself.
    ThreadNotFound,
    /// The same author sent another message under the same key before.
    KeyReused,
    /// The payload could not be processed; an operator finds it among the dead letters.
    SetAside,
}

impl Rejection {
    /// The stable word for it, as stored and as sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ChannelNotFound => "channel_not_found",
            Self::ChannelArchived => "channel_archived",
            Self::NotAMember => "not_a_member",
            Self::ThreadNotFound => "thread_not_found",
            Self::KeyReused => "key_reused",
            Self::SetAside => "set_aside",
        }
    }

    /// The inverse of [`Self::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::ChannelNotFound,
            Self::ChannelArchived,
            Self::NotAMember,
            Self::ThreadNotFound,
            Self::KeyReused,
            Self::SetAside,
        ]
        .into_iter()
        .find(|rejection| rejection.code() == code)
    }
}

/// The outcome of one send, on its way back to whoever waits for it. Two
/// sends may share an id and differ in content, so the fingerprint belongs to
/// the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The send.
    pub id: MessageId,
    /// Which content under that id.
    pub fingerprint: Fingerprint,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}
