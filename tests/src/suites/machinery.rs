//! The servers that the tests start, tested themselves: a fault that the
//! machinery does not really inject proves nothing.

use std::sync::Arc;

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, Statement};

use crate::facts;
use crate::servers::{Postgres, Rabbitmq, connect};
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "machinery",
        [
            postgres_keeps_a_commit_through_a_kill,
            databases_are_empty_and_separate,
            rabbitmq_keeps_a_confirmed_message_through_a_kill,
        ]
    )
}

async fn postgres_keeps_a_commit_through_a_kill(_world: Arc<World>) {
    let postgres = Postgres::start().await;
    let url = postgres.create_database().await;
    let database = connect(&url).await;
    database.execute_unprepared("CREATE TABLE kept (n int)").await.expect("create");
    database.execute_unprepared("INSERT INTO kept VALUES (7)").await.expect("insert");
    postgres.kill();
    assert!(database.execute_unprepared("SELECT 1").await.is_err(), "it was killed");
    postgres.restart().await;
    let database = connect(&url).await;
    assert_eq!(count(&database, "kept").await, 1);
    drop(database);
    postgres.stop();
}

async fn databases_are_empty_and_separate(world: Arc<World>) {
    let postgres = world.servers.postgres().await;
    let (one, other) = (postgres.create_database().await, postgres.create_database().await);
    assert_ne!(one, other);
    connect(&one).await.execute_unprepared("CREATE TABLE t (n int)").await.expect("create");
    let missing = connect(&other).await.execute_unprepared("SELECT * FROM t").await;
    assert!(missing.is_err(), "the other database does not have it");
}

/// The node is stopped once in between: a queue's registration reaches the disk
/// some seconds after its declaration, unlike the messages in it.
async fn rabbitmq_keeps_a_confirmed_message_through_a_kill(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let (_connection, channel) = open(&rabbitmq).await;
    declare(&channel).await;
    rabbitmq.restart().await;
    let (_connection, channel) = open(&rabbitmq).await;
    publish_confirmed(&channel).await;
    rabbitmq.kill();
    assert!(channel.basic_get("kept".into(), BasicGetOptions::default()).await.is_err());
    rabbitmq.restart().await;
    let (_connection, channel) = open(&rabbitmq).await;
    let got = channel.basic_get("kept".into(), BasicGetOptions { no_ack: true }).await;
    assert_eq!(got.expect("get").expect("a message").data, b"7");
    rabbitmq.stop();
}

async fn publish_confirmed(channel: &Channel) {
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let properties = BasicProperties::default().with_delivery_mode(2);
    let publishing = channel.basic_publish("".into(), "kept".into(), options, b"7", properties);
    let confirmation = publishing.await.expect("publish").await.expect("confirmed");
    assert!(matches!(confirmation, Confirmation::Ack(None)), "{confirmation:?}");
}

async fn open(rabbitmq: &Rabbitmq) -> (Connection, Channel) {
    let url = rabbitmq.plain_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connection.expect("connect");
    let channel = connection.create_channel().await.expect("open a channel");
    (connection, channel)
}

async fn declare(channel: &Channel) {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare("kept".into(), options, arguments).await.expect("declare");
}

async fn count(database: &sea_orm::DatabaseConnection, table: &str) -> i64 {
    let statement = format!("SELECT count(*) AS n FROM {table}");
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await.expect("query").expect("a row");
    row.try_get("", "n").expect("a number")
}
