//! When somebody was last there: to the minute, and never a statement for a
//! single request.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::context::Domain;
use crate::entity::user_account;
use crate::id::UserId;

/// Who was noted within this time is not noted again by the same node.
const PRECISION: Duration = Duration::from_secs(60);

/// How long who was noticed waits for others, to be written with them.
const GATHER: Duration = Duration::from_secs(1);

/// So many are written by one statement.
const MAX_AT_ONCE: usize = 500;

/// Whom this node has noticed.
#[derive(Clone)]
pub(crate) struct LastSeen {
    lately: Cache<UserId, ()>,
    waiting: Arc<Mutex<BTreeSet<UserId>>>,
}

impl Default for LastSeen {
    fn default() -> Self {
        let lately = Cache::builder().max_capacity(100_000).time_to_live(PRECISION).build();
        Self { lately, waiting: Arc::default() }
    }
}

impl LastSeen {
    /// `true` if somebody begins to wait who is the first.
    fn wait(&self, user_id: UserId) -> bool {
        if self.lately.contains_key(&user_id) {
            return false;
        }
        self.lately.insert(user_id, ());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(user_id) && waiting.len() == 1
    }

    fn take(&self) -> BTreeSet<UserId> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Notes that somebody is there. Quick: it is written a little later, with
/// others, and at most once a minute.
pub fn notice(domain: &Domain, user_id: UserId) {
    if !domain.last_seen.wait(user_id) {
        return;
    }
    let later = domain.clone();
    domain.spawn(async move {
        tokio::time::sleep(GATHER).await;
        let users = later.last_seen.take().into_iter().collect();
        if let Err(error) = seen(&later, users).await {
            tracing::warn!(%error, "when people were last seen was not written");
        }
    });
}

/// Writes that these people are there now: for who knows of many at once, such
/// as those with open sockets. Call it at most once a minute.
///
/// # Errors
/// If the database fails; nothing but precision is lost then.
pub async fn seen(domain: &Domain, users: Vec<UserId>) -> Result<(), DbErr> {
    let now = domain.clock.now();
    for users in users.chunks(MAX_AT_ONCE) {
        let transaction = domain.database.write().await?;
        user_account::Entity::update_many()
            .col_expr(user_account::Column::LastSeenAt, Expr::value(now))
            .filter(user_account::Column::Id.is_in(users.iter().copied()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}
