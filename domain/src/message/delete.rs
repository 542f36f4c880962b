//! Deleting: the number and the outcome stay, what was said goes.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::{Actor, People, Role};
use crate::channel::MemberRole;
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{mention, message, message_expiry, message_revision, pin, reaction};
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::change::{Change, ChangeError};
use crate::message::thread;
use crate::timeline::{Happening, Message, MessageChange, Thread, Writer};

/// Deletes a message: its text, what it said before, its reactions, its pin
/// and whom it named are gone; its number stays, and the answer to the
/// repetition of its send. A deleted one stays as it is.
///
/// Its author may, and who keeps order: owner and moderators of the channel,
/// and the server's owner and administrators where they are members.
///
/// # Errors
/// [`ChangeError`].
pub async fn delete(domain: &Domain, actor: &Actor, id: MessageId) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    if !may_delete(actor, &change) {
        return Err(ChangeError::NotTheAuthor);
    }
    if change.message.deleted_at.is_some() {
        return change.give_up(domain, actor).await;
    }
    let (message, transaction, mut timeline) = change.into_parts();
    let doomed = vec![Doomed { message, by: actor.id() }];
    let erased = erase(&transaction, &mut timeline, &domain.people, doomed).await?;
    domain.publish(timeline.commit(transaction).await?);
    erased.into_iter().next().ok_or(ChangeError::NotFound)
}

fn may_delete(actor: &Actor, change: &Change) -> bool {
    change.message.author_id == actor.id()
        || matches!(change.role, MemberRole::Owner | MemberRole::Moderator)
        || matches!(actor.user.role, Role::Owner | Role::Admin)
}

/// A message that is there, and who deletes it.
pub(crate) struct Doomed {
    pub(crate) message: message::Model,
    pub(crate) by: UserId,
}

/// Deletes messages of one channel, which `timeline` holds locked, and appends
/// an event for each. A few statements, however many there are.
///
/// # Errors
/// If the database fails.
pub(crate) async fn erase(
    transaction: &Transaction,
    timeline: &mut Writer,
    people: &People,
    doomed: Vec<Doomed>,
) -> Result<Vec<Message>, DbErr> {
    let Some(channel_id) = doomed.first().map(|doomed| doomed.message.channel_id) else {
        return Ok(Vec::new());
    };
    let Some(at) = timeline.next_at(channel_id) else { return Ok(Vec::new()) };
    let seqs: Vec<i64> = doomed.iter().map(|doomed| doomed.message.seq).collect();
    empty(transaction, channel_id, &seqs, at).await?;
    forget_everything_about(transaction, channel_id, &seqs).await?;
    let messages = doomed.iter().map(|doomed| &doomed.message);
    let threads = thread::without(transaction, channel_id, messages).await?;
    let authors = doomed.iter().map(|doomed| doomed.message.author_id).collect();
    let authors = people.get(transaction, authors).await?;
    let mut erased = Vec::with_capacity(doomed.len());
    for Doomed { message, by } in doomed {
        let Some(author) = authors.get(&message.author_id) else { continue };
        let reply = message.thread_root_seq.and_then(|root_seq| threads.get(&root_seq));
        let begun = threads.get(&message.seq);
        let message = Message::of(emptied(message, at, begun), author.clone());
        let happening =
            Happening::MessageChanged(MessageChange::Deleted, message.clone(), reply.cloned());
        timeline.append(channel_id, by, happening);
        erased.push(message);
    }
    Ok(erased)
}

async fn empty(
    transaction: &Transaction,
    channel_id: ChannelId,
    seqs: &[i64],
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    use message::Column;
    message::Entity::update_many()
        .col_expr(Column::Text, Expr::value(""))
        .col_expr(Column::DeletedAt, Expr::value(at))
        .col_expr(Column::ExpiresAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::PinnedAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::Reactions, Expr::value(None::<String>))
        .filter(Column::ChannelId.eq(channel_id))
        .filter(Column::Seq.is_in(seqs.iter().copied()))
        .exec(transaction)
        .await
        .map(drop)
}

/// The row as [`empty`] leaves it, and as its thread stands, if that lost replies too.
fn emptied(message: message::Model, at: DateTime<Utc>, begun: Option<&Thread>) -> message::Model {
    let thread = begun.cloned().unwrap_or_else(|| Thread::of(&message));
    message::Model {
        reply_count: thread.reply_count,
        last_reply_at: thread.last_reply_at,
        text: String::new(),
        deleted_at: Some(at),
        expires_at: None,
        pinned_at: None,
        reactions: None,
        ..message
    }
}

/// The rows of other tables that belong to messages of one channel.
async fn forget_everything_about(
    transaction: &Transaction,
    channel_id: ChannelId,
    seqs: &[i64],
) -> Result<(), DbErr> {
    macro_rules! forget {
        ($($table:ident),+) => { $(
            $table::Entity::delete_many()
                .filter($table::Column::ChannelId.eq(channel_id))
                .filter($table::Column::Seq.is_in(seqs.iter().copied()))
                .exec(transaction)
                .await?;
        )+ };
    }
    forget!(message_revision, reaction, pin, mention, message_expiry);
    Ok(())
}
