//! `warren doctor`, at a server that is well and at one that lacks something.

use std::net::TcpListener;
use std::sync::Arc;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use libtest_mimic::Trial;

use super::{done, said};
use crate::deployment::{Combination, Options, new_namespace};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "admin",
        [
            doctor_finds_nothing_wrong_with_a_running_server,
            doctor_names_all_that_is_missing_at_once_and_no_secret,
            doctor_finds_a_queue_of_another_kind,
        ]
    )
}

async fn doctor_finds_nothing_wrong_with_a_running_server(world: Arc<World>) {
    let deployment = world.shared().await;
    let address = deployment.api(0).trim_start_matches("http://");
    let output = deployment.run_under(&[("WARREN_LISTEN", address)], &["doctor"]);
    let said = done(&output);
    for line in [
        "ok       address         Warren answers at",
        "ok       schema          version",
        "ok       writing         the database took a row",
        "ok       clock",
        "ok       message log",
        "ok       event bus",
        "ok       mail            none is sent",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    assert!(!said.contains("none consumes"), "{said}");
}

async fn doctor_names_all_that_is_missing_at_once_and_no_secret(world: Arc<World>) {
    let deployment = world.shared().await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = taken.local_addr().expect("an address").to_string();
    let file = deployment.data_directory.join("a-file");
    std::fs::write(&file, "").expect("write");
    let output = deployment.run_under(
        &[
            ("WARREN_LISTEN", &address),
            ("WARREN_DATA_DIR", file.to_str().expect("a path")),
            ("WARREN_DATABASE_URL", "postgres://warren:hunter2@127.0.0.1:1/warren"),
            ("WARREN_LOG_URL", "amqp://warren:hunter2@127.0.0.1:1"),
            ("WARREN_SMTP_URL", "smtp://warren:hunter2@127.0.0.1:1"),
            ("WARREN_SMTP_FROM", "warren@example.org"),
            ("WARREN_PUBLIC_URL", "https://chat.example.org"),
        ],
        &["doctor"],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    for (what, remedy) in [
        ("data directory", "make it the server's own"),
        ("address", "choose another WARREN_LISTEN"),
        ("database", "check WARREN_DATABASE_URL"),
        ("message log", "check WARREN_LOG_URL"),
        ("event bus", "check WARREN_BUS_URL"),
        ("mail", "check WARREN_SMTP_URL"),
    ] {
        let begin = format!("failed   {what:<15} ");
        let line = said.lines().find(|line| line.starts_with(&begin));
        assert!(line.is_some_and(|line| line.contains(remedy)), "{what} in {said}");
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("hunter2") && !error.contains("hunter2"), "{said}{error}");
    assert!(error.contains("6 of these checks failed"), "{error}");
}

/// One that somebody made before Warren did, or that was made for something else.
async fn doctor_finds_a_queue_of_another_kind(world: Arc<World>) {
    if world.combination == Combination::Embedded {
        return;
    }
    let deployment = world.deploy(Options { apis: 0, workers: 1, ..Options::default() }).await;
    let (rabbitmq, namespace) = (world.servers.rabbitmq().await, new_namespace());
    let url = rabbitmq.plain_url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let channel = connection.expect("connect").create_channel().await.expect("a channel");
    let (queue, classic) = (format!("{namespace}.messages.0"), QueueDeclareOptions::default());
    channel.queue_declare(queue.into(), classic, FieldTable::default()).await.expect("declare");
    let settings =
        [("WARREN_LISTEN", "127.0.0.1:0"), ("WARREN_LOG_URL", &*rabbitmq.url(&namespace))];
    let output = deployment.run_under(&settings, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("failed   message log") && said.contains("inequivalent arg"), "{said}");
}
