//! A rejection, and a worker that dies before it could say that it is done.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::deployment::{Options, new_namespace};
use crate::facts;
use crate::program::Signal;
use crate::promise::held;
use crate::servers::{Proxy, Way};
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [rejection_is_final_though_its_worker_died_before_acknowledging])
}

/// Row 24: the worker stands still until the author has left, and the broker hears
/// nothing of it from then on. All that has to be quicker than a missed heartbeat.
async fn rejection_is_final_though_its_worker_died_before_acknowledging(world: Arc<World>) {
    let rabbitmq = world.servers.rabbitmq().await;
    let proxy = Proxy::start(rabbitmq.port()).await;
    let url = rabbitmq.url_through(proxy.port(), &new_namespace());
    let options = Options { apis: 1, workers: 1, log_url: Some(url), ..Options::default() };
    let mut deployment = world.deploy(options).await;
    let namespace = deployment.namespace().to_owned();
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await;
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    deployment.signal_workers(Signal::Stop);
    let headers = [("Idempotency-Key", "late"), ("Prefer", "respond-async")];
    let accepted = bob.post_with(&channel, "too late", &headers).await.expect(202).clone();
    let receipt = format!("/v1/messages/{}/receipt", accepted["id"].as_str().expect("an id"));
    bob.leave(&channel).await;
    proxy.hold_back(Way::ToServer);
    deployment.signal_workers(Signal::Continue);
    let rejected = eventually("it is rejected", WITHIN, async || {
        let receipt = bob.get(&receipt).await.expect(200).clone();
        (receipt["outcome"] != "pending").then_some(receipt)
    })
    .await;
    assert_eq!(
        (&rejected["outcome"], &rejected["reason"]),
        (&"rejected".into(), &"not_a_member".into())
    );
    deployment.workers[0].kill();
    proxy.cut();
    bob.join(&channel).await;
    proxy.mend();
    assert_eq!(rabbitmq.queued(&namespace), 1, "it is to be delivered again");
    deployment.workers[0] = deployment.start_worker();
    eventually("it is delivered again and acknowledged", WITHIN, async || {
        (rabbitmq.queued(&namespace) == 0).then_some(())
    })
    .await;
    assert_eq!(bob.get(&receipt).await.expect(200), &rejected, "its receipt stands");
    let again = eventually("a repetition is answered", WITHIN, async || {
        let answer = bob.post_message(&channel, "too late", "late").await;
        (answer.status != 503).then_some(answer)
    })
    .await;
    again.expect_problem(403, "not_a_member");
    assert!(ann.messages(&channel, "").await.is_empty());
    let figures = "rejected 1, not acknowledged at the kill 1, delivered again 1, stored 0";
    held(24, world.combination.name(), figures);
}
