//! Reading timelines back. Readers that the bus told nothing, or too late, or
//! wrongly, find everything here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef,
};

use crate::account::People;
use crate::channel;
use crate::database::Database;
use crate::entity::{channel_event, channel_head, message};
use crate::id::{ChannelId, MessageId, UserId};
use crate::timeline::{ChannelSummary, Event, EventKind, Message, Person};

/// The events of a channel with numbers above `after_seq`, at most `limit`, in
/// order. Says nothing about who may see them: the caller checked that.
///
/// # Errors
/// If the database fails.
pub async fn read(
    database: &Database,
    people: &People,
    channel_id: ChannelId,
    after_seq: i64,
    limit: u64,
) -> Result<Vec<Event>, DbErr> {
    let rows = rows(database, channel_id, after_seq, limit).await?;
    let ids = rows.iter().flat_map(|row| [row.user_id, row.author_id]).flatten().collect();
    let people = people.get(database.read(), ids).await?;
    let channel = match rows.iter().any(|row| row.kind == EventKind::ChannelCreated) {
        true => channel::summary(database, channel_id).await?,
        false => None,
    };
    Ok(rows.into_iter().map(|row| row.into_event(&people, channel.as_ref())).collect())
}

/// The last number of each of these channels.
///
/// # Errors
/// If the database fails.
pub async fn heads(
    database: &Database,
    channels: Vec<ChannelId>,
) -> Result<HashMap<ChannelId, i64>, DbErr> {
    let heads = channel_head::Entity::find()
        .select_only()
        .columns([channel_head::Column::ChannelId, channel_head::Column::LastSeq])
        .filter(channel_head::Column::ChannelId.is_in(channels))
        .into_tuple::<(ChannelId, i64)>()
        .all(database.read())
        .await?;
    Ok(heads.into_iter().collect())
}

/// An event with the message that it is about, as one row.
#[derive(FromQueryResult)]
struct Row {
    channel_id: ChannelId,
    seq: i64,
    kind: EventKind,
    actor_id: UserId,
    user_id: Option<UserId>,
    message_seq: Option<i64>,
    at: DateTime<Utc>,
    id: Option<MessageId>,
    author_id: Option<UserId>,
    text: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

async fn rows(
    database: &Database,
    channel_id: ChannelId,
    after_seq: i64,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    channel_event::Entity::find()
        .columns([
            message::Column::Id,
            message::Column::AuthorId,
            message::Column::Text,
            message::Column::CreatedAt,
        ])
        .join(JoinType::LeftJoin, about())
        .filter(channel_event::Column::ChannelId.eq(channel_id))
        .filter(channel_event::Column::Seq.gt(after_seq))
        .order_by_asc(channel_event::Column::Seq)
        .limit(limit)
        .into_model::<Row>()
        .all(database.read())
        .await
}

/// `channel_event (channel_id, message_seq)` → `message (channel_id, seq)`.
fn about() -> RelationDef {
    channel_event::Entity::belongs_to(message::Entity)
        .from(channel_event::Column::MessageSeq)
        .to(message::Column::Seq)
        .on_condition(|events, messages| {
            Condition::all().add(
                Expr::col((events, channel_event::Column::ChannelId))
                    .equals((messages, message::Column::ChannelId)),
            )
        })
        .into()
}

impl Row {
    fn into_event(
        self,
        people: &HashMap<UserId, Person>,
        channel: Option<&ChannelSummary>,
    ) -> Event {
        Event {
            channel_id: self.channel_id,
            seq: self.seq,
            kind: self.kind,
            actor_id: self.actor_id,
            at: self.at,
            user: self.user_id.and_then(|id| people.get(&id).cloned()),
            channel: channel.filter(|_| self.kind == EventKind::ChannelCreated).cloned(),
            message: self.into_message(people),
        }
    }

    fn into_message(self, people: &HashMap<UserId, Person>) -> Option<Message> {
        Some(Message {
            id: self.id?,
            channel_id: self.channel_id,
            seq: self.message_seq?,
            author: people.get(&self.author_id?)?.clone(),
            text: self.text?,
            created_at: self.created_at?,
        })
    }
}
