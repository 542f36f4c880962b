//! Changing who one is to others.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::{Actor, PersonName, User, row};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::user_account;

/// What is to be another way; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// What they are called.
    pub first_name: Option<PersonName>,
    /// Their family name; `Some(None)`: none.
    pub last_name: Option<Option<PersonName>>,
    /// What they want to be shown as; `Some(None)`: as their names say.
    pub display_name: Option<Option<PersonName>>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Nobody can sign in to the account any more.
    #[error("the account is deactivated")]
    Deactivated,
    /// The database failed.
    #[error("database error while changing a profile")]
    Database(#[from] DbErr),
}

/// Changes the actor's own profile, and answers what it is then. Idempotent.
///
/// # Errors
/// [`ProfileError`]; nothing was changed then.
pub async fn change_profile(
    domain: &Domain,
    actor: &Actor,
    change: ProfileChange,
) -> Result<User, ProfileError> {
    let transaction = domain.database.write().await?;
    let before = row::lock(&transaction, actor.id()).await?;
    let before = before.filter(|row| row.deactivated_at.is_none());
    let before = before.ok_or(ProfileError::Deactivated)?;
    let after = change.applied_to(before.clone());
    if after == before {
        return Ok(after.into());
    }
    write(&transaction, &after).await?;
    transaction.commit().await?;
    domain.person_changed(after.id);
    Ok(after.into())
}

async fn write(transaction: &Transaction, row: &user_account::Model) -> Result<(), DbErr> {
    user_account::Entity::update_many()
        .set(user_account::ActiveModel {
            first_name: Set(row.first_name.clone()),
            last_name: Set(row.last_name.clone()),
            display_name: Set(row.display_name.clone()),
            ..Default::default()
        })
        .filter(user_account::Column::Id.eq(row.id))
        .exec(transaction)
        .await
        .map(|_| ())
}

impl ProfileChange {
    fn applied_to(self, row: user_account::Model) -> user_account::Model {
        let name = |change: Option<Option<PersonName>>, kept| {
            change.map_or(kept, |name| name.map(String::from))
        };
        user_account::Model {
            first_name: self.first_name.map_or(row.first_name, String::from),
            last_name: name(self.last_name, row.last_name),
            display_name: name(self.display_name, row.display_name),
            ..row
        }
    }
}
