//! Who owns a fresh server in a cluster: whoever can run its programs.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::signup::insert;
use crate::account::{PasswordError, Passwords, Role, Signup, User};
use crate::channel::{PUBLIC_CHANNEL_ID, membership};
use crate::clock::Clock;
use crate::database::{Database, Failure, classify};
use crate::entity::user_account;
use crate::timeline::{self, Person};

/// Why there is no new owner.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// There is one already.
    #[error("the server has an owner already: {0}")]
    Exists(String),
    /// The name or the address belongs to somebody.
    #[error("the username or the e-mail address is taken")]
    Taken,
    /// No hash could be made.
    #[error("password hashing failed: {0}")]
    Hash(String),
    /// The database failed.
    #[error("database error while creating the owner")]
    Database(#[from] DbErr),
}

/// Makes the account that owns the server, a member of `public`.
///
/// Live sockets learn of it at their next look at the database: this runs
/// outside the server's processes.
///
/// # Errors
/// [`OwnerError`]; nothing was stored then.
pub async fn create_owner(
    database: &Database,
    passwords: &Passwords,
    owner: Signup,
) -> Result<User, OwnerError> {
    let hash = passwords.hash(owner.password.clone()).await.map_err(|error| match error {
        PasswordError::Busy => OwnerError::Hash("busy".into()),
        PasswordError::Hash(text) => OwnerError::Hash(text),
    })?;
    let transaction = database.write().await?;
    let now = Clock::System.now();
    let mut timeline = timeline::Writer::lock(&transaction, vec![PUBLIC_CHANNEL_ID], now).await?;
    let is_owner = user_account::Column::Role.eq(Role::Owner);
    if let Some(known) = user_account::Entity::find().filter(is_owner).one(&transaction).await? {
        return Err(OwnerError::Exists(known.username));
    }
    let user = match insert(&transaction, &owner, hash, Role::Owner, now).await {
        Err(error) if classify(&error) == Failure::Conflict => return Err(OwnerError::Taken),
        inserted => inserted?,
    };
    membership::insert(&transaction, &mut timeline, PUBLIC_CHANNEL_ID, &Person::from(&user))
        .await?;
    timeline.commit(transaction).await?.forget();
    Ok(user)
}
