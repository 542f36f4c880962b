//! How each session with a database is set, whatever the server's own defaults
//! are.

use std::time::Duration;

use log::LevelFilter;
use sea_orm::ConnectOptions;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::{Connection, Executor};

/// How long a writer waits for another writer's lock before it rolls back and
/// tries again.
const LOCK_TIMEOUT: Duration = Duration::from_secs(4);

/// How long a transaction may stand still before the database ends it: what a
/// frozen process can cost the others.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);

/// MySQL cannot tell a session that idles in a transaction from one that idles,
/// so it ends both, and later.
const IDLE_MYSQL_SESSION: Duration = Duration::from_secs(30);

/// A session that stood idle for so long is asked whether it lives before it is
/// used: the server, or something on the way, may have ended it.
const PERHAPS_ENDED: Duration = Duration::from_secs(10);

/// What the library calls a slow statement.
const SLOW: Duration = Duration::from_secs(1);

/// What the writing connection to an SQLite file keeps of it. The ids of sends are
/// spread over their whole index: with 2 MiB, which readers have, each new one would
/// read pages again from the file.
const SQLITE_WRITER_CACHE_KIB: u32 = 32 * 1024;
const SQLITE_READER_CACHE_KIB: u32 = 2 * 1024;

/// The one writing connection to an SQLite file.
pub(super) fn sqlite_writer(url: &str) -> ConnectOptions {
    sqlite(url, 1, SQLITE_WRITER_CACHE_KIB)
}

/// The reading connections to an SQLite file.
pub(super) fn sqlite_readers(url: &str) -> ConnectOptions {
    sqlite(url, 4, SQLITE_READER_CACHE_KIB)
}

fn sqlite(url: &str, connections: u32, cache_kib: u32) -> ConnectOptions {
    let mut options = pool(url, connections);
    // SQLite ends a transaction by itself when its disk is full. The driver, whose own
    // ROLLBACK fails then, goes on as if it were within one, and everything that is
    // committed later belongs to that: nobody sees it, and the end of the process takes
    // it away. Such a connection is replaced.
    options.map_sqlx_sqlite_pool_opts(|options| {
        options.before_acquire(|connection, _| {
            let is_whole = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_whole) })
        })
    });
    options.test_before_acquire(false).map_sqlx_sqlite_opts(move |options| {
        options
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("foreign_keys", "ON")
            .pragma("cache_size", format!("-{cache_kib}"))
            .busy_timeout(LOCK_TIMEOUT)
    });
    options
}

/// A pool on a PostgreSQL, MariaDB or MySQL server.
pub(super) fn server(url: &str) -> ConnectOptions {
    let mut options = pool(url, 16);
    options.test_before_acquire_if_idle_for(PERHAPS_ENDED);
    options.map_sqlx_postgres_opts(|options| {
        options.application_name("warren").options([
            ("default_transaction_isolation", "read committed".to_owned()),
            ("default_transaction_read_only", "off".to_owned()),
            // Without statistics, as at first, the planner reads a small table from end to
            // end, and a prepared statement keeps that plan while the table grows.
            ("enable_seqscan", "off".to_owned()),
            // Compiles what is costly by that measure: for longer than it runs.
            ("jit", "off".to_owned()),
            ("lock_timeout", format!("{}ms", LOCK_TIMEOUT.as_millis())),
            (
                "idle_in_transaction_session_timeout",
                format!("{}ms", IDLE_IN_TRANSACTION.as_millis()),
            ),
        ])
    });
    options.map_sqlx_mysql_opts(mysql);
    options.map_sqlx_mysql_pool_opts(|options| {
        options.after_connect(|connection, _| {
            Box::pin(async move {
                for statement in mysql_settings() {
                    connection.execute(sea_orm::sqlx::AssertSqlSafe(statement)).await?;
                }
                Ok(())
            })
        })
    });
    options
}

/// What the driver itself would set otherwise, or take from the URL.
fn mysql(options: MySqlConnectOptions) -> MySqlConnectOptions {
    options
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .timezone("+00:00".to_owned())
        .pipes_as_concat(false)
        .no_engine_substitution(false)
}

/// Strict: what does not fit a column is an error, never cut to fit. What stands
/// in `/*M! */` only MariaDB reads, what stands in `/*!80000 */` only MySQL from
/// 8.0 on.
fn mysql_settings() -> [String; 2] {
    let settings = format!(
        "SET SESSION sql_mode = 'TRADITIONAL', autocommit = 1, \
         foreign_key_checks = 1, unique_checks = 1, innodb_lock_wait_timeout = {} \
         /*M! , idle_transaction_timeout = {} */ /*!80000 , wait_timeout = {} */",
        LOCK_TIMEOUT.as_secs(),
        IDLE_IN_TRANSACTION.as_secs(),
        IDLE_MYSQL_SESSION.as_secs(),
    );
    let isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
    [settings, isolation.to_owned()]
}

fn pool(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(5))
        // Their texts, with placeholders for the values, for whoever asks with
        // `WARREN_LOG=info,sqlx=trace`; slow ones are no louder.
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Trace, SLOW)
        .record_stmt_in_spans(false);
    options
}
