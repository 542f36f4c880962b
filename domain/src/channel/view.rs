//! A channel as its readers see it.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    Condition, DbErr, EntityTrait, FromQueryResult, JoinType, QuerySelect, RelationDef, Select,
};
use serde::{Deserialize, Serialize};

use crate::channel::MemberRole;
use crate::database::Database;
use crate::entity::{channel, channel_head, membership, message};
use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, ChannelSummary};

/// A channel as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Channel {
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
    /// The number of its newest event.
    pub last_seq: i64,
    /// What the reader may do in it; absent for who is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    /// The number up to which the reader has read; absent for who is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<i64>,
    /// How many messages came after that; absent for who is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<i64>,
}

/// A channel, its head, and the reader's membership, as one row.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Row {
    pub(crate) id: ChannelId,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    description: Option<String>,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    last_seq: i64,
    pub(crate) archived_at: Option<DateTime<Utc>>,
    pub(crate) role: Option<MemberRole>,
    read_seq: Option<i64>,
    message_count: i64,
    /// How many messages the channel had where the reader has read to.
    read_ordinal: Option<i64>,
}

/// All channels with what `reader` is in each: filter it.
pub(crate) fn seen_by(reader: UserId) -> Select<channel::Entity> {
    channel::Entity::find()
        .columns([
            channel_head::Column::LastSeq,
            channel_head::Column::ArchivedAt,
            channel_head::Column::MessageCount,
        ])
        .columns([membership::Column::Role, membership::Column::ReadSeq])
        .expr_as(read_ordinal(), "read_ordinal")
        .join(JoinType::InnerJoin, its_head())
        .join(JoinType::LeftJoin, membership_of(reader))
}

/// What a channel is, without anybody looking at it.
pub(crate) async fn summary(
    database: &Database,
    channel_id: ChannelId,
) -> Result<Option<ChannelSummary>, DbErr> {
    let row = channel::Entity::find_by_id(channel_id).one(database.read()).await?;
    Ok(row.map(ChannelSummary::from))
}

impl From<channel::Model> for ChannelSummary {
    fn from(row: channel::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            description: row.description,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

impl From<Row> for Channel {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            description: row.description,
            created_by: row.created_by,
            created_at: row.created_at,
            last_seq: row.last_seq,
            role: row.role,
            read_seq: row.read_seq,
            unread: row.read_seq.map(|_| row.message_count - row.read_ordinal.unwrap_or(0)),
        }
    }
}

/// The ordinal of the last message that the reader has read: one seek in the
/// primary key, so that counting unread messages is a subtraction.
fn read_ordinal() -> Expr {
    let read = Query::select()
        .column(message::Column::Ordinal)
        .from(message::Entity)
        .and_where(
            Expr::col((message::Entity, message::Column::ChannelId))
                .equals((channel::Entity, channel::Column::Id)),
        )
        .and_where(
            Expr::col((message::Entity, message::Column::Seq))
                .lte(Expr::col((membership::Entity, membership::Column::ReadSeq))),
        )
        .order_by((message::Entity, message::Column::Seq), Order::Desc)
        .limit(1)
        .take();
    read.into()
}

fn its_head() -> RelationDef {
    channel::Entity::belongs_to(channel_head::Entity)
        .from(channel::Column::Id)
        .to(channel_head::Column::ChannelId)
        .into()
}

fn membership_of(reader: UserId) -> RelationDef {
    channel::Entity::belongs_to(membership::Entity)
        .from(channel::Column::Id)
        .to(membership::Column::ChannelId)
        .on_condition(move |_, memberships| {
            Condition::all().add(Expr::col((memberships, membership::Column::UserId)).eq(reader))
        })
        .into()
}
