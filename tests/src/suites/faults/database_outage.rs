//! A database that is away while clients send without waiting for the commit.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::Instant;

use super::crowd::{Crowd, Habits};
use super::{dead_letters, meanwhile};
use crate::client::Rest;
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::servers::{OwnDatabase, connect};
use crate::world::World;

/// What has to be stored before.
const PROGRESS: i64 = 200;
/// How long everything may take after the database is back.
const STORED: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    match world.combination {
        Combination::Embedded => facts!(world, "faults", [locked_database_loses_nothing]),
        Combination::Cluster(_) => facts!(world, "faults", [database_outage_loses_nothing]),
    }
}

/// How long it is away.
fn outage() -> Duration {
    parameters().either(Duration::from_secs(10), Duration::from_secs(60))
}

fn habits() -> Habits {
    Habits { prefer: Some("respond-async"), ..Habits::default() }
}

/// Fault 6.
async fn database_outage_loses_nothing(world: Arc<World>) {
    let Combination::Cluster(kind) = world.combination else { unreachable!() };
    let database = OwnDatabase::start(kind).await;
    let url = database.create_database().await;
    let rabbitmq = world.servers.rabbitmq().await;
    let deployment = Deployment::cluster(url, rabbitmq, Options::default()).await;
    let crowd = Crowd::start(&world, &deployment, &habits()).await;
    crowd.progress(PROGRESS).await;
    database.stop();
    let before = crowd.tally();
    meanwhile(outage(), &Rest::new(deployment.api(1), &world.coverage)).await;
    let during = crowd.tally().accepted - before.accepted;
    assert!(during > 0, "nothing was accepted without the database: nothing was proved");
    database.restart().await;
    let verdict = recovered(crowd, &deployment).await;
    let figures = format!("{verdict}, accepted in the outage of {:?} {during}", outage());
    held(6, world.combination.name(), &figures);
}

/// Fault 6 of one process, whose database is a file: another process has the lock.
async fn locked_database_loses_nothing(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let crowd = Crowd::start(&world, &deployment, &habits()).await;
    crowd.progress(PROGRESS).await;
    let database = connect(&deployment.database_url).await;
    execute(&database, "BEGIN EXCLUSIVE").await;
    let (stored, before) = (crowd.stored().await, crowd.tally());
    meanwhile(outage(), &Rest::new(deployment.api(0), &world.coverage)).await;
    let refused = crowd.tally().refused - before.refused;
    assert!(refused > 0, "nothing was refused: nothing was proved");
    assert_eq!(crowd.stored().await, stored, "the database was locked");
    execute(&database, "ROLLBACK").await;
    let verdict = recovered(crowd, &deployment).await;
    let figures = format!("{verdict}, 503 in the outage of {:?} {refused}", outage());
    held(6, world.combination.name(), &figures);
}

/// The verdict on a database that is back just now: all is stored in time, and nothing
/// was set aside.
async fn recovered(crowd: Crowd, deployment: &Deployment) -> String {
    let back = Instant::now();
    let settled = crowd.settle(0).await;
    let late = back.elapsed();
    assert!(late <= STORED, "everything was stored {late:?} after the database was back");
    let verdict = settled.judge().await;
    assert_eq!(dead_letters(deployment), "");
    format!("{verdict}, all stored {:.1} s after it was back, dead letters 0", late.as_secs_f64())
}

async fn execute(database: &DatabaseConnection, statement: &str) {
    database.execute_unprepared(statement).await.expect(statement);
}
