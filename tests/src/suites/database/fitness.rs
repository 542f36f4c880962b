//! Row 73: what no session can set is refused before anything is stored, and
//! Warren says what to do.

use std::process::Output;
use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;

use crate::deployment::{Combination, JWT_SECRET, new_namespace};
use crate::facts;
use crate::program::warren_command;
use crate::servers::{DatabaseServer, Mariadb, connect};
use crate::world::World;

const CONFIGURATION: Option<i32> = Some(78);

/// With a binary log, which is safe only if it is synchronised.
const SETTINGS: [&str; 3] = ["log-bin=binary", "sync-binlog=1", "server-id=1"];

/// Settings that lose something or refuse Warren's work, each with one that does.
const UNFIT: [(&str, &str, &str); 4] = [
    ("innodb_flush_log_at_trx_commit", "2", "1"),
    ("max_allowed_packet", "1048576", "16777216"),
    ("sync_binlog", "0", "1"),
    ("binlog_format", "'STATEMENT'", "'MIXED'"),
];

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    match world.combination {
        Combination::Cluster(DatabaseServer::Postgres) => facts!(
            world,
            "database",
            [database_of_another_encoding_is_refused, commits_that_are_not_synced_are_refused]
        ),
        Combination::Cluster(DatabaseServer::Mariadb) => facts!(
            world,
            "database",
            [settings_that_lose_something_are_refused, converted_table_is_refused]
        ),
        Combination::Embedded => Vec::new(),
    }
}

async fn database_of_another_encoding_is_refused(world: Arc<World>) {
    let latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let url = world.servers.postgres().await.create_database_with(latin).await;
    for arguments in [["migrate"].as_slice(), &["serve"]] {
        expect_refused(&run("warren", arguments, &world, &url).await, "ENCODING 'UTF8'");
    }
}

async fn commits_that_are_not_synced_are_refused(world: Arc<World>) {
    let url = world.create_database().await;
    let name = url.rsplit('/').next().expect("a database's name");
    let lose = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    connect(&url).await.execute_unprepared(&lose).await.expect(&lose);
    expect_refused(&run("warren", &["migrate"], &world, &url).await, "synchronous_commit");
}

async fn settings_that_lose_something_are_refused(world: Arc<World>) {
    let mariadb = Mariadb::start_with(&SETTINGS).await;
    let url = mariadb.create_database().await;
    for (name, unfit, fit) in UNFIT {
        mariadb.administer(&format!("SET GLOBAL {name} = {unfit}")).await;
        expect_refused(&run("warren", &["migrate"], &world, &url).await, name);
        mariadb.administer(&format!("SET GLOBAL {name} = {fit}")).await;
    }
    let migrated = run("warren", &["migrate"], &world, &url).await;
    assert!(migrated.status.success(), "{}", text(&migrated));
    mariadb.stop();
}

async fn converted_table_is_refused(world: Arc<World>) {
    let url = world.create_database().await;
    let migrated = run("warren", &["migrate"], &world, &url).await;
    assert!(migrated.status.success(), "{}", text(&migrated));
    let admin = connect(&url).await;
    for (damage, remedy) in [
        (
            "ALTER TABLE channel CONVERT TO CHARACTER SET latin1",
            "ALTER TABLE channel CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        (
            "ALTER TABLE user_account MODIFY username VARCHAR(32) COLLATE utf8mb4_general_ci",
            "ALTER TABLE user_account CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        ("ALTER TABLE message ENGINE = Aria", "ALTER TABLE message ENGINE = InnoDB"),
    ] {
        admin.execute_unprepared(damage).await.expect(damage);
        for (program, arguments) in [("warren-worker", [].as_slice()), ("warren", &["migrate"])] {
            expect_refused(&run(program, arguments, &world, &url).await, remedy);
        }
        admin.execute_unprepared(remedy).await.expect(remedy);
        let migrated = run("warren", &["migrate"], &world, &url).await;
        assert!(migrated.status.success(), "{}", text(&migrated));
    }
}

async fn run(program: &str, arguments: &[&str], world: &World, url: &str) -> Output {
    let log_url = world.servers.rabbitmq().await.url(&new_namespace());
    let settings = [
        ("WARREN_LISTEN", "127.0.0.1:0"),
        ("WARREN_DATABASE_URL", url),
        ("WARREN_LOG_URL", log_url.as_str()),
        ("WARREN_JWT_SECRET", JWT_SECRET),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    warren_command(program, arguments, &settings).output().expect("run the program")
}

fn expect_refused(output: &Output, remedy: &str) {
    assert_eq!(output.status.code(), CONFIGURATION, "{}", text(output));
    assert!(text(output).contains(remedy), "{remedy}: {}", text(output));
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
