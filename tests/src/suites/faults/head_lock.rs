//! The lock that every writer of a channel takes first, in the test's hands.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement,
    TransactionTrait,
};

use crate::deployment::Deployment;
use crate::servers::connect;

/// A channel's head in a database server.
pub(super) struct HeadLock {
    holder: DatabaseConnection,
    observer: DatabaseConnection,
    /// Reads the head's row; a way to lock it is to be appended.
    query: String,
}

impl HeadLock {
    pub(super) async fn of(deployment: &Deployment, channel: &str) -> Self {
        let (holder, observer) =
            tokio::join!(connect(&deployment.database_url), connect(&deployment.database_url));
        let id = match holder.get_database_backend() {
            DbBackend::MySql => format!("x'{}'", channel.replace('-', "")),
            _ => format!("'{channel}'"),
        };
        let query = format!("SELECT last_seq FROM channel_head WHERE channel_id = {id}");
        Self { holder, observer, query }
    }

    /// Takes the lock, for as long as the transaction lives.
    pub(super) async fn begin(&self) -> DatabaseTransaction {
        let transaction = self.holder.begin().await.expect("begin");
        let statement = self.statement("FOR UPDATE");
        transaction.query_one_raw(statement).await.expect("lock the head").expect("a head");
        transaction
    }

    /// Whether a transaction of somebody else stands still before a channel's head.
    pub(super) async fn is_waited_for(&self) -> bool {
        let query = match self.observer.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query LIKE '%channel_head%'"
            }
            _ => {
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() \
                 AND id <> CONNECTION_ID() AND info LIKE '%channel_head%FOR UPDATE%'"
            }
        };
        let statement = Statement::from_string(self.observer.get_database_backend(), query);
        self.observer.query_one_raw(statement).await.expect(query).is_some()
    }

    /// Whether nobody has the lock.
    pub(super) async fn is_free(&self) -> bool {
        let transaction = self.observer.begin().await.expect("begin");
        let taken = transaction.query_one_raw(self.statement("FOR UPDATE NOWAIT")).await;
        transaction.rollback().await.expect("roll back");
        taken.is_ok()
    }

    fn statement(&self, lock: &str) -> Statement {
        let backend = self.holder.get_database_backend();
        Statement::from_string(backend, format!("{} {lock}", self.query))
    }
}
