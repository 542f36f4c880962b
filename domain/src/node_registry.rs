//! Which API processes live, and whether the database takes and gives back
//! what one of them writes.

use chrono::{DateTime, Duration, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Database, Transaction};
use crate::entity::node;

/// An API process that was not seen for this long counts as gone.
pub const NODE_LIFETIME: Duration = Duration::seconds(15);

/// An API process's entry in the table of live ones.
#[derive(Clone)]
pub struct NodeRegistry {
    database: Database,
    clock: Clock,
    id: Uuid,
    name: String,
    started_at: DateTime<Utc>,
}

/// Why a ping failed.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// What was written is not what is read.
    #[error("the database does not give back what was written")]
    Lost,
    /// The database failed.
    #[error("database error while writing or reading a ping")]
    Database(#[from] DbErr),
}

impl NodeRegistry {
    /// An entry for this process, made by the first report or ping.
    #[must_use]
    pub fn new(database: Database, name: String) -> Self {
        let clock = Clock::System;
        let started_at = clock.now();
        Self { database, clock, id: Uuid::now_v7(), name, started_at }
    }

    /// What people call this process.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Since when it runs.
    #[must_use]
    pub fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Says that this process lives, and forgets those long gone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn report(&self) -> Result<(), DbErr> {
        let transaction = self.database.write().await?;
        self.write(&transaction, Uuid::nil(), &[node::Column::SeenAt]).await?;
        transaction.commit().await?;
        self.forget_the_lost().await
    }

    /// By their ids, as the workers do it.
    async fn forget_the_lost(&self) -> Result<(), DbErr> {
        let lost = node::Entity::find()
            .select_only()
            .column(node::Column::Id)
            .filter(node::Column::SeenAt.lt(self.clock.now() - NODE_LIFETIME * 20))
            .into_tuple::<Uuid>()
            .all(self.database.read())
            .await?;
        if lost.is_empty() {
            return Ok(());
        }
        let transaction = self.database.write().await?;
        node::Entity::delete_many().filter(node::Column::Id.is_in(lost)).exec(&transaction).await?;
        transaction.commit().await
    }

    /// Writes something new and reads it again, by the ways that everything
    /// written and read goes.
    ///
    /// # Errors
    /// [`PingError`].
    pub async fn ping(&self) -> Result<(), PingError> {
        let written = Uuid::new_v4();
        let transaction = self.database.write().await?;
        self.write(&transaction, written, &[node::Column::SeenAt, node::Column::Ping]).await?;
        transaction.commit().await?;
        let read = node::Entity::find_by_id(self.id).one(self.database.read()).await?;
        match read {
            Some(row) if row.ping == written => Ok(()),
            _ => Err(PingError::Lost),
        }
    }

    /// Takes this process off the list.
    ///
    /// # Errors
    /// If the database fails; then the entry expires by itself.
    pub async fn leave(&self) -> Result<(), DbErr> {
        let transaction = self.database.write().await?;
        node::Entity::delete_by_id(self.id).exec(&transaction).await?;
        transaction.commit().await
    }

    async fn write(
        &self,
        transaction: &Transaction,
        ping: Uuid,
        updated: &[node::Column],
    ) -> Result<(), DbErr> {
        let row = node::ActiveModel {
            id: Set(self.id),
            name: Set(self.name.clone()),
            started_at: Set(self.started_at),
            seen_at: Set(self.clock.now()),
            ping: Set(ping),
        };
        let update =
            OnConflict::column(node::Column::Id).update_columns(updated.iter().copied()).to_owned();
        node::Entity::insert(row).on_conflict(update).exec_without_returning(transaction).await?;
        Ok(())
    }
}
