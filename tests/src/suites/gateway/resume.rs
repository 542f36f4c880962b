//! Coming back with a cursor.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, Socket};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            missed_events_come_in_order_and_then_live,
            thousand_missed_events_are_replayed_on_another_node,
            worthless_cursor_gets_a_fresh_start,
            cursor_of_another_epoch_gets_a_fresh_start,
            who_is_in_no_channel_is_greeted_at_once_and_hears_the_first,
            channel_heard_again_goes_on_without_repetition,
            earlier_leaving_is_history_to_who_is_back,
        ]
    )
}

async fn missed_events_come_in_order_and_then_live(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for index in 3..=12 {
        assert_eq!(ann.say(&channel, &format!("{index}")).await, index);
    }
    let mut socket = ann.socket(&Cursors::from([(channel.clone(), 4)])).await;
    let missed = socket.events_through(&channel, 12).await;
    assert_eq!(missed.len(), 8);
    ann.say(&channel, "live").await;
    assert_eq!(socket.event_of(&channel).await["message"]["text"], "live");
}

/// Nothing but the greeting itself makes the server write.
async fn who_is_in_no_channel_is_greeted_at_once_and_hears_the_first(world: Arc<World>) {
    let ann = world.person("ann").await;
    ann.leave("public").await;
    let none = Cursors::new();
    let greeted = tokio::time::timeout(Duration::from_secs(5), ann.socket(&none));
    let mut socket = greeted.await.expect("a greeting before the first ping");
    let channel = world.elsewhere(&ann).await.create_channel("private").await;
    socket.expect_after(&channel, 1);
    assert_eq!(socket.event_of(&channel).await["kind"], "member_joined");
}

async fn channel_heard_again_goes_on_without_repetition(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    for round in 0..20 {
        socket.send(json!({"type": "unsubscribe", "channel": channel})).await;
        socket.send(json!({"type": "subscribe", "channel": channel})).await;
        socket.send(json!({"type": "ping", "nonce": format!("{round}")})).await;
        socket.until_type("pong").await;
        ann.say(&channel, &format!("{round}")).await;
        assert_eq!(socket.event_of(&channel).await["message"]["text"], format!("{round}"));
    }
}

async fn earlier_leaving_is_history_to_who_is_back(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    bob.leave(&channel).await;
    ann.say(&channel, "while bob was away").await;
    bob.join(&channel).await;
    let mut socket = bob.socket(&Cursors::from([(channel.clone(), 0)])).await;
    let kinds: Vec<Value> = socket.events_through(&channel, 6).await;
    let kinds: Vec<&str> = kinds.iter().filter_map(|event| event["kind"].as_str()).collect();
    let (joined, left) = ("member_joined", "member_left");
    assert_eq!(kinds, ["channel_created", joined, joined, left, "message_created", joined]);
    bob.leave(&channel).await;
    assert_eq!(socket.event_of(&channel).await["kind"], "member_left");
}

async fn thousand_missed_events_are_replayed_on_another_node(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("public").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    ann.say(&channel, "the last one seen").await;
    socket.event_of(&channel).await;
    let cursor = socket.cursors()[&channel];
    drop(socket);
    let head = happen(&world, &ann, &channel).await;
    assert!(head - cursor >= 1_000, "{head}");
    let elsewhere = world.elsewhere(&ann).await;
    let mut resumed = elsewhere.socket(&Cursors::from([(channel.clone(), cursor)])).await;
    let missed = resumed.events_through(&channel, head).await;
    assert_eq!(strip(missed), ann.events_after(&channel, cursor).await);
    let mut from_the_start = elsewhere.socket(&Cursors::from([(channel.clone(), 0)])).await;
    let everything = from_the_start.events_through(&channel, head).await;
    let kinds: BTreeSet<_> = everything.iter().map(|event| event["kind"].to_string()).collect();
    assert_eq!(kinds.len(), 4, "every kind is among them: {kinds:?}");
    ann.say(&channel, "live").await;
    assert_eq!(resumed.event_of(&channel).await["seq"], head + 1);
}

/// A thousand events of the kinds that can happen again; the answer is the head.
async fn happen(world: &World, ann: &Person, channel: &str) -> i64 {
    let guests = join_all((0..5).map(|_| world.person("guest"))).await;
    let elsewhere = world.elsewhere(ann).await;
    for round in 0..100 {
        let nodes = [ann, &elsewhere].into_iter().cycle().take(8);
        join_all(nodes.map(|node| node.say(channel, "meanwhile"))).await;
        let guest = &guests[round % guests.len()];
        guest.join(channel).await;
        guest.leave(channel).await;
    }
    ann.channel(channel).await["last_seq"].as_i64().expect("a number")
}

/// Hostile input 46.
async fn worthless_cursor_gets_a_fresh_start(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let foreign = bob.create_channel("private").await;
    for cursor in [1_000_000, i64::MAX, -1, i64::MIN] {
        let mut socket = ann.socket(&Cursors::from([(channel.clone(), cursor)])).await;
        let resync = socket.until_type("resync").await;
        assert_eq!(resync["channel"]["id"], channel.as_str());
        let said = ann.say(&channel, "fresh").await;
        assert_eq!(socket.event_of(&channel).await["seq"], said);
    }
    let mut socket = ann.socket(&Cursors::from([(foreign.clone(), 0)])).await;
    let frames = socket.frames_before_pong().await;
    assert!(!json!(frames).to_string().contains("channel_created"), "no event of it: {frames:?}");
}

async fn cursor_of_another_epoch_gets_a_fresh_start(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    ann.say(&channel, "before").await;
    let cursors = Cursors::from([(channel.clone(), 1)]);
    let mut socket = Socket::connect(&ann.base, &ann.coverage).await;
    let hello = json!({"type": "hello", "token": ann.token(), "cursors": cursors,
        "epoch": uuid::Uuid::new_v4().to_string()});
    socket.send(hello).await;
    let ready = socket.next().await;
    socket.begin(ready, &Cursors::new());
    let resync = socket.until_type("resync").await;
    assert_eq!(resync["reason"], "epoch");
    assert_eq!(resync["channel"]["last_seq"], 3);
    ann.say(&channel, "after").await;
    assert_eq!(socket.event_of(&channel).await["seq"], 4);
}

fn strip(events: Vec<Value>) -> Vec<Value> {
    let mut events = events;
    for event in &mut events {
        event.as_object_mut().expect("an object").remove("type");
    }
    events
}
