//! What `/healthcheck` says while a part of a cluster is away.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use super::health::health_becomes;
use crate::client::Rest;
use crate::deployment::{Options, new_namespace};
use crate::facts;
use crate::program::Signal;
use crate::servers::Proxy;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "watching",
        [
            healthcheck_misses_workers,
            healthcheck_tells_lag_and_who_lags,
            healthcheck_misses_the_broker
        ]
    )
}

async fn healthcheck_misses_workers(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
    deployment.signal_workers(Signal::Kill);
    let health = health_becomes(&rest, 200, |health| {
        reasons(health).contains("No worker consumes partition 3")
    })
    .await;
    assert_eq!(health["status"], "degraded");
    let _worker = deployment.start_worker();
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
}

/// The database's locks keep the worker from settling what it has taken.
async fn healthcheck_tells_lag_and_who_lags(world: Arc<World>) {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let deployment = world.deploy(options.with("WARREN_COMMIT_WAIT_MS", "0")).await;
    let ann = world.person_on(&deployment, "ann").await;
    let rest = Rest::new(&ann.base, &world.coverage);
    let database = crate::servers::connect(&deployment.database_url).await;
    super::ping::hold_every_head(&database).await;
    ann.post_message("public", "late", "a key").await.expect(202);
    let worker = format!("/{}", deployment.workers[0].id());
    let held = |health: &Value| {
        partitions(health).any(|partition| {
            partition["lag_s"].as_f64().is_some_and(|lag| lag > 10.0)
                && partition["unsettled"] == 1
                && partition["held_by"].as_str().is_some_and(|name| name.ends_with(&worker))
        })
    };
    let health = health_becomes(&rest, 200, held).await;
    assert_eq!(health["status"], "degraded");
    assert!(reasons(&health).contains("s behind"), "{health}");
    database.close().await.expect("close");
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
}

async fn healthcheck_misses_the_broker(world: Arc<World>) {
    let proxy = Proxy::start(world.servers.rabbitmq().await.port()).await;
    let url = world.servers.rabbitmq().await.url_through(proxy.port(), &new_namespace());
    let options = Options { apis: 1, workers: 1, log_url: Some(url), ..Options::default() };
    let deployment = world.deploy(options).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
    proxy.cut();
    let health = health_becomes(&rest, 503, |health| health["status"] == "down").await;
    assert_eq!(health["database"]["status"], "ok", "{health}");
    assert_eq!(health["message_log"]["status"], "down", "{health}");
    assert_eq!(health["event_bus"]["status"], "degraded", "{health}");
    assert!(reasons(&health).contains("takes no sends"), "{health}");
    proxy.mend();
    health_becomes(&rest, 200, |health| health["status"] == "ok").await;
}

fn reasons(health: &Value) -> String {
    health["reasons"].to_string()
}

fn partitions(health: &Value) -> impl Iterator<Item = &Value> {
    health["message_log"]["partitions"].as_array().into_iter().flatten()
}
