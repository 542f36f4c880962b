//! supervisor's part.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use super::person;
use crate::client::Cursors;
use crate::facts;
use crate::servers::Supervisor;
use crate::suites::browser;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "proxy",
        [
            supervisor_runs_apis_workers_and_nginx,
            killed_worker_comes_back,
            terminated_worker_comes_back,
            no_secret_is_in_a_command_line_or_an_environment,
            message_through_nginx_reaches_a_socket_through_nginx,
            two_people_chat_on_the_page_that_nginx_serves,
        ]
    )
}

async fn supervisor_runs_apis_workers_and_nginx(world: Arc<World>) {
    let supervisor = &world.site().await.supervisor;
    let states = eventually("everything runs", WITHIN, async || {
        let states = supervisor.states();
        states.iter().all(|(_, state)| state == "RUNNING").then_some(states)
    })
    .await;
    let mut names: Vec<_> = states.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["api-1", "api-2", "nginx", "worker-1", "worker-2"]);
}

async fn killed_worker_comes_back(world: Arc<World>) {
    comes_back_after(&world.site().await.supervisor, "worker-1", "KILL").await;
}

/// A process that ends well although nobody asked supervisor for it.
async fn terminated_worker_comes_back(world: Arc<World>) {
    comes_back_after(&world.site().await.supervisor, "worker-2", "TERM").await;
}

async fn comes_back_after(supervisor: &Supervisor, name: &str, signal: &str) {
    let running = async || supervisor.process_id(name);
    let first = eventually("it runs", WITHIN, running).await;
    let sent = Command::new("kill").args(["-s", signal, &first.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "it gets the signal");
    eventually("another one runs", WITHIN, async || {
        let second = supervisor.process_id(name)?;
        let states = supervisor.states();
        let runs = states.iter().any(|(known, state)| known == name && state == "RUNNING");
        (second != first && runs).then_some(())
    })
    .await;
}

async fn no_secret_is_in_a_command_line_or_an_environment(world: Arc<World>) {
    let site = world.site().await;
    for name in ["api-1", "api-2", "worker-1", "worker-2"] {
        let id = eventually("it runs", WITHIN, async || site.supervisor.process_id(name)).await;
        for file in ["cmdline", "environ"] {
            let shown = std::fs::read(format!("/proc/{id}/{file}")).expect("the process runs");
            let shown = String::from_utf8_lossy(&shown);
            assert!(shown.contains("warren"), "{name} {file}: {shown}");
            for secret in [crate::deployment::JWT_SECRET, &site.database_url, "amqp://"] {
                assert!(!shown.contains(secret), "{name} {file}: {shown}");
            }
        }
    }
}

async fn message_through_nginx_reaches_a_socket_through_nginx(world: Arc<World>) {
    let (ann, bob) = (person(&world, "ann").await, person(&world, "bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut socket = bob.socket(&Cursors::new()).await;
    let number = ann.say(&channel, "through the proxy").await;
    let event = socket.event_of(&channel).await;
    assert_eq!(event["seq"], number);
    assert_eq!(event["message"]["text"], "through the proxy");
}

/// Its scripts load under the policy that nginx sends, and its sockets open.
async fn two_people_chat_on_the_page_that_nginx_serves(world: Arc<World>) {
    let base = &world.site().await.base;
    browser::chat(base, base).await;
}
