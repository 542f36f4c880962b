//! Live workers and the partitions that they hold.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "worker")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    /// The partitions it holds, comma-separated: for people to read.
    pub partitions: String,
    pub partition_count: i64,
    pub started_at: DateTimeUtc,
    pub seen_at: DateTimeUtc,
    /// The same with what it has taken from each, as JSON.
    pub holdings: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
