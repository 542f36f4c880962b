//! Whom a message names, and who is told so.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::Person;
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            named_people_are_counted_as_mentioned,
            everybody_is_named_at_once,
            editing_and_deleting_change_whom_a_message_names,
            names_for_everybody_are_nobodys,
        ]
    )
}

async fn room(world: &World) -> (Person, Person, Person, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let eve = world.person("eve").await;
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    ann.add(&channel, &eve).await;
    (ann, bob, eve, channel)
}

async fn mentions(person: &Person, channel: &str) -> i64 {
    person.channel(channel).await["unread_mentions"].as_i64().expect("a number")
}

async fn named_people_are_counted_as_mentioned(world: Arc<World>) {
    let (ann, bob, eve, channel) = room(&world).await;
    let (to_bob, capitals) = (&bob.username, bob.username.to_uppercase());
    for text in [
        format!("hello @{to_bob}."),
        format!("**@{capitals}**, and again @{to_bob}: one message, one mention"),
        format!("nobody@{to_bob}.example, `@{to_bob}` and @nobody-of-this-name"),
        format!("@{} talks to herself", ann.username),
    ] {
        ann.say(&channel, &text).await;
    }
    let elsewhere = world.elsewhere(&bob).await;
    assert_eq!(mentions(&elsewhere, &channel).await, 2);
    assert_eq!(mentions(&eve, &channel).await, 0);
    assert_eq!(mentions(&ann, &channel).await, 0);
    let listed = bob.get("/v1/channels").await.expect(200)["items"].clone();
    let listed = listed.as_array().expect("a list").iter();
    let counts: Vec<_> = listed.map(|channel| channel["unread_mentions"].clone()).collect();
    assert!(counts.contains(&json!(2)), "{counts:?}");
    // The first of both is read: three joined, then said.
    bob.put(&format!("/v1/channels/{channel}/read"), json!({"seq": 5})).await.expect(200);
    assert_eq!(mentions(&bob, &channel).await, 1);
    bob.put(&format!("/v1/channels/{channel}/read"), json!({"seq": 99})).await.expect(200);
    assert_eq!(mentions(&bob, &channel).await, 0);
}

async fn everybody_is_named_at_once(world: Arc<World>) {
    let (ann, bob, eve, channel) = room(&world).await;
    for text in ["@channel", "@All!", "hear, hear, @everyone", "@here", "`@all`", "@allies"] {
        ann.say(&channel, text).await;
    }
    ann.say(&channel, &format!("@all, that is @{} too", bob.username)).await;
    assert_eq!(mentions(&eve, &channel).await, 5);
    assert_eq!(mentions(&bob, &channel).await, 6, "once by name, too");
}

async fn editing_and_deleting_change_whom_a_message_names(world: Arc<World>) {
    let (ann, bob, eve, channel) = room(&world).await;
    let id = ann.posted(&channel, &format!("@{}", bob.username)).await;
    ann.edit(&id, &format!("@{}, no", eve.username)).await.expect(200);
    assert_eq!((mentions(&bob, &channel).await, mentions(&eve, &channel).await), (0, 1));
    ann.edit(&id, "nobody at all").await.expect(200);
    assert_eq!((mentions(&bob, &channel).await, mentions(&eve, &channel).await), (0, 0));
    ann.edit(&id, "@channel").await.expect(200);
    assert_eq!((mentions(&bob, &channel).await, mentions(&eve, &channel).await), (1, 1));
    ann.delete_message(&id).await.expect(204);
    assert_eq!((mentions(&bob, &channel).await, mentions(&eve, &channel).await), (0, 0));
}

async fn names_for_everybody_are_nobodys(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    for name in ["all", "Channel", "everyone", "here"] {
        let body = json!({"username": name, "password": "correct horse battery",
            "first_name": "Ann"});
        stranger.post("/v1/signup", body).await.expect_invalid("username");
    }
}
