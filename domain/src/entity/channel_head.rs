//! A channel's counters: the row that every writer of the channel locks first.

use sea_orm::entity::prelude::*;

use crate::id::ChannelId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    pub last_seq: i64,
    pub message_count: i64,
    /// Rises with every change of who may write here.
    pub acl_version: i64,
    pub last_at: DateTimeUtc,
    pub archived_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
