//! What the database is.

use sea_orm::{DatabaseConnection, DbBackend, DbErr, FromQueryResult, Statement};

use crate::database::Database;

/// What the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// `SQLite`, `PostgreSQL`, `MySQL` or `MariaDB`.
    pub product: &'static str,
    /// Its version, in its own words.
    pub version: String,
    /// What the data takes on its disk, with indexes.
    pub size_bytes: u64,
    /// Its clock, in microseconds since 1970.
    pub now_micros: i64,
}

/// Connections to the database, of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Those that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

#[derive(FromQueryResult)]
struct Row {
    version: String,
    size_bytes: i64,
    now_micros: i64,
}

const SQLITE: &str = "SELECT sqlite_version() AS version, \
    (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) \
    AS size_bytes, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) AS now_micros";

const POSTGRES: &str = "SELECT current_setting('server_version') AS version, \
    pg_database_size(current_database()) AS size_bytes, \
    CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS now_micros";

const MYSQL: &str = "SELECT version() AS version, \
    (SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) \
    FROM information_schema.tables WHERE table_schema = database()) AS size_bytes, \
    CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS now_micros";

/// Asks the database what it is. PostgreSQL adds the sizes of its files up, and
/// MariaDB those of its tables: ask seldom.
///
/// # Errors
/// If the database fails.
pub async fn about(database: &Database) -> Result<About, DbErr> {
    let statement = match database.backend() {
        DbBackend::Postgres => POSTGRES,
        DbBackend::MySql => MYSQL,
        _ => SQLITE,
    };
    let statement = Statement::from_string(database.backend(), statement);
    let row = Row::find_by_statement(statement).one(database.read()).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the database's version".into()))?;
    Ok(About {
        product: product(database.backend(), &row.version),
        version: row.version,
        size_bytes: row.size_bytes.unsigned_abs(),
        now_micros: row.now_micros,
    })
}

fn product(backend: DbBackend, version: &str) -> &'static str {
    match backend {
        DbBackend::Postgres => "PostgreSQL",
        DbBackend::MySql if version.contains("MariaDB") => "MariaDB",
        DbBackend::MySql => "MySQL",
        _ => "SQLite",
    }
}

/// The connections of this process, those that write and those that read.
#[must_use]
pub fn pool(database: &Database) -> Pool {
    let mut pool = Pool { open: 0, idle: 0 };
    for connection in database.connections() {
        let (open, idle) = usage(connection);
        pool.open += open;
        pool.idle += u32::try_from(idle).unwrap_or(u32::MAX);
    }
    pool
}

fn usage(connection: &DatabaseConnection) -> (u32, usize) {
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let pool = connection.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
        DbBackend::MySql => {
            let pool = connection.get_mysql_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = connection.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    }
}
