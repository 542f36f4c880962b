//! Who is a member of what.

use sea_orm::entity::prelude::*;

use crate::channel::MemberRole;
use crate::id::{ChannelId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub role: MemberRole,
    pub joined_at: DateTimeUtc,
    /// The number of the event that made them a member.
    pub joined_seq: i64,
    /// Up to this number they have read.
    pub read_seq: i64,
    /// How many messages the channel had at `read_seq`: written together with it,
    /// so that counting what is unread is a subtraction.
    pub read_count: i64,
    pub muted: bool,
    /// Up to this number the member sees no messages.
    pub cleared_seq: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
