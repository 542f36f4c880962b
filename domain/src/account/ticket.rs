//! Tickets: what a page opens a socket with, so that its access token need not
//! be handed to whatever opens the socket. Each works once, within 30 s, for the
//! session that asked for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::account::session::digest;
use crate::account::{Actor, is_live};
use crate::context::Domain;
use crate::entity::{session, socket_ticket};
use crate::id::SessionId;

/// How long a ticket is good for, in seconds.
pub const TICKET_LIFETIME_S: i64 = 30;

/// How many expired tickets are deleted at once.
const SWEPT_AT_ONCE: u64 = 1_000;

/// A new ticket for this session; the server keeps only its digest.
///
/// # Errors
/// If the database fails.
pub async fn issue_ticket(domain: &Domain, session_id: SessionId) -> Result<String, DbErr> {
    let ticket = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let transaction = domain.database.write().await?;
    socket_ticket::Entity::insert(socket_ticket::ActiveModel {
        token_hash: Set(digest(&ticket)),
        session_id: Set(session_id),
        expires_at: Set(domain.clock.now() + Duration::seconds(TICKET_LIFETIME_S)),
    })
    .exec_without_returning(&transaction)
    .await?;
    transaction.commit().await?;
    Ok(ticket)
}

/// Whoever holds the ticket, if it is good and their session live. The one who
/// deletes its row redeems it: no second one does, on whichever node.
///
/// # Errors
/// If the database fails.
pub async fn redeem_ticket(domain: &Domain, ticket: &str) -> Result<Option<Actor>, DbErr> {
    let hash = digest(ticket);
    let row = socket_ticket::Entity::find_by_id(hash.clone()).one(domain.database.read()).await?;
    let Some(row) = row else { return Ok(None) };
    let transaction = domain.database.write().await?;
    let deleted = socket_ticket::Entity::delete_by_id(hash).exec(&transaction).await?;
    transaction.commit().await?;
    if deleted.rows_affected != 1 || row.expires_at <= domain.clock.now() {
        return Ok(None);
    }
    let session = session::Entity::find_by_id(row.session_id).one(domain.database.read()).await?;
    match session {
        Some(session) => is_live(domain, session.user_id, session.id).await,
        None => Ok(None),
    }
}

/// Deletes the tickets that nobody redeemed in time, by their digests: a search
/// that deletes would on MariaDB wait for every ticket that is being issued.
///
/// # Errors
/// If the database fails.
pub async fn sweep_tickets(domain: &Domain) -> Result<(), DbErr> {
    use socket_ticket::Column::{ExpiresAt, TokenHash};
    let expired = socket_ticket::Entity::find()
        .select_only()
        .column(TokenHash)
        .filter(ExpiresAt.lte(domain.clock.now()))
        .limit(SWEPT_AT_ONCE)
        .into_tuple::<Vec<u8>>()
        .all(domain.database.read())
        .await?;
    if expired.is_empty() {
        return Ok(());
    }
    let transaction = domain.database.write().await?;
    let swept = socket_ticket::Entity::delete_many().filter(TokenHash.is_in(expired));
    swept.exec(&transaction).await?;
    transaction.commit().await
}
