//! A database of the first schema, with rows, on its way to today's.

mod first_schema;

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use sea_orm::DatabaseConnection;

use crate::client::{Person, Rest};
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::program::Program;
use crate::promise::held;
use crate::suites::migrations::{Target, lines, structure};
use crate::world::World;

use first_schema::{MESSAGES, PASSWORD, USERNAME};

const MIGRATION: Duration = Duration::from_secs(60);
/// So many kills at least: how far a migrator comes before it is killed depends on how
/// quick the machine and the database are, and SQLite is quick.
const ENOUGH: usize = 3;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [upgrade_killed_at_step_after_step_is_completed_and_keeps_every_row])
}

/// Row 17: the migrator is killed as soon as it has done anything, run after run, so
/// that it never does more than a step or two.
async fn upgrade_killed_at_step_after_step_is_completed_and_keeps_every_row(world: Arc<World>) {
    let (upgraded, fresh) = (Target::new(&world).await, Target::new(&world).await);
    let database = upgraded.connect().await;
    first_schema::make(&database).await;
    let before = first_schema::rows(&database).await;
    let mut kills = Kills::default();
    while kills.migrate_a_little(&upgraded, &database).await.is_none() {
        let count = lines(&database, "SELECT 'x' AS line FROM message").await.len();
        assert_eq!(count, MESSAGES, "after {kills:?}");
    }
    let steps = kills.migrations.unwrap_or_default() - first_schema::STEPS;
    assert!(kills.total >= ENOUGH, "too few: {kills:?} of {steps} steps");
    assert_eq!(first_schema::rows(&database).await, before, "the rows are as before");
    database.close().await.expect("close");
    let done = fresh.migrate();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(upgraded.migrate().status.code(), Some(0), "once more changes nothing");
    let (upgraded_to, made) = (upgraded.connect().await, fresh.connect().await);
    assert_eq!(structure(&upgraded_to).await, structure(&made).await, "as if it were new");
    is_used(&world, &upgraded).await;
    let figures = format!(
        "steps {steps}, killed {} times, {} of them between a step and its record; \
         rows before {}, the same after",
        kills.total,
        kills.unrecorded,
        before.len()
    );
    held(17, world.combination.name(), &figures);
}

/// What was killed so far.
#[derive(Debug, Default)]
struct Kills {
    total: usize,
    /// After a step was done and before it was noted.
    unrecorded: usize,
    migrations: Option<usize>,
}

impl Kills {
    /// Migrates until something has changed, or everything is done: then the answer.
    async fn migrate_a_little(
        &mut self,
        target: &Target,
        database: &DatabaseConnection,
    ) -> Option<()> {
        let before = Progress::of(database).await;
        // In turn: when a step is done, and when it is noted.
        let watches_record = self.total % 2 == 1;
        let migrator = Program::start("warren migrate", target.command());
        while migrator.exit_status().is_none() {
            let changed = match watches_record {
                true => recorded(database).await != before.recorded,
                false => structure(database).await != before.structure,
            };
            if changed {
                break;
            }
        }
        if migrator.exit_status().is_none() {
            migrator.kill();
        }
        let ended = migrator.wait_exit(MIGRATION);
        let now = Progress::of(database).await;
        self.migrations = Some(now.recorded);
        if ended.success() {
            return Some(());
        }
        assert!(ended.code().is_none(), "it was killed: {}", migrator.output());
        self.total += 1;
        let only_done = now.structure != before.structure && now.recorded == before.recorded;
        self.unrecorded += usize::from(only_done);
        None
    }
}

/// How far a migration is.
#[derive(Debug, PartialEq, Eq)]
struct Progress {
    structure: Vec<String>,
    recorded: usize,
}

impl Progress {
    async fn of(database: &DatabaseConnection) -> Self {
        Self { structure: structure(database).await, recorded: recorded(database).await }
    }
}

async fn recorded(database: &DatabaseConnection) -> usize {
    lines(database, "SELECT version AS line FROM seaql_migrations").await.len()
}

/// Today's programs serve it: who was there signs in, reads what was there, and goes on.
async fn is_used(world: &World, target: &Target) {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let deployment = match world.combination {
        Combination::Embedded => {
            Deployment::embedded_in(target.data_directory.clone(), options).await
        }
        Combination::Cluster(_) => {
            let rabbitmq = world.servers.rabbitmq().await;
            Deployment::cluster(target.url.clone(), rabbitmq, options).await
        }
    };
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let body = serde_json::json!({"username": USERNAME, "password": PASSWORD});
    let session = rest.post("/v1/login", body).await;
    let ann = Person::from_session(&rest, session.expect(200), PASSWORD);
    let last = ann.messages(first_schema::ROOM, "?limit=1").await;
    assert_eq!(last[0]["text"], first_schema::text_of(MESSAGES).as_str());
    let room = ann.channel(first_schema::ROOM).await;
    assert_eq!(room["unread"], first_schema::UNREAD, "{room}");
    let seq = ann.say(first_schema::ROOM, "after the upgrade").await;
    assert_eq!(Some(seq), last[0]["seq"].as_i64().map(|last| last + 1));
}
