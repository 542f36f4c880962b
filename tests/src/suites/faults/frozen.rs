//! Workers that stand still.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::head_lock::HeadLock;
use crate::client::{Call, Content, Cursors, Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);
/// What a worker that stands still may cost the others.
const OTHERS: Duration = Duration::from_secs(6);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "faults",
        [
            accepted_while_workers_stand_still_is_committed_when_they_go_on,
            socket_gets_both_receipts_of_a_late_commit,
            worker_frozen_in_its_transaction_blocks_nobody,
        ]
    )
}

async fn accepted_while_workers_stand_still_is_committed_when_they_go_on(world: Arc<World>) {
    let (deployment, ann, channel) = cluster(&world).await;
    ann.say(&channel, "before").await;
    deployment.signal_workers(Signal::Stop);
    let key = new_key();
    let accepted = ann.post_message(&channel, "during", &key).await.expect(202).clone();
    assert_eq!(accepted["outcome"], "accepted");
    assert!(accepted.get("seq").is_none(), "{accepted}");
    let id = accepted["id"].as_str().expect("an id");
    assert_eq!(receipt(&ann, id).await["outcome"], "pending");
    let again = ann.post_message(&channel, "during", &key).await.expect(202).clone();
    assert_eq!(again["id"], accepted["id"]);
    deployment.signal_workers(Signal::Continue);
    let settled = settled(&ann, id).await;
    assert_eq!((&settled["outcome"], &settled["seq"]), (&json!("committed"), &json!(4)));
    assert_eq!(ann.messages(&channel, "").await.len(), 2);
}

async fn socket_gets_both_receipts_of_a_late_commit(world: Arc<World>) {
    let (deployment, ann, channel) = cluster(&world).await;
    let mut socket = ann.socket(&Cursors::new()).await;
    deployment.signal_workers(Signal::Stop);
    let frame = json!({"type": "send", "channel": channel, "text": "late", "key": "late"});
    socket.send(frame).await;
    let first = socket.until_type("receipt").await;
    assert_eq!((&first["outcome"], &first["key"]), (&json!("accepted"), &json!("late")));
    deployment.signal_workers(Signal::Continue);
    let event = socket.event_of(&channel).await;
    assert_eq!(event["message"]["id"], first["id"]);
    assert_eq!(settled(&ann, first["id"].as_str().expect("an id")).await["seq"], event["seq"]);
}

/// Row 22: the worker has the lock of a channel's head, and stands still.
async fn worker_frozen_in_its_transaction_blocks_nobody(world: Arc<World>) {
    let (deployment, ann, channel) = cluster(&world).await;
    let (bob, eve) =
        tokio::join!(world.person_on(&deployment, "bob"), world.person_on(&deployment, "eve"));
    bob.join(&channel).await;
    let said = ann.posted(&channel, "before").await;
    let frozen = freeze_within(&deployment, &ann, &channel).await;
    let begun = Instant::now();
    let edited = Content::Json(json!({"text": "edited meanwhile"}));
    let (message, join, leave) = (
        format!("/v1/messages/{said}"),
        format!("/v1/channels/{channel}/join"),
        format!("/v1/channels/{channel}/unsubscribe"),
    );
    tokio::join!(
        until(200, &ann, "PATCH", &message, edited),
        until(200, &eve, "POST", &join, Content::None),
        until(204, &bob, "POST", &leave, Content::None),
    );
    let elapsed = begun.elapsed();
    assert!(elapsed <= OTHERS, "others waited for {elapsed:?}");
    assert_eq!(receipt(&ann, &frozen).await["outcome"], "pending", "it stood still meanwhile");
    deployment.signal_workers(Signal::Continue);
    assert_eq!(settled(&ann, &frozen).await["outcome"], "committed");
    ann.say(&channel, "after").await;
    let events = ann.events_after(&channel, 0).await;
    let numbers: Vec<i64> = events.iter().filter_map(|event| event["seq"].as_i64()).collect();
    assert_eq!(numbers, (1..=events.len() as i64).collect::<Vec<_>>());
    let times = events.iter().filter(|event| {
        event["kind"] == "message_created" && event["message"]["id"] == frozen.as_str()
    });
    assert_eq!(times.count(), 1, "{events:?}");
    let figures = format!(
        "writers meanwhile 3, all done after {} ms; frozen sends 1, stored 1; events {}, gaps 0",
        elapsed.as_millis(),
        numbers.len()
    );
    held(22, world.combination.name(), &figures);
}

/// Stops the workers while one has locked the channel's head for a send, whose id is
/// the answer. The test holds the lock first, and lets go when the worker is stopped.
async fn freeze_within(deployment: &Deployment, ann: &Person, channel: &str) -> String {
    let head = HeadLock::of(deployment, channel).await;
    let held = head.begin().await;
    let headers = [("Prefer", "respond-async")];
    let accepted = ann.post_with(channel, "frozen", &headers).await.expect(202).clone();
    eventually("a worker waits for the lock", WITHIN, async || {
        head.is_waited_for().await.then_some(())
    })
    .await;
    deployment.signal_workers(Signal::Stop);
    held.rollback().await.expect("let go");
    eventually("the stopped worker has the lock", WITHIN, async || {
        (!head.is_free().await).then_some(())
    })
    .await;
    accepted["id"].as_str().expect("an id").to_owned()
}

/// Repeats what is refused for the moment.
async fn until(status: u16, person: &Person, method: &str, path: &str, content: Content) {
    eventually("it is done", WITHIN, async || {
        let content = content.clone();
        let answer = person.ask(Call { method, path, content, headers: &[] }).await;
        assert!([status, 503].contains(&answer.status), "{} {}", answer.request, answer.text);
        (answer.status == status).then_some(())
    })
    .await;
}

async fn cluster(world: &World) -> (Deployment, Person, String) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("public").await;
    (deployment, ann, channel)
}

async fn receipt(person: &Person, id: &str) -> Value {
    person.get(&format!("/v1/messages/{id}/receipt")).await.expect(200).clone()
}

async fn settled(person: &Person, id: &str) -> Value {
    eventually("the send is settled", WITHIN, async || {
        let receipt = receipt(person, id).await;
        (receipt["outcome"] != "pending").then_some(receipt)
    })
    .await
}
