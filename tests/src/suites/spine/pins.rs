//! Pinning.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person};
use crate::facts;
use crate::world::World;

/// How many messages of one channel can be pinned.
const MAX_PINS: usize = 100;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            newest_pin_comes_first_and_says_who_pinned,
            pinning_and_unpinning_reach_sockets_and_polls,
            pinning_twice_and_unpinning_twice_change_nothing,
            deleting_takes_the_pin_off,
            pins_of_a_channel_are_limited,
        ]
    )
}

async fn room(world: &World) -> (Person, Person, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    (ann, bob, channel)
}

async fn newest_pin_comes_first_and_says_who_pinned(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let first = ann.posted(&channel, "said first").await;
    let second = ann.posted(&channel, "said second").await;
    bob.pin(&second).await.expect(200);
    let pinned = ann.pin(&first).await.expect(200).clone();
    let pins = world.elsewhere(&bob).await.pins(&channel).await;
    let seen: Vec<(&Value, &Value)> =
        pins.iter().map(|pin| (&pin["message"]["id"], &pin["pinned_by"]["id"])).collect();
    assert_eq!(seen, [(&json!(first), &json!(ann.id)), (&json!(second), &json!(bob.id))]);
    assert_eq!(pins[0]["message"], pinned);
    bob.unpin(&first).await.expect(200);
    assert_eq!(ann.pins(&channel).await.len(), 1);
}

async fn pinning_and_unpinning_reach_sockets_and_polls(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let id = ann.posted(&channel, "keep this").await;
    let mut socket = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let pinned = bob.pin(&id).await.expect(200).clone();
    let unpinned = bob.unpin(&id).await.expect(200).clone();
    let heard = socket.events_through(&channel, 6).await;
    for (event, (kind, message)) in
        heard.iter().zip([("message_pinned", &pinned), ("message_unpinned", &unpinned)])
    {
        assert_eq!((&event["kind"], &event["message"]), (&json!(kind), message));
        assert_eq!(event["actor_id"], bob.id.as_str());
    }
    assert_eq!(heard[0]["at"], pinned["pinned_at"]);
    assert!(unpinned.get("pinned_at").is_none(), "{unpinned}");
    let kinds: Vec<Value> =
        ann.events_after(&channel, 4).await.iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["message_pinned", "message_unpinned"]);
}

async fn pinning_twice_and_unpinning_twice_change_nothing(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let id = ann.posted(&channel, "keep this").await;
    let (one, other) = tokio::join!(ann.pin(&id), bob.pin(&id));
    assert_eq!(one.expect(200)["pinned_at"], other.expect(200)["pinned_at"]);
    let (one, other) = tokio::join!(ann.unpin(&id), bob.unpin(&id));
    assert_eq!(one.expect(200), other.expect(200));
    assert_eq!(ann.channel(&channel).await["last_seq"], 6, "pinned and unpinned, once each");
}

async fn deleting_takes_the_pin_off(world: Arc<World>) {
    let (ann, _, channel) = room(&world).await;
    let id = ann.posted(&channel, "keep this").await;
    ann.pin(&id).await.expect(200);
    ann.delete_message(&id).await.expect(204);
    assert!(ann.pins(&channel).await.is_empty());
    ann.pin(&id).await.expect_problem(409, "message_deleted");
    let gone = ann.unpin(&id).await.expect(200).clone();
    assert!(gone.get("pinned_at").is_none(), "{gone}");
}

async fn pins_of_a_channel_are_limited(world: Arc<World>) {
    let (ann, bob, channel) = room(&world).await;
    let mut ids = Vec::new();
    for index in 0..=MAX_PINS {
        ids.push(ann.posted(&channel, &format!("{index}")).await);
    }
    for id in &ids[..MAX_PINS] {
        ann.pin(id).await.expect(200);
    }
    bob.pin(&ids[MAX_PINS]).await.expect_problem(409, "too_many_pins");
    assert_eq!(bob.pins(&channel).await.len(), MAX_PINS);
    bob.unpin(&ids[0]).await.expect(200);
    bob.pin(&ids[MAX_PINS]).await.expect(200);
    assert_eq!(bob.pins(&channel).await[0]["message"]["id"], ids[MAX_PINS].as_str());
}
