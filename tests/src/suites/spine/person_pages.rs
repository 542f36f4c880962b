//! Where somebody is, and what they wrote there.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Person, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            channels_of_somebody_are_the_public_ones_and_those_shared,
            channels_of_somebody_come_page_by_page,
            messages_of_somebody_are_those_that_the_reader_may_see,
            messages_of_somebody_come_newest_first_page_by_page,
            nobody_is_nowhere_and_wrote_nothing,
        ]
    )
}

async fn channels_of_somebody_are_the_public_ones_and_those_shared(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let public = bob.create_channel("public").await;
    let shared = bob.create_channel("private").await;
    bob.add(&shared, &ann).await;
    let secret = bob.create_channel("private").await;
    let direct = json!({"usernames": [bob.username]});
    let chat = ann.post("/v1/direct-channels", direct).await.expect(201)["id"].clone();
    let elsewhere = ann.create_channel("public").await;
    let seen = pages(&ann, &format!("/v1/users/{}/channels?limit=200", bob.username)).await;
    let ids: Vec<&Value> = seen.iter().map(|channel| &channel["id"]).collect();
    for expected in [&json!(public), &json!(shared), &chat] {
        assert!(ids.contains(&expected), "{expected} is not in {ids:?}");
    }
    for hidden in [&json!(secret), &json!(elsewhere)] {
        assert!(!ids.contains(&hidden), "{hidden} is in {ids:?}");
    }
    let of = |id: &Value| seen.iter().find(|channel| &channel["id"] == id).expect("a channel");
    assert!(of(&json!(public)).get("role").is_none(), "the reader is not in it");
    assert_eq!(of(&json!(shared))["role"], "member", "what the reader is there");
    assert_eq!(of(&chat)["members"][0]["id"], bob.id.as_str());
}

async fn channels_of_somebody_come_page_by_page(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for _ in 0..4 {
        bob.create_channel("public").await;
    }
    let path = format!("/v1/users/{}/channels?limit=", bob.username);
    let all = pages(&ann, &format!("{path}200")).await;
    let names = |channels: &[Value]| -> Vec<String> {
        channels.iter().map(|channel| channel["name"].as_str().expect("a name").into()).collect()
    };
    let all = names(&all);
    assert_eq!(all.len(), 5, "with the one that everybody is in: {all:?}");
    assert!(all.is_sorted(), "{all:?}");
    assert_eq!(names(&pages(&ann, &format!("{path}2")).await), all);
}

async fn messages_of_somebody_are_those_that_the_reader_may_see(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let shared = bob.create_channel("private").await;
    let secret = bob.create_channel("private").await;
    let unread = bob.create_channel("public").await;
    let recent = json!({"name": unique("room"), "kind": "private", "history": "since_joining"});
    let recent = bob.post("/v1/channels", recent).await.expect(201)["id"].clone();
    let recent = recent.as_str().expect("an id");
    for channel in [&shared, &secret, &unread, recent] {
        bob.say(channel, "before").await;
    }
    for channel in [&shared, recent] {
        bob.add(channel, &ann).await;
        ann.say(channel, "by another").await;
        bob.say(channel, "after").await;
    }
    let path = format!("/v1/users/{}/messages", bob.username);
    assert_eq!(texts(&pages(&ann, &path).await), ["after", "after", "before"]);
    assert_eq!(pages(&bob, &path).await.len(), 6, "one's own");
    ann.post_empty(&format!("/v1/channels/{shared}/clear")).await.expect(200);
    let left = pages(&ann, &path).await;
    assert_eq!((texts(&left), &left[0]["channel_id"]), (vec!["after"], &json!(recent)));
    ann.leave(recent).await;
    assert_eq!(pages(&ann, &path).await, [] as [Value; 0]);
}

async fn messages_of_somebody_come_newest_first_page_by_page(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (one, other) = (bob.create_channel("public").await, bob.create_channel("public").await);
    for channel in [&one, &other] {
        ann.join(channel).await;
    }
    let mut said = Vec::new();
    for number in 0..7 {
        let channel = if number % 3 == 0 { &one } else { &other };
        said.insert(0, bob.posted(channel, &number.to_string()).await);
    }
    ann.react(&said[0], "🐇").await.expect(200);
    bob.delete_message(&said[3]).await.expect(204);
    let path = format!("/v1/users/{}/messages", bob.username);
    for limit in [1, 2, 7, 200] {
        let seen = pages(&ann, &format!("{path}?limit={limit}")).await;
        let ids: Vec<_> = seen.iter().map(|message| message["id"].as_str().unwrap()).collect();
        assert_eq!(ids, said, "{limit} at once");
        assert_eq!(seen[0]["reactions"][0]["mine"], true);
        assert_eq!(seen[0]["author"]["id"], bob.id.as_str());
        assert!(seen[3]["deleted_at"].is_string() && seen[3]["text"] == "", "{}", seen[3]);
    }
}

async fn nobody_is_nowhere_and_wrote_nothing(world: Arc<World>) {
    let ann = world.person("ann").await;
    for username in [unique("nobody").as_str(), "!!!", "%00"] {
        for list in ["channels", "messages"] {
            let refused = ann.get(&format!("/v1/users/{username}/{list}")).await;
            refused.expect_problem(404, "not_found");
        }
    }
}

/// What all pages have.
async fn pages(person: &Person, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = person.get(&format!("{path}{cursor}")).await;
        let page = answer.expect(200);
        items.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next_cursor"].as_str() else { return items };
        let and = if path.contains('?') { '&' } else { '?' };
        cursor = format!("{and}cursor={next}");
    }
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().expect("a text")).collect()
}
