//! Messages, as they are now.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, MessageId, UserId};
use crate::timeline::Reactions;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub id: MessageId,
    pub author_id: UserId,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// How many messages the channel had with this one.
    pub ordinal: i64,
    pub created_at: DateTimeUtc,
    pub edited_at: Option<DateTimeUtc>,
    pub deleted_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
    pub pinned_at: Option<DateTimeUtc>,
    pub thread_root_id: Option<MessageId>,
    pub thread_root_seq: Option<i64>,
    pub reply_count: i64,
    pub last_reply_at: Option<DateTimeUtc>,
    pub reactions: Option<Reactions>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
