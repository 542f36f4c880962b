//! The outcome of every send, for ever: the one gate through which an id passes once.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, MessageId, UserId};
use crate::message::Fingerprint;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "send_outcome")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub author_id: UserId,
    pub fingerprint: Fingerprint,
    pub channel_id: ChannelId,
    /// Its number, if it was committed.
    pub seq: Option<i64>,
    /// Why not, if it was rejected.
    pub reason: Option<String>,
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
