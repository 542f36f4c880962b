//! What somebody may do on the server, and whether they may sign in to it.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::password_change::withdraw_resets;
use crate::account::session_list::{Ended, end_all, tell};
use crate::account::{Actor, Profile, Role, Username, row};
use crate::channel::PUBLIC_CHANNEL_ID;
use crate::context::Domain;
use crate::database::{Database, Transaction};
use crate::entity::user_account;
use crate::id::UserId;
use crate::timeline;

/// What is to be another way; `None` leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandingChange {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether nobody may sign in to the account.
    pub deactivated: Option<bool>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// Nobody has this username.
    #[error("there is no such user")]
    NoSuchUser,
    /// Others may.
    #[error("your role on this server does not allow this")]
    Forbidden,
    /// The server would have no owner.
    #[error("the server's last owner stays its owner: make somebody else one first")]
    LastOwner,
    /// The database failed.
    #[error("database error while changing what somebody may do")]
    Database(#[from] DbErr),
}

/// Changes somebody's standing, on behalf of somebody who runs the server, or,
/// with no actor, of whoever has the machine, who may do all of it. Answers what
/// they are then. Idempotent. Deactivating ends all sessions; what they wrote
/// stays, and where they are members.
///
/// # Errors
/// [`StandingError`]; nothing was changed then.
pub async fn change_standing(
    domain: &Domain,
    actor: Option<&Actor>,
    username: &Username,
    change: StandingChange,
) -> Result<(Profile, Ended), StandingError> {
    let (database, now) = (&domain.database, domain.clock.now());
    let (row, ended) = apply(database, actor.map(Actor::id), username, change, now).await?;
    domain.person_changed(row.id);
    Ok((row.into(), tell(domain, ended)))
}

/// `None` as actor may do everything.
async fn apply(
    database: &Database,
    actor: Option<UserId>,
    username: &Username,
    change: StandingChange,
    now: DateTime<Utc>,
) -> Result<(user_account::Model, Ended), StandingError> {
    let transaction = database.write().await?;
    one_at_a_time(&transaction, now).await?;
    let before = row::lock_named(&transaction, username).await?.ok_or(StandingError::NoSuchUser)?;
    let after = change.applied_to(before.clone(), now);
    if let Some(actor) = actor
        && !may(role_of(&transaction, actor).await?, before.role, after.role)
    {
        return Err(StandingError::Forbidden);
    }
    if owns(&before) && !owns(&after) && !other_owner_exists(&transaction, before.id).await? {
        return Err(StandingError::LastOwner);
    }
    let ended = write(&transaction, &after, now).await?;
    transaction.commit().await?;
    Ok((after, ended))
}

/// Puts whoever changes who owns the server in a row, by the lock that signups
/// take too: of two owners who make each other less, the second sees the first.
pub(crate) async fn one_at_a_time(
    transaction: &Transaction,
    now: DateTime<Utc>,
) -> Result<timeline::Writer, DbErr> {
    timeline::Writer::lock(transaction, vec![PUBLIC_CHANNEL_ID], now).await
}

/// Whether somebody else could still care for the server. Asked one at a time.
pub(crate) async fn other_owner_exists(
    transaction: &Transaction,
    id: UserId,
) -> Result<bool, DbErr> {
    let other = user_account::Entity::find()
        .filter(user_account::Column::Role.eq(Role::Owner))
        .filter(user_account::Column::DeactivatedAt.is_null())
        .filter(user_account::Column::Id.ne(id))
        .one(transaction)
        .await?;
    Ok(other.is_some())
}

/// Whether this is one of those without whom the server might have no owner.
pub(crate) fn owns(row: &user_account::Model) -> bool {
    row.role == Role::Owner && row.deactivated_at.is_none()
}

/// Owners may do everything, admins what neither concerns nor makes owners and
/// admins: docs/permissions.md.
fn may(actor: Role, before: Role, after: Role) -> bool {
    match actor {
        Role::Owner => true,
        Role::Admin => before == Role::Member && after == Role::Member,
        Role::Member => false,
    }
}

/// What the actor may do now, whatever they might when they were authenticated.
async fn role_of(connection: &impl ConnectionTrait, actor: UserId) -> Result<Role, DbErr> {
    let row = user_account::Entity::find_by_id(actor)
        .filter(user_account::Column::DeactivatedAt.is_null())
        .one(connection)
        .await?;
    Ok(row.map_or(Role::Member, |row| row.role))
}

async fn write(
    transaction: &Transaction,
    row: &user_account::Model,
    now: DateTime<Utc>,
) -> Result<Ended, DbErr> {
    user_account::Entity::update_many()
        .set(user_account::ActiveModel {
            role: Set(row.role),
            deactivated_at: Set(row.deactivated_at),
            ..Default::default()
        })
        .filter(user_account::Column::Id.eq(row.id))
        .exec(transaction)
        .await?;
    if row.deactivated_at.is_none() {
        return Ok(Ended::default());
    }
    withdraw_resets(transaction, row.id).await?;
    end_all(transaction, row.id, None, now).await
}

impl StandingChange {
    fn applied_to(self, row: user_account::Model, now: DateTime<Utc>) -> user_account::Model {
        user_account::Model {
            role: self.role.unwrap_or(row.role),
            deactivated_at: match self.deactivated {
                None => row.deactivated_at,
                Some(true) => row.deactivated_at.or(Some(now)),
                Some(false) => None,
            },
            ..row
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_may_everything_and_admins_what_concerns_members() {
        let roles = [Role::Owner, Role::Admin, Role::Member];
        for (before, after) in roles.into_iter().flat_map(|one| roles.map(|other| (one, other))) {
            let among_members = (before, after) == (Role::Member, Role::Member);
            assert!(may(Role::Owner, before, after));
            assert_eq!(may(Role::Admin, before, after), among_members, "{before:?} {after:?}");
            assert!(!may(Role::Member, before, after));
        }
    }
}
