//! Which workers live, and how many partitions each holds: what they share by.

use chrono::{DateTime, Duration, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Database;
use crate::entity::worker;
use crate::port::Taken;

/// A worker that was not seen for this long counts as gone.
pub const WORKER_LIFETIME: Duration = Duration::seconds(4);

/// A partition that a worker holds, and what it has taken from it and not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Which.
    pub partition: u32,
    /// How many sends were taken.
    pub count: u64,
    /// When the oldest of them was accepted.
    pub oldest_at: Option<DateTime<Utc>>,
}

impl Holding {
    /// What was taken from a partition.
    #[must_use]
    pub fn new(partition: u32, taken: Taken) -> Self {
        Self { partition, count: taken.count, oldest_at: taken.oldest_at }
    }

    /// What was taken from it.
    #[must_use]
    pub fn taken(&self) -> Taken {
        Taken { count: self.count, oldest_at: self.oldest_at }
    }
}

/// A worker's entry in the table of live workers.
#[derive(Clone)]
pub struct WorkerRegistry {
    database: Database,
    clock: Clock,
    id: Uuid,
    name: String,
}

impl WorkerRegistry {
    /// An entry for this process, made by the first [`Self::report`].
    #[must_use]
    pub fn new(database: Database, name: String) -> Self {
        Self { database, clock: Clock::System, id: Uuid::now_v7(), name }
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Says that this worker lives and what it holds; returns how many
    /// partitions each live worker holds, this one included.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn report(&self, held: &[Holding]) -> Result<Vec<i64>, DbErr> {
        let now = self.clock.now();
        let list: Vec<String> = held.iter().map(|held| held.partition.to_string()).collect();
        let row = worker::ActiveModel {
            id: Set(self.id),
            name: Set(self.name.clone()),
            partitions: Set(list.join(",")),
            partition_count: Set(i64::try_from(held.len()).unwrap_or(i64::MAX)),
            started_at: Set(now),
            seen_at: Set(now),
            holdings: Set(serde_json::to_string(held).ok()),
        };
        use worker::Column::{Holdings, PartitionCount, Partitions, SeenAt};
        let update = OnConflict::column(worker::Column::Id)
            .update_columns([Partitions, PartitionCount, SeenAt, Holdings])
            .to_owned();
        let transaction = self.database.write().await?;
        worker::Entity::insert(row)
            .on_conflict(update)
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
        self.forget_the_lost().await?;
        worker::Entity::find()
            .select_only()
            .column(PartitionCount)
            .filter(SeenAt.gt(now - WORKER_LIFETIME))
            .into_tuple::<i64>()
            .all(self.database.read())
            .await
    }

    /// Takes those off the list that went without a word. By their ids: a search
    /// that deletes would on MariaDB wait for every row that a worker is writing,
    /// and two workers for each other.
    async fn forget_the_lost(&self) -> Result<(), DbErr> {
        use worker::Column::{Id, SeenAt};
        let lost = worker::Entity::find()
            .select_only()
            .column(Id)
            .filter(SeenAt.lt(self.clock.now() - WORKER_LIFETIME * 60))
            .into_tuple::<Uuid>()
            .all(self.database.read())
            .await?;
        if lost.is_empty() {
            return Ok(());
        }
        let transaction = self.database.write().await?;
        worker::Entity::delete_many().filter(Id.is_in(lost)).exec(&transaction).await?;
        transaction.commit().await
    }

    /// Takes this worker off the list: the others need not wait for it.
    ///
    /// # Errors
    /// If the database fails; then the entry expires by itself.
    pub async fn leave(&self) -> Result<(), DbErr> {
        let transaction = self.database.write().await?;
        worker::Entity::delete_by_id(self.id).exec(&transaction).await?;
        transaction.commit().await
    }
}
