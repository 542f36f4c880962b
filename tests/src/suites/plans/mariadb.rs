//! The plans of MariaDB, as its slow log (every statement is slow to it) writes
//! them down with what each statement really read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::history::fill;
use super::shape::{all_expected, shape};
use super::tour::every_operation;
use super::{FEWEST_STATEMENTS, HISTORY, LOGGED, MOST_ROWS};
use crate::deployment::{Deployment, Options};
use crate::servers::{Mariadb, Smtp, connect};
use crate::wait::eventually;
use crate::world::World;

const SETTINGS: [&str; 4] = [
    "slow-query-log=1",
    "slow-query-log-file=slow.log",
    "long-query-time=0",
    "log-slow-verbosity=query_plan,explain",
];

/// A statement that was executed and how.
struct Executed {
    shape: String,
    /// Rows of all tables together.
    examined: u64,
    steps: Vec<Step>,
}

/// A line of EXPLAIN.
struct Step {
    select_type: String,
    table: String,
    access: String,
}

pub(super) async fn mariadb_scans_no_history(world: Arc<World>) {
    let mariadb = Mariadb::start_with(&SETTINGS).await;
    let rabbitmq = world.servers.rabbitmq().await;
    let database_url = mariadb.create_database().await;
    let smtp = Smtp::start().await;
    let options = Options::default().with_mail(&smtp);
    let deployment = Deployment::cluster(database_url, rabbitmq, options).await;
    let database = connect(&deployment.database_url).await;
    fill(&database).await;
    let tables = format!("ANALYZE TABLE {}, channel, channel_head, membership", HISTORY.join(", "));
    database.execute_unprepared(&tables).await.expect("analyse");
    let log = Log { path: mariadb.data().join("slow.log") };
    let filled = log.mark(&database).await;
    let socket = every_operation(&world, &deployment).await;
    all_expected(|| log.since(filled).into_iter().map(|executed| executed.shape).collect()).await;
    drop(socket);
    log.mark(&database).await;
    check(&log.since(filled));
    mariadb.stop();
}

fn check(executed: &[Executed]) {
    let shapes: BTreeSet<&String> = executed.iter().map(|executed| &executed.shape).collect();
    println!(
        "MariaDB: {} plans of {} statements that Warren executed",
        executed.len(),
        shapes.len()
    );
    let faults: BTreeSet<String> = executed.iter().filter_map(Executed::fault).collect();
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(shapes.len() >= FEWEST_STATEMENTS, "too few were captured: {shapes:#?}");
    assert!(faults.is_empty(), "statements that read too much:\n{}", faults.join("\n"));
}

impl Executed {
    /// What is wrong with how it was executed: a history that it reads from end to
    /// end, or much of it.
    fn fault(&self) -> Option<String> {
        let histories = self.steps.iter().filter(|step| step.reads_history());
        for Step { table, access, .. } in histories {
            if ["ALL", "index"].contains(&access.as_str()) {
                return Some(format!("{}\n  access of {table}: {access}", self.shape));
            }
            if self.examined > MOST_ROWS {
                return Some(format!("{}\n  {} rows, of {table} too", self.shape, self.examined));
            }
        }
        None
    }
}

impl Step {
    /// A row that is inserted is found nowhere: its plan says ALL, and means nothing.
    fn reads_history(&self) -> bool {
        HISTORY.contains(&self.table.as_str()) && self.select_type != "INSERT"
    }
}

/// The server's slow log.
struct Log {
    path: PathBuf,
}

impl Log {
    /// A place in the log after everything that has been executed so far.
    async fn mark(&self, database: &DatabaseConnection) -> usize {
        let mark = uuid::Uuid::new_v4().to_string();
        database.execute_unprepared(&format!("SELECT '{mark}'")).await.expect("mark");
        eventually("the mark is in the log", LOGGED, async || {
            let log = self.bytes();
            String::from_utf8_lossy(&log).contains(&mark).then_some(log.len())
        })
        .await
    }

    /// What Warren executed after a place.
    fn since(&self, place: usize) -> Vec<Executed> {
        let log = self.bytes();
        let text = String::from_utf8_lossy(&log[place..]);
        text.split("# User@Host: ").skip(1).filter_map(executed).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).expect("read MariaDB's log")
    }
}

/// What an entry of the log says of a statement that has a plan. The last entry
/// may be unfinished.
fn executed(entry: &str) -> Option<Executed> {
    let examined = entry.split_once("Rows_examined: ")?.1.split_whitespace().next()?;
    let steps = entry.lines().filter_map(|line| line.strip_prefix("# explain: ")).skip(1);
    let steps: Vec<Step> = steps.filter_map(step).collect();
    let statement = entry.split_once("\nSET timestamp=")?.1.lines().nth(1)?;
    let examined = examined.parse().ok()?;
    (!steps.is_empty()).then(|| Executed {
        shape: without_values(statement.trim_end_matches(';')),
        examined,
        steps,
    })
}

fn step(line: &str) -> Option<Step> {
    let mut columns = line.split('\t').skip(1).map(str::to_owned);
    Some(Step { select_type: columns.next()?, table: columns.next()?, access: columns.next()? })
}

/// The shape of a statement that is logged with its values, and with MariaDB's
/// quotes around names.
fn without_values(statement: &str) -> String {
    let mut bare = String::new();
    let mut characters = statement.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                skip_text(&mut characters);
                bare.push('$');
            }
            '0'..='9'
                if !bare.ends_with(|before: char| before.is_alphanumeric() || before == '_') =>
            {
                while characters.next_if(|next| next.is_ascii_digit() || *next == '.').is_some() {}
                bare.push('$');
            }
            '`' => bare.push('"'),
            other => bare.push(other),
        }
    }
    let bare = bare.replace("TIMESTAMP$", "$");
    shape(&bare.replace(", NULL", ", $").replace("(NULL", "($"))
}

fn skip_text(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '\'' => return,
            _ => {}
        }
    }
}
