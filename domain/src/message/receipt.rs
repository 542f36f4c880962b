//! What became of a send, for its author.

use sea_orm::{DbErr, EntityTrait};

use crate::account::Actor;
use crate::context::Domain;
use crate::entity::send_outcome;
use crate::id::MessageId;
use crate::message::Outcome;

/// Where a send stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// At its end.
    Settled(Outcome),
    /// Not decided, as far as the database knows.
    Pending,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The actor made no send of this id.
    #[error("there is no such message")]
    NotFound,
    /// The database failed.
    #[error("database error while looking up a receipt")]
    Database(#[from] DbErr),
}

/// What became of the send that will be, or would have been, message `id`.
///
/// Before a row exists the id itself tells whose send it would be; so `Pending`
/// is honest to whoever got `accepted`, and strangers learn nothing.
///
/// # Errors
/// [`ReceiptError`].
pub async fn receipt(
    domain: &Domain,
    actor: &Actor,
    id: MessageId,
) -> Result<SendState, ReceiptError> {
    let row = send_outcome::Entity::find_by_id(id).one(domain.database.read()).await?;
    match row {
        Some(row) if id.belongs_to(actor.id()) => Ok(SendState::Settled(row.into())),
        None if id.belongs_to(actor.id()) => Ok(SendState::Pending),
        _ => Err(ReceiptError::NotFound),
    }
}
