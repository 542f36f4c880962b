//! How much one person may have.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::{Cursors, new_key};
use crate::deployment::Options;
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "spine", [people_have_as_many_channels_and_as_long_texts_as_is_set])
}

async fn people_have_as_many_channels_and_as_long_texts_as_is_set(world: Arc<World>) {
    let options = Options::default()
        .with("WARREN_CHANNELS_PER_USER", "3")
        .with("WARREN_MESSAGE_SIZE_BYTES", "100");
    let deployment = world.deploy(options).await;
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await;

    let first = ann.create_channel("public").await;
    let second = ann.create_channel("private").await;
    let direct = |person: &str| json!({"usernames": [person]});
    ann.post("/v1/direct-channels", direct(&bob.username)).await.expect(201);
    for _ in 0..2 {
        let more = ann.post("/v1/channels", json!({"name": "one-more"})).await;
        more.expect_problem(403, "too_many_channels");
    }
    let more = ann.post("/v1/direct-channels", direct(&ann.username)).await;
    more.expect_problem(403, "too_many_channels");

    // What is there already is no new one, and others have their own three.
    ann.post("/v1/direct-channels", direct(&bob.username)).await.expect(200);
    bob.post("/v1/channels", json!({"name": "one-more"})).await.expect(201);
    ann.post("/v1/channels", json!({"name": "one-more"})).await.expect(200);
    ann.delete(&format!("/v1/channels/{second}")).await.expect(204);
    ann.post("/v1/channels", json!({"name": "another"})).await.expect(201);

    let (fits, too_long) = ("x".repeat(100), "x".repeat(101));
    ann.post_message(&first, &too_long, &new_key()).await.expect_problem(422, "validation_failed");
    let said = ann.post_message(&first, &fits, &new_key()).await;
    let said = said.json["id"].as_str().expect("an id").to_owned();
    let edit = ann.patch(&format!("/v1/messages/{said}"), json!({"text": too_long})).await;
    assert!(edit.text.contains("at most 100 bytes"), "{}", edit.text);
    edit.expect_problem(422, "validation_failed");
    let mut socket = ann.socket(&Cursors::new()).await;
    let frame = json!({"type": "send", "channel": first, "text": too_long, "key": new_key()});
    socket.send(frame).await;
    let refused = socket.until_type("error").await;
    assert_eq!(refused["code"], "validation_failed", "{refused}");
}
