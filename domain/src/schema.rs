//! Which schema this program needs, and what the database says of itself.
//!
//! The `migration` crate writes the version and the oldest program that it
//! still admits into `meta`; this module decides whether this program and that
//! database fit. So a program needs no migration to know that it needs one.

use std::collections::HashMap;
use std::num::NonZeroU32;

use sea_orm::{DbErr, EntityTrait};

use crate::database::{Database, Unfit, check_fitness};
use crate::entity::meta;
use crate::partition::PARTITION_HASH;

/// The schema version that this program was built for, and needs at least.
pub const SCHEMA_VERSION: i32 = 3;

/// What the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Changes when sequence numbers may have gone back (a restore): cursors
    /// of another epoch are worthless.
    pub epoch: String,
    /// How many partitions the message log has.
    pub partition_count: NonZeroU32,
}

/// Why this program must not work on this database.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The schema is missing or older than this program needs.
    #[error(
        "the database has schema {found}, this program needs {SCHEMA_VERSION}; run `warren migrate`"
    )]
    TooOld {
        /// The version found; 0 for none.
        found: i32,
    },
    /// The schema has moved on too far.
    #[error(
        "the database's schema {found} admits only programs of schema {admits_from} and newer, this one is of {SCHEMA_VERSION}; run the version of Warren that migrated it"
    )]
    TooNew {
        /// The version found.
        found: i32,
        /// The oldest program it admits.
        admits_from: i32,
    },
    /// A fact is missing or unreadable.
    #[error("the database's `{0}` is missing or unreadable; run `warren migrate`")]
    Fact(&'static str),
    /// Channels would go to other partitions than those that hold their messages.
    #[error(
        "the message log is configured for {configured} partitions, the database was made with {stored}; set WARREN_PARTITIONS={stored} or leave it out (docs/operations.md tells how to change the number)"
    )]
    Partitions {
        /// What the configuration says.
        configured: u32,
        /// What the database says.
        stored: u32,
    },
    /// Another hash picked the partitions.
    #[error(
        "the database picks partitions by `{0}`, this program by `{PARTITION_HASH}`; run the version of Warren that made it"
    )]
    Hash(String),
    /// The server would lose something.
    #[error("{0}")]
    Unfit(Unfit),
    /// The database failed.
    #[error("database error while checking the schema")]
    Database(#[from] DbErr),
}

impl From<Unfit> for SchemaError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Database(error) => Self::Database(error),
            other => Self::Unfit(other),
        }
    }
}

/// Checks that this program and this database fit, and that its server is set to
/// keep what it is given.
///
/// # Errors
/// [`SchemaError`] says what to run or to set.
pub async fn check(
    database: &Database,
    configured_partitions: Option<u32>,
) -> Result<DatabaseFacts, SchemaError> {
    check_fitness(database).await?;
    let facts = read(database).await?;
    let number = |name: &str| facts.get(name).and_then(|value| value.parse::<i32>().ok());
    let found = number("schema_version").unwrap_or(0);
    let admits_from = number("admits_from").unwrap_or(0);
    if found < SCHEMA_VERSION {
        return Err(SchemaError::TooOld { found });
    }
    if admits_from > SCHEMA_VERSION {
        return Err(SchemaError::TooNew { found, admits_from });
    }
    let stored = number("partition_count").and_then(|count| u32::try_from(count).ok());
    let stored = stored.and_then(NonZeroU32::new).ok_or(SchemaError::Fact("partition_count"))?;
    match configured_partitions {
        Some(configured) if configured != stored.get() => {
            return Err(SchemaError::Partitions { configured, stored: stored.get() });
        }
        _ => {}
    }
    match facts.get("partition_hash") {
        Some(hash) if hash == PARTITION_HASH => {}
        other => return Err(SchemaError::Hash(other.cloned().unwrap_or_default())),
    }
    let epoch = facts.get("epoch").cloned().ok_or(SchemaError::Fact("epoch"))?;
    Ok(DatabaseFacts { epoch, partition_count: stored })
}

async fn read(database: &Database) -> Result<HashMap<String, String>, SchemaError> {
    match meta::Entity::find().all(database.read()).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| (row.name, row.value)).collect()),
        Err(error) if is_missing_table(&error) => Err(SchemaError::TooOld { found: 0 }),
        Err(error) => Err(error.into()),
    }
}

fn is_missing_table(error: &DbErr) -> bool {
    let text = error.to_string();
    ["no such table", "does not exist", "doesn't exist"].iter().any(|words| text.contains(words))
}

/// Whether the database would take a write now: begins a write transaction and
/// gives it up.
///
/// # Errors
/// If not.
pub async fn check_writable(database: &Database) -> Result<(), DbErr> {
    let transaction = database.write().await?;
    meta::Entity::find_by_id("epoch").one(&transaction).await?;
    transaction.rollback().await
}
