//! A channel as all its members see it.

use chrono::{DateTime, Utc};
use sea_orm::prelude::StringLen;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, UserId};

/// A channel, without anything that depends on who looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
#[cfg_attr(feature = "openapi", oai(skip_serializing_if_is_none))]
pub struct ChannelSummary {
    /// Its id.
    pub id: ChannelId,
    /// Its unique name; of a direct channel one that nobody chose.
    pub name: String,
    /// Who may see it.
    pub kind: ChannelKind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it; nobody made `public`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What somebody who joins sees of what was said before.
    #[serde(default)]
    pub history: HistoryVisibility,
    /// Since when it can be read, but not written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<DateTime<Utc>>,
}

/// Who may see a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum ChannelKind {
    /// Everybody finds it and may join.
    Public,
    /// Only its members know of it.
    Private,
    /// The one private chat of exactly its members, who never change.
    Direct,
}

/// What somebody who joins sees of what was said before.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Enum))]
#[cfg_attr(feature = "openapi", oai(rename_all = "snake_case"))]
pub enum HistoryVisibility {
    /// Everything.
    #[default]
    All,
    /// Only what is said from then on. Decided at joining: a later change of
    /// the setting opens nothing and hides nothing.
    SinceJoining,
}
