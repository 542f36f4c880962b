//! Whether a server keeps what it is given: the settings that no session can
//! set for itself.

use std::collections::HashMap;

use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement};

use crate::database::Database;

/// The longest statement that a batch of sends can lead to, with room to spare:
/// 512 texts of 16 KiB and all their parameters.
const LONGEST_STATEMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Sessions set it themselves; something between them and the server does not
/// pass it on.
const LONG_VIEW: &str =
    "lets a writer count from what others have changed since, although each session asks otherwise";

/// Why a database must not be used as it is. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// PostgreSQL cannot convert what the encoding lacks.
    #[error(
        "its encoding is {0}, which cannot hold every text; use a database made by `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
    )]
    Encoding(String),
    /// A table was converted, or restored otherwise than it was.
    #[error(
        "column {column} of table {table} has the collation {collation}, which loses characters or takes different texts for equal; run `ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`"
    )]
    Collation {
        /// The table.
        table: String,
        /// Its column.
        column: String,
        /// What it compares and stores by.
        collation: String,
    },
    /// Another engine has no transactions.
    #[error(
        "table {table} is kept by {engine}, which has no transactions; run `ALTER TABLE {table} ENGINE = InnoDB`"
    )]
    Engine {
        /// The table.
        table: String,
        /// What keeps it.
        engine: String,
    },
    /// A setting of the whole server.
    #[error("the server's {name} is {value}, which {harm}; set it to {remedy}")]
    Setting {
        /// The server's name for it.
        name: &'static str,
        /// What it is.
        value: String,
        /// What comes of that.
        harm: &'static str,
        /// What it is to be.
        remedy: &'static str,
    },
    /// The database failed.
    #[error("database error while looking at the server's settings")]
    Database(#[from] DbErr),
}

/// Looks at what a server is set to. SQLite is set by each connection.
///
/// # Errors
/// [`Unfit`] for the first thing by which something would be lost.
pub async fn check_fitness(database: &Database) -> Result<(), Unfit> {
    match database.backend() {
        DbBackend::Postgres => check_postgres(&postgres_settings(database).await?),
        DbBackend::MySql => {
            check_mysql(&mysql_settings(database).await?)?;
            check_tables(database).await
        }
        _ => Ok(()),
    }
}

/// Names and values.
type Settings = HashMap<String, String>;

#[derive(FromQueryResult)]
struct Setting {
    #[sea_orm(from_alias = "Variable_name")]
    name: String,
    #[sea_orm(from_alias = "Value")]
    value: String,
}

#[derive(FromQueryResult)]
struct Column {
    table: String,
    column: Option<String>,
    engine: String,
    collation: Option<String>,
}

fn check_postgres(settings: &Settings) -> Result<(), Unfit> {
    if let Some(encoding) = settings.get("server_encoding").filter(|name| *name != "UTF8") {
        return Err(Unfit::Encoding(encoding.clone()));
    }
    let lost = "loses committed messages when the machine fails";
    demand(settings, "fsync", lost, "on", |value| value != "off")?;
    demand(settings, "synchronous_commit", lost, "on", |value| value != "off")?;
    demand(settings, "transaction_isolation", LONG_VIEW, "read committed", |value| {
        value == "read committed"
    })
}

fn check_mysql(settings: &Settings) -> Result<(), Unfit> {
    let lost = "loses committed messages when the machine fails";
    // MariaDB's 3 syncs as 1 does.
    let syncs = |value: &str| matches!(value, "1" | "3");
    demand(settings, "innodb_flush_log_at_trx_commit", lost, "1", syncs)?;
    let fits = |value: &str| value.parse().is_ok_and(|bytes: u64| bytes >= LONGEST_STATEMENT_BYTES);
    let refused = "is shorter than a batch of long messages";
    demand(settings, "max_allowed_packet", refused, "16777216 (16 MiB) or more", fits)?;
    // MariaDB's name for it, and MySQL's.
    for name in ["tx_isolation", "transaction_isolation"] {
        demand(settings, name, LONG_VIEW, "READ-COMMITTED", |value| value == "READ-COMMITTED")?;
    }
    if settings.get("log_bin").is_none_or(|value| value == "OFF") {
        return Ok(());
    }
    // What is prepared in InnoDB and missing in this log is undone after a crash.
    demand(settings, "sync_binlog", lost, "1", |value| value == "1")?;
    let rows = |value: &str| value != "STATEMENT";
    let refused = "does not admit READ COMMITTED transactions";
    demand(settings, "binlog_format", refused, "MIXED or ROW", rows)
}

/// A setting that the server does not have demands nothing.
fn demand(
    settings: &Settings,
    name: &'static str,
    harm: &'static str,
    remedy: &'static str,
    is_fit: impl Fn(&str) -> bool,
) -> Result<(), Unfit> {
    match settings.get(name).filter(|value| !is_fit(value)) {
        Some(value) => Err(Unfit::Setting { name, value: value.clone(), harm, remedy }),
        None => Ok(()),
    }
}

async fn postgres_settings(database: &Database) -> Result<Settings, DbErr> {
    let names = "'server_encoding', 'fsync', 'synchronous_commit', 'transaction_isolation'";
    let query = format!(
        "SELECT name AS \"Variable_name\", setting AS \"Value\" \
         FROM pg_settings WHERE name IN ({names})"
    );
    settings(database, query).await
}

async fn mysql_settings(database: &Database) -> Result<Settings, DbErr> {
    let names = "'innodb_flush_log_at_trx_commit', 'max_allowed_packet', 'log_bin', \
                 'sync_binlog', 'binlog_format', 'tx_isolation', 'transaction_isolation'";
    settings(database, format!("SHOW VARIABLES WHERE Variable_name IN ({names})")).await
}

async fn settings(database: &Database, query: String) -> Result<Settings, DbErr> {
    let query = Statement::from_string(database.backend(), query);
    let rows = Setting::find_by_statement(query).all(database.read()).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.value)).collect())
}

/// Every table but the migrator's own, whose names are plain.
async fn check_tables(database: &Database) -> Result<(), Unfit> {
    let query = "SELECT t.table_name AS `table`, t.engine AS `engine`, \
                 c.column_name AS `column`, c.collation_name AS `collation` \
                 FROM information_schema.tables t \
                 LEFT JOIN information_schema.columns c \
                 ON c.table_schema = DATABASE() AND c.table_name = t.table_name \
                 AND c.collation_name <> 'utf8mb4_bin' \
                 WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' \
                 AND t.table_name <> 'seaql_migrations' \
                 AND (t.engine <> 'InnoDB' OR c.column_name IS NOT NULL) \
                 ORDER BY t.table_name, c.ordinal_position LIMIT 1";
    let query = Statement::from_string(DbBackend::MySql, query);
    match Column::find_by_statement(query).one(database.read()).await? {
        None => Ok(()),
        Some(Column { table, column: Some(column), collation: Some(collation), .. }) => {
            Err(Unfit::Collation { table, column, collation })
        }
        Some(Column { table, engine, .. }) => Err(Unfit::Engine { table, engine }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pooler between would lead to; straight sessions are as they ask.
    #[test]
    fn sessions_of_another_isolation_are_refused() {
        let settings = |name: &str, value: &str| Settings::from([(name.into(), value.into())]);
        let postgres = |value| check_postgres(&settings("transaction_isolation", value));
        assert!(postgres("read committed").is_ok());
        assert!(postgres("repeatable read").is_err());
        for name in ["tx_isolation", "transaction_isolation"] {
            assert!(check_mysql(&settings(name, "READ-COMMITTED")).is_ok());
            assert!(check_mysql(&settings(name, "REPEATABLE-READ")).is_err());
        }
    }
}
