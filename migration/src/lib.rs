//! Warren's database schema, one for SQLite, PostgreSQL and MariaDB/MySQL.
//!
//! Every migration is one idempotent statement: only PostgreSQL can roll back
//! a schema change, so a migration that was killed half-way must simply run
//! again. Migrators exclude each other by an advisory lock.

mod contract;
mod migrate;
mod seed;
mod step;
mod tables;
mod watching;

pub use migrate::{MigrateError, Options, Report, begin_anew, migrate};
pub use seed::PUBLIC_CHANNEL_ID;

/// The schema that [`migrate`] leaves behind. Raise it with every migration.
pub const SCHEMA_VERSION: i32 = 3;

/// The oldest program (by the schema version it was built for) that may still
/// run on this schema. Raise it only for a change that would make an older
/// program wrong; until then old and new processes run side by side.
pub const ADMITS_FROM: i32 = 2;
