//! One's sessions: seeing and ending them.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};

use crate::account::Actor;
use crate::account::session::announce_end;
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::session;
use crate::id::{SessionId, UserId};

/// So many ends are announced at once. Whoever has more sockets than that
/// loses the others when the nodes next look at the database.
const MAX_ANNOUNCED: usize = 100;

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// When it signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed.
    pub last_used_at: DateTime<Utc>,
    /// What it signed in with, as that called itself; nobody checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// There is none, it has ended, or it is somebody else's.
    #[error("there is no such session")]
    NotFound,
    /// The database failed.
    #[error("database error while ending a session")]
    Database(#[from] DbErr),
}

/// Sessions that have ended.
#[must_use = "whoever still believes in them on this node is to be told at once"]
#[derive(Debug, Default)]
pub struct Ended(pub Vec<SessionId>);

/// The live sessions of somebody as `actor` sees them, the newest first, from
/// the one before `before`.
///
/// # Errors
/// If the database fails.
pub async fn sessions(
    domain: &Domain,
    actor: &Actor,
    user_id: UserId,
    before: Option<SessionId>,
    limit: u64,
) -> Result<Vec<Session>, DbErr> {
    let mut select = session::Entity::find()
        .filter(live(user_id, domain.clock.now()))
        .order_by_desc(session::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        select = select.filter(session::Column::Id.lt(before));
    }
    let rows = select.all(domain.database.read()).await?;
    let session = |row: session::Model| Session {
        id: row.id,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        client: row.client,
        current: row.id == actor.session_id,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends one of the actor's own sessions, be it the one that asks.
///
/// # Errors
/// [`EndError`].
pub async fn end_session(domain: &Domain, actor: &Actor, id: SessionId) -> Result<Ended, EndError> {
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let this = live(actor.id(), now).add(session::Column::Id.eq(id));
    let ended = end_where(&transaction, this, now).await?;
    transaction.commit().await?;
    if ended.0.is_empty() {
        return Err(EndError::NotFound);
    }
    Ok(tell(domain, ended))
}

/// Ends all the actor's sessions but the one that asks.
///
/// # Errors
/// If the database fails.
pub async fn end_other_sessions(domain: &Domain, actor: &Actor) -> Result<Ended, DbErr> {
    let transaction = domain.database.write().await?;
    let ended =
        end_all(&transaction, actor.id(), Some(actor.session_id), domain.clock.now()).await?;
    transaction.commit().await?;
    Ok(tell(domain, ended))
}

/// Ends all sessions of somebody, but for `kept`, within `transaction`. Whoever
/// must be sure that none begins meanwhile holds the account's row locked.
pub(crate) async fn end_all(
    transaction: &Transaction,
    user_id: UserId,
    kept: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<Ended, DbErr> {
    let mut all = live(user_id, now);
    if let Some(kept) = kept {
        all = all.add(session::Column::Id.ne(kept));
    }
    end_where(transaction, all, now).await
}

/// After the commit: their sockets close on every node.
pub(crate) fn tell(domain: &Domain, ended: Ended) -> Ended {
    for session_id in ended.0.iter().take(MAX_ANNOUNCED) {
        announce_end(domain, *session_id);
    }
    ended
}

fn live(user_id: UserId, now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(session::Column::UserId.eq(user_id))
        .add(session::Column::EndedAt.is_null())
        .add(session::Column::ExpiresAt.gt(now))
}

async fn end_where(
    transaction: &Transaction,
    condition: Condition,
    now: DateTime<Utc>,
) -> Result<Ended, DbErr> {
    let ids = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(condition.clone())
        .into_tuple::<SessionId>()
        .all(transaction)
        .await?;
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(condition)
        .exec(transaction)
        .await?;
    Ok(Ended(ids))
}
