//! The database: one way in for reads, one for writes.

mod connection;
mod failure;
mod fitness;
mod session;
mod shape;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
/// What the database answers when it does not do what it is asked.
pub use sea_orm::DbErr;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use connection::{Reading, Writing};

pub use connection::{Reader, Substitute, SubstituteTransaction, Transaction};
pub use failure::{Failure, classify};
pub use fitness::{Unfit, check_fitness};
pub(crate) use shape::{insert_all, padded};

/// Connections to the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    reader: Reader,
    /// What transactions run on, if it is another pool than the readers'.
    writer: Option<DatabaseConnection>,
}

impl Database {
    /// Opens a pool. SQLite gets one writing connection and a pool of readers;
    /// the others share one pool.
    ///
    /// # Errors
    /// If the database cannot be reached. The text holds no password.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let writer = sea_orm::Database::connect(session::sqlite_writer(url)).await?;
            let reader = sea_orm::Database::connect(session::sqlite_readers(url)).await?;
            return Ok(Self { reader: Reader(Reading::Pool(reader)), writer: Some(writer) });
        }
        let pool = sea_orm::Database::connect(session::server(url)).await?;
        Ok(Self { reader: Reader(Reading::Pool(pool)), writer: None })
    }

    /// No database: what a simulation has in its place.
    #[must_use]
    pub fn substitute(substitute: Arc<dyn Substitute>) -> Self {
        Self { reader: Reader(Reading::Substitute(substitute)), writer: None }
    }

    /// For statements that change nothing.
    #[must_use]
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Begins the transaction in which everything is written: READ COMMITTED, as
    /// every session of a server is; on SQLite with the write lock from the start
    /// (a later upgrade could fail).
    ///
    /// # Errors
    /// If no connection is to be had in time.
    pub async fn write(&self) -> Result<Transaction, DbErr> {
        let pool = match (&self.writer, &self.reader.0) {
            (Some(writer), _) | (None, Reading::Pool(writer)) => writer,
            (None, Reading::Substitute(substitute)) => {
                let transaction = substitute.begin().await?;
                return Ok(Transaction(Writing::Substitute(transaction, substitute.backend())));
            }
        };
        let sqlite = self.backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            sqlite_transaction_mode: sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Transaction(Writing::Session(pool.begin_with_options(options).await?)))
    }

    /// Which of the three it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// The pools: one, or two where readers have their own.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &DatabaseConnection> {
        let reader = match &self.reader.0 {
            Reading::Pool(pool) => Some(pool),
            Reading::Substitute(_) => None,
        };
        self.writer.iter().chain(reader)
    }

    /// Closes the connections.
    pub async fn close(self) {
        let pools: Vec<DatabaseConnection> = self.connections().cloned().collect();
        for connection in pools {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "closing the database");
            }
        }
    }
}

/// The nearest time to `time` by which every database can search: MariaDB takes
/// one that its TIMESTAMP cannot hold (32 bits of seconds) for NULL, whatever the
/// column's type, and SQLite compares years of five digits as text. For times that
/// people choose; nothing happened outside.
pub(crate) fn comparable(time: DateTime<Utc>) -> DateTime<Utc> {
    let year = |number| Utc.with_ymd_and_hms(number, 1, 1, 0, 0, 0).single().unwrap_or(time);
    time.clamp(year(1971), year(2038))
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

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Statement};

    use super::*;

    /// SQLite then ends transactions by itself.
    #[tokio::test]
    async fn what_is_committed_after_a_full_disk_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/full.db", folder.path().display());
        let database = Database::connect(&url).await.unwrap();
        let transaction = database.write().await.unwrap();
        transaction.execute_unprepared("CREATE TABLE kept (text TEXT)").await.unwrap();
        transaction.commit().await.unwrap();
        for _ in 0..3 {
            let transaction = database.write().await.unwrap();
            // No page more than there are.
            transaction.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
            let large = "INSERT INTO kept VALUES (hex(randomblob(100000)))";
            let full = transaction.execute_unprepared(large).await.unwrap_err();
            assert_eq!(classify(&full), Failure::Transient, "{full}");
        }
        let transaction = database.write().await.unwrap();
        transaction.execute_unprepared("INSERT INTO kept VALUES ('small')").await.unwrap();
        transaction.commit().await.unwrap();
        let all = Statement::from_string(DbBackend::Sqlite, "SELECT text FROM kept");
        let rows = database.read().query_all_raw(all).await.unwrap();
        assert_eq!(rows.len(), 1, "another connection sees it");
    }

    #[test]
    fn times_that_a_database_would_not_know_are_brought_within() {
        let now = Utc::now();
        assert_eq!(comparable(now), now);
        assert_eq!(comparable(DateTime::<Utc>::MIN_UTC).to_rfc3339(), "1971-01-01T00:00:00+00:00");
        assert_eq!(comparable(DateTime::<Utc>::MAX_UTC).to_rfc3339(), "2038-01-01T00:00:00+00:00");
    }
}
