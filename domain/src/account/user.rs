//! A user, as they see themselves.

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::user_account;
use crate::id::UserId;
use crate::timeline::{Person, UserKind};

/// A user, as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub username: String,
    /// What they are called.
    pub first_name: String,
    /// Their family name, if they gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Where mail reaches them, if they gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Human, bot or visitor.
    pub kind: UserKind,
    /// What they may do on this server.
    pub role: Role,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
    /// What they want to be shown as, instead of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Their picture: `GET /v1/avatars/{avatar_id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_id: Option<Uuid>,
}

/// What somebody may do on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case", rename = "ServerRole"))]
pub enum Role {
    /// Owns the server.
    Owner,
    /// Helps the owner: manages people and channels.
    Admin,
    /// Uses it.
    Member,
}

impl From<user_account::Model> for User {
    fn from(row: user_account::Model) -> Self {
        Self {
            id: row.id,
            username: row.username,
            first_name: row.first_name,
            last_name: row.last_name,
            email: row.email,
            kind: row.kind,
            role: row.role,
            created_at: row.created_at,
            display_name: row.display_name,
            avatar_id: row.avatar_id,
        }
    }
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            first_name: user.first_name.clone(),
            display_name: user.display_name.clone(),
            avatar_id: user.avatar_id,
            kind: user.kind,
        }
    }
}
