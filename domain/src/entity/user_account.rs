//! People with an account.

use sea_orm::entity::prelude::*;

use crate::account::Role;
use crate::id::UserId;
use crate::timeline::UserKind;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: Option<String>,
    pub kind: UserKind,
    pub role: Role,
    pub password_hash: String,
    pub created_at: DateTimeUtc,
    pub display_name: Option<String>,
    pub avatar_id: Option<Uuid>,
    pub last_seen_at: Option<DateTimeUtc>,
    /// Since when nobody can sign in to it.
    pub deactivated_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
