//! What people see happen in a channel. These shapes are the contract: REST
//! answers, socket frames and the event bus carry the very same JSON, so they
//! are written once, here and beside it.

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use crate::channel::{MemberRole, Sight};
use crate::id::{ChannelId, MessageId, UserId};
use crate::timeline::{ChannelSummary, Message, Person};

/// One event of a channel's timeline. Replaying it twice or late does no
/// harm: it carries the state after it, never a change to apply.
///
/// Of a `message_…` or `reaction_…` event the message, the emoji and the thread are
/// absent if its reader may not see the message: the number stays, so that the
/// sequence has no gap for anybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Event {
    /// The channel.
    pub channel_id: ChannelId,
    /// Its number: the channel's events are 1, 2, 3 … without a gap.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor_id: UserId,
    /// When; never earlier than the event before it.
    pub at: DateTime<Utc>,
    /// The message as it is now (`message_…` and `reaction_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The thread that the message answers in, as it is now (`message_created`
    /// and `message_deleted` of a reply).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Thread>,
    /// What was added or taken back (`reaction_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// The person it happened to (`member_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
    /// What that person may do here from then on (`member_joined` and
    /// `member_updated`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    /// The channel as it is now (`channel_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelSummary>,
}

/// What can happen in a channel.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum EventKind {
    /// The channel's first event.
    ChannelCreated,
    /// Its name, description or rules changed, or it was archived.
    ChannelUpdated,
    /// Somebody was invited and has not answered.
    MemberInvited,
    /// Somebody became a member.
    MemberJoined,
    /// Somebody may do more here, or less.
    MemberUpdated,
    /// Somebody is a member no more.
    MemberLeft,
    /// Somebody said something.
    MessageCreated,
    /// Its author changed a message.
    MessageEdited,
    /// A message was deleted, or its time was over: its text is gone.
    MessageDeleted,
    /// A message was pinned to the channel.
    MessagePinned,
    /// A message is pinned no more.
    MessageUnpinned,
    /// Somebody reacted to a message.
    ReactionAdded,
    /// Somebody took a reaction back.
    ReactionRemoved,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Thread {
    /// The message that it answers.
    pub root_id: MessageId,
    /// Its number.
    pub root_seq: i64,
    /// How many replies it has, without the deleted ones.
    pub reply_count: i64,
    /// When the last of them was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<DateTime<Utc>>,
}

impl Event {
    /// The number of the message that it is about: its visibility is the event's.
    #[must_use]
    pub fn message_seq(&self) -> Option<i64> {
        self.message.as_ref().map(|message| message.seq)
    }

    /// The event as a member with this sight sees it.
    #[must_use]
    pub fn seen_with(self, sight: Sight) -> Self {
        match (self.message_seq(), self.root_seq()) {
            (Some(seq), _) if !sight.shows(seq) => self.without_message(),
            (_, Some(root_seq)) if !sight.shows(root_seq) => self.without_thread(),
            _ => self,
        }
    }

    /// The number of the message whose thread it changed.
    #[must_use]
    pub fn root_seq(&self) -> Option<i64> {
        self.thread.as_ref().map(|thread| thread.root_seq)
    }

    /// Without where its thread stands, for whom the thread's beginning is hidden from.
    #[must_use]
    pub fn without_thread(self) -> Self {
        Self { thread: None, ..self }
    }

    /// Its number, kind and actor only.
    #[must_use]
    pub fn without_message(self) -> Self {
        Self { message: None, thread: None, emoji: None, ..self }
    }
}
