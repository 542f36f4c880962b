//! Another e-mail address, by who knows the password: whoever reads its mail can
//! set a new one.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::password_change::{confirm, withdraw_resets};
use crate::account::{Actor, ConfirmError, Email, User};
use crate::context::Domain;
use crate::database::{Failure, Transaction, classify};
use crate::entity::user_account;
use crate::id::UserId;

/// Why the address was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The password was not confirmed.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The address belongs to somebody.
    #[error("the e-mail address is taken")]
    Taken,
}

impl From<DbErr> for EmailError {
    fn from(error: DbErr) -> Self {
        match classify(&error) {
            Failure::Conflict => Self::Taken,
            _ => Self::Confirm(error.into()),
        }
    }
}

/// Gives the actor's account another address, or none, and answers what it is then.
/// Idempotent. Tokens that were mailed to the old one are worth nothing.
///
/// # Errors
/// [`EmailError`]; nothing was changed then.
pub async fn change_email(
    domain: &Domain,
    actor: &Actor,
    password: &str,
    email: Option<Email>,
) -> Result<User, EmailError> {
    let confirmed = confirm(domain, actor, password).await?;
    let transaction = domain.database.write().await?;
    let before = confirmed.still_holds(&transaction).await?;
    let after = user_account::Model { email: email.map(String::from), ..before.clone() };
    if after.email == before.email {
        return Ok(after.into());
    }
    write(&transaction, after.id, after.email.clone()).await?;
    withdraw_resets(&transaction, after.id).await?;
    transaction.commit().await?;
    domain.person_changed(after.id);
    Ok(after.into())
}

async fn write(transaction: &Transaction, id: UserId, email: Option<String>) -> Result<(), DbErr> {
    user_account::Entity::update_many()
        .set(user_account::ActiveModel { email: Set(email), ..Default::default() })
        .filter(user_account::Column::Id.eq(id))
        .exec(transaction)
        .await
        .map(|_| ())
}
