//! Sending a message: may this actor, and is it on its way.

use sea_orm::{DbErr, EntityTrait};
use tokio::time::Instant;

use crate::account::Actor;
use crate::channel::{AccessError, ChannelRef, find_for_post};
use crate::context::Domain;
use crate::entity::send_outcome;
use crate::id::MessageId;
use crate::message::commit::Decided;
use crate::message::{IdempotencyKey, MessageText, Outcome, Pending, Rejection};
use crate::port::{Accepted, NotAcknowledged};

/// What somebody wants to say.
#[derive(Clone, Debug)]
pub struct Send {
    /// Where.
    pub channel: ChannelRef,
    /// What.
    pub text: MessageText,
    /// The message that it answers.
    pub thread_root_id: Option<MessageId>,
    /// Under which key it may be repeated.
    pub key: IdempotencyKey,
    /// The request it came with, for the logs.
    pub request_id: String,
    /// When to give up handing it to the log.
    pub deadline: Instant,
}

/// A send that is on its way, or at its end.
#[derive(Debug)]
pub struct Posted {
    /// Its id, the same for every repetition.
    pub id: MessageId,
    /// How to learn its outcome.
    pub accepted: Accepted,
}

/// Why a send is not on its way.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// No such channel, or one that the actor may not know of.
    #[error("there is no such channel")]
    NotFound,
    /// Not a member of a channel that they may see.
    #[error("you are not a member of this channel")]
    NotAMember,
    /// Nobody knows whether the log has it: repeat with the same key.
    #[error(transparent)]
    NotAcknowledged(#[from] NotAcknowledged),
    /// The database failed before the log was asked.
    #[error("database error before a send")]
    Database(#[from] DbErr),
}

/// Hands a send to the message log. Idempotent by its key, for ever.
///
/// # Errors
/// [`PostError`].
pub async fn post(domain: &Domain, actor: &Actor, send: Send) -> Result<Posted, PostError> {
    let id = MessageId::derive(actor.id(), send.key.as_ref());
    let found = find_for_post(domain, actor, &send.channel).await;
    let pending = |channel_id| Pending {
        id,
        channel_id,
        author_id: actor.id(),
        text: send.text.into(),
        thread_root_id: send.thread_root_id,
        request_id: send.request_id,
    };
    let pending = match found {
        Ok(channel_id) => pending(channel_id),
        Err((error, channel_id)) => {
            return refused(domain, id, channel_id.map(pending), error).await;
        }
    };
    let (channel_id, request_id) = (pending.channel_id, pending.request_id.clone());
    let accepted = domain.log.append(pending, send.deadline).await?;
    tracing::debug!(message.id = %id, channel.id = %channel_id, request.id = request_id, "accepted");
    Ok(Posted { id, accepted })
}

/// A repetition gets the first answer even from where its author may no longer write.
async fn refused(
    domain: &Domain,
    id: MessageId,
    pending: Option<Pending>,
    error: AccessError,
) -> Result<Posted, PostError> {
    let stored = send_outcome::Entity::find_by_id(id).one(domain.database.read()).await?;
    if let (Some(row), Some(pending)) = (stored, pending) {
        let outcome = Decided::from(row).outcome_for(pending.fingerprint());
        // Another content under this key must not tell whether a hidden channel exists.
        let hidden = matches!(error, AccessError::NotFound);
        if !hidden || outcome != (Outcome::Rejected { reason: Rejection::KeyReused }) {
            return Ok(Posted { id, accepted: Accepted::settled(outcome) });
        }
    }
    Err(match error {
        AccessError::NotFound => PostError::NotFound,
        AccessError::NotAMember => PostError::NotAMember,
        AccessError::Database(error) => PostError::Database(error),
    })
}
