//! `/ping`, and who is listed as live.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::client::Rest;
use crate::deployment::Options;
use crate::facts;
use crate::servers::connect;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "watching",
        [
            ping_answers_for_its_own_process,
            many_pings_share_one_write_a_second,
            ping_fails_while_the_database_takes_no_write,
            process_is_listed_while_it_lives,
        ]
    )
}

async fn ping_answers_for_its_own_process(world: Arc<World>) {
    let nodes = &world.shared().await.apis;
    for node in nodes {
        let rest = Rest::new(&node.base, &world.coverage);
        let pong = rest.get("/ping").await.expect(200).clone();
        assert_eq!(pong["pong"], true);
        assert!(pong["elapsed_ms"].as_f64().is_some_and(|elapsed| elapsed > 0.0), "{pong}");
        let process = format!("/{}", node.program.id());
        assert!(pong["node"].as_str().is_some_and(|name| name.ends_with(&process)), "{pong}");
    }
}

/// How long it took tells the runs apart: it is measured in microseconds.
async fn many_pings_share_one_write_a_second(world: Arc<World>) {
    let rest = world.stranger(0).await;
    let begun = Instant::now();
    let answers = join_all((0..200).map(|_| rest.get("/ping"))).await;
    let seconds = begun.elapsed().as_secs() as usize;
    let runs: BTreeSet<String> =
        answers.iter().map(|answer| answer.expect(200)["elapsed_ms"].to_string()).collect();
    assert!(runs.len() <= seconds + 2, "{} runs within {seconds} s", runs.len());
}

async fn ping_fails_while_the_database_takes_no_write(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    rest.get("/ping").await.expect(200);
    let database = connect(&deployment.database_url).await;
    lock(&database).await;
    let problem = ping_becomes(&rest, 503).await;
    assert_eq!(problem["code"], "unavailable");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("database")), "{problem}");
    database.close().await.expect("close");
    ping_becomes(&rest, 200).await;
}

async fn process_is_listed_while_it_lives(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let database = connect(&deployment.database_url).await;
    eventually("the process is listed", WITHIN, async || {
        (listed(&database).await == 1).then_some(())
    })
    .await;
    deployment.apis[0].program.terminate(WITHIN);
    assert_eq!(listed(&database).await, 0);
}

async fn ping_becomes(rest: &Rest, status: u16) -> serde_json::Value {
    eventually(&format!("ping answers {status}"), WITHIN, async || {
        let answer = rest.get("/ping").await;
        (answer.status == status).then_some(answer.json)
    })
    .await
}

/// Keeps everybody else from writing pings, until the connection is closed.
pub(super) async fn lock(database: &DatabaseConnection) {
    let statement = match database.get_database_backend() {
        DbBackend::Postgres => "BEGIN; LOCK TABLE node IN EXCLUSIVE MODE",
        DbBackend::MySql => "LOCK TABLES node WRITE",
        _ => "BEGIN EXCLUSIVE",
    };
    database.execute_unprepared(statement).await.expect(statement);
}

/// Keeps every channel from being written to, until the connection is closed.
pub(super) async fn hold_every_head(database: &DatabaseConnection) {
    let statements = match database.get_database_backend() {
        DbBackend::Postgres => "BEGIN; SELECT * FROM channel_head FOR UPDATE",
        _ => "BEGIN; UPDATE channel_head SET last_seq = last_seq",
    };
    for statement in statements.split("; ") {
        database.execute_unprepared(statement).await.expect(statement);
    }
}

async fn listed(database: &DatabaseConnection) -> i64 {
    let statement = "SELECT count(*) AS n FROM node";
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await.expect("query").expect("a row");
    row.try_get("", "n").expect("a number")
}
