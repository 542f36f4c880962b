//! Somebody as everybody sees them.

use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::UserId;

/// As much of somebody as everybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their unique name.
    pub username: String,
    /// What they are called.
    pub first_name: String,
    /// What they want to be shown as, instead of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Their picture: `GET /v1/avatars/{avatar_id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_id: Option<Uuid>,
    /// Human, bot or visitor.
    pub kind: UserKind,
}

/// What sort of user somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum UserKind {
    /// A person with an account.
    Human,
}
