//! What every simulated database begins with, made once by the real migrations; and
//! the errors of a real driver, which nobody else can make.

use std::sync::OnceLock;

use rusqlite::{Connection, OpenFlags};
use sea_orm::{ConnectionTrait, Database, DbErr};
use warren_domain::partition::PARTITION_HASH;

use super::values::{Columns, Kind};

/// What the database is called while it is made.
const NAME: &str = "file:warren-simulation";

/// An empty database's statements, and what its columns hold.
pub(crate) struct Template {
    statements: Vec<String>,
    pub(super) columns: Columns,
    /// What a driver says of a row that is there already.
    pub(super) not_unique: DbErr,
    /// What it says of data that cannot be stored.
    pub(super) not_storable: DbErr,
}

/// The template of this process.
pub(crate) fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let making = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(make())
        };
        // Of its own: whoever needs it first may be inside a runtime.
        std::thread::spawn(making).join().expect("a template")
    })
}

async fn make() -> Template {
    // It lives in memory, for as long as somebody is connected to it.
    let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_MEMORY;
    let flags = flags | OpenFlags::SQLITE_OPEN_SHARED_CACHE;
    let connection = Connection::open_with_flags(NAME, flags).expect("an empty database");
    let options = warren_migration::Options { partition_count: 1, partition_hash: PARTITION_HASH };
    let url = format!("sqlite:{NAME}?mode=memory&cache=shared");
    warren_migration::migrate(&url, &options).await.expect("a migrated database");
    let (not_unique, not_storable) = errors().await;
    Template {
        statements: statements(&connection),
        columns: columns(&connection),
        not_unique,
        not_storable,
    }
}

impl Template {
    /// A database in memory.
    pub(super) fn database(&self) -> Connection {
        let connection = Connection::open_in_memory().expect("room for a database");
        connection.set_prepared_statement_cache_capacity(512);
        connection.execute_batch(&self.statements.join(";")).expect("the schema");
        connection.execute_batch("PRAGMA foreign_keys = ON").expect("foreign keys");
        connection
    }
}

fn statements(connection: &Connection) -> Vec<String> {
    let select = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    let mut select = connection.prepare(select).expect("the schema's table");
    let statements = select.query_map([], |row| row.get(0)).expect("statements");
    statements.collect::<Result<_, _>>().expect("texts")
}

fn columns(connection: &Connection) -> Columns {
    let select = "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c \
                  WHERE m.type = 'table' AND m.name <> 'seaql_migrations' AND m.name NOT LIKE 'sqlite_%'";
    let mut select = connection.prepare(select).expect("the schema's table");
    let mut rows = select.query([]).expect("columns");
    let mut columns = Columns::new();
    while let Some(row) = rows.next().expect("a column") {
        let text = |place| row.get_ref_unwrap(place).as_str().expect("a text").to_owned();
        let (table, column, kind) = (text(0), text(1), Kind::declared(&text(2)));
        let other = columns.insert(column.clone(), kind).filter(|other| *other != kind);
        assert_eq!(other, None, "{table}.{column} is {kind:?} here");
    }
    columns
}

/// Only the driver can make its errors, and the code under test looks into them.
async fn errors() -> (DbErr, DbErr) {
    let database = Database::connect("sqlite::memory:").await.expect("a database");
    let run = |statement: &'static str| database.execute_unprepared(statement);
    run("CREATE TABLE t (n INTEGER PRIMARY KEY CHECK (n < 2))").await.expect("a table");
    run("INSERT INTO t VALUES (1)").await.expect("a row");
    let not_unique = run("INSERT INTO t VALUES (1)").await.expect_err("a second such row");
    let not_storable = run("INSERT INTO t VALUES (2)").await.expect_err("another row");
    (not_unique, not_storable)
}
