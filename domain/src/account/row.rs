//! The row of an account, locked: what changes who may sign in, or what one
//! may do, begins here, so that of two changes each sees the other. Where
//! heads of channels are locked too, they come first.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::account::Username;
use crate::database::Transaction;
use crate::entity::user_account;
use crate::id::UserId;

/// The account as it is, and stays until the end of the transaction.
pub(crate) async fn lock(
    transaction: &Transaction,
    id: UserId,
) -> Result<Option<user_account::Model>, DbErr> {
    user_account::Entity::find_by_id(id).lock_exclusive().one(transaction).await
}

/// The same, by name.
pub(crate) async fn lock_named(
    transaction: &Transaction,
    username: &Username,
) -> Result<Option<user_account::Model>, DbErr> {
    user_account::Entity::find()
        .filter(user_account::Column::Username.eq(username.as_ref()))
        .lock_exclusive()
        .one(transaction)
        .await
}
