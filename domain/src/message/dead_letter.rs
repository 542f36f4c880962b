//! Sends that nobody could make messages of: kept where the log has no place
//! for them, and sent again when a person says so.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use sea_orm::{QueryOrder, QuerySelect};
use tokio::time::Instant;

use crate::database::Database;
use crate::entity::{dead_letter, send_outcome};
use crate::id::MessageId;
use crate::message::{Outcome, Pending, Undecodable};
use crate::port::{DeadLetter, MessageLog, NotAcknowledged};

/// How long the log may take to accept a letter.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for the receipt before asking the database for the outcome.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 1000;

/// Keeps a send that the database refuses to make a message of. Idempotent.
///
/// # Errors
/// If the database refuses even that.
pub(crate) async fn keep(
    database: &Database,
    pending: &Pending,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let transaction = database.write().await?;
    let row = dead_letter::ActiveModel {
        id: Set(pending.id.0),
        payload: Set(pending.encode().into()),
        reason: Set(reason.chars().take(MAX_REASON_CHARS).collect()),
        set_aside_at: Set(now),
    };
    let again = OnConflict::column(dead_letter::Column::Id)
        .update_columns([dead_letter::Column::Reason, dead_letter::Column::SetAsideAt])
        .to_owned();
    dead_letter::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await
}

/// How many are kept.
///
/// # Errors
/// If the database fails.
pub async fn count_kept(database: &Database) -> Result<u64, DbErr> {
    dead_letter::Entity::find().count(database.read()).await
}

/// The first one kept after `id`.
///
/// # Errors
/// If the database fails.
pub async fn next_kept(
    database: &Database,
    after: Option<MessageId>,
) -> Result<Option<DeadLetter>, DbErr> {
    let mut select = dead_letter::Entity::find().order_by_asc(dead_letter::Column::Id).limit(1);
    if let Some(id) = after {
        select = select.filter(dead_letter::Column::Id.gt(id.0));
    }
    let row = select.one(database.read()).await?;
    Ok(row.map(|row| DeadLetter {
        message_id: Some(row.id),
        reason: row.reason,
        set_aside_at: Some(row.set_aside_at),
        partition: None,
        payload: Bytes::from(row.payload),
    }))
}

/// Forgets a letter for good, unless it was set aside again since it was read.
/// Idempotent.
///
/// # Errors
/// If the database fails.
pub async fn forget_kept(database: &Database, letter: &DeadLetter) -> Result<(), DbErr> {
    let transaction = database.write().await?;
    dead_letter::Entity::delete_many()
        .filter(dead_letter::Column::Id.eq(letter.id()))
        .filter(dead_letter::Column::SetAsideAt.eq(letter.set_aside_at))
        .exec(&transaction)
        .await?;
    transaction.commit().await
}

/// What became of a dead letter that was sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It had become a message after all, before.
    WasCommitted,
    /// The log has it, under this id; and what became of it, if that is known yet.
    Sent(MessageId, Option<Outcome>),
}

/// Why a dead letter was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// This program cannot read it any more than the worker could.
    #[error("it cannot be read: {0}")]
    Undecodable(#[from] Undecodable),
    /// The log did not take it.
    #[error("the message log did not take it")]
    NotAcknowledged(#[from] NotAcknowledged),
    /// The database failed.
    #[error("database error while looking up its outcome")]
    Database(#[from] DbErr),
}

/// Sends a dead letter again. When it returns, the log has it or it needs no
/// sending: then the letter may be removed.
///
/// Its author was told that the send was rejected, and that stands for ever. So it
/// goes under another id, derived from the first: sent twice, it is one message.
///
/// # Errors
/// [`ReplayError`]; the letter has to stay.
pub async fn replay(
    database: &Database,
    log: &dyn MessageLog,
    letter: &DeadLetter,
) -> Result<Replayed, ReplayError> {
    let pending = Pending::decode(&letter.payload)?;
    let pending = match outcome(database, pending.id).await? {
        Some(Outcome::Committed { .. }) => return Ok(Replayed::WasCommitted),
        Some(Outcome::Rejected { .. }) => renamed(pending),
        None => pending,
    };
    let id = pending.id;
    let mut accepted = log.append(pending, Instant::now() + ACCEPT_TIMEOUT).await?;
    let outcome = match accepted.outcome_within(RECEIPT_TIMEOUT).await {
        Some(outcome) => Some(outcome),
        None => outcome(database, id).await?,
    };
    Ok(Replayed::Sent(id, outcome))
}

async fn outcome(database: &Database, id: MessageId) -> Result<Option<Outcome>, DbErr> {
    let known = send_outcome::Entity::find_by_id(id).one(database.read()).await?;
    Ok(known.map(Outcome::from))
}

fn renamed(pending: Pending) -> Pending {
    let key = format!("dead letter {}", pending.id);
    Pending { id: MessageId::derive(pending.author_id, &key), ..pending }
}
