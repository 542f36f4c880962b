//! What one member has read, hidden and silenced.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Person, new_key};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            read_marker_only_moves_forward,
            latest_of_many_read_markers_stays,
            cleared_history_is_hidden_from_one_member_only,
            newcomer_sees_what_is_said_since_joining,
            history_setting_is_decided_at_joining,
            muting_is_remembered,
            marks_are_for_members,
        ]
    )
}

async fn pair(world: &World, kind: &str) -> (Person, Person, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel(kind).await;
    ann.add(&channel, &bob).await;
    (ann, bob, channel)
}

async fn read_marker_only_moves_forward(world: Arc<World>) {
    let (ann, bob, channel) = pair(&world, "private").await;
    for text in ["one", "two", "three"] {
        ann.say(&channel, text).await;
    }
    let path = format!("/v1/channels/{channel}/read");
    let elsewhere = world.elsewhere(&bob).await;
    for (seq, read_seq, unread) in [(0, 3, 3), (5, 5, 1), (4, 5, 1), (99, 6, 0), (6, 6, 0)] {
        let marked = bob.put(&path, json!({"seq": seq})).await.expect(200).clone();
        let counts = [&marked["read_seq"], &marked["unread"], &marked["unread_mentions"]];
        assert_eq!(counts, [&json!(read_seq), &json!(unread), &json!(0)], "after {seq}");
        assert_eq!(elsewhere.channel(&channel).await, marked);
    }
    assert_eq!(ann.channel(&channel).await["unread"], 3, "hers is another");
    ann.say(&channel, "four").await;
    assert_eq!(bob.channel(&channel).await["unread"], 1);
    assert_eq!(ann.events_after(&channel, 7).await, [] as [Value; 0], "reading is no event");
}

async fn latest_of_many_read_markers_stays(world: Arc<World>) {
    let (ann, bob, channel) = pair(&world, "private").await;
    for _ in 0..12 {
        ann.say(&channel, "again").await;
    }
    let elsewhere = world.elsewhere(&bob).await;
    let path = format!("/v1/channels/{channel}/read");
    let nodes = [&bob, &elsewhere].into_iter().cycle();
    let path = path.as_str();
    let marks = (4..=15)
        .rev()
        .zip(nodes)
        .map(|(seq, node)| async move { node.put(path, json!({"seq": seq})).await.status });
    assert_eq!(join_all(marks).await, [200; 12]);
    assert_eq!(bob.channel(&channel).await["read_seq"], 15);
}

async fn cleared_history_is_hidden_from_one_member_only(world: Arc<World>) {
    let (ann, bob, channel) = pair(&world, "public").await;
    let posted = ann.post_message(&channel, "old", &new_key()).await;
    let id = posted.expect(201)["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/channels/{channel}/clear");
    let cleared = bob.post_empty(&path).await.expect(200).clone();
    let counts = [&cleared["cleared_seq"], &cleared["read_seq"], &cleared["unread"]];
    assert_eq!(counts, [&json!(4), &json!(4), &json!(0)]);
    assert_eq!(bob.post_empty(&path).await.expect(200), &cleared);
    ann.say(&channel, "new").await;
    let elsewhere = world.elsewhere(&bob).await;
    assert_eq!(texts(&elsewhere, &channel).await, ["new"]);
    elsewhere.get(&format!("/v1/messages/{id}")).await.expect_problem(404, "not_found");
    let shown: Vec<bool> = has_message(&bob, &channel).await;
    assert_eq!(shown, [false, false, false, false, true]);
    assert_eq!(texts(&ann, &channel).await, ["old", "new"]);
    assert_eq!(bob.channel(&channel).await["unread"], 1);
    bob.leave(&channel).await;
    bob.join(&channel).await;
    assert_eq!(texts(&bob, &channel).await, ["old", "new"], "he clears it no more");
}

async fn newcomer_sees_what_is_said_since_joining(world: Arc<World>) {
    let (ann, bob, channel) = pair(&world, "public").await;
    let change = json!({"history": "since_joining"});
    ann.patch(&format!("/v1/channels/{channel}"), change).await.expect(200);
    ann.say(&channel, "before").await;
    let eve = world.person("eve").await;
    eve.join(&channel).await;
    assert_eq!(texts(&eve, &channel).await, [] as [&str; 0]);
    assert_eq!(eve.channel(&channel).await["cleared_seq"], 5);
    ann.say(&channel, "after").await;
    assert_eq!(texts(&eve, &channel).await, ["after"]);
    assert_eq!(has_message(&eve, &channel).await, [false, false, false, false, false, false, true]);
    assert_eq!(texts(&bob, &channel).await, ["before", "after"], "who was there sees all");
    eve.leave(&channel).await;
    eve.join(&channel).await;
    assert_eq!(texts(&eve, &channel).await, [] as [&str; 0], "even what she had seen");
}

async fn history_setting_is_decided_at_joining(world: Arc<World>) {
    let ann = world.person("ann").await;
    let body = json!({"name": crate::client::unique("room"), "history": "since_joining"});
    let made = ann.post("/v1/channels", body).await.expect(201).clone();
    let channel = made["id"].as_str().expect("an id");
    ann.say(channel, "before").await;
    let (bob, eve) = (world.person("bob").await, world.person("eve").await);
    ann.add(channel, &bob).await;
    let change = json!({"history": "all"});
    ann.patch(&format!("/v1/channels/{channel}"), change).await.expect(200);
    assert_eq!(texts(&bob, channel).await, [] as [&str; 0], "it opens nothing");
    eve.join(channel).await;
    assert_eq!(texts(&eve, channel).await, ["before"]);
    bob.leave(channel).await;
    bob.join(channel).await;
    assert_eq!(texts(&bob, channel).await, ["before"]);
}

async fn muting_is_remembered(world: Arc<World>) {
    let (ann, bob, channel) = pair(&world, "private").await;
    let path = format!("/v1/channels/{channel}/mute");
    let elsewhere = world.elsewhere(&bob).await;
    for muted in [true, true, false] {
        let answer = bob.put(&path, json!({"muted": muted})).await;
        assert_eq!(answer.expect(200)["muted"], muted);
        assert_eq!(elsewhere.channel(&channel).await["muted"], muted);
    }
    assert_eq!(ann.channel(&channel).await["muted"], false);
    assert_eq!(ann.channel(&channel).await["last_seq"], 3, "it is no event");
}

async fn marks_are_for_members(world: Arc<World>) {
    let (ann, eve) = (world.person("ann").await, world.person("eve").await);
    for (kind, status, code) in [("public", 403, "not_a_member"), ("private", 404, "not_found")] {
        let path = format!("/v1/channels/{}", ann.create_channel(kind).await);
        let read = eve.put(&format!("{path}/read"), json!({"seq": 1})).await;
        read.expect_problem(status, code);
        let mute = eve.put(&format!("{path}/mute"), json!({"muted": true})).await;
        mute.expect_problem(status, code);
        eve.post_empty(&format!("{path}/clear")).await.expect_problem(status, code);
    }
}

async fn texts(person: &Person, channel: &str) -> Vec<String> {
    let messages = person.messages(channel, "").await;
    messages.iter().map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
}

/// Of each event, whether the person sees a message with it.
async fn has_message(person: &Person, channel: &str) -> Vec<bool> {
    let events = person.events_after(channel, 0).await;
    events.iter().map(|event| event.get("message").is_some()).collect()
}
