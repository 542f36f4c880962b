//! The picture by which others know somebody.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::account::{Actor, Picture, PictureError, User, row};
use crate::context::Domain;
use crate::database::Transaction;
use crate::entity::{avatar, user_account};
use crate::id::UserId;

/// Why somebody has no other picture.
#[derive(Debug, thiserror::Error)]
pub enum AvatarError {
    /// None could be made of what came.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Nobody can sign in to the account any more.
    #[error("the account is deactivated")]
    Deactivated,
    /// The database failed.
    #[error("database error while changing a picture")]
    Database(#[from] DbErr),
}

/// Makes a picture of a file, and the actor's own, in place of the one before.
/// Each has an id of its own, so that one that is known never changes.
///
/// # Errors
/// [`AvatarError`]; nothing was changed then.
pub async fn put_avatar(
    domain: &Domain,
    actor: &Actor,
    file: Vec<u8>,
) -> Result<User, AvatarError> {
    let picture = domain.pictures.make(actor.id(), file).await?;
    replace(domain, actor.id(), Some(picture)).await
}

/// Takes the actor's picture away, if there is one.
///
/// # Errors
/// [`AvatarError`].
pub async fn remove_avatar(domain: &Domain, actor: &Actor) -> Result<(), AvatarError> {
    replace(domain, actor.id(), None).await.map(drop)
}

/// The picture of this id. Whoever knows the id may see it.
///
/// # Errors
/// If the database fails.
pub async fn avatar(domain: &Domain, id: Uuid) -> Result<Option<Picture>, DbErr> {
    let row = avatar::Entity::find_by_id(id).one(domain.database.read()).await?;
    Ok(row.map(|row| Picture { media_type: row.media_type, bytes: row.bytes }))
}

/// Deletes whatever picture somebody has.
pub(crate) async fn forget(transaction: &Transaction, user_id: UserId) -> Result<(), DbErr> {
    avatar::Entity::delete_many()
        .filter(avatar::Column::UserId.eq(user_id))
        .exec(transaction)
        .await
        .map(|_| ())
}

async fn replace(
    domain: &Domain,
    user_id: UserId,
    picture: Option<Picture>,
) -> Result<User, AvatarError> {
    let transaction = domain.database.write().await?;
    let row = row::lock(&transaction, user_id).await?;
    let row = row.filter(|row| row.deactivated_at.is_none()).ok_or(AvatarError::Deactivated)?;
    if picture.is_none() && row.avatar_id.is_none() {
        return Ok(row.into());
    }
    forget(&transaction, user_id).await?;
    let avatar_id = match picture {
        Some(picture) => Some(insert(domain, &transaction, user_id, picture).await?),
        None => None,
    };
    user_account::Entity::update_many()
        .col_expr(user_account::Column::AvatarId, Expr::value(avatar_id))
        .filter(user_account::Column::Id.eq(user_id))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    domain.person_changed(user_id);
    Ok(User { avatar_id, ..row.into() })
}

async fn insert(
    domain: &Domain,
    transaction: &Transaction,
    user_id: UserId,
    Picture { media_type, bytes }: Picture,
) -> Result<Uuid, DbErr> {
    let id = Uuid::new_v4();
    avatar::Entity::insert(avatar::ActiveModel {
        id: Set(id),
        user_id: Set(user_id),
        media_type: Set(media_type),
        bytes: Set(bytes),
        created_at: Set(domain.clock.now()),
    })
    .exec_without_returning(transaction)
    .await?;
    Ok(id)
}
