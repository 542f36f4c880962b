//! Changing what was said: what editing, deleting, reacting and pinning share.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait};

use crate::account::Actor;
use crate::channel::{AccessError, MemberRole, Sight};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{membership, message};
use crate::id::MessageId;
use crate::message::history::locate;
use crate::message::view;
use crate::timeline::{Happening, Message, MessageChange, Writer};

/// Why a message does not change.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is none, or the actor may not see it: the same answer.
    #[error("there is no such message")]
    NotFound,
    /// Only its author edits it; its author and who keeps order here delete it.
    #[error("this message is not yours to change")]
    NotTheAuthor,
    /// The channel is archived.
    #[error("the channel is archived: it can be read, not written to")]
    ChannelArchived,
    /// It is deleted.
    #[error("the message is deleted")]
    Deleted,
    /// People reacted in as many ways as they can.
    #[error("people have reacted in 20 different ways already")]
    TooManyReactions,
    /// As many messages are pinned as can be.
    #[error("100 messages are pinned already")]
    TooManyPins,
    /// The database failed; nothing was changed.
    #[error("database error while changing a message")]
    Database(#[from] DbErr),
}

impl From<AccessError> for ChangeError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound | AccessError::NotAMember => Self::NotFound,
            AccessError::Database(error) => Self::Database(error),
        }
    }
}

/// A message about to change. Its channel's head is locked, and everything was
/// read again under the lock: nobody else writes to this channel meanwhile.
/// Dropping it changes nothing.
pub(crate) struct Change {
    /// As it is.
    pub(crate) message: message::Model,
    /// What the actor may do in its channel.
    pub(crate) role: MemberRole,
    /// When it changes.
    pub(crate) at: DateTime<Utc>,
    transaction: Transaction,
    timeline: Writer,
}

impl Change {
    /// Locks a message that the actor may see, in a channel that may be
    /// written to. Who may not see it locks nothing.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`] and [`ChangeError::ChannelArchived`].
    pub(crate) async fn begin(
        domain: &Domain,
        actor: &Actor,
        id: MessageId,
    ) -> Result<Self, ChangeError> {
        let (_, (channel_id, seq)) = locate(domain, actor, id).await?;
        let transaction = domain.database.write().await?;
        let timeline = Writer::lock(&transaction, vec![channel_id], domain.clock.now()).await?;
        let member = membership::Entity::find_by_id((channel_id, actor.id()))
            .one(&transaction)
            .await?
            .filter(|member| Sight { cleared_seq: member.cleared_seq }.shows(seq))
            .ok_or(ChangeError::NotFound)?;
        let head = timeline.head(channel_id).ok_or(ChangeError::NotFound)?;
        if head.archived_at.is_some() {
            return Err(ChangeError::ChannelArchived);
        }
        let at = timeline.next_at(channel_id).ok_or(ChangeError::NotFound)?;
        let message = message::Entity::find_by_id((channel_id, seq)).one(&transaction).await?;
        let message = message.ok_or(ChangeError::NotFound)?;
        Ok(Self { message, role: member.role, at, transaction, timeline })
    }

    /// Refuses what cannot be done to a deleted message.
    ///
    /// # Errors
    /// [`ChangeError::Deleted`].
    pub(crate) fn require_present(&self) -> Result<(), ChangeError> {
        match self.message.deleted_at {
            Some(_) => Err(ChangeError::Deleted),
            None => Ok(()),
        }
    }

    /// For what is written besides the message itself.
    pub(crate) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// Its row, of which only what is set anew will be written.
    pub(crate) fn row(&self) -> message::ActiveModel {
        self.message.clone().into()
    }

    /// Both halves, for who writes more than one row.
    pub(crate) fn into_parts(self) -> (message::Model, Transaction, Writer) {
        (self.message, self.transaction, self.timeline)
    }

    /// Writes the row and its event, commits, tells everybody; the answer is
    /// the message as the actor sees it.
    pub(crate) async fn commit(
        mut self,
        domain: &Domain,
        actor: &Actor,
        changed: message::ActiveModel,
        change: MessageChange,
    ) -> Result<Message, ChangeError> {
        let row = changed.update(&self.transaction).await?;
        let people = domain.people.get(&self.transaction, vec![row.author_id]).await?;
        let author = people.get(&row.author_id).ok_or(ChangeError::NotFound)?;
        let message = Message::of(row.clone(), author.clone());
        let happening = Happening::MessageChanged(change, message, None);
        self.timeline.append(row.channel_id, actor.id(), happening);
        domain.publish(self.timeline.commit(self.transaction).await?);
        seen(domain, actor, row).await
    }

    /// Changes nothing; the answer is the message as the actor sees it.
    pub(crate) async fn give_up(
        self,
        domain: &Domain,
        actor: &Actor,
    ) -> Result<Message, ChangeError> {
        self.transaction.rollback().await?;
        seen(domain, actor, self.message).await
    }
}

async fn seen(domain: &Domain, actor: &Actor, row: message::Model) -> Result<Message, ChangeError> {
    let messages = view::seen_by(domain, actor.id(), vec![row]).await?;
    messages.into_iter().next().ok_or(ChangeError::NotFound)
}
