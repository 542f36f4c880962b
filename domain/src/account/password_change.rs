//! A new password, by who knows the old one.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::account::session_list::{Ended, end_all, tell};
use crate::account::{Actor, Password, PasswordError, row};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{password_reset, user_account};
use crate::id::UserId;

/// Why a password was not taken for the account's.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// It is another.
    #[error("the password is wrong")]
    Wrong,
    /// Too many passwords are being checked.
    #[error("too many passwords are checked at once")]
    Busy,
    /// The stored hash could not be read, or no new one could be made.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error while checking a password")]
    Database(#[from] DbErr),
}

/// Sets a new password and ends all other sessions: whoever knew the old one
/// is out.
///
/// # Errors
/// [`ConfirmError`]; nothing was changed then.
pub async fn change_password(
    domain: &Domain,
    actor: &Actor,
    current: &str,
    new: Password,
) -> Result<Ended, ConfirmError> {
    let confirmed = confirm(domain, actor, current).await?;
    let hash = domain.passwords.hash(new).await?;
    let transaction = domain.database.write().await?;
    confirmed.still_holds(&transaction).await?;
    set(&transaction, actor.id(), hash).await?;
    let now = domain.clock.now();
    let ended = end_all(&transaction, actor.id(), Some(actor.session_id), now).await?;
    transaction.commit().await?;
    Ok(tell(domain, ended))
}

/// A password that was right when it was checked.
#[must_use = "it may have been changed since: ask whether it still holds"]
pub(crate) struct Confirmed {
    user_id: UserId,
    hash: String,
}

/// Checks the actor's password, in the same bounded line as those who sign in.
pub(crate) async fn confirm(
    domain: &Domain,
    actor: &Actor,
    password: &str,
) -> Result<Confirmed, ConfirmError> {
    // What breaks the rules is nobody's password.
    let password = Password::parse(password).map_err(|_| ConfirmError::Wrong)?;
    let row = user_account::Entity::find_by_id(actor.id()).one(domain.database.read()).await?;
    let hash = row.ok_or(ConfirmError::Wrong)?.password_hash;
    match domain.passwords.verify(password, Some(hash.clone())).await? {
        true => Ok(Confirmed { user_id: actor.id(), hash }),
        false => Err(ConfirmError::Wrong),
    }
}

impl Confirmed {
    /// Locks the account and checks that its password is still the one that was
    /// confirmed.
    pub(crate) async fn still_holds(
        &self,
        transaction: &Transaction,
    ) -> Result<user_account::Model, ConfirmError> {
        let row = row::lock(transaction, self.user_id).await?;
        row.filter(|row| row.password_hash == self.hash).ok_or(ConfirmError::Wrong)
    }
}

/// Writes a password's hash. What could have set another is worth nothing any
/// more.
pub(crate) async fn set(
    transaction: &Transaction,
    user_id: UserId,
    hash: String,
) -> Result<(), DbErr> {
    user_account::Entity::update_many()
        .col_expr(user_account::Column::PasswordHash, Expr::value(hash))
        .filter(user_account::Column::Id.eq(user_id))
        .exec(transaction)
        .await?;
    withdraw_resets(transaction, user_id).await
}

/// Makes every token worthless that was mailed to somebody.
pub(crate) async fn withdraw_resets(
    transaction: &Transaction,
    user_id: UserId,
) -> Result<(), DbErr> {
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(user_id))
        .exec(transaction)
        .await
        .map(|_| ())
}

impl From<PasswordError> for ConfirmError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Hash(text) => Self::Hash(text),
        }
    }
}
