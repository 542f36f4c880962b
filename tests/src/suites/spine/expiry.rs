//! Messages that are deleted when their time is over.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Cursors, Person, new_key};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            message_is_deleted_when_its_time_is_over,
            lifetime_is_part_of_what_a_key_stands_for,
            lifetime_has_its_limits,
            message_of_an_archived_channel_expires_too,
            many_messages_expire_together,
        ]
    )
}

async fn message_is_deleted_when_its_time_is_over(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let key = new_key();
    let receipt = post(&ann, &channel, "burn this", 2, &key).await.expect(201).clone();
    let id = receipt["id"].as_str().expect("an id").to_owned();
    let stays = ann.posted(&channel, "keep this").await;
    let heard = socket.events_through(&channel, 6).await;
    let (created, expired) = (&heard[0]["message"], &heard[2]);
    assert_eq!(lifetime_ms(created), 2_000, "{created}");
    assert_eq!((&expired["kind"], &expired["seq"]), (&json!("message_deleted"), &json!(6)));
    assert_eq!(expired["actor_id"], ann.id.as_str());
    assert!(time(&expired["at"]) >= time(&created["expires_at"]), "not before its time");
    let message = bob.message(&id).await;
    assert_eq!(expired["message"], message);
    assert_eq!((&message["text"], message.get("expires_at")), (&json!(""), None));
    assert_eq!(message["deleted_at"], expired["at"]);
    assert_eq!(ann.message(&stays).await["text"], "keep this");
    assert_eq!(post(&ann, &channel, "burn this", 2, &key).await.expect(201), &receipt);
    assert_eq!(bob.channel(&channel).await["last_seq"], 6, "once");
}

async fn lifetime_is_part_of_what_a_key_stands_for(world: Arc<World>) {
    let ann = world.person("ann").await;
    let (channel, key) = (ann.create_channel("private").await, new_key());
    let first = post(&ann, &channel, "burn this", 900, &key).await.expect(201).clone();
    assert_eq!(post(&ann, &channel, "burn this", 900, &key).await.expect(201), &first);
    let reused = "idempotency_key_reused";
    post(&ann, &channel, "burn this", 901, &key).await.expect_problem(422, reused);
    ann.post_message(&channel, "burn this", &key).await.expect_problem(422, reused);
}

async fn lifetime_has_its_limits(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    for seconds in [0, -1, 31_622_401, i64::MIN] {
        let answer = post(&ann, &channel, "burn this", seconds, &new_key()).await;
        answer.expect_invalid("expires_in_s");
        let frame = json!({"type": "send", "channel": channel, "text": "burn this",
            "expires_in_s": seconds, "key": new_key()});
        socket.send(frame).await;
        assert_eq!(socket.until_type("error").await["code"], "validation_failed");
    }
    let frame = json!({"type": "send", "channel": channel, "text": "burn this",
        "expires_in_s": 31_622_400, "key": new_key()});
    socket.send(frame).await;
    let event = socket.event_of(&channel).await;
    assert_eq!(lifetime_ms(&event["message"]), 31_622_400_000);
    assert_eq!(ann.channel(&channel).await["last_seq"], 3, "nothing else was said");
}

/// What was promised to go goes, even from where nobody may write.
async fn message_of_an_archived_channel_expires_too(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    post(&ann, &channel, "burn this", 2, &new_key()).await.expect(201);
    ann.archive(&channel).await;
    let kinds = eventually("it is deleted", WITHIN, async || {
        let events = ann.events_after(&channel, 3).await;
        let kinds: Vec<Value> = events.iter().map(|event| event["kind"].clone()).collect();
        kinds.contains(&json!("message_deleted")).then_some(kinds)
    })
    .await;
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

/// More than are deleted in one go, in two channels.
async fn many_messages_expire_together(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channels = [ann.create_channel("private").await, ann.create_channel("private").await];
    let mut sender = ann.socket(&Cursors::new()).await;
    let mut listeners = [ann.socket(&Cursors::new()).await, ann.socket(&Cursors::new()).await];
    for number in 0..260 {
        let frame = json!({"type": "send", "channel": channels[number % 2], "text": "burn this",
            "expires_in_s": 3, "key": new_key()});
        sender.send(frame).await;
        if number % 20 == 19 {
            for _ in 0..20 {
                sender.until_type("receipt").await;
            }
        }
    }
    for (channel, listener) in channels.iter().zip(&mut listeners) {
        // Created and joined, and of each message the begin and the end.
        let heard = listener.events_through(channel, 262).await;
        let ends = heard.iter().filter(|event| event["kind"] == "message_deleted").count();
        assert_eq!(ends, 130);
        let left = ann.messages(channel, "?limit=200").await;
        assert!(left.iter().all(|message| message["text"] == ""), "{left:?}");
    }
}

async fn post(ann: &Person, channel: &str, text: &str, seconds: i64, key: &str) -> Answer {
    let content = Content::Json(json!({"text": text, "expires_in_s": seconds}));
    let path = format!("/v1/channels/{channel}/messages");
    let headers = [("idempotency-key", key)];
    ann.call(Call { method: "POST", path: &path, content, headers: &headers }).await
}

fn time(value: &Value) -> chrono::DateTime<chrono::Utc> {
    value.as_str().and_then(|text| text.parse().ok()).expect("a time")
}

fn lifetime_ms(message: &Value) -> i64 {
    (time(&message["expires_at"]) - time(&message["created_at"])).num_milliseconds()
}
