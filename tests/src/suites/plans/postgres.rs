//! The plans of PostgreSQL, as its own module `auto_explain` writes them down
//! for every statement that Warren executes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;

use super::history::fill;
use super::shape::{all_expected, shape};
use super::tour::every_operation;
use super::{FEWEST_STATEMENTS, HISTORY, LOGGED, MOST_ROWS};
use crate::deployment::{Deployment, Options};
use crate::servers::{Postgres, Smtp, connect};
use crate::wait::eventually;
use crate::world::World;

/// One file, in which a statement's plan is one line (PostgreSQL 15 and newer).
const SETTINGS: [&str; 13] = [
    "logging_collector=on",
    "log_destination=jsonlog",
    "log_directory=log",
    "log_filename=postgresql.log",
    "log_rotation_age=0",
    "log_rotation_size=0",
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_format=json",
    "auto_explain.log_nested_statements=on",
    "auto_explain.log_settings=on",
    "auto_explain.log_analyze=on",
    "auto_explain.log_timing=off",
];

/// How the server plans a prepared statement: for its values or, after five
/// executions and if it seems as good, once for all values. Both have to do.
const MODES: [&str; 2] = ["auto", "force_generic_plan"];

/// A statement that was executed and how.
struct Executed {
    mode: String,
    shape: String,
    plan: Value,
}

pub(super) async fn postgres_scans_no_history(world: Arc<World>) {
    let postgres = Postgres::start_with(&SETTINGS).await;
    let rabbitmq = world.servers.rabbitmq().await;
    let database_url = postgres.create_database().await;
    let smtp = Smtp::start().await;
    let options = Options::default().with_mail(&smtp);
    let deployment = Deployment::cluster(database_url, rabbitmq, options).await;
    let database = connect(&deployment.database_url).await;
    fill(&database).await;
    database.execute_unprepared("ANALYZE").await.expect("analyse");
    let log = Log { path: postgres.data().join("log/postgresql.json") };
    let filled = log.mark(&database).await;
    for mode in MODES {
        plan_by(&database, &deployment.database_url, mode).await;
        let socket = every_operation(&world, &deployment).await;
        all_expected(|| log.shapes_since(filled, mode)).await;
        drop(socket);
    }
    log.mark(&database).await;
    check(&log.since(filled));
    postgres.stop();
}

/// Sets how prepared statements are planned. Returns when every session was told:
/// the server tells the old ones before it opens a new one.
async fn plan_by(database: &DatabaseConnection, url: &str, mode: &str) {
    let set = format!("ALTER SYSTEM SET plan_cache_mode = {mode}");
    database.execute_unprepared(&set).await.expect("set");
    database.execute_unprepared("SELECT pg_reload_conf()").await.expect("reload");
    eventually("the server has the setting", LOGGED, async || {
        let session = connect(url).await;
        let assertion = format!("SELECT 1 / (current_setting('plan_cache_mode') = '{mode}')::int");
        session.execute_unprepared(&assertion).await.ok().map(drop)
    })
    .await;
}

fn check(executed: &[Executed]) {
    let shapes: BTreeSet<&String> = executed.iter().map(|executed| &executed.shape).collect();
    println!(
        "PostgreSQL: {} plans of {} statements that Warren executed",
        executed.len(),
        shapes.len()
    );
    let faults: BTreeSet<String> = executed.iter().filter_map(Executed::fault).collect();
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(shapes.len() >= FEWEST_STATEMENTS, "too few were captured: {shapes:#?}");
    assert!(faults.is_empty(), "statements that read too much:\n{}", faults.join("\n"));
}

impl Executed {
    /// What is wrong with its plan.
    fn fault(&self) -> Option<String> {
        let fault = nodes(&self.plan).into_iter().find_map(fault)?;
        Some(format!("{}\n  ({}) {fault}", self.shape, self.mode))
    }
}

/// A plan's node and everything below it.
fn nodes(node: &Value) -> Vec<&Value> {
    let below = node["Plans"].as_array().into_iter().flatten().flat_map(nodes);
    std::iter::once(node).chain(below).collect()
}

/// What is wrong with a node that reads a history.
fn fault(node: &Value) -> Option<String> {
    let table = node["Relation Name"].as_str().filter(|table| HISTORY.contains(table))?;
    let kind = node["Node Type"].as_str()?;
    if kind == "Seq Scan" {
        return Some(format!("Seq Scan of {table}"));
    }
    let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
    let per_loop = number("Actual Rows")
        + number("Rows Removed by Filter")
        + number("Rows Removed by Index Recheck");
    let visited = per_loop * number("Actual Loops");
    (visited > MOST_ROWS as f64).then(|| format!("{kind} of {visited} rows of {table}"))
}

/// The server's log.
struct Log {
    path: PathBuf,
}

impl Log {
    /// A place in the log after everything that has been executed so far.
    async fn mark(&self, database: &DatabaseConnection) -> usize {
        let mark = uuid::Uuid::new_v4().to_string();
        database.execute_unprepared(&format!("SELECT '{mark}'")).await.expect("mark");
        eventually("the mark is in the log", LOGGED, async || {
            let text = self.text();
            text.contains(&mark).then_some(text.len())
        })
        .await
    }

    /// What Warren executed after a place.
    fn since(&self, place: usize) -> Vec<Executed> {
        self.text()[place..].lines().filter_map(executed).collect()
    }

    fn shapes_since(&self, place: usize, mode: &str) -> BTreeSet<String> {
        let executed = self.since(place).into_iter().filter(|executed| executed.mode == mode);
        executed.map(|executed| executed.shape).collect()
    }

    fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).expect("read PostgreSQL's log");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What a line of the log says, if Warren executed it. The last may be unfinished.
fn executed(line: &str) -> Option<Executed> {
    let entry: Value = serde_json::from_str(line).ok()?;
    if entry["application_name"] != "warren" {
        return None;
    }
    let (_, plan) = entry["message"].as_str()?.split_once("plan:\n")?;
    let explained: Value = serde_json::from_str(plan).expect("a plan is JSON");
    let mode = explained["Settings"]["plan_cache_mode"].as_str().unwrap_or("auto");
    Some(Executed {
        mode: mode.to_owned(),
        shape: shape(explained["Query Text"].as_str().expect("a statement")),
        plan: explained["Plan"].clone(),
    })
}
