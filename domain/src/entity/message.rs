//! Messages, as they are now.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, MessageId, UserId};

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
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
