//! Sending over the socket.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, new_key};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            send_gets_its_receipt_and_its_event,
            send_and_post_share_their_keys,
            send_without_a_key_is_told_one,
            send_may_answer_a_message,
            refused_send_is_an_error_with_its_key,
            frame_that_is_no_frame_is_an_error,
        ]
    )
}

async fn send_gets_its_receipt_and_its_event(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let frame = json!({"type": "send", "channel": channel, "text": "over the wire", "key": "k1"});
    socket.send(frame).await;
    let (mut event, mut receipt) = (Value::Null, Value::Null);
    while event.is_null() || receipt.is_null() {
        let frame = socket.next().await;
        match frame["type"].as_str() {
            Some("event") if frame["channel_id"] == channel.as_str() => event = frame,
            Some("receipt") => receipt = frame,
            _ => {}
        }
    }
    assert_eq!(event["message"]["text"], "over the wire");
    assert_eq!(receipt["key"], "k1");
    assert_eq!(receipt["outcome"], "committed");
    assert_eq!(receipt["id"], event["message"]["id"]);
    assert_eq!((&receipt["seq"], &receipt["channel_id"]), (&json!(3), &json!(channel)));
}

async fn send_and_post_share_their_keys(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let key = new_key();
    let posted = ann.post_message(&channel, "once", &key).await.expect(201).clone();
    let mut socket = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let frame = json!({"type": "send", "channel": channel, "text": "once", "key": key});
    socket.send(frame).await;
    let receipt = socket.until_type("receipt").await;
    assert_eq!((&receipt["id"], &receipt["seq"]), (&posted["id"], &posted["seq"]));
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
}

async fn send_without_a_key_is_told_one(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    socket.send(json!({"type": "send", "channel": channel, "text": "hello"})).await;
    let receipt = socket.until_type("receipt").await;
    let key = receipt["key"].as_str().expect("a key");
    let again = ann.post_message(&channel, "hello", key).await;
    assert_eq!(again.expect(201)["id"], receipt["id"]);
}

async fn send_may_answer_a_message(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let root = ann.posted(&channel, "root").await;
    let mut socket = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let mut frame = json!({"type": "send", "channel": channel, "text": "reply", "key": "reply",
        "thread_root_id": root});
    socket.send(frame.clone()).await;
    let receipt = socket.until_type("receipt").await;
    assert_eq!((&receipt["outcome"], &receipt["seq"]), (&json!("committed"), &json!(4)));
    let posted = ann.post_reply(&channel, &root, "reply", "reply").await;
    assert_eq!(posted.expect(201)["id"], receipt["id"], "the same send by the other door");
    assert_eq!(ann.replies(&root, "").await[0]["id"], receipt["id"]);
    frame["thread_root_id"] = receipt["id"].clone();
    frame["key"] = json!("a reply to a reply");
    socket.send(frame).await;
    let receipt = socket.until_type("receipt").await;
    assert_eq!(
        (&receipt["outcome"], &receipt["reason"]),
        (&json!("rejected"), &json!("thread_not_found"))
    );
}

async fn refused_send_is_an_error_with_its_key(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let public = bob.create_channel("public").await;
    let private = bob.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let long = "x".repeat(16_385);
    for (channel, text, code) in [
        ("public", "", "validation_failed"),
        ("public", long.as_str(), "validation_failed"),
        (public.as_str(), "hello", "not_a_member"),
        (private.as_str(), "hello", "not_found"),
    ] {
        let key = new_key();
        socket.send(json!({"type": "send", "channel": channel, "text": text, "key": key})).await;
        let error = socket.until_type("error").await;
        assert_eq!((&error["code"], &error["key"]), (&json!(code), &json!(key)));
        assert!(error["message"].is_string(), "{error}");
    }
    assert!(bob.messages(&public, "").await.is_empty());
}

async fn frame_that_is_no_frame_is_an_error(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    for frame in [
        json!({"type": "dance"}),
        json!({"typ": "ping"}),
        json!([1]),
        json!(["ping"]),
        json!(["delete", ann.id, null]),
        json!("ping"),
        json!({"type": "send", "channel": "public", "text": 7}),
        json!({"type": "send", "channel": "public", "text": "hi", "thread_root_id": "none"}),
        json!({"type": "ping", "extra": true}),
    ] {
        socket.send(frame).await;
        assert_eq!(socket.until_type("error").await["code"], "malformed_frame");
    }
    socket.frames_before_pong().await;
}
