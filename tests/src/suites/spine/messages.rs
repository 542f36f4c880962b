//! Sending, once and for ever.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::json;

use crate::client::new_key;
use crate::deployment::Combination;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            post_answers_with_its_number_and_can_be_read,
            post_without_a_key_gets_one_that_works,
            retry_gets_the_same_answer,
            key_with_another_text_is_refused_even_after_the_author_left,
            keys_of_two_people_are_independent,
            asynchronous_post_is_accepted_then_committed,
            receipt_and_message_are_for_those_who_may_see_them,
            nearly_every_post_is_answered_with_its_number,
        ]
    )
}

async fn post_answers_with_its_number_and_can_be_read(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let answer = ann.post_message(&channel, "hello", &new_key()).await;
    let receipt = answer.expect(201).clone();
    assert_eq!(receipt["outcome"], "committed");
    assert_eq!(receipt["channel_id"], channel.as_str());
    assert_eq!(receipt["seq"], 3);
    let id = receipt["id"].as_str().expect("an id");
    let elsewhere = world.elsewhere(&ann).await;
    let message = elsewhere.get(&format!("/v1/messages/{id}")).await.expect(200).clone();
    assert_eq!(message["text"], "hello");
    assert_eq!(message["seq"], receipt["seq"]);
    assert_eq!(message["author"]["id"], ann.id.as_str());
    assert_eq!(message["created_at"], receipt["at"]);
    let kept = elsewhere.get(&format!("/v1/messages/{id}/receipt")).await.expect(200).clone();
    assert_eq!((&kept["outcome"], &kept["seq"]), (&json!("committed"), &receipt["seq"]));
}

async fn post_without_a_key_gets_one_that_works(world: Arc<World>) {
    let ann = world.person("ann").await;
    let first = ann.post_with("public", "hello", &[]).await.expect(201).clone();
    let key = first["idempotency_key"].as_str().expect("a key");
    let again = ann.post_message("public", "hello", key).await;
    assert_eq!(again.expect(201)["id"], first["id"]);
    assert_eq!(again.json["seq"], first["seq"]);
}

async fn retry_gets_the_same_answer(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let key = new_key();
    let first = ann.post_message(&channel, "once", &key).await.expect(201).clone();
    for node in [&ann, &world.elsewhere(&ann).await] {
        let again = node.post_message(&channel, "once", &key).await.expect(201).clone();
        assert_eq!(again, first);
    }
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
}

async fn key_with_another_text_is_refused_even_after_the_author_left(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let key = new_key();
    bob.post_message(&channel, "one", &key).await.expect(201);
    let other = bob.post_message(&channel, "two", &key).await;
    other.expect_problem(422, "idempotency_key_reused");
    bob.leave(&channel).await;
    let late = bob.post_message(&channel, "two", &key).await;
    assert!(matches!(late.status, 403 | 422), "{}", late.text);
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
}

/// Hostile input 26.
async fn keys_of_two_people_are_independent(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let key = new_key();
    let one = ann.post_message(&channel, "mine", &key).await.expect(201).clone();
    let other = bob.post_message(&channel, "mine", &key).await.expect(201).clone();
    assert_ne!(one["id"], other["id"]);
    assert_eq!(ann.messages(&channel, "").await.len(), 2);
}

/// In one process the log is the committer: its answer is never provisional.
async fn asynchronous_post_is_accepted_then_committed(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let headers = [("Idempotency-Key", "later"), ("Prefer", "respond-async")];
    let answer = ann.post_with(&channel, "later", &headers).await;
    if world.combination == Combination::Embedded {
        assert_eq!(answer.expect(201)["outcome"], "committed");
        return;
    }
    assert_eq!(answer.expect(202)["outcome"], "accepted");
    assert_eq!(answer.json["idempotency_key"], "later");
    let location = answer.header("location").to_owned();
    let id = answer.json["id"].as_str().expect("an id");
    assert_eq!(location, format!("/v1/messages/{id}/receipt"));
    let receipt = eventually("the post is committed", Duration::from_secs(10), async || {
        let receipt = ann.get(&location).await.expect(200).clone();
        (receipt["outcome"] == "committed").then_some(receipt)
    });
    assert_eq!(receipt.await["seq"], 3);
}

async fn receipt_and_message_are_for_those_who_may_see_them(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    let answer = ann.post_message(&channel, "mine", &new_key()).await;
    let id = answer.expect(201)["id"].as_str().expect("an id").to_owned();
    let (message, receipt) = (format!("/v1/messages/{id}"), format!("/v1/messages/{id}/receipt"));
    bob.get(&message).await.expect_problem(404, "not_found");
    bob.get(&receipt).await.expect_problem(404, "not_found");
    bob.join(&channel).await;
    bob.get(&message).await.expect(200);
    bob.get(&receipt).await.expect_problem(404, "not_found");
    ann.leave(&channel).await;
    ann.get(&receipt).await.expect(200);
}

async fn nearly_every_post_is_answered_with_its_number(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let mut numbered = 0;
    for round in 0..20 {
        let nodes = [&ann, &elsewhere].into_iter().cycle().take(10);
        let channel = channel.as_str();
        let posts = nodes.map(|node| {
            let key = new_key();
            async move { node.post_message(channel, &format!("{round}"), &key).await }
        });
        let answers = join_all(posts).await;
        numbered += answers.iter().filter(|answer| answer.status == 201).count();
    }
    assert!(numbered >= 198, "{numbered} of 200");
}
