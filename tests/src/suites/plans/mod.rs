//! No statement reads a whole history: how the databases plan what Warren
//! really executes, over a hundred thousand messages.

mod history;
mod mariadb;
mod postgres;
mod rooms;
mod shape;
mod sqlite;
mod tour;

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::deployment::Combination;
use crate::facts;
use crate::servers::DatabaseServer;
use crate::world::World;

use mariadb::mariadb_scans_no_history;
use postgres::postgres_scans_no_history;
use sqlite::sqlite_scans_no_history;

/// The tables that grow with every message.
const HISTORY: [&str; 4] = ["message", "channel_event", "send_outcome", "thread_reply"];

/// More rows than any page, batch or replay has: a statement that visits more of a
/// history than this reads on with the history's growth.
const MOST_ROWS: u64 = 2_000;

/// How long what was executed may take to be written into a log: the nodes look
/// at their sockets' state every 4 s.
const LOGGED: Duration = Duration::from_secs(30);

/// Fewer statements than this were captured only if capturing failed.
const FEWEST_STATEMENTS: usize = 30;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    match world.combination {
        Combination::Embedded => facts!(world, "plans", [sqlite_scans_no_history]),
        Combination::Cluster(DatabaseServer::Postgres) => {
            facts!(world, "plans", [postgres_scans_no_history])
        }
        Combination::Cluster(DatabaseServer::Mariadb) => {
            facts!(world, "plans", [mariadb_scans_no_history])
        }
    }
}
