//! What whoever runs the server's programs does to accounts, without one of
//! their own.

use sea_orm::DbErr;

use crate::account::session_list::{end_all, tell};
use crate::account::signup::{check_free, insert};
use crate::account::{
    Ended, Password, Role, Signup, SignupError, User, Username, password_change, row,
};
use crate::channel::PUBLIC_CHANNEL_ID;
use crate::context::Domain;
use crate::database::{Failure, classify};
use crate::timeline;

/// Makes an account with a role of the server, a member of `public`.
///
/// # Errors
/// [`SignupError`]; nothing was stored then.
pub async fn create_user(domain: &Domain, signup: Signup, role: Role) -> Result<User, SignupError> {
    check_free(domain, &signup).await?;
    let hash = domain.passwords.hash(signup.password.clone()).await?;
    match store(domain, &signup, hash, role).await {
        Err(error) if classify(&error) == Failure::Conflict => {
            check_free(domain, &signup).await?;
            Err(SignupError::UsernameTaken)
        }
        stored => Ok(stored?),
    }
}

async fn store(domain: &Domain, signup: &Signup, hash: String, role: Role) -> Result<User, DbErr> {
    let transaction = domain.database.write().await?;
    let now = domain.clock.now();
    let mut timeline = timeline::Writer::lock(&transaction, vec![PUBLIC_CHANNEL_ID], now).await?;
    let user = insert(&transaction, &mut timeline, signup.row(hash, role, now)).await?;
    let publication = timeline.commit(transaction).await?;
    domain.publish(publication);
    Ok(user)
}

/// Why somebody has no new password.
#[derive(Debug, thiserror::Error)]
pub enum SetPasswordError {
    /// Nobody has this username.
    #[error("there is no such user")]
    NoSuchUser,
    /// No hash could be made.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error while setting a password")]
    Database(#[from] DbErr),
}

/// Sets somebody's password and ends all their sessions, which it returns.
///
/// # Errors
/// [`SetPasswordError`]; nothing was changed then.
pub async fn set_password(
    domain: &Domain,
    username: &Username,
    new: Password,
) -> Result<Ended, SetPasswordError> {
    let hash = domain.passwords.hash(new).await;
    let hash = hash.map_err(|error| SetPasswordError::Hash(error.to_string()))?;
    let transaction = domain.database.write().await?;
    let user = row::lock_named(&transaction, username).await?;
    let user = user.ok_or(SetPasswordError::NoSuchUser)?;
    password_change::set(&transaction, user.id, hash).await?;
    let ended = end_all(&transaction, user.id, None, domain.clock.now()).await?;
    transaction.commit().await?;
    Ok(tell(domain, ended))
}
