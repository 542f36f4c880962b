//! The programs as an operator meets them: what they refuse, and what they say
//! that is to be done.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;

use crate::deployment::{JWT_SECRET, new_namespace};
use crate::facts;
use crate::program::{Program, warren_command};
use crate::servers::connect;
use crate::world::World;

const CONFIGURATION: Option<i32> = Some(78);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "programs",
        [
            two_migrators_at_once_are_safe,
            unmigrated_database_is_refused_with_what_to_run,
            newer_schema_is_refused_unless_it_admits_the_program,
            wrong_settings_are_named_without_secrets,
        ]
    )
}

/// Row 71.
async fn two_migrators_at_once_are_safe(world: Arc<World>) {
    let settings = settings(&world).await;
    let migrate = || {
        let mut command = warren_command("warren", &["migrate"], &settings);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run warren")
    };
    let (one, other) = (migrate(), migrate());
    let outputs = [one.wait_with_output(), other.wait_with_output()];
    let said: Vec<String> = outputs.into_iter().map(|done| text(&done.expect("an end"))).collect();
    let prepared = said.iter().filter(|text| text.contains("was prepared")).count();
    let idle = said.iter().filter(|text| text.contains("already")).count();
    assert_eq!((prepared, idle), (1, 1), "{said:?}");
}

/// Row 70.
async fn unmigrated_database_is_refused_with_what_to_run(world: Arc<World>) {
    let settings = settings(&world).await;
    for program in ["warren-api", "warren-worker"] {
        let refused = run(warren_command(program, &[], &settings));
        assert_eq!(refused.status.code(), CONFIGURATION, "{}", text(&refused));
        assert!(text(&refused).contains("run `warren migrate`"), "{}", text(&refused));
    }
}

/// Row 70.
async fn newer_schema_is_refused_unless_it_admits_the_program(world: Arc<World>) {
    let settings = settings(&world).await;
    assert!(run(warren_command("warren", &["migrate"], &settings)).status.success());
    set_meta(&settings, "schema_version", "99").await;
    let api = Program::start("warren-api", warren_command("warren-api", &[], &settings));
    api.listening(Duration::from_secs(30)).await;
    let idle = run(warren_command("warren", &["migrate"], &settings));
    assert!(idle.status.success() && text(&idle).contains("schema 99"), "{}", text(&idle));
    set_meta(&settings, "admits_from", "99").await;
    for (program, arguments) in [("warren-api", &[][..]), ("warren", &["migrate"])] {
        let refused = run(warren_command(program, arguments, &settings));
        assert_eq!(refused.status.code(), CONFIGURATION, "{}", text(&refused));
        assert!(text(&refused).contains("run the version of Warren"), "{}", text(&refused));
    }
}

/// Rows 67 and 69.
async fn wrong_settings_are_named_without_secrets(world: Arc<World>) {
    let settings = settings(&world).await;
    for (key, value) in [
        ("WARREN_LISTEN", "127.0.0.1:99999"),
        ("WARREN_NO_SUCH_KEY", "1"),
        ("WARREN_JWT_SECRET", ""),
        ("WARREN_LOG_URL", "carrier-pigeon://hunter2@x"),
    ] {
        let mut wrong = settings.clone();
        wrong.push((key.to_owned(), value.to_owned()));
        for (program, arguments) in [("warren-api", &[][..]), ("warren", &["config", "check"])] {
            let refused = run(warren_command(program, arguments, &wrong));
            assert_eq!(refused.status.code(), CONFIGURATION, "{key}: {}", text(&refused));
            assert!(text(&refused).contains(key), "{key}: {}", text(&refused));
            assert!(!text(&refused).contains("hunter2"), "{}", text(&refused));
        }
    }
    let mut unreachable = settings;
    let url = "postgres://warren:hunter2@127.0.0.1:1/warren";
    unreachable.push(("WARREN_DATABASE_URL".to_owned(), url.to_owned()));
    let refused = run(warren_command("warren-api", &[], &unreachable));
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(!text(&refused).contains("hunter2"), "{}", text(&refused));
}

/// A cluster's settings on an empty database.
async fn settings(world: &World) -> Vec<(String, String)> {
    let database_url = world.create_database().await;
    let log_url = world.servers.rabbitmq().await.url(&new_namespace());
    cluster_settings(&database_url, &log_url)
}

fn cluster_settings(database_url: &str, log_url: &str) -> Vec<(String, String)> {
    [
        ("WARREN_LISTEN", "127.0.0.1:0"),
        ("WARREN_DATABASE_URL", database_url),
        ("WARREN_LOG_URL", log_url),
        ("WARREN_JWT_SECRET", JWT_SECRET),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

async fn set_meta(settings: &[(String, String)], name: &str, value: &str) {
    let url = settings.iter().find(|(key, _)| key == "WARREN_DATABASE_URL").expect("a database");
    let statement = format!("UPDATE meta SET value = '{value}' WHERE name = '{name}'");
    connect(&url.1).await.execute_unprepared(&statement).await.expect("an update");
}

fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().expect("run the program")
}

fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
