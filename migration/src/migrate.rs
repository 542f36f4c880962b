//! Brings a database to [`SCHEMA_VERSION`].

use std::time::Duration;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
};

use crate::seed::{get_meta, put_meta, seed};
use crate::{ADMITS_FROM, SCHEMA_VERSION, tables};

/// Any number that no other program locks in the same database.
const LOCK_ID: i64 = 0x7761_7272_656e;

/// MariaDB's and MySQL's locks are the whole server's, and their names at most 64
/// characters long.
const MYSQL_LOCK: &str = "CONCAT('warren.', LEFT(SHA2(DATABASE(), 256), 32))";

/// How long a migrator waits for another one.
const LOCK_PATIENCE: Duration = Duration::from_secs(3600);

/// What a new database is born with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many partitions the message log has. Written once: an existing
    /// database keeps its number.
    pub partition_count: u32,
    /// The name of the hash that picks a channel's partition.
    pub partition_hash: &'static str,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The schema version found; 0 for an empty database.
    pub from: i32,
    /// The schema version now: [`SCHEMA_VERSION`], or a newer one that admits
    /// this program.
    pub to: i32,
}

/// Why the database is not (known to be) at [`SCHEMA_VERSION`].
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer Warren migrated it, and it no longer admits this program.
    #[error(
        "the database has schema {found}, too new for this program of schema {SCHEMA_VERSION}; \
         run the version of Warren that migrated it"
    )]
    Newer {
        /// The version found.
        found: i32,
    },
    /// Another migrator has been at work all the time.
    #[error("another migrator holds the database's lock; try again when it is done")]
    Locked,
    /// The database refused or could not be reached.
    #[error("database error while migrating")]
    Database(#[from] DbErr),
}

/// Migrates the database at `url`. Idempotent; a second migrator waits for the
/// first and then finds nothing to do.
///
/// # Errors
/// [`MigrateError`]. Whatever was done stays done; run it again.
pub async fn migrate(url: &str, options: &Options) -> Result<Report, MigrateError> {
    alone(url, async |database| run(database, options).await).await
}

/// Drops every table and everything in it, then migrates.
///
/// # Errors
/// [`MigrateError`]. Whatever was dropped stays dropped; run it again.
pub async fn begin_anew(url: &str, options: &Options) -> Result<Report, MigrateError> {
    alone(url, async |database| {
        Migrations::fresh(database).await?;
        if database.get_database_backend() == DbBackend::Sqlite {
            // What is dropped stays in the file until then.
            database.execute_unprepared("VACUUM").await?;
        }
        run(database, options).await
    })
    .await
}

/// Does what no other migrator may do meanwhile.
async fn alone<T>(
    url: &str,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, MigrateError>,
) -> Result<T, MigrateError> {
    let database = connect(url).await?;
    lock(&database).await?;
    let result = work(&database).await;
    unlock(&database).await?;
    database.close().await?;
    result
}

async fn run(database: &DatabaseConnection, options: &Options) -> Result<Report, MigrateError> {
    let from = version(database).await?;
    if from > SCHEMA_VERSION {
        let admits_from = number(database, "admits_from").await?;
        return match admits_from <= SCHEMA_VERSION {
            true => Ok(Report { from, to: from }),
            false => Err(MigrateError::Newer { found: from }),
        };
    }
    Migrations::up(database, None).await?;
    seed(database, options.partition_count, options.partition_hash).await?;
    put_meta(database, "admits_from", &ADMITS_FROM.to_string()).await?;
    put_meta(database, "schema_version", &SCHEMA_VERSION.to_string()).await?;
    Ok(Report { from, to: SCHEMA_VERSION })
}

async fn version(database: &DatabaseConnection) -> Result<i32, DbErr> {
    if !SchemaManager::new(database).has_table("meta").await? {
        return Ok(0);
    }
    number(database, "schema_version").await
}

async fn number(database: &DatabaseConnection, name: &str) -> Result<i32, DbErr> {
    let stored = get_meta(database, name).await?;
    Ok(stored.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// One connection only: the advisory lock belongs to a connection.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).min_connections(1).sqlx_logging(false).test_before_acquire(false);
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    let database = Database::connect(options).await?;
    if database.get_database_backend() == DbBackend::MySql {
        // Whatever the server's defaults are: nothing is cut or replaced to fit.
        let strict = "SET SESSION sql_mode = 'TRADITIONAL', default_storage_engine = InnoDB";
        database.execute_unprepared(strict).await?;
    }
    Ok(database)
}

async fn lock(database: &DatabaseConnection) -> Result<(), MigrateError> {
    match database.get_database_backend() {
        DbBackend::Postgres => {
            database.execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK_ID})")).await?;
        }
        DbBackend::MySql => {
            let seconds = LOCK_PATIENCE.as_secs();
            let statement = format!("SELECT GET_LOCK({MYSQL_LOCK}, {seconds}) = 1 AS got_it");
            let statement = Statement::from_string(DbBackend::MySql, statement);
            let answer = database.query_one_raw(statement).await?;
            // 0 after waiting in vain, NULL if it cannot lock.
            let got_it = answer.map(|row| row.try_get::<Option<i64>>("", "got_it")).transpose()?;
            if got_it.flatten() != Some(1) {
                return Err(MigrateError::Locked);
            }
        }
        // One process at a time holds the data directory of an SQLite database.
        _ => {}
    }
    Ok(())
}

async fn unlock(database: &DatabaseConnection) -> Result<(), DbErr> {
    let statement = match database.get_database_backend() {
        DbBackend::Postgres => format!("SELECT pg_advisory_unlock({LOCK_ID})"),
        DbBackend::MySql => format!("DO RELEASE_LOCK({MYSQL_LOCK})"),
        _ => return Ok(()),
    };
    database.execute_unprepared(&statement).await.map(|_| ())
}

struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        tables::steps()
    }
}
