//! What an open socket gets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use libtest_mimic::Trial;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{Cursors, Person, Socket};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "gateway",
        [
            ready_tells_who_one_is_and_every_head,
            event_reaches_every_node_as_rest_shows_it,
            joining_over_rest_starts_delivery,
            leaving_ends_delivery_with_ones_own_event,
            unsubscribed_channel_is_silent_until_subscribed_again,
            ping_is_answered_with_its_nonce,
            close_of_a_client_is_answered_with_a_close,
        ]
    )
}

async fn ready_tells_who_one_is_and_every_head(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    ann.say(&channel, "hello").await;
    let socket = ann.socket(&Cursors::new()).await;
    assert_eq!(socket.ready["me"]["id"], ann.id.as_str());
    assert!(socket.ready["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()));
    let channels = socket.ready["channels"].as_array().expect("channels");
    let told = channels.iter().find(|told| told["id"] == channel.as_str()).expect("told");
    assert_eq!((&told["last_seq"], &told["role"]), (&json!(3), &json!("owner")));
    assert_eq!(channels.len(), 2, "public is the other one");
}

async fn event_reaches_every_node_as_rest_shows_it(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut here = ann.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    ann.say(&channel, "hello 🐇").await;
    let shown = ann.events_after(&channel, 2).await.remove(0);
    for socket in [&mut here, &mut there] {
        let mut event = socket.event_of(&channel).await;
        event.as_object_mut().expect("an object").remove("type");
        assert_eq!(event, shown);
    }
}

async fn joining_over_rest_starts_delivery(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    let mut here = bob.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    bob.join(&channel).await;
    ann.say(&channel, "welcome").await;
    for socket in [&mut here, &mut there] {
        let joined = socket.event_of(&channel).await;
        assert_eq!((&joined["kind"], &joined["seq"]), (&json!("member_joined"), &json!(3)));
        assert_eq!(joined["user"]["id"], bob.id.as_str());
        assert_eq!(socket.event_of(&channel).await["message"]["text"], "welcome");
    }
}

async fn leaving_ends_delivery_with_ones_own_event(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut here = bob.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let mut witness = ann.socket(&Cursors::new()).await;
    bob.leave(&channel).await;
    ann.say(&channel, "they are gone").await;
    witness.events_through(&channel, 5).await;
    for socket in [&mut here, &mut there] {
        let left = socket.event_of(&channel).await;
        assert_eq!(left["kind"], "member_left");
        assert_eq!(left["user"]["id"], bob.id.as_str());
        let later = socket.frames_before_pong().await;
        assert!(later.iter().all(|frame| frame["channel_id"] != channel.as_str()), "{later:?}");
    }
}

async fn unsubscribed_channel_is_silent_until_subscribed_again(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let mut witness = ann.socket(&Cursors::new()).await;
    socket.send(json!({"type": "unsubscribe", "channel": channel})).await;
    while hears(&ann, &channel, &mut socket, &mut witness).await {}
    for _ in 0..3 {
        assert!(!hears(&ann, &channel, &mut socket, &mut witness).await, "it stays silent");
    }
    let cursor = socket.cursors()[&channel];
    let frame = json!({"type": "subscribe", "channel": channel, "after_seq": cursor});
    socket.send(frame).await;
    let missed = socket.events_through(&channel, cursor + 4).await;
    assert_eq!(missed.len(), 4);
    let said = ann.say(&channel, "live again").await;
    assert_eq!(socket.event_of(&channel).await["seq"], said);
}

/// Whether `socket` gets what is said now, by the time that `witness` has it.
async fn hears(ann: &Person, channel: &str, socket: &mut Socket, witness: &mut Socket) -> bool {
    let said = ann.say(channel, "who hears this?").await;
    witness.events_through(channel, said).await;
    let frames = socket.frames_before_pong().await;
    frames.iter().any(|frame| frame["channel_id"] == channel)
}

async fn ping_is_answered_with_its_nonce(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    socket.send(json!({"type": "ping", "nonce": "n1"})).await;
    assert_eq!(socket.until_type("pong").await["nonce"], "n1");
    socket.send(json!({"type": "ping"})).await;
    assert!(socket.until_type("pong").await.get("nonce").is_none());
}

/// RFC 6455, section 5.5.1: without the answer a browser calls it an abnormal end.
async fn close_of_a_client_is_answered_with_a_close(world: Arc<World>) {
    let ann = world.person("ann").await;
    let mut socket = ann.socket(&Cursors::new()).await;
    let close = CloseFrame { code: CloseCode::Normal, reason: "enough".into() };
    socket.stream.send(Message::Close(Some(close))).await.expect("send a close");
    assert_eq!(socket.close_code(Duration::from_secs(5)).await, 1000);
}
