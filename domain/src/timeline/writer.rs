//! The one place where numbers are given. Everything that writes to a channel
//! (the committer, joining, leaving …) does it through a [`Writer`], whose
//! first act is to lock the heads of its channels in the order of their ids:
//! so writers of one channel queue, and writers of many never deadlock.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::channel::MemberRole;
use crate::database::{Transaction, insert_all, padded};
use crate::entity::{channel_event, channel_head, message, message_expiry};
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::Lifetime;
use crate::port::ChannelEvents;
use crate::timeline::thread::Threads;
use crate::timeline::{ChannelSummary, Event, EventKind, Message, Person, Thread};

/// Appends to the timelines of the channels that it holds locked.
pub(crate) struct Writer {
    now: DateTime<Utc>,
    heads: BTreeMap<ChannelId, channel_head::Model>,
    events: BTreeMap<ChannelId, Vec<Event>>,
    event_rows: Vec<channel_event::ActiveModel>,
    message_rows: Vec<message::ActiveModel>,
    expiry_rows: Vec<message_expiry::ActiveModel>,
    threads: Threads,
}

/// What happens, before it has a number.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    ChannelCreated(ChannelSummary),
    ChannelUpdated(ChannelSummary),
    MemberInvited(Person),
    MemberJoined(Person, MemberRole),
    MemberUpdated(Person, MemberRole),
    MemberLeft(Person),
    MessageCreated(NewMessage),
    /// With the message as it is then, which the caller writes, and the thread that it
    /// answers in, if that changed how many replies there are.
    MessageChanged(MessageChange, Message, Option<Thread>),
}

/// A message that gets its number, and with it its row.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) id: MessageId,
    pub(crate) author: Person,
    pub(crate) text: String,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) thread: Option<Thread>,
}

/// What can happen to a message.
#[derive(Clone, Debug)]
pub(crate) enum MessageChange {
    Edited,
    Deleted,
    Pinned,
    Unpinned,
    ReactionAdded(String),
    ReactionRemoved(String),
}

/// The number and time that something got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) seq: i64,
    pub(crate) at: DateTime<Utc>,
}

/// Committed events that the nodes have yet to be told of.
#[must_use = "readers wait for their next look at the database unless this is published"]
#[derive(Debug, Default)]
pub struct Publication {
    pub(crate) events: Vec<ChannelEvents>,
}

impl Publication {
    /// Says again that a channel has reached `seq`: the first word of it may
    /// have been lost.
    pub(crate) fn remind(&mut self, channel_id: ChannelId, seq: i64) {
        match self.events.iter_mut().find(|told| told.channel_id == channel_id) {
            Some(told) => told.reached_seq = told.reached_seq.max(seq),
            None => {
                let events = Vec::new();
                self.events.push(ChannelEvents { channel_id, reached_seq: seq, events });
            }
        }
    }
}

impl Writer {
    /// Locks the heads of those of `channels` that exist. Must come before any
    /// other lock of the transaction.
    pub(crate) async fn lock(
        transaction: &Transaction,
        channels: Vec<ChannelId>,
        now: DateTime<Utc>,
    ) -> Result<Self, DbErr> {
        let heads = channel_head::Entity::find()
            .filter(channel_head::Column::ChannelId.is_in(padded(channels)))
            .order_by_asc(channel_head::Column::ChannelId)
            .lock_exclusive()
            .all(transaction)
            .await?;
        Ok(Self {
            now,
            heads: heads.into_iter().map(|head| (head.channel_id, head)).collect(),
            events: BTreeMap::new(),
            event_rows: Vec::new(),
            message_rows: Vec::new(),
            expiry_rows: Vec::new(),
            threads: Threads::default(),
        })
    }

    /// Makes the head of a new channel, locked by being uncommitted.
    pub(crate) async fn create(
        transaction: &Transaction,
        channel_id: ChannelId,
        now: DateTime<Utc>,
    ) -> Result<Self, DbErr> {
        channel_head::Entity::insert(channel_head::ActiveModel {
            channel_id: Set(channel_id),
            last_seq: Set(0),
            message_count: Set(0),
            acl_version: Set(0),
            last_at: Set(now),
            archived_at: Set(None),
        })
        .exec_without_returning(transaction)
        .await?;
        Self::lock(transaction, vec![channel_id], now).await
    }

    /// The head of a locked channel, as it will be.
    pub(crate) fn head(&self, channel_id: ChannelId) -> Option<&channel_head::Model> {
        self.heads.get(&channel_id)
    }

    /// The time that the next event of a locked channel will have: never before
    /// the last one's, even when the clock is set back.
    pub(crate) fn next_at(&self, channel_id: ChannelId) -> Option<DateTime<Utc>> {
        self.heads.get(&channel_id).map(|head| Ord::max(head.last_at, self.now))
    }

    /// Gives `happening` the channel's next number. `None` if the channel is
    /// not among the locked ones, hence does not exist.
    pub(crate) fn append(
        &mut self,
        channel_id: ChannelId,
        actor_id: UserId,
        happening: Happening,
    ) -> Option<Numbered> {
        let at = self.next_at(channel_id)?;
        let head = self.heads.get_mut(&channel_id)?;
        head.last_seq += 1;
        head.last_at = at;
        match happening {
            Happening::MemberJoined(..) | Happening::MemberLeft(_) => head.acl_version += 1,
            Happening::MessageCreated(_) => head.message_count += 1,
            Happening::ChannelCreated(_)
            | Happening::ChannelUpdated(_)
            | Happening::MemberInvited(_)
            | Happening::MemberUpdated(..)
            | Happening::MessageChanged(..) => {}
        }
        let numbered = Numbered { seq: head.last_seq, at };
        let event = event(channel_id, actor_id, numbered, happening);
        if let (EventKind::MessageCreated, Some(message)) = (event.kind, &event.message) {
            let root_seq = event.root_seq();
            self.message_rows.push(message_row(message, root_seq, head.message_count));
            self.expiry_rows.extend(expiry_row(message));
        }
        self.threads.note(&event);
        self.event_rows.push(event_row(&event));
        self.events.entry(channel_id).or_default().push(event);
        Some(numbered)
    }

    /// Writes what was appended and commits.
    pub(crate) async fn commit(self, transaction: Transaction) -> Result<Publication, DbErr> {
        insert_all(&transaction, self.message_rows).await?;
        insert_all(&transaction, self.expiry_rows).await?;
        self.threads.write(&transaction).await?;
        if !self.event_rows.is_empty() {
            insert_all(&transaction, self.event_rows).await?;
            let changed =
                self.heads.values().filter(|head| self.events.contains_key(&head.channel_id));
            advance(&transaction, padded(changed)).await?;
        }
        transaction.commit().await?;
        let channel_events = |(channel_id, events): (ChannelId, Vec<Event>)| {
            let reached_seq = events.last().map_or(0, |event| event.seq);
            ChannelEvents { channel_id, reached_seq, events }
        };
        Ok(Publication { events: self.events.into_iter().map(channel_events).collect() })
    }
}

/// One statement for all heads: `SET last_seq = CASE channel_id WHEN … END`.
async fn advance(transaction: &Transaction, heads: Vec<&channel_head::Model>) -> Result<(), DbErr> {
    use channel_head::Column;
    let by_channel = |value: fn(&channel_head::Model) -> Expr| {
        let cases: Expr = heads
            .iter()
            .fold(CaseStatement::new(), |cases, head| {
                cases.case(Column::ChannelId.eq(head.channel_id), value(head))
            })
            .into();
        cases
    };
    channel_head::Entity::update_many()
        .col_expr(Column::LastSeq, by_channel(|head| Expr::value(head.last_seq)))
        .col_expr(Column::MessageCount, by_channel(|head| Expr::value(head.message_count)))
        .col_expr(Column::AclVersion, by_channel(|head| Expr::value(head.acl_version)))
        .col_expr(Column::LastAt, by_channel(|head| Expr::value(head.last_at)))
        .filter(Column::ChannelId.is_in(heads.iter().map(|head| head.channel_id)))
        .exec(transaction)
        .await
        .map(|_| ())
}

fn event(
    channel_id: ChannelId,
    actor_id: UserId,
    Numbered { seq, at }: Numbered,
    happening: Happening,
) -> Event {
    let bare = Event {
        channel_id,
        seq,
        kind: happening.kind(),
        actor_id,
        at,
        message: None,
        thread: None,
        emoji: None,
        user: None,
        role: None,
        channel: None,
    };
    match happening {
        Happening::ChannelCreated(channel) | Happening::ChannelUpdated(channel) => {
            Event { channel: Some(channel), ..bare }
        }
        Happening::MemberInvited(user) | Happening::MemberLeft(user) => {
            Event { user: Some(user), ..bare }
        }
        Happening::MemberJoined(user, role) | Happening::MemberUpdated(user, role) => {
            Event { user: Some(user), role: Some(role), ..bare }
        }
        Happening::MessageCreated(new) => Event {
            thread: new.thread.clone(),
            message: Some(new.numbered(channel_id, seq, at)),
            ..bare
        },
        Happening::MessageChanged(change, message, thread) => {
            Event { message: Some(message), thread, emoji: change.emoji(), ..bare }
        }
    }
}

impl Happening {
    fn kind(&self) -> EventKind {
        match self {
            Self::ChannelCreated(_) => EventKind::ChannelCreated,
            Self::ChannelUpdated(_) => EventKind::ChannelUpdated,
            Self::MemberInvited(_) => EventKind::MemberInvited,
            Self::MemberJoined(..) => EventKind::MemberJoined,
            Self::MemberUpdated(..) => EventKind::MemberUpdated,
            Self::MemberLeft(_) => EventKind::MemberLeft,
            Self::MessageCreated(_) => EventKind::MessageCreated,
            Self::MessageChanged(change, ..) => match change {
                MessageChange::Edited => EventKind::MessageEdited,
                MessageChange::Deleted => EventKind::MessageDeleted,
                MessageChange::Pinned => EventKind::MessagePinned,
                MessageChange::Unpinned => EventKind::MessageUnpinned,
                MessageChange::ReactionAdded(_) => EventKind::ReactionAdded,
                MessageChange::ReactionRemoved(_) => EventKind::ReactionRemoved,
            },
        }
    }
}

impl MessageChange {
    fn emoji(self) -> Option<String> {
        match self {
            Self::ReactionAdded(emoji) | Self::ReactionRemoved(emoji) => Some(emoji),
            Self::Edited | Self::Deleted | Self::Pinned | Self::Unpinned => None,
        }
    }
}

impl NewMessage {
    fn numbered(self, channel_id: ChannelId, seq: i64, created_at: DateTime<Utc>) -> Message {
        Message {
            id: self.id,
            channel_id,
            seq,
            author: self.author,
            text: self.text,
            thread_root_id: self.thread.map(|thread| thread.root_id),
            reply_count: 0,
            last_reply_at: None,
            created_at,
            edited_at: None,
            deleted_at: None,
            expires_at: self.lifetime.map(|lifetime| created_at + lifetime.delta()),
            pinned_at: None,
            reactions: Vec::new(),
        }
    }
}

fn event_row(event: &Event) -> channel_event::ActiveModel {
    channel_event::ActiveModel {
        channel_id: Set(event.channel_id),
        seq: Set(event.seq),
        kind: Set(event.kind),
        actor_id: Set(event.actor_id),
        user_id: Set(event.user.as_ref().map(|user| user.id)),
        message_seq: Set(event.message.as_ref().map(|message| message.seq)),
        at: Set(event.at),
        emoji: Set(event.emoji.clone()),
        role: Set(event.role),
    }
}

fn message_row(
    message: &Message,
    thread_root_seq: Option<i64>,
    ordinal: i64,
) -> message::ActiveModel {
    message::ActiveModel {
        channel_id: Set(message.channel_id),
        seq: Set(message.seq),
        id: Set(message.id),
        author_id: Set(message.author.id),
        text: Set(message.text.clone()),
        ordinal: Set(ordinal),
        created_at: Set(message.created_at),
        edited_at: Set(None),
        deleted_at: Set(None),
        expires_at: Set(message.expires_at),
        pinned_at: Set(None),
        thread_root_id: Set(message.thread_root_id),
        thread_root_seq: Set(thread_root_seq),
        reply_count: Set(0),
        last_reply_at: Set(None),
        reactions: Set(None),
    }
}

fn expiry_row(message: &Message) -> Option<message_expiry::ActiveModel> {
    let expires_at = message.expires_at?;
    Some(message_expiry::ActiveModel {
        channel_id: Set(message.channel_id),
        seq: Set(message.seq),
        expires_at: Set(expires_at),
    })
}
