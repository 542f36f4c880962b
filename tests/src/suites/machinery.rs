//! The servers that the tests start, tested themselves: a fault that the
//! machinery does not really inject proves nothing.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};
use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, Statement};

use crate::facts;
use crate::servers::{DatabaseServer, Mariadb, Postgres, Proxy, Rabbitmq, Trace, connect};
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "machinery",
        [
            postgres_keeps_a_commit_through_a_kill,
            mariadb_keeps_a_commit_through_a_kill,
            databases_are_empty_and_separate,
            rabbitmq_keeps_a_confirmed_message_through_a_kill,
            what_a_lost_consumer_held_is_seen_and_its_redelivery_counted,
            cut_link_carries_nothing_until_mended,
        ]
    )
}

async fn postgres_keeps_a_commit_through_a_kill(_world: Arc<World>) {
    let postgres = Postgres::start().await;
    let url = postgres.create_database().await;
    let database = database_with_a_row(&url, "").await;
    postgres.kill();
    assert!(database.execute_unprepared("SELECT 1").await.is_err(), "it was killed");
    postgres.restart().await;
    assert_eq!(count(&connect(&url).await, "kept").await, 1);
    drop(database);
    postgres.stop();
}

async fn mariadb_keeps_a_commit_through_a_kill(_world: Arc<World>) {
    let mariadb = Mariadb::start().await;
    let url = mariadb.create_database().await;
    let database = database_with_a_row(&url, "ENGINE = InnoDB").await;
    mariadb.kill();
    assert!(database.execute_unprepared("SELECT 1").await.is_err(), "it was killed");
    mariadb.restart().await;
    assert_eq!(count(&connect(&url).await, "kept").await, 1);
    drop(database);
    mariadb.stop();
}

async fn database_with_a_row(url: &str, engine: &str) -> sea_orm::DatabaseConnection {
    let database = connect(url).await;
    let create = format!("CREATE TABLE kept (n int) {engine}");
    database.execute_unprepared(&create).await.expect("create");
    database.execute_unprepared("INSERT INTO kept VALUES (7)").await.expect("insert");
    database
}

async fn databases_are_empty_and_separate(world: Arc<World>) {
    for server in [DatabaseServer::Postgres, DatabaseServer::Mariadb] {
        let one = world.servers.create_database(server).await;
        let other = world.servers.create_database(server).await;
        assert_ne!(one, other);
        connect(&one).await.execute_unprepared("CREATE TABLE t (n int)").await.expect("create");
        let missing = connect(&other).await.execute_unprepared("SELECT * FROM t").await;
        assert!(missing.is_err(), "the other database does not have it");
    }
}

/// The node is stopped once in between: a queue's registration reaches the disk
/// some seconds after its declaration, unlike the messages in it.
async fn rabbitmq_keeps_a_confirmed_message_through_a_kill(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let (_connection, channel) = open(&rabbitmq).await;
    declare(&channel, "kept").await;
    rabbitmq.restart().await;
    let (_connection, channel) = open(&rabbitmq).await;
    publish_confirmed(&channel, "kept").await;
    rabbitmq.kill();
    assert!(channel.basic_get("kept".into(), BasicGetOptions::default()).await.is_err());
    rabbitmq.restart().await;
    let (_connection, channel) = open(&rabbitmq).await;
    let got = channel.basic_get("kept".into(), BasicGetOptions { no_ack: true }).await;
    assert_eq!(got.expect("get").expect("a message").data, b"7");
    rabbitmq.stop();
}

async fn publish_confirmed(channel: &Channel, queue: &str) {
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let properties = BasicProperties::default().with_delivery_mode(2);
    let publishing = channel.basic_publish("".into(), queue.into(), options, b"7", properties);
    let confirmation = publishing.await.expect("publish").await.expect("confirmed");
    assert!(matches!(confirmation, Confirmation::Ack(None)), "{confirmation:?}");
}

async fn what_a_lost_consumer_held_is_seen_and_its_redelivery_counted(_world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let trace = Trace::start(&rabbitmq).await;
    let (_connection, channel) = open(&rabbitmq).await;
    declare(&channel, "n.messages.0").await;
    publish_confirmed(&channel, "n.messages.0").await;
    publish_confirmed(&channel, "n.messages.0").await;
    let (lost, consumer) = consume(&rabbitmq).await;
    eventually("both are unacknowledged", WITHIN, async || {
        (rabbitmq.unacknowledged("n") == 2).then_some(())
    })
    .await;
    assert_eq!(rabbitmq.partitions_by_connection("n").into_values().collect::<Vec<_>>(), [1]);
    assert_eq!(trace.redelivered(), 0);
    lost.close(200, "lost".into()).await.expect("close");
    drop(consumer);
    let _second = consume(&rabbitmq).await;
    eventually("two redeliveries are counted", WITHIN, async || {
        (trace.redelivered() == 2).then_some(())
    })
    .await;
    rabbitmq.stop();
}

async fn cut_link_carries_nothing_until_mended(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let proxy = Proxy::start(rabbitmq.port()).await;
    let url = rabbitmq.url_through(proxy.port(), "n");
    let connect = async || Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connect().await.expect("connect through the proxy");
    proxy.cut();
    eventually("the connection is lost", WITHIN, async || {
        connection.create_channel().await.err().map(drop)
    })
    .await;
    assert!(connect().await.is_err(), "nothing gets through");
    proxy.mend();
    connect().await.expect("connect again");
}

async fn consume(rabbitmq: &Rabbitmq) -> (Connection, Consumer) {
    let (connection, channel) = open(rabbitmq).await;
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consumer = channel.basic_consume("n.messages.0".into(), "".into(), options, none).await;
    (connection, consumer.expect("consume"))
}

async fn open(rabbitmq: &Rabbitmq) -> (Connection, Channel) {
    let url = rabbitmq.plain_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connection.expect("connect");
    let channel = connection.create_channel().await.expect("open a channel");
    (connection, channel)
}

async fn declare(channel: &Channel, queue: &str) {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    // Such a queue can only be consumed, not asked.
    let single = AMQPValue::Boolean(queue != "kept");
    arguments.insert("x-single-active-consumer".into(), single);
    channel.queue_declare(queue.into(), options, arguments).await.expect("declare");
}

async fn count(database: &sea_orm::DatabaseConnection, table: &str) -> i64 {
    let statement = format!("SELECT count(*) AS n FROM {table}");
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await.expect("query").expect("a row");
    row.try_get("", "n").expect("a number")
}
