//! The plans of SQLite, for the statements that Warren's own log tells.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Statement};
use serde_json::Value;

use super::history::fill;
use super::shape::{all_expected, shape};
use super::tour::{SAID, every_operation};
use super::{FEWEST_STATEMENTS, HISTORY};
use crate::deployment::{Deployment, Options};
use crate::program::Program;
use crate::servers::{Smtp, connect};
use crate::world::World;

/// What may be scanned: tables that do not grow with messages, and no table at all.
const SCANNED: &[&str] = &[
    "CONSTANT",
    "channel",
    "channel_head",
    "dead_letter",
    "membership",
    "meta",
    "node",
    "pragma_page_count",
    "pragma_page_size",
    "password_reset",
    "refresh_token",
    "session",
    "socket_ticket",
    "user_account",
    "worker",
];

/// A line of EXPLAIN QUERY PLAN. Those of one SELECT have the same parent.
#[derive(FromQueryResult)]
struct Step {
    parent: i32,
    detail: String,
}

pub(super) async fn sqlite_scans_no_history(world: Arc<World>) {
    let smtp = Smtp::start().await;
    let options = Options::default().with_mail(&smtp);
    let options = options.with("WARREN_LOG", "info,sqlx=trace").with("WARREN_LOG_FORMAT", "json");
    let deployment = Deployment::embedded(options).await;
    let database = connect(&deployment.database_url).await;
    fill(&database).await;
    let program = &deployment.apis[0].program;
    let socket = every_operation(&world, &deployment).await;
    all_expected(|| statements(program).into_keys().collect()).await;
    drop(socket);
    assert!(!program.output().contains(SAID), "the log has a message's text");
    let copy = copy(&database, &deployment.data_directory).await;
    // Nobody has to analyse a database that an embedded Warren fills.
    check(&copy, "unanalysed", &statements(program)).await;
    copy.execute_unprepared("ANALYZE").await.expect("analyse");
    check(&copy, "analysed", &statements(program)).await;
}

async fn copy(database: &DatabaseConnection, directory: &Path) -> DatabaseConnection {
    let path = directory.join("copy.db");
    let copy = format!("VACUUM INTO '{}'", path.display());
    database.execute_unprepared(&copy).await.expect("copy the database");
    connect(&format!("sqlite://{}", path.display())).await
}

/// The statements in a program's log that a plan is made for, by their shapes.
fn statements(program: &Program) -> BTreeMap<String, String> {
    let output = program.output();
    let logged = output.lines().filter_map(|line| line.strip_prefix("! ")).filter_map(statement);
    let planned = logged.filter(|statement| {
        let verb = statement.split_whitespace().next().unwrap_or_default();
        ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&verb)
    });
    planned.map(|statement| (shape(&statement), statement)).collect()
}

/// A short statement is its own summary.
fn statement(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    if entry["target"] != "sqlx::query" {
        return None;
    }
    let whole = entry["db.statement"].as_str().filter(|text| !text.is_empty());
    Some(whole.or(entry["summary"].as_str())?.trim().to_owned())
}

async fn check(database: &DatabaseConnection, state: &str, statements: &BTreeMap<String, String>) {
    let mut faults = Vec::new();
    for (shape, statement) in statements {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let explain = Statement::from_string(DbBackend::Sqlite, explain);
        let steps = Step::find_by_statement(explain).all(database).await;
        let steps = steps.unwrap_or_else(|error| panic!("{statement}: {error}"));
        if let Some(fault) = fault(&steps) {
            faults.push(format!("{shape}\n  {fault}"));
        }
    }
    println!("SQLite, {state}: the plans of {} statements that Warren executed", statements.len());
    assert!(statements.len() >= FEWEST_STATEMENTS, "too few were captured: {statements:#?}");
    assert!(faults.is_empty(), "{state}, statements that read too much:\n{}", faults.join("\n"));
}

/// What is wrong with a plan: it reads a history from end to end, or sorts one to
/// find a page of it.
fn fault(steps: &[Step]) -> Option<&str> {
    let scans =
        |step: &&Step| step.table_after("SCAN").is_some_and(|table| !SCANNED.contains(&table));
    let searches_history =
        |step: &Step| step.table_after("SEARCH").is_some_and(|table| HISTORY.contains(&table));
    let sorts = |sort: &&Step| {
        sort.detail.starts_with("USE TEMP B-TREE FOR ORDER BY")
            && steps.iter().any(|step| step.parent == sort.parent && searches_history(step))
    };
    let step = steps.iter().find(scans).or_else(|| steps.iter().find(sorts))?;
    Some(&step.detail)
}

impl Step {
    fn table_after(&self, verb: &str) -> Option<&str> {
        self.detail.strip_prefix(verb)?.split_whitespace().next()
    }
}
