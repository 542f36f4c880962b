//! Sessions: one per sign-in, kept alive by refresh tokens that work once.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QuerySelect, sea_query::Expr,
};
use sha2::{Digest, Sha256};

use crate::account::{Actor, ClientName, User, last_seen};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{refresh_token, session, user_account};
use crate::id::{SessionId, UserId};
use crate::port::Ephemeral;

/// A session that nobody refreshes ends after this long.
const IDLE_LIFETIME: Duration = Duration::days(30);

/// What a client needs to go on: the session and the token that renews it once.
#[derive(Debug)]
pub struct SessionTokens {
    /// Who signed in.
    pub user: User,
    /// The session that access tokens name.
    pub session_id: SessionId,
    /// Works once; the server keeps only its digest.
    pub refresh_token: String,
}

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Unknown, used before, or its session ended. A used one ends its session.
    #[error("the refresh token is not valid")]
    InvalidToken,
    /// The database failed.
    #[error("database error in a session")]
    Database(#[from] DbErr),
}

/// Exchanges a refresh token for the next one (RFC 9700, section 4.14: rotation
/// with reuse detection). A token that comes a second time ends the session:
/// one of the two who hold it stole it.
///
/// # Errors
/// [`SessionError`].
pub async fn refresh(domain: &Domain, token: &str) -> Result<SessionTokens, SessionError> {
    let hash = digest(token);
    let transaction = domain.database.write().await?;
    let Some((token, session)) = find(&transaction, &hash).await? else {
        return Err(SessionError::InvalidToken);
    };
    let now = domain.clock.now();
    if session.ended_at.is_some() || session.expires_at <= now {
        return Err(SessionError::InvalidToken);
    }
    if token.used_at.is_some() || !mark_used(&transaction, &hash, now).await? {
        end_row(&transaction, session.id, now).await?;
        transaction.commit().await?;
        announce_end(domain, session.id);
        return Err(SessionError::InvalidToken);
    }
    touch(&transaction, session.id, now).await?;
    let user = user(&transaction, session.user_id).await?.ok_or(SessionError::InvalidToken)?;
    let refresh_token = issue(&transaction, session.id, now).await?;
    transaction.commit().await?;
    last_seen::notice(domain, user.id);
    Ok(SessionTokens { user, session_id: session.id, refresh_token })
}

/// Ends a session: its tokens are worth nothing from now on, its sockets close.
/// Idempotent.
///
/// # Errors
/// If the database fails.
pub async fn end(domain: &Domain, session_id: SessionId) -> Result<(), DbErr> {
    let transaction = domain.database.write().await?;
    end_row(&transaction, session_id, domain.clock.now()).await?;
    transaction.commit().await?;
    announce_end(domain, session_id);
    Ok(())
}

/// Whom a live session belongs to; `None` if it ended, or never was `user_id`'s.
///
/// # Errors
/// If the database fails.
pub async fn is_live(
    domain: &Domain,
    user_id: UserId,
    session_id: SessionId,
) -> Result<Option<Actor>, DbErr> {
    let reader = domain.database.read();
    let live = session::Entity::find_by_id(session_id)
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(domain.clock.now()))
        .one(reader)
        .await?;
    if live.is_none() {
        return Ok(None);
    }
    let user = user(reader, user_id).await?;
    Ok(user.map(|user| Actor { user: Arc::new(user), session_id }))
}

/// Those of `sessions` that are live.
///
/// # Errors
/// If the database fails.
pub async fn live_among(
    domain: &Domain,
    sessions: Vec<SessionId>,
) -> Result<HashSet<SessionId>, DbErr> {
    let live = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::Id.is_in(sessions))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(domain.clock.now()))
        .into_tuple::<SessionId>()
        .all(domain.database.read())
        .await?;
    Ok(live.into_iter().collect())
}

/// Begins a session in `transaction`.
pub(crate) async fn begin(
    transaction: &Transaction,
    user: User,
    client: Option<ClientName>,
    now: DateTime<Utc>,
) -> Result<SessionTokens, DbErr> {
    let session_id = SessionId::generate();
    session::Entity::insert(session::ActiveModel {
        id: Set(session_id),
        user_id: Set(user.id),
        created_at: Set(now),
        last_used_at: Set(now),
        expires_at: Set(now + IDLE_LIFETIME),
        ended_at: Set(None),
        client: Set(client.map(String::from)),
    })
    .exec_without_returning(transaction)
    .await?;
    let refresh_token = issue(transaction, session_id, now).await?;
    Ok(SessionTokens { user, session_id, refresh_token })
}

/// What is kept of a token: who reads the database cannot use it.
pub(crate) fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A token that nobody can guess: 256 random bits.
pub(crate) fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Tells the nodes that a session has ended.
pub(crate) fn announce_end(domain: &Domain, session_id: SessionId) {
    domain.announce(Ephemeral::SessionEnded { session_id });
}

async fn find(
    transaction: &Transaction,
    hash: &[u8],
) -> Result<Option<(refresh_token::Model, session::Model)>, DbErr> {
    let Some(token) = refresh_token::Entity::find_by_id(hash.to_vec()).one(transaction).await?
    else {
        return Ok(None);
    };
    // Before the token is: who ends sessions and deletes them goes the same way.
    let session = session::Entity::find_by_id(token.session_id).lock_exclusive();
    let session = session.one(transaction).await?;
    Ok(session.map(|session| (token, session)))
}

/// `false` if somebody else was quicker.
async fn mark_used(
    transaction: &Transaction,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let updated = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .filter(refresh_token::Column::TokenHash.eq(hash.to_vec()))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(updated.rows_affected == 1)
}

async fn touch(
    transaction: &Transaction,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::value(now))
        .col_expr(session::Column::ExpiresAt, Expr::value(now + IDLE_LIFETIME))
        .filter(session::Column::Id.eq(session_id))
        .exec(transaction)
        .await
        .map(|_| ())
}

async fn end_row(
    transaction: &Transaction,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(session::Column::Id.eq(session_id).and(session::Column::EndedAt.is_null()))
        .exec(transaction)
        .await
        .map(|_| ())
}

async fn issue(
    transaction: &Transaction,
    session_id: SessionId,
    now: DateTime<Utc>,
) -> Result<String, DbErr> {
    let token = random_token();
    refresh_token::Entity::insert(refresh_token::ActiveModel {
        token_hash: Set(digest(&token)),
        session_id: Set(session_id),
        issued_at: Set(now),
        used_at: Set(None),
    })
    .exec_without_returning(transaction)
    .await?;
    Ok(token)
}

/// Whom an account belongs to, unless it is deactivated.
async fn user(connection: &impl ConnectionTrait, id: UserId) -> Result<Option<User>, DbErr> {
    let row = user_account::Entity::find_by_id(id)
        .filter(user_account::Column::DeactivatedAt.is_null())
        .one(connection)
        .await?;
    Ok(row.map(User::from))
}
