//! One migration is one statement.

use async_trait::async_trait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A migration that creates one table, one column or one index, or fills a column.
pub(crate) struct Step {
    name: &'static str,
    create: Create,
}

enum Create {
    Values(&'static str),
    Table(fn(DbBackend) -> TableCreateStatement),
    Column {
        table: &'static str,
        column: fn(DbBackend) -> ColumnDef,
    },
    Index {
        table: &'static str,
        index: &'static str,
        columns: &'static [&'static str],
        unique: bool,
    },
}

impl Step {
    /// A table, with its primary key.
    pub(crate) fn table(
        name: &'static str,
        table: fn(DbBackend) -> TableCreateStatement,
    ) -> Box<dyn MigrationTrait> {
        Box::new(Self { name, create: Create::Table(table) })
    }

    /// A column of a table that exists.
    pub(crate) fn column(
        name: &'static str,
        table: &'static str,
        column: fn(DbBackend) -> ColumnDef,
    ) -> Box<dyn MigrationTrait> {
        Box::new(Self { name, create: Create::Column { table, column } })
    }

    /// A column's values in the rows that there are: a statement that means the
    /// same in every database, and however often it runs.
    pub(crate) fn values(name: &'static str, statement: &'static str) -> Box<dyn MigrationTrait> {
        Box::new(Self { name, create: Create::Values(statement) })
    }

    /// A plain index. Its name is also the migration's.
    pub(crate) fn index(
        index: &'static str,
        table: &'static str,
        columns: &'static [&'static str],
    ) -> Box<dyn MigrationTrait> {
        Box::new(Self {
            name: index,
            create: Create::Index { table, index, columns, unique: false },
        })
    }

    /// An index that admits each value once.
    pub(crate) fn unique(
        index: &'static str,
        table: &'static str,
        columns: &'static [&'static str],
    ) -> Box<dyn MigrationTrait> {
        Box::new(Self {
            name: index,
            create: Create::Index { table, index, columns, unique: true },
        })
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match &self.create {
            Create::Table(table) => {
                let backend = manager.get_database_backend();
                let mut statement = table(backend);
                if backend == DbBackend::MySql {
                    keep_exactly(&mut statement);
                }
                manager.create_table(statement.if_not_exists().to_owned()).await
            }
            Create::Values(statement) => {
                manager.get_connection().execute_unprepared(statement).await.map(drop)
            }
            // SQLite and MySQL know no ADD COLUMN IF NOT EXISTS.
            Create::Column { table, column } => {
                let mut definition = column(manager.get_database_backend());
                if manager.has_column(table, definition.get_column_name()).await? {
                    return Ok(());
                }
                let alter = Table::alter().table(*table).add_column(&mut definition).take();
                manager.alter_table(alter).await
            }
            // MySQL knows no CREATE INDEX IF NOT EXISTS.
            Create::Index { table, index, .. } if manager.has_index(table, index).await? => Ok(()),
            Create::Index { table, index, columns, unique } => {
                let mut statement = Index::create();
                statement.name(*index).table(Alias::new(*table));
                for column in *columns {
                    statement.col(Alias::new(*column));
                }
                if *unique {
                    statement.unique();
                }
                manager.create_index(statement).await
            }
        }
    }
}

/// What MariaDB and MySQL would take from the server's and the database's
/// defaults: transactions, every character, texts that are equal only if they
/// are the same, and room for the longest key.
fn keep_exactly(table: &mut TableCreateStatement) {
    table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    table.extra("ROW_FORMAT=DYNAMIC");
}
