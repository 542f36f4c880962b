//! The spine: what happened in a channel, numbered.

use sea_orm::entity::prelude::*;

use crate::channel::MemberRole;
use crate::id::{ChannelId, UserId};
use crate::timeline::EventKind;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: EventKind,
    pub actor_id: UserId,
    /// Whom it happened to.
    pub user_id: Option<UserId>,
    /// The message it is about.
    pub message_seq: Option<i64>,
    pub at: DateTimeUtc,
    pub emoji: Option<String>,
    pub role: Option<MemberRole>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
