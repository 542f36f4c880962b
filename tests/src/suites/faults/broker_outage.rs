//! A broker that is away.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::Instant;

use super::crowd::{Crowd, Habits};
use super::{cluster_on, meanwhile};
use crate::client::{Person, new_key};
use crate::deployment::Options;
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::servers::Rabbitmq;
use crate::wait::eventually;
use crate::world::World;

const PROGRESS: i64 = 200;
/// By then a send is refused.
const REFUSED: Duration = Duration::from_secs(2);
/// By then sends are committed again.
const CONSUMING: Duration = Duration::from_secs(10);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [broker_outage_is_told_and_loses_nothing])
}

/// Fault 5.
async fn broker_outage_is_told_and_loses_nothing(world: Arc<World>) {
    let outage = parameters().either(Duration::from_secs(12), Duration::from_secs(60));
    let rabbitmq = Rabbitmq::start().await;
    let deployment = cluster_on(&world, &rabbitmq, Options::default()).await;
    let crowd = Crowd::start(&world, &deployment, &Habits::default()).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    crowd.progress(PROGRESS).await;
    rabbitmq.stop();
    let refusing = refusals(&ann, &channel, Instant::now() + outage);
    let ((), mut refusals) = tokio::join!(meanwhile(outage, &ann), refusing);
    refusals.sort_unstable_by_key(|refusal| refusal.after);
    let median = refusals[refusals.len() / 2].after;
    assert!(median <= REFUSED, "a refusal took {median:?}");
    rabbitmq.restart().await;
    let back = Instant::now();
    accept(&ann, &channel, &new_key()).await;
    let consuming = back.elapsed();
    crowd.progress(PROGRESS).await;
    for refusal in &refusals {
        accept(&ann, &channel, &refusal.key).await;
    }
    let verdict = crowd.settle(refusals.len() as u64 + 1).await.judge().await;
    let figures = format!(
        "away for {outage:?}, {} sends refused with Retry-After and accepted when repeated, \
         half of them within {} ms, \
         committing {} ms after it was back, {verdict}",
        refusals.len(),
        median.as_millis(),
        consuming.as_millis()
    );
    held(5, world.combination.name(), &figures);
}

struct Refusal {
    key: String,
    /// How long it took.
    after: Duration,
}

/// Sends until `end`; the text is the key.
async fn refusals(ann: &Person, channel: &str, end: Instant) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    while Instant::now() < end {
        let (key, begun) = (new_key(), Instant::now());
        let answer = ann.post_message(channel, &key, &key).await;
        let after = begun.elapsed();
        answer.expect(503);
        assert!(!answer.header("retry-after").is_empty(), "503 without Retry-After");
        refusals.push(Refusal { key, after });
    }
    refusals
}

/// Repeats a send until it is committed.
async fn accept(ann: &Person, channel: &str, key: &str) {
    eventually("a send is committed", CONSUMING, async || {
        let answer = ann.post_message(channel, key, key).await;
        (answer.status == 201).then_some(())
    })
    .await;
}
