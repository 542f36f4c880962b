//! Channels that are read and not written to.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, new_key};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            archived_channel_is_read_and_not_written_to,
            archived_channel_takes_nobody_in,
            archiving_twice_is_archiving_once,
            channel_comes_back_out_of_the_archive,
            archiving_reaches_open_sockets,
        ]
    )
}

async fn archived(world: &World) -> (Person, Person, String) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    bob.say(&channel, "before").await;
    ann.delete(&format!("/v1/channels/{channel}")).await.expect(204);
    (ann, bob, channel)
}

async fn archived_channel_is_read_and_not_written_to(world: Arc<World>) {
    let (ann, bob, channel) = archived(&world).await;
    for (person, key) in [(&ann, new_key()), (&bob, new_key())] {
        for _ in 0..2 {
            let refused = person.post_message(&channel, "after", &key).await;
            refused.expect_problem(403, "channel_archived");
        }
    }
    assert_eq!(bob.messages(&channel, "").await.len(), 1);
    let events = bob.events_after(&channel, 4).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["kind"], "channel_updated");
    let archived_at = &events[0]["channel"]["archived_at"];
    assert!(archived_at.is_string(), "{events:?}");
    assert_eq!(&ann.channel(&channel).await["archived_at"], archived_at);
    let mine = ann.get("/v1/channels").await;
    assert!(mine.expect(200).to_string().contains(&channel), "it is still among one's own");
    let name = ann.channel(&channel).await["name"].clone();
    let browse = format!("/v1/channels/browse?query={}", name.as_str().expect("a name"));
    assert_eq!(ann.get(&browse).await.expect(200)["items"], json!([]), "nobody finds it any more");
    let again = bob.post("/v1/channels", json!({"name": name})).await;
    again.expect_problem(409, "name_taken");
}

async fn archived_channel_takes_nobody_in(world: Arc<World>) {
    let (ann, bob, channel) = archived(&world).await;
    let eve = world.person("eve").await;
    let path = format!("/v1/channels/{channel}");
    eve.post_empty(&format!("{path}/join")).await.expect_problem(403, "channel_archived");
    let body = json!({"username": eve.username});
    for kind in ["members", "invitations"] {
        let refused = ann.post(&format!("{path}/{kind}"), body.clone()).await;
        refused.expect_problem(403, "channel_archived");
    }
    let removal = ann.delete(&format!("{path}/members/{}", bob.username)).await;
    removal.expect_problem(403, "channel_archived");
    ann.appoint(&channel, &bob, "owner").await.expect_problem(403, "channel_archived");
    let change = json!({"description": "too late"});
    ann.patch(&path, change).await.expect_problem(403, "channel_archived");
    bob.leave(&channel).await;
    bob.post_empty(&format!("{path}/join")).await.expect_problem(403, "channel_archived");
}

async fn archiving_twice_is_archiving_once(world: Arc<World>) {
    let (ann, _, channel) = archived(&world).await;
    let before = ann.channel(&channel).await;
    let path = format!("/v1/channels/{channel}");
    ann.delete(&path).await.expect(204);
    assert_eq!(ann.patch(&path, json!({"archived": true})).await.expect(200), &before);
    assert_eq!(ann.channel(&channel).await, before);
}

async fn channel_comes_back_out_of_the_archive(world: Arc<World>) {
    let (ann, bob, channel) = archived(&world).await;
    let path = format!("/v1/channels/{channel}");
    bob.patch(&path, json!({"archived": false})).await.expect_problem(403, "forbidden");
    let back = ann.patch(&path, json!({"archived": false, "description": "Again"})).await;
    assert!(back.expect(200).get("archived_at").is_none(), "{}", back.text);
    assert_eq!(back.json["description"], "Again");
    bob.say(&channel, "back").await;
    world.person("eve").await.join(&channel).await;
}

async fn archiving_reaches_open_sockets(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    ann.delete(&format!("/v1/channels/{channel}")).await.expect(204);
    let event: Value = socket.event_of(&channel).await;
    assert_eq!(event["kind"], "channel_updated");
    assert!(event["channel"]["archived_at"].is_string(), "{event}");
    let frame = json!({"type": "send", "channel": channel, "text": "too late", "key": new_key()});
    socket.send(frame).await;
    let receipt = socket.until_type("receipt").await;
    assert_eq!(receipt["reason"], "channel_archived", "{receipt}");
}
