//! Every session is set as Warren needs it, whatever the server prefers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use warren_domain::database::{Database, Failure, Transaction, classify};

use crate::facts;
use crate::servers::connect;
use crate::world::World;

/// Other writers go on after the idle transaction's 5 s and the last lock's wait.
const FROZEN: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "database",
        [
            writers_read_what_others_committed_meanwhile,
            reads_and_writes_are_set_alike,
            frozen_writer_keeps_others_waiting_for_seconds_only,
        ]
    )
}

/// A table with one row, on a server that prefers another isolation.
pub(super) async fn database_with_a_row(world: &World) -> Database {
    let url = world.create_database().await;
    let admin = connect(&url).await;
    let engine = match admin.get_database_backend() {
        DbBackend::Postgres => {
            let name = url.rsplit('/').next().expect("a database's name");
            let prefer =
                format!("ALTER DATABASE {name} SET default_transaction_isolation = serializable");
            admin.execute_unprepared(&prefer).await.expect("prefer another isolation");
            ""
        }
        _ => " ENGINE = InnoDB",
    };
    let table = format!("CREATE TABLE kept (id INT PRIMARY KEY, word VARCHAR(3) NOT NULL){engine}");
    admin.execute_unprepared(&table).await.expect("create");
    admin.execute_unprepared("INSERT INTO kept VALUES (1, 'one')").await.expect("insert");
    Database::connect(&url).await.expect("connect as Warren does")
}

async fn writers_read_what_others_committed_meanwhile(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    let first = begin(&database).await;
    assert_eq!(word(&first).await, "one");
    let second = begin(&database).await;
    execute(&second, "UPDATE kept SET word = 'two' WHERE id = 1").await;
    assert_eq!(word(&first).await, "one", "it is not committed yet");
    second.commit().await.expect("commit");
    assert_eq!(word(&first).await, "two");
}

async fn reads_and_writes_are_set_alike(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    let expected = match database.backend() {
        DbBackend::Postgres => "read committed off 4s 5s",
        _ => "READ-COMMITTED OFF 4 5 +00:00 utf8mb4 utf8mb4_bin strict",
    };
    assert_eq!(settings(database.read()).await, expected);
    assert_eq!(settings(&begin(&database).await).await, expected);
}

async fn settings(connection: &impl ConnectionTrait) -> String {
    let query = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT concat_ws(' ', current_setting('transaction_isolation'), \
             current_setting('transaction_read_only'), current_setting('lock_timeout'), \
             current_setting('idle_in_transaction_session_timeout')) AS word"
        }
        _ => {
            "SELECT concat_ws(' ', @@tx_isolation, @@tx_read_only, @@innodb_lock_wait_timeout, \
             @@idle_transaction_timeout, @@time_zone, @@character_set_client, \
             @@collation_connection, \
             IF(find_in_set('STRICT_ALL_TABLES', @@sql_mode), 'strict', 'lax')) AS word"
        }
    };
    one(connection, query).await
}

/// Fault 22, as far as the database has part in it.
async fn frozen_writer_keeps_others_waiting_for_seconds_only(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    let frozen = begin(&database).await;
    execute(&frozen, "UPDATE kept SET word = 'ice' WHERE id = 1").await;
    let begun = Instant::now();
    loop {
        let other = begin(&database).await;
        match other.execute_unprepared("UPDATE kept SET word = 'two' WHERE id = 1").await {
            Ok(_) => break other.commit().await.expect("commit"),
            Err(error) => assert_eq!(classify(&error), Failure::Transient, "{error}"),
        }
    }
    assert!(begun.elapsed() < FROZEN, "{:?}", begun.elapsed());
    let woken = frozen.execute_unprepared("UPDATE kept SET word = 'old' WHERE id = 1").await;
    let error = woken.expect_err("its session has ended");
    assert_eq!(classify(&error), Failure::Transient, "{error}");
    drop(frozen);
    assert_eq!(word(database.read()).await, "two");
}

pub(super) async fn begin(database: &Database) -> Transaction {
    database.write().await.expect("begin")
}

pub(super) async fn execute(connection: &impl ConnectionTrait, statement: &str) {
    connection.execute_unprepared(statement).await.expect(statement);
}

async fn word(connection: &impl ConnectionTrait) -> String {
    one(connection, "SELECT word FROM kept WHERE id = 1").await
}

async fn one(connection: &impl ConnectionTrait, query: &str) -> String {
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let row = connection.query_one_raw(statement).await.expect(query).expect("a row");
    row.try_get("", "word").expect("a text")
}
