//! An example of each frame. Tests hold them against the types.

use serde_json::{Value, json};

use super::Side;

const ANN: &str = "01997a3e-0d7a-7c1e-9a52-3f0c5f8d2b10";
const PUBLIC: &str = "77617272-656e-8000-8000-000000000001";
const MESSAGE: &str = "efddd036-1a96-8292-9e27-6673b4f94bb6";
const REPLY: &str = "0ad8e3a4-6f3d-8b52-9c11-54d1c7a05e2f";
const AT: &str = "2026-11-21T12:00:00Z";

/// Examples of the frame of this type.
pub(super) fn of(side: Side, name: &str) -> Vec<Value> {
    let mut examples = match side {
        Side::Client => client(),
        Side::Server => server(),
    };
    examples.retain(|example| example.get("type").and_then(Value::as_str) == Some(name));
    examples
}

fn client() -> Vec<Value> {
    vec![
        json!({ "type": "hello", "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "cursors": { PUBLIC: 41 },
            "epoch": "01997a3d-5b0e-7c3a-8a51-2f6f3d0f7c11" }),
        json!({ "type": "hello", "ticket": "kq3Zc0o2Jw8v4uVfG1nq0eYw2oQv5m1b7m0r2b6sT3o" }),
        json!({ "type": "send", "channel": "public", "text": "Who took the *last* carrot? 🐇",
            "key": "9f0c1f0e-6d3b-4c5e-8a51-2f6f3d0f7c11" }),
        json!({ "type": "send", "channel": "public", "text": "Not me.", "thread_root_id": MESSAGE }),
        json!({ "type": "edit", "id": MESSAGE, "text": "Who took the *very last* carrot? 🐇",
            "ref": "3" }),
        json!({ "type": "delete", "id": MESSAGE, "ref": "4" }),
        json!({ "type": "react", "id": MESSAGE, "emoji": "🐇" }),
        json!({ "type": "react", "id": MESSAGE, "emoji": "🐇", "remove": true, "ref": "5" }),
        json!({ "type": "read", "channel": "public", "seq": 42, "ref": "6" }),
        json!({ "type": "subscribe", "channel": PUBLIC, "after_seq": 41, "ref": "7" }),
        json!({ "type": "unsubscribe", "channel": "public", "ref": "8" }),
        json!({ "type": "typing", "channel": "public" }),
        json!({ "type": "ping", "nonce": "1" }),
    ]
}

fn server() -> Vec<Value> {
    vec![
        json!({ "type": "ready", "me": me(), "epoch": "01997a3d-5b0e-7c3a-8a51-2f6f3d0f7c11",
            "channels": [channel()] }),
        json!({ "type": "event", "channel_id": PUBLIC, "seq": 42, "kind": "message_created",
            "actor_id": ANN, "at": AT, "message": message() }),
        json!({ "type": "event", "channel_id": PUBLIC, "seq": 43, "kind": "message_created",
            "actor_id": ANN, "at": AT, "message": reply(),
            "thread": { "root_id": MESSAGE, "root_seq": 42, "reply_count": 1, "last_reply_at": AT } }),
        json!({ "type": "receipt", "key": "9f0c1f0e-6d3b-4c5e-8a51-2f6f3d0f7c11", "id": MESSAGE,
            "outcome": "committed", "channel_id": PUBLIC, "seq": 42, "at": AT }),
        json!({ "type": "done", "ref": "7" }),
        json!({ "type": "error", "code": "not_found", "message": "There is no such channel.",
            "ref": "8" }),
        json!({ "type": "resync", "channel": channel(), "reason": "ahead" }),
        json!({ "type": "read", "channel_id": PUBLIC, "role": "member", "read_seq": 42,
            "unread": 0, "unread_mentions": 0, "cleared_seq": 0, "muted": false }),
        json!({ "type": "presence", "user_id": ANN, "status": "online" }),
        json!({ "type": "presence", "user_id": ANN, "status": "offline", "last_seen_at": AT }),
        json!({ "type": "typing", "channel_id": PUBLIC, "user": author() }),
        json!({ "type": "pong", "nonce": "1" }),
    ]
}

fn me() -> Value {
    json!({ "id": ANN, "username": "ann", "first_name": "Ann", "kind": "human",
        "role": "member", "created_at": AT })
}

fn author() -> Value {
    json!({ "id": ANN, "username": "ann", "first_name": "Ann", "kind": "human" })
}

fn channel() -> Value {
    json!({ "id": PUBLIC, "name": "public", "kind": "public", "created_at": AT, "history": "all",
        "last_seq": 42, "role": "member", "read_seq": 41, "unread": 1, "unread_mentions": 0,
        "cleared_seq": 0, "muted": false })
}

fn message() -> Value {
    json!({ "id": MESSAGE, "channel_id": PUBLIC, "seq": 42, "author": author(),
        "text": "Who took the *last* carrot? 🐇", "reply_count": 0, "created_at": AT,
        "reactions": [] })
}

fn reply() -> Value {
    json!({ "id": REPLY, "channel_id": PUBLIC, "seq": 43, "author": author(), "text": "Not me.",
        "thread_root_id": MESSAGE, "reply_count": 0, "created_at": AT, "reactions": [] })
}
