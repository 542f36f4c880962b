//! Editing, and what a message said before.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use crate::account::Actor;
use crate::channel::AccessError;
use crate::context::Domain;
use crate::entity::{message, message_revision};
use crate::id::MessageId;
use crate::message::MessageText;
use crate::message::change::{Change, ChangeError};
use crate::message::history::locate;
use crate::message::mention;
use crate::timeline::{Message, MessageChange};

/// What a message said before it was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Revision {
    /// 1 for what was sent, then one more for each edit.
    pub revision: i64,
    /// What it said.
    pub text: String,
    /// Since when.
    pub written_at: DateTime<Utc>,
}

/// Gives a message of the actor's another text. The same text changes nothing.
/// The text before is kept as a [`Revision`]; what became of the send, and the
/// answer to its repetition, stays the same.
///
/// # Errors
/// [`ChangeError`].
pub async fn edit(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    text: MessageText,
) -> Result<Message, ChangeError> {
    let change = Change::begin(domain, actor, id).await?;
    if change.message.author_id != actor.id() {
        return Err(ChangeError::NotTheAuthor);
    }
    change.require_present()?;
    let text = String::from(text);
    if text == change.message.text {
        return change.give_up(domain, actor).await;
    }
    keep_revision(&change).await?;
    let (channel_id, seq) = (change.message.channel_id, change.message.seq);
    mention::rewrite(change.transaction(), channel_id, seq, actor.id(), &text).await?;
    let changed =
        message::ActiveModel { text: Set(text), edited_at: Set(Some(change.at)), ..change.row() };
    change.commit(domain, actor, changed, MessageChange::Edited).await
}

/// What a message said before, oldest first, from the one after `after` on;
/// what it says now is not among them. Nothing of a deleted message.
///
/// # Errors
/// [`AccessError::NotFound`] if the actor may not see the message.
pub async fn revisions(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
    after: i64,
    limit: u64,
) -> Result<Vec<Revision>, AccessError> {
    let (_, (channel_id, seq)) = locate(domain, actor, id).await?;
    let rows = message_revision::Entity::find()
        .filter(message_revision::Column::ChannelId.eq(channel_id))
        .filter(message_revision::Column::Seq.eq(seq))
        .filter(message_revision::Column::Revision.gt(after))
        .order_by_asc(message_revision::Column::Revision)
        .limit(limit)
        .all(domain.database.read())
        .await?;
    let revision = |row: message_revision::Model| Revision {
        revision: row.revision,
        text: row.text,
        written_at: row.written_at,
    };
    Ok(rows.into_iter().map(revision).collect())
}

async fn keep_revision(change: &Change) -> Result<(), DbErr> {
    let message = &change.message;
    let last = message_revision::Entity::find()
        .filter(message_revision::Column::ChannelId.eq(message.channel_id))
        .filter(message_revision::Column::Seq.eq(message.seq))
        .order_by_desc(message_revision::Column::Revision)
        .one(change.transaction())
        .await?;
    message_revision::Entity::insert(message_revision::ActiveModel {
        channel_id: Set(message.channel_id),
        seq: Set(message.seq),
        revision: Set(last.map_or(1, |last| last.revision + 1)),
        text: Set(message.text.clone()),
        written_at: Set(message.edited_at.unwrap_or(message.created_at)),
    })
    .exec_without_returning(change.transaction())
    .await
    .map(drop)
}
