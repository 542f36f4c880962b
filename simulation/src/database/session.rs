//! What a process has of the database: transactions, and answers that may not come.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::sea_query::Value;
use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError};
use warren_domain::database::{Substitute, SubstituteTransaction};

use super::Server;
use super::store::{Answer, Number, Statement};
use super::values::{Cells, changed, results, stored};
use crate::world::World;

/// A send of this text is data that the database refuses.
pub(crate) const REFUSED_TEXT: &str = "the database refuses this";

/// At a send of this text the committer panics.
pub(crate) const PANIC_TEXT: &str = "the committer panics at this";

/// Longer than anybody waits for a statement.
const TOO_LONG: Duration = Duration::from_secs(40);

/// How long the locks of a process that vanished may outlive it: as long as the
/// database lets a transaction idle.
const LONGEST_LINGERING: Duration = Duration::from_secs(5);

/// A process's pool, which is never empty.
#[derive(Clone)]
pub(super) struct Pool {
    server: Arc<Server>,
    process: Arc<str>,
}

/// A transaction.
struct Session {
    pool: Pool,
    number: Number,
    /// A statement failed: nothing more is possible.
    failed: AtomicBool,
    /// It was committed, or not.
    over: AtomicBool,
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the pool of {}", self.process)
    }
}

impl Pool {
    pub(super) fn new(server: Arc<Server>, process: &str) -> Self {
        Self { server, process: process.into() }
    }

    fn world(&self) -> &World {
        &self.server.world
    }

    /// Lets a statement have its fate: on its way, at work, and on the way back.
    async fn answer(
        &self,
        statement: &Statement,
        work: impl Future<Output = Result<Answer, DbErr>>,
    ) -> Result<Answer, DbErr> {
        let world = self.world();
        world.pause(world.statement_time()).await;
        let answer = match world.happens(world.weather.statement_lost) {
            true => Err(lost()),
            false => work.await,
        };
        world.note(|| {
            let result = answer.as_ref().map_or(-1, |answer| answer.affected as i64);
            format!("{}: {} → {result}", self.process, statement.summary())
        });
        world.pause(world.statement_time()).await;
        answer
    }
}

#[async_trait]
impl Substitute for Pool {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn query(&self, statement: sea_orm::Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (statement, _) = parse(statement);
        let work = async { self.server.store().run(None, &statement) };
        Ok(results(self.answer(&statement, work).await?.rows))
    }

    async fn begin(&self) -> Result<Box<dyn SubstituteTransaction>, DbErr> {
        let world = self.world();
        world.pause(world.statement_time()).await;
        if world.happens(world.weather.statement_lost) {
            return Err(lost());
        }
        let number = world.next_number();
        self.server.store().begin(number);
        Ok(Box::new(Session {
            pool: self.clone(),
            number,
            failed: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }))
    }
}

impl Session {
    async fn run(&self, statement: sea_orm::Statement) -> Result<Answer, DbErr> {
        let (statement, locks) = parse(statement);
        let work = async {
            match self.failed.load(Ordering::Relaxed) {
                true => Err(lost()),
                false => self.work(&statement, locks).await,
            }
        };
        let answer = self.pool.answer(&statement, work).await;
        self.failed.fetch_or(answer.is_err(), Ordering::Relaxed);
        answer
    }

    /// Waits for those who are in the way.
    async fn work(&self, statement: &Statement, locks: bool) -> Result<Answer, DbErr> {
        refuse(statement)?;
        let server = &self.pool.server;
        let attempt = || {
            let mut store = server.store();
            if store.rival(self.number, statement).is_some() {
                return None;
            }
            let answer = store.run(Some(self.number), statement);
            let rows = match &answer {
                Ok(answer) if locks => answer.rows.as_slice(),
                _ => &[],
            };
            let table = statement.table().unwrap_or_default().to_owned();
            let take = |row: &Cells| server.locks.take(&(table.clone(), key(row)), self.number);
            rows.iter().all(take).then_some(answer)
        };
        server.locks.wait(attempt).await.unwrap_or_else(|_| Err(lost()))
    }
}

#[async_trait]
impl SubstituteTransaction for Session {
    async fn query(&self, statement: sea_orm::Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(results(self.run(statement).await?.rows))
    }

    async fn execute(&self, statement: sea_orm::Statement) -> Result<ExecResult, DbErr> {
        Ok(changed(self.run(statement).await?.affected))
    }

    async fn commit(self: Box<Self>) -> Result<(), DbErr> {
        let (server, world) = (&self.pool.server, self.pool.world());
        world.pause(world.statement_time()).await;
        let fate = world.commit_fate();
        self.over.store(true, Ordering::Relaxed);
        if self.failed.load(Ordering::Relaxed) || !fate.happens {
            server.store().roll_back(self.number);
        } else {
            server.store().commit(self.number);
        }
        server.locks.release(self.number);
        world.note(|| format!("{}: commit {}: {fate:?}", self.pool.process, self.number));
        world.pause(if fate.is_told_in_time { world.statement_time() } else { TOO_LONG }).await;
        if fate.is_told { Ok(()) } else { Err(lost()) }
    }
}

/// Also when a process is killed: its future is dropped, and with it this. The
/// database notices at once, or when it has waited for long enough.
impl Drop for Session {
    fn drop(&mut self) {
        if self.over.load(Ordering::Relaxed) {
            return;
        }
        let (server, number) = (self.pool.server.clone(), self.number);
        let end = move || {
            server.store().roll_back(number);
            server.locks.release(number);
        };
        let world = self.pool.world();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if world.happens(world.weather.lock_lingers) => {
                let time = world.time_below(LONGEST_LINGERING);
                runtime.spawn(async move {
                    tokio::time::sleep(time).await;
                    end();
                });
            }
            _ => end(),
        }
    }
}

/// What becomes of a commit.
#[derive(Clone, Copy, Debug)]
struct CommitFate {
    happens: bool,
    is_told: bool,
    is_told_in_time: bool,
}

impl World {
    /// How long a statement takes, before or after it is at work.
    fn statement_time(&self) -> Duration {
        match self.happens(self.weather.statement_slow) {
            true => TOO_LONG,
            false => self.some_time(),
        }
    }

    fn commit_fate(&self) -> CommitFate {
        let unknown = self.happens(self.weather.commit_unknown);
        CommitFate {
            happens: !unknown || self.happens(5_000),
            is_told: !unknown,
            is_told_in_time: !unknown || self.happens(5_000),
        }
    }
}

/// The link is gone, or a lock was waited for in vain: either way the transaction is
/// over, and it may be run again.
fn lost() -> DbErr {
    let error = SqlxError::Io(Error::from(ErrorKind::ConnectionReset));
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Refuses what is made for it.
fn refuse(statement: &Statement) -> Result<(), DbErr> {
    if statement.table() != Some("message") || !statement.text.starts_with("INSERT") {
        return Ok(());
    }
    let has = |text: &str| statement.values.iter().any(|value| *value == text.to_owned().into());
    if has(PANIC_TEXT) {
        std::panic::panic_any(PANIC_TEXT);
    }
    match has(REFUSED_TEXT) {
        true => Err(super::template().not_storable.clone()),
        false => Ok(()),
    }
}

/// The statement as SQLite takes it, and whether it locks its rows.
fn parse(statement: sea_orm::Statement) -> (Statement, bool) {
    let values = statement.values.into_iter().flatten();
    let values = values.map(|value: Value| stored(&value)).collect();
    match statement.sql.strip_suffix(" FOR UPDATE") {
        Some(text) => (Statement { text: text.to_owned(), values }, true),
        None => (Statement { text: statement.sql, values }, false),
    }
}

/// What a row is locked by: its first column.
fn key(row: &Cells) -> Vec<u8> {
    match row.values().next() {
        Some(Value::Uuid(Some(id))) => id.as_bytes().to_vec(),
        other => panic!("rows were locked by their ids when this was written, not {other:?}"),
    }
}
