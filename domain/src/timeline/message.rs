//! A message as its readers see it.

use chrono::{DateTime, Utc};
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

use crate::entity::message;
use crate::id::{ChannelId, MessageId};
use crate::timeline::{Person, Thread};

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The channel it is in.
    pub channel_id: ChannelId,
    /// Its number in the channel's sequence.
    pub seq: i64,
    /// Who wrote it.
    pub author: Person,
    /// What it says: at most 16 KiB of UTF-8 markdown; empty if it was deleted.
    pub text: String,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root_id: Option<MessageId>,
    /// How many messages answer it, without the deleted ones.
    #[serde(default)]
    pub reply_count: i64,
    /// When the last of them was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<DateTime<Utc>>,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
    /// When its text was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// When it will be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was pinned to its channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<DateTime<Utc>>,
    /// How people reacted, in the order of the first reactions.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}

/// How many reacted in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Reaction {
    /// With what.
    pub emoji: String,
    /// How many people; at least one.
    pub count: i64,
    /// Whether the reader is one of them; only where one person reads, never
    /// in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
}

/// The counts of a message's reactions, as its row keeps them: JSON in a text
/// column, alike in every database.
#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Reactions(pub Vec<Reaction>);

impl std::fmt::Display for Reactions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = serde_json::to_string(&self.0).map_err(|_| std::fmt::Error)?;
        formatter.write_str(&json)
    }
}

impl std::str::FromStr for Reactions {
    type Err = serde_json::Error;

    fn from_str(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }
}

impl Message {
    /// The message of a row.
    pub(crate) fn of(row: message::Model, author: Person) -> Self {
        Self {
            id: row.id,
            channel_id: row.channel_id,
            seq: row.seq,
            author,
            text: row.text,
            thread_root_id: row.thread_root_id,
            reply_count: row.reply_count,
            last_reply_at: row.last_reply_at,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
            expires_at: row.expires_at,
            pinned_at: row.pinned_at,
            reactions: row.reactions.unwrap_or_default().0,
        }
    }
}

impl Thread {
    /// The thread that begins with a message.
    pub(crate) fn of(root: &message::Model) -> Self {
        Self {
            root_id: root.id,
            root_seq: root.seq,
            reply_count: root.reply_count,
            last_reply_at: root.last_reply_at,
        }
    }
}
