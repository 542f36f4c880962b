//! Reading timelines back. Readers that the bus told nothing, or too late, or
//! wrongly, find everything here.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};

use crate::account::People;
use crate::channel;
use crate::database::Database;
use crate::entity::{channel_event, channel_head, message};
use crate::id::{ChannelId, MessageId, UserId};
use crate::timeline::{ChannelSummary, Event, EventKind, Message, Person, Thread};

type Row = (channel_event::Model, Option<message::Model>);

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
    let users = rows.iter().filter_map(|(event, _)| event.user_id);
    let authors = rows.iter().filter_map(|(_, message)| Some(message.as_ref()?.author_id));
    let shown = Shown {
        people: people.get(database.read(), users.chain(authors).collect()).await?,
        roots: roots(database, channel_id, &rows).await?,
        channel: match rows.iter().any(|(event, _)| shows_channel(event.kind)) {
            true => channel::summary(database.read(), channel_id).await?,
            false => None,
        },
    };
    Ok(rows.into_iter().map(|row| shown.event(row)).collect())
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

/// Events, each with the message that it is about.
async fn rows(
    database: &Database,
    channel_id: ChannelId,
    after_seq: i64,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    channel_event::Entity::find()
        .join(JoinType::LeftJoin, about())
        .select_also(message::Entity)
        .filter(channel_event::Column::ChannelId.eq(channel_id))
        .filter(channel_event::Column::Seq.gt(after_seq))
        .order_by_asc(channel_event::Column::Seq)
        .limit(limit)
        .all(database.read())
        .await
}

/// The messages that those of `rows` answer which changed the number of replies.
async fn roots(
    database: &Database,
    channel_id: ChannelId,
    rows: &[Row],
) -> Result<HashMap<MessageId, Thread>, DbErr> {
    let seqs: BTreeSet<i64> = rows.iter().filter_map(root_seq).collect();
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let roots = message::Entity::find()
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::Seq.is_in(seqs))
        .all(database.read())
        .await?;
    Ok(roots.into_iter().map(|root| (root.id, Thread::of(&root))).collect())
}

fn root_seq((event, message): &Row) -> Option<i64> {
    match event.kind {
        EventKind::MessageCreated | EventKind::MessageDeleted => message.as_ref()?.thread_root_seq,
        _ => None,
    }
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

/// What events show of things besides their own rows.
struct Shown {
    people: HashMap<UserId, Person>,
    roots: HashMap<MessageId, Thread>,
    channel: Option<ChannelSummary>,
}

impl Shown {
    fn event(&self, row: Row) -> Event {
        let thread = self.thread(&row);
        let (row, message) = row;
        Event {
            channel_id: row.channel_id,
            seq: row.seq,
            kind: row.kind,
            actor_id: row.actor_id,
            at: row.at,
            user: row.user_id.and_then(|id| self.people.get(&id).cloned()),
            channel: self.channel.as_ref().filter(|_| shows_channel(row.kind)).cloned(),
            message: message.and_then(|message| {
                let author = self.people.get(&message.author_id)?.clone();
                Some(Message::of(message, author))
            }),
            thread,
            emoji: row.emoji,
            role: row.role,
        }
    }

    fn thread(&self, row: &Row) -> Option<Thread> {
        root_seq(row)?;
        self.roots.get(&row.1.as_ref()?.thread_root_id?).cloned()
    }
}

fn shows_channel(kind: EventKind) -> bool {
    matches!(kind, EventKind::ChannelCreated | EventKind::ChannelUpdated)
}
