//! The database: one way in for reads, one for writes.

use std::time::Duration;

use log::LevelFilter;
/// What the database answers when it does not do what it is asked.
pub use sea_orm::DbErr;
use sea_orm::{
    AccessMode, ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    RuntimeErr, SqlErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// How long a writer waits for another writer's lock before it rolls back and
/// tries again, in milliseconds.
const LOCK_TIMEOUT_MS: u32 = 4_000;

/// How long a transaction may stand still before the database ends it: what a
/// frozen process can cost the others, in milliseconds.
const IDLE_IN_TRANSACTION_MS: u32 = 5_000;

/// What the library calls a slow statement.
const SLOW: Duration = Duration::from_secs(1);

/// Connections to the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Database {
    /// Opens a pool. SQLite gets one writing connection and a pool of readers;
    /// the others share one pool.
    ///
    /// # Errors
    /// If the database cannot be reached. The text holds no password.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let writer = sea_orm::Database::connect(sqlite(url, 1)).await?;
            let reader = sea_orm::Database::connect(sqlite(url, 4)).await?;
            return Ok(Self { reader, writer });
        }
        let pool = sea_orm::Database::connect(server(url)).await?;
        Ok(Self { reader: pool.clone(), writer: pool })
    }

    /// For statements that change nothing.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins the transaction in which everything is written: READ COMMITTED,
    /// on SQLite with the write lock from the start (a later upgrade could fail).
    ///
    /// # Errors
    /// If no connection is to be had in time.
    pub async fn write(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite = self.backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            isolation_level: (!sqlite).then_some(IsolationLevel::ReadCommitted),
            access_mode: (!sqlite).then_some(AccessMode::ReadWrite),
            sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
        };
        self.writer.begin_with_options(options).await
    }

    /// Which of the three it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// The pools: one, or two where readers have their own.
    pub(crate) fn connections(&self) -> Vec<&DatabaseConnection> {
        match self.backend() {
            DbBackend::Sqlite => vec![&self.writer, &self.reader],
            _ => vec![&self.writer],
        }
    }

    /// Closes the connections.
    pub async fn close(self) {
        for connection in [self.writer, self.reader] {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "closing the database");
            }
        }
    }
}

/// Gives up waiting for a database that says nothing: a connection whose other
/// end vanished without a word would be waited for until TCP gives up.
///
/// # Errors
/// Those of `work`, and a [`Failure::Transient`] one after `limit`.
pub async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    let silent = |_| Err(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout));
    tokio::time::timeout(limit, work).await.unwrap_or_else(silent)
}

/// Whether a failed statement can succeed if its transaction is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another transaction was in the way, or the database cannot be reached.
    Transient,
    /// A row that must be unique exists: what was looked up before is outdated.
    Conflict,
    /// The data itself is refused.
    Data,
}

/// Sorts a database error by what to do about it.
#[must_use]
pub fn classify(error: &DbErr) -> Failure {
    if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
        return Failure::Conflict;
    }
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            match inner.as_database_error().and_then(|error| error.code()) {
                Some(code) if is_data_error(&code) => Failure::Data,
                None if is_conversion_error(inner) => Failure::Data,
                _ => Failure::Transient,
            }
        }
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Failure::Transient,
        _ => Failure::Data,
    }
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity constraint), as
/// PostgreSQL and MariaDB report them, and their SQLite counterparts
/// (TOOBIG, CONSTRAINT, MISMATCH).
fn is_data_error(code: &str) -> bool {
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 18..=20),
        _ => code.starts_with("22") || code.starts_with("23"),
    }
}

/// What the client library itself cannot put into or get out of a statement.
fn is_conversion_error(error: &sea_orm::SqlxError) -> bool {
    use sea_orm::SqlxError::{ColumnDecode, Decode, Encode, TypeNotFound};
    matches!(error, ColumnDecode { .. } | Decode(_) | Encode(_) | TypeNotFound { .. })
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = pool(url, connections);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .busy_timeout(Duration::from_millis(LOCK_TIMEOUT_MS.into()))
    });
    options
}

fn server(url: &str) -> ConnectOptions {
    let mut options = pool(url, 16);
    options.map_sqlx_postgres_opts(|options| {
        options.application_name("warren").options([
            ("lock_timeout", format!("{LOCK_TIMEOUT_MS}ms")),
            ("idle_in_transaction_session_timeout", format!("{IDLE_IN_TRANSACTION_MS}ms")),
        ])
    });
    options
}

fn pool(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        // Their texts, with placeholders for the values, for whoever asks with
        // `WARREN_LOG=info,sqlx=trace`; slow ones are no louder.
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Trace, SLOW)
        .record_stmt_in_spans(false);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_refused_data_are_told_from_passing_trouble() {
        for code in ["22001", "22021", "23502", "19", "1299", "18"] {
            assert!(is_data_error(code), "{code}");
        }
        for code in ["40001", "40P01", "55P03", "57P01", "25P03", "5", "517", "13", "53300"] {
            assert!(!is_data_error(code), "{code}");
        }
    }
}
