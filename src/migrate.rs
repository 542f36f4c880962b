//! `warren migrate`: the only thing that changes a schema, besides `serve`,
//! which does it at its start.

use warren_domain::database::{Database, Unfit, check_fitness};
use warren_domain::partition::PARTITION_HASH;
use warren_migration::{MigrateError, Options, Report};
use warren_process::configuration::DatabaseKind;
use warren_process::{Configuration, ConfigurationArgument, DataDirectory, Failure, logging};

use crate::say;

/// How many partitions a new database gets unless the configuration says
/// otherwise: enough for four workers, cheap for one.
const DEFAULT_PARTITIONS: u32 = 4;

pub(crate) async fn run(argument: &ConfigurationArgument) -> Result<(), Failure> {
    let configuration = Configuration::of_process(argument)?;
    logging::start(&configuration)?;
    let _directory = match configuration.database_url.kind() {
        DatabaseKind::Sqlite => Some(DataDirectory::open(&configuration.data_dir)?),
        DatabaseKind::Postgres | DatabaseKind::Mysql => None,
    };
    let report = migrate(&configuration).await?;
    say(&match report {
        Report { from, to } if from == to => format!("The database has schema {to} already."),
        Report { from: 0, to } => format!("A new database was prepared, with schema {to}."),
        Report { from, to } => format!("The database was brought from schema {from} to {to}."),
    });
    Ok(())
}

/// Migrates the configured database. For SQLite the caller holds the data
/// directory.
pub(crate) async fn migrate(configuration: &Configuration) -> Result<Report, Failure> {
    let url = configuration.database_url.expose();
    if configuration.database_url.kind() != DatabaseKind::Sqlite {
        require_fitness(url).await?;
    }
    warren_migration::migrate(url, &options(configuration)).await.map_err(|error| match &error {
        MigrateError::Newer { .. } => Failure::configuration(&error),
        MigrateError::Locked | MigrateError::Database(_) => error.into(),
    })
}

/// Destroys what the configured database holds, and prepares it as a new one.
pub(crate) async fn begin_anew(configuration: &Configuration) -> Result<(), Failure> {
    let url = configuration.database_url.expose();
    warren_migration::begin_anew(url, &options(configuration)).await?;
    Ok(())
}

fn options(configuration: &Configuration) -> Options {
    Options {
        partition_count: configuration.partitions.unwrap_or(DEFAULT_PARTITIONS),
        partition_hash: PARTITION_HASH,
    }
}

/// Before anything is made: a server that would lose it gets none of it.
async fn require_fitness(url: &str) -> Result<(), Failure> {
    let database = Database::connect(url).await?;
    let fitness = check_fitness(&database).await;
    database.close().await;
    fitness.map_err(|unfit| match unfit {
        Unfit::Database(error) => error.into(),
        other => Failure::configuration(&other),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn migration_and_domain_agree_on_the_schema() {
        assert_eq!(warren_migration::SCHEMA_VERSION, warren_domain::schema::SCHEMA_VERSION);
        let public = warren_domain::channel::PUBLIC_CHANNEL_ID;
        assert_eq!(warren_migration::PUBLIC_CHANNEL_ID, public.0);
    }

    #[test]
    fn checked_in_documents_are_the_programs() {
        let checked_in = include_str!("../openapi/openapi.json");
        assert_eq!(
            checked_in.trim_end(),
            warren_api::openapi_document().trim_end(),
            "run `make openapi` and commit what it writes",
        );
        let checked_in = include_str!("../openapi/asyncapi.yaml");
        assert_eq!(
            checked_in.trim_end(),
            warren_api::asyncapi_document().trim_end(),
            "run `make openapi` and commit what it writes",
        );
    }
}
