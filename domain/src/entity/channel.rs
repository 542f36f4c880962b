//! Channels: what changes seldom.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, HistoryVisibility};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChannelId,
    pub name: String,
    pub kind: ChannelKind,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: DateTimeUtc,
    pub history: HistoryVisibility,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
