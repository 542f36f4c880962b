//! The number of partitions, which decides where a channel's messages wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;

use crate::client::{Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::promise::held;
use crate::servers::connect;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(60);
const CONFIGURATION: Option<i32> = Some(78);
const CHANNELS: usize = 8;
const IN_EACH: usize = 25;
const ANOTHER: [(&str, &str); 2] = [("WARREN_PARTITIONS", "8"), ("WARREN_LISTEN", "127.0.0.1:0")];

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [another_partition_count_is_refused_while_queues_are_full])
}

/// Row 27.
async fn another_partition_count_is_refused_while_queues_are_full(world: Arc<World>) {
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let mut deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channels = join_all((0..CHANNELS).map(|_| ann.create_channel("private"))).await;
    deployment.workers[0].kill();
    let mut accepted = BTreeMap::new();
    for channel in &channels {
        accepted.insert(channel, fill(&ann, channel).await);
    }
    refused(&deployment);
    let migrated = deployment.run_under(&ANOTHER, &["migrate"]);
    assert!(migrated.status.success(), "it has nothing to do");
    refused(&deployment);
    deployment.workers[0] = deployment.start_worker();
    for (channel, ids) in &accepted {
        let stored = eventually("what was queued is stored", WITHIN, async || {
            let messages = ann.messages(channel, "?limit=200").await;
            let ids = messages.iter().map(|message| message["id"].as_str().map(str::to_owned));
            let stored: Vec<String> = ids.collect::<Option<_>>()?;
            (stored.len() >= IN_EACH).then_some(stored)
        })
        .await;
        assert_eq!(&stored, ids, "all, in their order");
    }
    as_told(&mut deployment).await;
    let ann = ann.at_node(deployment.api(0));
    for channel in &channels {
        ann.say(channel, "by another partition, perhaps").await;
    }
    let total = CHANNELS * IN_EACH;
    let figures = format!(
        "queued {total}, starts refused 4 of 4, stored in order {total}; changed as told, \
         and {CHANNELS} of {CHANNELS} channels went on"
    );
    held(27, world.combination.name(), &figures);
}

/// Sends one after the other, each accepted and none committed; their ids.
async fn fill(ann: &Person, channel: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..IN_EACH {
        let key = new_key();
        let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
        let text = format!("number {number}");
        let answer = eventually("it is accepted", WITHIN, async || {
            let answer = ann.post_with(channel, &text, &headers).await;
            (answer.status != 503).then_some(answer)
        })
        .await;
        ids.push(answer.expect(202)["id"].as_str().expect("an id").to_owned());
    }
    ids
}

/// As docs/operations.md tells it: the queues are empty.
async fn as_told(deployment: &mut Deployment) {
    deployment.apis[0].program.terminate(WITHIN);
    deployment.workers[0].terminate(WITHIN);
    let database = connect(&deployment.database_url).await;
    let update = "UPDATE meta SET value = '8' WHERE name = 'partition_count'";
    database.execute_unprepared(update).await.expect("an update");
    deployment.start_again().await;
}

/// Neither program starts with another number, and both say what to do.
fn refused(deployment: &Deployment) {
    for program in ["warren-api", "warren-worker"] {
        let refused = deployment.run_program(program, &ANOTHER);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), CONFIGURATION, "{program}: {said}");
        for remedy in ["set WARREN_PARTITIONS=4 or leave it out", "docs/operations.md"] {
            assert!(said.contains(remedy), "{program}: {said}");
        }
    }
}
