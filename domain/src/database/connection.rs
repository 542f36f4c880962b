//! What statements run on: the library's connections, or what a simulation has in
//! their place. Everything above takes any [`ConnectionTrait`].

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement,
};

/// Stands in for a database: decides when each statement is answered, and how.
#[async_trait]
pub trait Substitute: fmt::Debug + Send + Sync + 'static {
    /// Whose dialect it understands.
    fn backend(&self) -> DbBackend;

    /// Answers a statement outside of every transaction.
    ///
    /// # Errors
    /// Those of a database.
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr>;

    /// Begins a transaction.
    ///
    /// # Errors
    /// Those of a database.
    async fn begin(&self) -> Result<Box<dyn SubstituteTransaction>, DbErr>;
}

/// A transaction of a [`Substitute`]. Dropped, it is rolled back.
#[async_trait]
pub trait SubstituteTransaction: Send + Sync {
    /// Answers a statement that returns rows.
    ///
    /// # Errors
    /// Those of a database.
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr>;

    /// Answers a statement that returns how many rows it changed.
    ///
    /// # Errors
    /// Those of a database.
    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr>;

    /// Commits.
    ///
    /// # Errors
    /// Those of a database; then nobody knows whether it is committed.
    async fn commit(self: Box<Self>) -> Result<(), DbErr>;
}

/// For statements that change nothing.
#[derive(Clone, Debug)]
pub struct Reader(pub(super) Reading);

#[derive(Clone, Debug)]
pub(super) enum Reading {
    Pool(DatabaseConnection),
    Substitute(Arc<dyn Substitute>),
}

/// A transaction. Dropped without [`Self::commit`], it is rolled back.
pub struct Transaction(pub(super) Writing);

pub(super) enum Writing {
    Session(DatabaseTransaction),
    Substitute(Box<dyn SubstituteTransaction>, DbBackend),
}

impl Transaction {
    /// Commits.
    ///
    /// # Errors
    /// If the database fails: then nobody knows whether it is committed.
    pub async fn commit(self) -> Result<(), DbErr> {
        match self.0 {
            Writing::Session(transaction) => transaction.commit().await,
            Writing::Substitute(transaction, _) => transaction.commit().await,
        }
    }

    /// Undoes everything.
    ///
    /// # Errors
    /// If the database fails; it is undone all the same.
    pub async fn rollback(self) -> Result<(), DbErr> {
        match self.0 {
            Writing::Session(transaction) => transaction.rollback().await,
            Writing::Substitute(..) => Ok(()),
        }
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0 {
            Reading::Pool(pool) => pool.get_database_backend(),
            Reading::Substitute(substitute) => substitute.backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Reading::Pool(pool) => pool.execute_raw(statement).await,
            Reading::Substitute(_) => Err(unsuitable(&statement.sql)),
        }
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Reading::Pool(pool) => pool.execute_unprepared(text).await,
            Reading::Substitute(_) => Err(unsuitable(text)),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.0 {
            Reading::Pool(pool) => pool.query_one_raw(statement).await,
            Reading::Substitute(substitute) => Ok(first(substitute.query(statement).await?)),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.0 {
            Reading::Pool(pool) => pool.query_all_raw(statement).await,
            Reading::Substitute(substitute) => substitute.query(statement).await,
        }
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0 {
            Writing::Session(transaction) => transaction.get_database_backend(),
            Writing::Substitute(_, backend) => *backend,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Writing::Session(transaction) => transaction.execute_raw(statement).await,
            Writing::Substitute(transaction, _) => transaction.execute(statement).await,
        }
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        match &self.0 {
            Writing::Session(transaction) => transaction.execute_unprepared(text).await,
            Writing::Substitute(..) => Err(unsuitable(text)),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match &self.0 {
            Writing::Session(transaction) => transaction.query_one_raw(statement).await,
            Writing::Substitute(transaction, _) => Ok(first(transaction.query(statement).await?)),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &self.0 {
            Writing::Session(transaction) => transaction.query_all_raw(statement).await,
            Writing::Substitute(transaction, _) => transaction.query(statement).await,
        }
    }
}

fn first(rows: Vec<QueryResult>) -> Option<QueryResult> {
    rows.into_iter().next()
}

fn unsuitable(text: &str) -> DbErr {
    DbErr::Custom(format!("no substitute runs this: {text}"))
}
