//! Workers that stand still.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "faults",
        [
            accepted_while_workers_stand_still_is_committed_when_they_go_on,
            socket_gets_both_receipts_of_a_late_commit,
            author_who_left_before_the_commit_is_rejected_for_good,
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

/// Fault 24.
async fn author_who_left_before_the_commit_is_rejected_for_good(world: Arc<World>) {
    let (deployment, ann, channel) = cluster(&world).await;
    let bob = world.person_on(&deployment, "bob").await;
    bob.join(&channel).await;
    deployment.signal_workers(Signal::Stop);
    let accepted = bob.post_message(&channel, "too late", "k").await.expect(202).clone();
    bob.leave(&channel).await;
    deployment.signal_workers(Signal::Continue);
    let id = accepted["id"].as_str().expect("an id");
    let rejected = settled(&bob, id).await;
    assert_eq!(rejected["outcome"], "rejected");
    assert_eq!(rejected["reason"], "not_a_member");
    bob.join(&channel).await;
    let again = bob.post_message(&channel, "too late", "k").await;
    assert!(!matches!(again.status, 201 | 202), "{}", again.text);
    assert_eq!(receipt(&bob, id).await, rejected);
    assert!(ann.messages(&channel, "").await.is_empty());
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
