//! A channel as its readers see it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
};
use serde::{Deserialize, Serialize};

use crate::account::User;
use crate::channel::MemberRole;
use crate::channel::membership::its_user;
use crate::entity::{channel, channel_head, membership, mention, user_account};
use crate::id::{ChannelId, UserId};
use crate::timeline::{ChannelKind, ChannelSummary, HistoryVisibility, Person};

/// A channel as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Channel {
    /// What it is for everybody.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", oai(flatten))]
    pub summary: ChannelSummary,
    /// The number of its newest event.
    pub last_seq: i64,
    /// What the reader is in it; absent for who is not a member.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", oai(flatten))]
    pub mine: Mine,
}

/// What a channel is to its reader: everything is absent for who is not a
/// member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Mine {
    /// What the reader may do in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<MemberRole>,
    /// The number up to which the reader has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<i64>,
    /// How many messages came after that, the reader's own and deleted ones among
    /// them: a client that shows what its user sends marks it as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<i64>,
    /// How many of them name the reader, or everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_mentions: Option<i64>,
    /// The number up to which the reader sees no messages: what was said before
    /// they joined, or what they cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_seq: Option<i64>,
    /// Whether the reader does not want to be notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Who else is in it, if it is a direct channel; nobody, if it is one with
    /// oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Person>>,
}

impl Channel {
    /// Whether its reader may know that it exists.
    pub(crate) fn is_visible(&self) -> bool {
        self.summary.kind == ChannelKind::Public || self.mine.role.is_some()
    }
}

/// A channel, its head, and the reader's membership, as one row.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Row {
    id: ChannelId,
    name: String,
    kind: ChannelKind,
    description: Option<String>,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    history: HistoryVisibility,
    last_seq: i64,
    archived_at: Option<DateTime<Utc>>,
    role: Option<MemberRole>,
    read_seq: Option<i64>,
    cleared_seq: Option<i64>,
    muted: Option<bool>,
    message_count: i64,
    read_count: Option<i64>,
    unread_mentions: i64,
}

/// All channels with what `reader` is in each: filter it.
pub(crate) fn seen_by(reader: UserId) -> Select<channel::Entity> {
    channel::Entity::find()
        .columns([
            channel_head::Column::LastSeq,
            channel_head::Column::ArchivedAt,
            channel_head::Column::MessageCount,
        ])
        .columns([
            membership::Column::Role,
            membership::Column::ReadSeq,
            membership::Column::ReadCount,
            membership::Column::ClearedSeq,
            membership::Column::Muted,
        ])
        .expr_as(unread_mentions(reader), "unread_mentions")
        .join(JoinType::InnerJoin, its_head())
        .join(JoinType::LeftJoin, membership_of(reader))
}

/// Says of the direct ones among these channels who else is in them: one query for
/// all.
pub(crate) async fn show_members(
    connection: &impl ConnectionTrait,
    reader: UserId,
    channels: &mut [Channel],
) -> Result<(), DbErr> {
    let direct: Vec<&mut Channel> = channels
        .iter_mut()
        .filter(|channel| channel.summary.kind == ChannelKind::Direct)
        .filter(|channel| channel.mine.role.is_some())
        .collect();
    if direct.is_empty() {
        return Ok(());
    }
    let rows = membership::Entity::find()
        .select_also(user_account::Entity)
        .join(JoinType::InnerJoin, its_user())
        .filter(membership::Column::ChannelId.is_in(direct.iter().map(|one| one.summary.id)))
        .filter(membership::Column::UserId.ne(reader))
        .order_by_asc(user_account::Column::Username)
        .all(connection)
        .await?;
    let mut others: HashMap<ChannelId, Vec<Person>> = HashMap::new();
    for (member, user) in rows {
        let person = user.map(|user| Person::from(&User::from(user)));
        others.entry(member.channel_id).or_default().extend(person);
    }
    for channel in direct {
        channel.mine.members = Some(others.remove(&channel.summary.id).unwrap_or_default());
    }
    Ok(())
}

/// What a channel is, without anybody looking at it.
pub(crate) async fn summary(
    connection: &impl ConnectionTrait,
    channel_id: ChannelId,
) -> Result<Option<ChannelSummary>, DbErr> {
    let row = channel::Entity::find_by_id(channel_id)
        .join(JoinType::InnerJoin, its_head())
        .select_also(channel_head::Entity)
        .one(connection)
        .await?;
    Ok(row
        .map(|(channel, head)| ChannelSummary::of(channel, head.and_then(|head| head.archived_at))))
}

impl ChannelSummary {
    /// The channel of a row, archived as its head says.
    pub(crate) fn of(row: channel::Model, archived_at: Option<DateTime<Utc>>) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            description: row.description,
            created_by: row.created_by,
            created_at: row.created_at,
            history: row.history,
            archived_at,
        }
    }
}

impl From<Row> for Channel {
    fn from(row: Row) -> Self {
        let member = row.role.is_some();
        let mine = Mine {
            role: row.role,
            read_seq: row.read_seq,
            unread: row.read_count.map(|read| row.message_count - read),
            unread_mentions: member.then_some(row.unread_mentions),
            cleared_seq: row.cleared_seq,
            muted: row.muted,
            members: None,
        };
        let summary = ChannelSummary {
            id: row.id,
            name: row.name,
            kind: row.kind,
            description: row.description,
            created_by: row.created_by,
            created_at: row.created_at,
            history: row.history,
            archived_at: row.archived_at,
        };
        Self { summary, last_seq: row.last_seq, mine }
    }
}

/// How many messages after the read marker name the reader, or everybody. Each by
/// itself: MariaDB seeks by what is equal only, not by one of two.
fn unread_mentions(reader: UserId) -> Expr {
    let everybody = UserId(uuid::Uuid::nil());
    unread_mentions_of(reader).add(unread_mentions_of(everybody))
}

fn unread_mentions_of(mentioned: UserId) -> Expr {
    let unread = Query::select()
        .expr(Func::count(Expr::col((mention::Entity, mention::Column::Seq))))
        .from(mention::Entity)
        .and_where(Expr::col((mention::Entity, mention::Column::UserId)).eq(mentioned))
        .and_where(
            Expr::col((mention::Entity, mention::Column::ChannelId))
                .equals((channel::Entity, channel::Column::Id)),
        )
        .and_where(
            Expr::col((mention::Entity, mention::Column::Seq))
                .gt(Expr::col((membership::Entity, membership::Column::ReadSeq))),
        )
        .take();
    unread.into()
}

pub(crate) fn its_head() -> RelationDef {
    channel::Entity::belongs_to(channel_head::Entity)
        .from(channel::Column::Id)
        .to(channel_head::Column::ChannelId)
        .into()
}

pub(crate) fn membership_of(reader: UserId) -> RelationDef {
    channel::Entity::belongs_to(membership::Entity)
        .from(channel::Column::Id)
        .to(membership::Column::ChannelId)
        .on_condition(move |_, memberships| {
            Condition::all().add(Expr::col((memberships, membership::Column::UserId)).eq(reader))
        })
        .into()
}
