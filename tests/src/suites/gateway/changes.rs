//! Changing messages and markers over the socket.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Socket};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            message_is_edited_reacted_to_and_deleted_by_frames,
            refused_change_is_an_error_with_its_ref,
            reading_is_told_to_all_of_ones_sockets,
            changes_over_http_reach_sockets_of_every_node,
        ]
    )
}

async fn message_is_edited_reacted_to_and_deleted_by_frames(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "first").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let changes = [
        (json!({"type": "edit", "id": id, "text": "second"}), "message_edited"),
        (json!({"type": "react", "id": id, "emoji": "🐇"}), "reaction_added"),
        (json!({"type": "react", "id": id, "emoji": "🐇", "remove": true}), "reaction_removed"),
        (json!({"type": "delete", "id": id}), "message_deleted"),
    ];
    for (mut frame, kind) in changes {
        frame["ref"] = json!(kind);
        done(&mut socket, frame).await;
        let event = there.event_of(&channel).await;
        assert_eq!((&event["kind"], &event["message"]["id"]), (&json!(kind), &json!(id)));
    }
    assert_eq!(ann.message(&id).await["text"], "");
    let without_ref = json!({"type": "delete", "id": id});
    socket.send(without_ref).await;
    let frames = socket.frames_before_pong().await;
    let answers = |frame: &Value| frame["type"] == "done" || frame["type"] == "error";
    assert!(!frames.iter().any(answers), "nothing to say: {frames:?}");
}

async fn refused_change_is_an_error_with_its_ref(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (public, private) =
        (ann.create_channel("public").await, ann.create_channel("private").await);
    bob.join(&public).await;
    let (seen, unseen) = (ann.posted(&public, "mine").await, ann.posted(&private, "mine").await);
    let mut socket = bob.socket(&Cursors::new()).await;
    for (mut frame, code) in [
        (json!({"type": "edit", "id": seen, "text": "yours"}), "not_the_author"),
        (json!({"type": "edit", "id": seen, "text": ""}), "validation_failed"),
        (json!({"type": "edit", "id": unseen, "text": "yours"}), "not_found"),
        (json!({"type": "delete", "id": seen}), "not_the_author"),
        (json!({"type": "delete", "id": unseen}), "not_found"),
        (json!({"type": "react", "id": unseen, "emoji": "🐇"}), "not_found"),
        (json!({"type": "react", "id": seen, "emoji": "rabbit"}), "invalid_parameter"),
        (json!({"type": "react", "id": "not an id", "emoji": "🐇"}), "malformed_frame"),
        (json!({"type": "read", "channel": private, "seq": 1}), "not_found"),
        (json!({"type": "read", "channel": public, "seq": -1}), "invalid_parameter"),
    ] {
        frame["ref"] = json!(code);
        socket.send(frame.clone()).await;
        let error = socket.until_type("error").await;
        assert_eq!((&error["code"], &error["ref"]), (&json!(code), &json!(code)), "{frame}");
    }
    assert_eq!(ann.message(&seen).await["text"], "mine");
}

async fn reading_is_told_to_all_of_ones_sockets(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    for text in ["one", "two", "three"] {
        ann.say(&channel, text).await;
    }
    let mut here = bob.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let mut other = ann.socket(&Cursors::new()).await;
    let read = json!({"type": "read", "channel": channel, "seq": 5, "ref": "r"});
    here.send(read.clone()).await;
    let path = format!("/v1/channels/{channel}/read");
    for socket in [&mut here, &mut there] {
        let told = socket.until_type("read").await;
        assert_eq!((&told["channel_id"], &told["read_seq"]), (&json!(channel), &json!(5)));
        assert_eq!((&told["unread"], &told["unread_mentions"]), (&json!(1), &json!(0)));
    }
    done(&mut here, read).await;
    world.elsewhere(&bob).await.put(&path, json!({"seq": 6})).await.expect(200);
    for socket in [&mut here, &mut there] {
        let told = socket.until(|frame| frame["type"] == "read" && frame["read_seq"] == 6).await;
        assert_eq!(told["unread"], 0);
    }
    let frames = other.frames_before_pong().await;
    assert!(frames.iter().all(|frame| frame["type"] != "read"), "bob's alone: {frames:?}");
}

async fn changes_over_http_reach_sockets_of_every_node(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let id = ann.posted(&channel, "first").await;
    let mut there = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    ann.edit(&id, "second").await.expect(200);
    ann.react(&id, "🐇").await.expect(200);
    ann.delete_message(&id).await.expect(204);
    let last = ann.channel(&channel).await["last_seq"].as_i64().expect("a number");
    let heard = there.events_through(&channel, last).await;
    let kinds: Vec<&str> = heard.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!(kinds, ["message_edited", "reaction_added", "message_deleted"]);
    assert_eq!(heard[2]["message"]["text"], "");
}

/// Sends a frame; its `ref` comes back as done.
async fn done(socket: &mut Socket, frame: Value) {
    socket.send(frame.clone()).await;
    let answer = socket.until(|answer| ["done", "error"].contains(&kind_of(answer))).await;
    assert_eq!((kind_of(&answer), &answer["ref"]), ("done", &frame["ref"]), "{answer}");
}

fn kind_of(frame: &Value) -> &str {
    frame["type"].as_str().unwrap_or_default()
}
