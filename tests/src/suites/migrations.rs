//! Migrations that do not come to their end by themselves, on every database.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::deployment::Combination;
use crate::facts;
use crate::guardian;
use crate::program::{Program, warren_command};
use crate::servers::connect;
use crate::world::World;

/// How many tables there are when the migrator is killed, time after time.
const KILLED_AT: [usize; 6] = [1, 4, 8, 12, 16, 20];

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "migrations", [killed_migration_is_completed_by_running_it_again])
}

/// Row 72: each run goes on where the one before was killed.
async fn killed_migration_is_completed_by_running_it_again(world: Arc<World>) {
    let (killed, untouched) = (Target::new(&world).await, Target::new(&world).await);
    let mut half_way = 0;
    for tables in KILLED_AT {
        killed.migrate_until(tables).await;
        half_way += usize::from(!killed.is_complete().await);
    }
    println!("migrations on {}: {half_way} killed half-way", world.combination.name());
    assert!(half_way > 0, "every kill came too late");
    for target in [&killed, &untouched] {
        let done = target.migrate();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(killed.structure().await, untouched.structure().await);
    assert_eq!(killed.contents().await, untouched.contents().await);
}

/// A database and how `warren migrate` finds it.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) data_directory: PathBuf,
    settings: Vec<(String, String)>,
}

impl Target {
    pub(super) async fn new(world: &World) -> Self {
        let data_directory = guardian::directory("data");
        let data = data_directory.display().to_string();
        let url = match world.combination {
            Combination::Embedded => format!("sqlite://{data}/warren.db?mode=rwc"),
            Combination::Cluster(_) => world.create_database().await,
        };
        let mut settings = vec![("WARREN_DATA_DIR".to_owned(), data)];
        if world.combination != Combination::Embedded {
            settings.push(("WARREN_DATABASE_URL".to_owned(), url.clone()));
        }
        Self { url, data_directory, settings }
    }

    pub(super) fn command(&self) -> Command {
        warren_command("warren", &["migrate"], &self.settings)
    }

    pub(super) fn migrate(&self) -> Output {
        self.command().output().expect("run warren")
    }

    /// Begins to migrate, and kills the migrator when there are so many tables, or
    /// when it has ended.
    async fn migrate_until(&self, tables: usize) {
        let database = self.connect().await;
        let migrator = Program::start("warren migrate", self.command());
        while migrator.exit_status().is_none() && self::tables(&database).await.len() < tables {
            tokio::task::yield_now().await;
        }
        migrator.kill();
    }

    pub(super) async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }

    async fn is_complete(&self) -> bool {
        let database = self.connect().await;
        tables(&database).await.contains(&"meta".to_owned())
            && lines(&database, "SELECT name AS line FROM meta").await.len() == META.len()
    }

    async fn structure(&self) -> Vec<String> {
        structure(&self.connect().await).await
    }

    /// What a database is born with, but what is different in each.
    async fn contents(&self) -> Vec<String> {
        let database = self.connect().await;
        let mut contents = Vec::new();
        for query in [
            "SELECT version AS line FROM seaql_migrations ORDER BY version",
            "SELECT name || value AS line FROM meta WHERE name <> 'epoch' ORDER BY name",
            "SELECT name || kind AS line FROM channel",
            "SELECT 'a head' AS line FROM channel_head",
        ] {
            let found = lines(&database, query).await;
            assert!(!found.is_empty(), "{query}");
            contents.extend(found);
        }
        contents
    }
}

/// Every table, column and index.
pub(super) async fn structure(database: &DatabaseConnection) -> Vec<String> {
    let mut structure = Vec::new();
    for query in structure_queries(database.get_database_backend()) {
        structure.extend(lines(database, query).await);
    }
    structure
}

/// The facts that a database has when it is complete.
const META: [&str; 5] =
    ["admits_from", "epoch", "partition_count", "partition_hash", "schema_version"];

fn structure_queries(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "SELECT table_name || ' ' || column_name || ' ' || data_type || is_nullable \
             || coalesce(character_maximum_length, 0) || coalesce(column_default, '') AS line \
             FROM information_schema.columns WHERE table_schema = current_schema() \
             ORDER BY table_name, ordinal_position",
            "SELECT indexdef AS line FROM pg_indexes \
             WHERE schemaname = current_schema() ORDER BY indexname",
        ],
        DbBackend::MySql => &[
            "SELECT table_name || ' ' || engine || table_collation || row_format AS line \
             FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name",
            "SELECT table_name || ' ' || column_name || ' ' || column_type || is_nullable \
             || coalesce(column_default, '') AS line \
             FROM information_schema.columns WHERE table_schema = DATABASE() \
             ORDER BY table_name, ordinal_position",
            "SELECT table_name || ' ' || index_name || seq_in_index || column_name || non_unique \
             AS line FROM information_schema.statistics WHERE table_schema = DATABASE() \
             ORDER BY table_name, index_name, seq_in_index",
        ],
        _ => &["SELECT name || coalesce(sql, '') AS line FROM sqlite_master ORDER BY name"],
    }
}

async fn tables(database: &DatabaseConnection) -> Vec<String> {
    let query = match database.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = current_schema()"
        }
        DbBackend::MySql => {
            "SELECT table_name AS line FROM information_schema.tables \
             WHERE table_schema = DATABASE()"
        }
        _ => "SELECT name AS line FROM sqlite_master WHERE type = 'table'",
    };
    lines(database, query).await
}

pub(super) async fn lines(database: &DatabaseConnection, query: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let rows = database.query_all_raw(statement).await.expect(query);
    rows.into_iter().map(|row| row.try_get("", "line").expect("a line")).collect()
}
