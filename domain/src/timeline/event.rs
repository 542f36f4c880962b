//! What people see happen in a channel. These shapes are the contract: REST
//! answers, socket frames and the event bus carry the very same JSON, so they
//! are written once, here.

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, MessageId, UserId};

/// One event of a channel's timeline. Replaying it twice or late does no
/// harm: it carries the state after it, never a change to apply.
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
    /// The message as it is now (`message_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// The person it happened to (`member_…` events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
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
    /// Somebody became a member.
    MemberJoined,
    /// Somebody is a member no more.
    MemberLeft,
    /// Somebody said something.
    MessageCreated,
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The channel it is in.
    pub channel_id: ChannelId,
    /// Its number in the channel's sequence.
    pub seq: i64,
    /// Who wrote it.
    pub author: Person,
    /// What it says: at most 16 KiB of UTF-8 markdown.
    pub text: String,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
}

/// As much of somebody as everybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub username: String,
    /// What they are called.
    pub first_name: String,
    /// Human, bot or visitor.
    pub kind: UserKind,
}

/// What sort of user somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum UserKind {
    /// A person with an account.
    Human,
}

/// A channel, without anything that depends on who looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct ChannelSummary {
    /// Its id.
    pub id: ChannelId,
    /// Its unique name.
    pub name: String,
    /// Who may see it.
    pub kind: ChannelKind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it; nobody made `public`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Who may see a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum ChannelKind {
    /// Everybody finds it and may join.
    Public,
    /// Only its members know of it.
    Private,
}
