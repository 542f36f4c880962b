//! Threads: which messages can be answered, what their replies are, and what
//! is left when one of these is deleted.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};

use crate::account::Actor;
use crate::channel::{AccessError, Sight};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{membership, message, send_outcome, thread_reply};
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::acl;
use crate::message::history::{Page, locate};
use crate::message::{Pending, view};
use crate::timeline::Thread;

/// The replies to a message with numbers above `after_seq`, in their order;
/// deleted ones stand among them as in the channel. A deleted message keeps its
/// replies.
///
/// # Errors
/// [`AccessError::NotFound`] if the actor may not see the message.
pub async fn replies(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    after_seq: i64,
    limit: u64,
) -> Result<Page, AccessError> {
    let (seat, (channel_id, root_seq)) = locate(domain, actor, id).await?;
    let rows = message::Entity::find()
        .join_rev(JoinType::InnerJoin, to_message())
        .filter(thread_reply::Column::ChannelId.eq(channel_id))
        .filter(thread_reply::Column::RootSeq.eq(root_seq))
        .filter(thread_reply::Column::Seq.gt(after_seq))
        .order_by_asc(thread_reply::Column::Seq)
        .limit(limit)
        .all(domain.database.read())
        .await?;
    Ok(Page {
        messages: view::seen_by(domain, actor.id(), rows).await?,
        as_of_seq: seat.channel.last_seq,
    })
}

/// What the sends of a batch answer: messages that are there, not deleted, and
/// no replies themselves, as their channels' locked heads keep them.
#[derive(Default)]
pub(crate) struct Roots {
    wanted: HashSet<MessageId>,
    known: HashMap<MessageId, Root>,
    /// What the authors of replies may see.
    sights: HashMap<(ChannelId, UserId), Sight>,
}

/// A message that can be answered.
struct Root {
    channel_id: ChannelId,
    seq: i64,
    reply_count: i64,
}

impl Roots {
    /// Two queries for all; none for a batch without replies.
    pub(crate) async fn of(transaction: &Transaction, batch: &[Pending]) -> Result<Self, DbErr> {
        let mut wanted = HashSet::new();
        let mut authors: BTreeMap<ChannelId, HashSet<UserId>> = BTreeMap::new();
        for pending in batch {
            if let Some(root_id) = pending.thread_root_id {
                wanted.insert(root_id);
                authors.entry(pending.channel_id).or_default().insert(pending.author_id);
            }
        }
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let known = look_up(transaction, &wanted).await?;
        let members = acl::look_up(transaction, authors).await?;
        let sight = |member: &membership::Model| Sight { cleared_seq: member.cleared_seq };
        let sights = members.iter().map(|row| ((row.channel_id, row.user_id), sight(row)));
        Ok(Self { wanted, known, sights: sights.collect() })
    }

    /// Whether it answers nothing, or what its author can answer.
    pub(crate) fn admit(&self, pending: &Pending) -> bool {
        let Some(root_id) = pending.thread_root_id else { return true };
        let sight = self.sights.get(&(pending.channel_id, pending.author_id));
        self.known.get(&root_id).is_some_and(|root| {
            root.channel_id == pending.channel_id
                && sight.is_some_and(|sight| sight.shows(root.seq))
        })
    }

    /// Counts a reply that was admitted.
    pub(crate) fn reply(&mut self, pending: &Pending, at: DateTime<Utc>) -> Option<Thread> {
        let root_id = pending.thread_root_id?;
        let root = self.known.get_mut(&root_id)?;
        root.reply_count += 1;
        let (root_seq, reply_count) = (root.seq, root.reply_count);
        Some(Thread { root_id, root_seq, reply_count, last_reply_at: Some(at) })
    }

    /// Takes in what was said in this batch: what follows may answer it.
    pub(crate) fn add(&mut self, pending: &Pending, seq: i64) {
        if self.wanted.contains(&pending.id) && pending.thread_root_id.is_none() {
            let root = Root { channel_id: pending.channel_id, seq, reply_count: 0 };
            self.known.insert(pending.id, root);
        }
    }
}

async fn look_up(
    transaction: &Transaction,
    ids: &HashSet<MessageId>,
) -> Result<HashMap<MessageId, Root>, DbErr> {
    let rows: Vec<(MessageId, ChannelId, i64, i64)> = send_outcome::Entity::find()
        .select_only()
        .columns([message::Column::Id, message::Column::ChannelId])
        .columns([message::Column::Seq, message::Column::ReplyCount])
        .join(JoinType::InnerJoin, committed())
        .filter(send_outcome::Column::Id.is_in(ids.iter().copied()))
        .filter(message::Column::DeletedAt.is_null())
        .filter(message::Column::ThreadRootId.is_null())
        .into_tuple()
        .all(transaction)
        .await?;
    let root = |(id, channel_id, seq, reply_count)| (id, Root { channel_id, seq, reply_count });
    Ok(rows.into_iter().map(root).collect())
}

/// Where threads stand without these messages of one channel, which are
/// deleted already: by the numbers of their roots.
pub(crate) async fn without(
    transaction: &Transaction,
    channel_id: ChannelId,
    deleted: impl Iterator<Item = &message::Model>,
) -> Result<HashMap<i64, Thread>, DbErr> {
    let mut lost: BTreeMap<i64, Vec<DateTime<Utc>>> = BTreeMap::new();
    for message in deleted {
        if let Some(root_seq) = message.thread_root_seq {
            lost.entry(root_seq).or_default().push(message.created_at);
        }
    }
    if lost.is_empty() {
        return Ok(HashMap::new());
    }
    let roots = message::Entity::find()
        .filter(message::Column::ChannelId.eq(channel_id))
        .filter(message::Column::Seq.is_in(lost.keys().copied()))
        .all(transaction)
        .await?;
    let mut threads = HashMap::new();
    for root in roots {
        let times = lost.remove(&root.seq).unwrap_or_default();
        let mut thread = Thread::of(&root);
        thread.reply_count -= times.len() as i64;
        // Without an earlier one the last reply is still the last.
        if times.iter().max() >= thread.last_reply_at.as_ref() {
            thread.last_reply_at = last_reply_at(transaction, &root).await?;
        }
        threads.insert(root.seq, thread);
    }
    Ok(threads)
}

/// When the last reply was written that is not deleted.
async fn last_reply_at(
    transaction: &Transaction,
    root: &message::Model,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    message::Entity::find()
        .select_only()
        .column(message::Column::CreatedAt)
        .join_rev(JoinType::InnerJoin, to_message())
        .filter(thread_reply::Column::ChannelId.eq(root.channel_id))
        .filter(thread_reply::Column::RootSeq.eq(root.seq))
        .filter(message::Column::DeletedAt.is_null())
        .order_by_desc(thread_reply::Column::Seq)
        .into_tuple()
        .one(transaction)
        .await
}

/// `thread_reply (channel_id, seq)` → `message (channel_id, seq)`
fn to_message() -> RelationDef {
    thread_reply::Entity::belongs_to(message::Entity)
        .from((thread_reply::Column::ChannelId, thread_reply::Column::Seq))
        .to((message::Column::ChannelId, message::Column::Seq))
        .into()
}

/// `send_outcome (channel_id, seq)` → `message (channel_id, seq)`
fn committed() -> RelationDef {
    send_outcome::Entity::belongs_to(message::Entity)
        .from((send_outcome::Column::ChannelId, send_outcome::Column::Seq))
        .to((message::Column::ChannelId, message::Column::Seq))
        .into()
}
