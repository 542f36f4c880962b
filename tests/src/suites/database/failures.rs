//! What the servers really answer is sorted by what to do about it.

use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DbBackend};
use warren_domain::database::{DbErr, Failure, classify};

use super::sessions::{begin, database_with_a_row, execute};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "database",
        [
            refused_data_is_told_from_what_exists,
            locks_and_lost_sessions_are_passing_trouble,
            one_of_two_who_wait_for_each_other_may_try_again,
        ]
    )
}

async fn refused_data_is_told_from_what_exists(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    for (statement, failure) in [
        ("INSERT INTO kept VALUES (1, 'two')", Failure::Conflict),
        ("INSERT INTO kept VALUES (2, 'three')", Failure::Data),
        ("INSERT INTO kept VALUES (2, NULL)", Failure::Data),
        ("INSERT INTO kept VALUES (99999999999, 'two')", Failure::Data),
    ] {
        let refused = begin(&database).await.execute_unprepared(statement).await;
        let error = refused.expect_err(statement);
        assert_eq!(classify(&error), failure, "{statement}: {error}");
    }
}

async fn locks_and_lost_sessions_are_passing_trouble(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    let (holder, waiter) = (begin(&database).await, begin(&database).await);
    execute(&holder, "UPDATE kept SET word = 'two' WHERE id = 1").await;
    let locked = waiter.execute_unprepared("UPDATE kept SET word = 'six' WHERE id = 1").await;
    expect_transient(locked.map(drop));
    let end_itself = match database.backend() {
        DbBackend::Postgres => "SELECT pg_terminate_backend(pg_backend_pid())",
        _ => "EXECUTE IMMEDIATE CONCAT('KILL ', CONNECTION_ID())",
    };
    expect_transient(waiter.execute_unprepared(end_itself).await.map(drop));
    expect_transient(waiter.execute_unprepared("SELECT 1").await.map(drop));
}

async fn one_of_two_who_wait_for_each_other_may_try_again(world: Arc<World>) {
    let database = database_with_a_row(&world).await;
    let (one, other) = (begin(&database).await, begin(&database).await);
    execute(&one, "INSERT INTO kept VALUES (2, 'two')").await;
    execute(&other, "INSERT INTO kept VALUES (3, 'six')").await;
    let (first, second) = tokio::join!(
        one.execute_unprepared("INSERT INTO kept VALUES (3, 'two')"),
        other.execute_unprepared("INSERT INTO kept VALUES (2, 'six')"),
    );
    expect_transient(first.and(second).map(drop));
}

fn expect_transient(result: Result<(), DbErr>) {
    let error = result.expect_err("it is refused");
    assert_eq!(classify(&error), Failure::Transient, "{error}");
}
