//! Channels and who is in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Call, Content, Person, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            new_channel_belongs_to_its_creator,
            existing_public_name_is_joined,
            taken_private_name_is_told_from_nothing_else,
            invalid_channel_names_are_refused,
            channel_is_found_by_name_and_by_id,
            joining_and_leaving_twice_change_nothing,
            private_channel_is_as_absent_to_others,
            public_channel_shows_its_talk_to_members_only,
            browsing_pages_through_the_public_channels,
            members_are_listed_in_pages,
            channel_names_are_lowered,
        ]
    )
}

async fn new_channel_belongs_to_its_creator(world: Arc<World>) {
    let ann = world.person("ann").await;
    let name = unique("room");
    let body = json!({"name": name, "description": "For rabbits"});
    let channel = ann.post("/v1/channels", body).await.expect(201).clone();
    assert_eq!(channel["kind"], "public");
    assert_eq!(channel["role"], "owner");
    assert_eq!(channel["created_by"], ann.id.as_str());
    let events = ann.events_after(&name, 0).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["channel_created", "member_joined"]);
    assert_eq!(events[0]["channel"]["description"], "For rabbits");
    assert_eq!(events[1]["user"]["id"], ann.id.as_str());
}

async fn existing_public_name_is_joined(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let body = json!({"name": unique("room")});
    let made = ann.post("/v1/channels", body.clone()).await.expect(201).clone();
    let joined = bob.post("/v1/channels", body.clone()).await.expect(200).clone();
    assert_eq!(joined["id"], made["id"]);
    assert_eq!(joined["role"], "member");
    let again = bob.post("/v1/channels", body).await.expect(200).clone();
    assert_eq!(again["last_seq"], joined["last_seq"], "joining again appends nothing");
}

async fn taken_private_name_is_told_from_nothing_else(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let name = unique("secret");
    let private = json!({"name": name, "kind": "private"});
    ann.post("/v1/channels", private.clone()).await.expect(201);
    for body in [private, json!({"name": name, "kind": "public"})] {
        bob.post("/v1/channels", body).await.expect_problem(409, "name_taken");
    }
    let public = unique("room");
    ann.post("/v1/channels", json!({"name": public})).await.expect(201);
    let body = json!({"name": public, "kind": "private"});
    bob.post("/v1/channels", body).await.expect_problem(409, "name_taken");
}

async fn invalid_channel_names_are_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let too_long = "a".repeat(65);
    for name in ["", "two words", "dot.ted", "ünder", &too_long, &id()] {
        ann.post("/v1/channels", json!({"name": name})).await.expect_invalid("name");
    }
    let body = json!({"name": unique("room"), "kind": "secret"});
    let refused = ann.post("/v1/channels", body).await;
    assert!(matches!(refused.status, 400 | 422), "{}", refused.text);
}

async fn channel_names_are_lowered(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let name = unique("room");
    let made = ann.post("/v1/channels", json!({"name": name.to_uppercase()})).await;
    assert_eq!(made.expect(201)["name"], name.as_str());
    let same = bob.post("/v1/channels", json!({"name": name})).await;
    assert_eq!(same.expect(200)["id"], made.json["id"]);
    assert_eq!(bob.channel(&name.to_uppercase()).await["id"], made.json["id"]);
}

async fn channel_is_found_by_name_and_by_id(world: Arc<World>) {
    let ann = world.person("ann").await;
    let id = ann.create_channel("private").await;
    let by_id = ann.channel(&id).await;
    let by_name = ann.channel(by_id["name"].as_str().expect("a name")).await;
    assert_eq!(by_id, by_name);
}

async fn joining_and_leaving_twice_change_nothing(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    bob.join(&channel).await;
    bob.leave(&channel).await;
    bob.leave(&channel).await;
    let events = ann.events_after(&channel, 2).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["member_joined", "member_left"]);
    assert_eq!(events[1]["user"]["id"], bob.id.as_str());
}

async fn private_channel_is_as_absent_to_others(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let private = ann.create_channel("private").await;
    let name = ann.channel(&private).await["name"].as_str().expect("a name").to_owned();
    let absent = id();
    for (method, suffix) in OPERATIONS {
        let expected = ask(&bob, method, &absent, suffix).await;
        for hidden in [&private, &name] {
            let answer = ask(&bob, method, hidden, suffix).await;
            assert_eq!(answer, expected, "{method} {suffix}");
        }
    }
    assert!(!bob.get("/v1/channels/browse?limit=200").await.text.contains(&private));
    let events = ann.events_after(&private, 0).await;
    assert_eq!(events.len(), 2, "nothing happened to it");
}

const OPERATIONS: [(&str, &str); 20] = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/members"),
    ("POST", "/members"),
    ("DELETE", "/members/public"),
    ("PUT", "/members/public/role"),
    ("POST", "/invitations"),
    ("GET", "/invitations"),
    ("POST", "/join"),
    ("POST", "/unsubscribe"),
    ("PUT", "/read"),
    ("POST", "/clear"),
    ("PUT", "/mute"),
    ("POST", "/messages"),
    ("GET", "/messages"),
    ("GET", "/messages?since=2000-01-01T00:00:00Z"),
    ("GET", "/events"),
    ("GET", "/events?wait_s=1"),
    ("GET", "/pins"),
];

fn body(person: &Person, method: &str, suffix: &str) -> Content {
    Content::Json(match (method, suffix) {
        ("POST", "/messages") => json!({"text": "psst"}),
        ("POST", "/members" | "/invitations") => json!({"username": person.username}),
        ("PUT", "/members/public/role") => json!({"role": "owner"}),
        ("PUT", "/read") => json!({"seq": 1}),
        ("PUT", "/mute") => json!({"muted": true}),
        ("PATCH", _) => json!({"description": "mine"}),
        _ => return Content::None,
    })
}

async fn ask(person: &Person, method: &str, channel: &str, suffix: &str) -> Value {
    let path = format!("/v1/channels/{channel}{suffix}");
    let content = body(person, method, suffix);
    let answer = person.call(Call { method, path: &path, content, headers: &[] }).await;
    let mut problem = answer.expect_problem(404, "not_found").clone();
    problem.as_object_mut().expect("an object").remove("idempotency_key");
    problem
}

async fn public_channel_shows_its_talk_to_members_only(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    ann.say(&channel, "for members").await;
    let seen = bob.channel(&channel).await;
    assert!(seen.get("role").is_none() && seen.get("unread").is_none(), "{seen}");
    for part in ["members", "messages", "events", "pins"] {
        let answer = bob.get(&format!("/v1/channels/{channel}/{part}")).await;
        answer.expect_problem(403, "not_a_member");
    }
    let refused = bob.post_message(&channel, "hello", "key").await;
    refused.expect_problem(403, "not_a_member");
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
}

async fn browsing_pages_through_the_public_channels(world: Arc<World>) {
    let ann = world.person("ann").await;
    let word = unique("browse");
    let mut made = BTreeSet::new();
    for index in 0..5 {
        let body = json!({"name": format!("{word}-{index}")});
        made.insert(text(&ann.post("/v1/channels", body).await.expect(201)["id"]));
    }
    let found = pages(&ann, &format!("/v1/channels/browse?query={word}&limit=2")).await;
    assert_eq!(found.len(), 5, "each once");
    assert_eq!(found.iter().map(|channel| text(&channel["id"])).collect::<BTreeSet<_>>(), made);
}

async fn members_are_listed_in_pages(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("public").await;
    let mut expected = BTreeSet::from([ann.id.clone()]);
    for _ in 0..4 {
        let bob = world.person("bob").await;
        bob.join(&channel).await;
        expected.insert(bob.id);
    }
    let members = pages(&ann, &format!("/v1/channels/{channel}/members?limit=2")).await;
    assert_eq!(members.len(), 5, "each once");
    let ids: BTreeSet<_> = members.iter().map(|member| text(&member["user"]["id"])).collect();
    assert_eq!(ids, expected);
}

async fn pages(person: &Person, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("{path}{cursor}")).await.expect(200).clone();
        let found = page["items"].as_array().expect("items");
        assert!(found.len() <= 2, "the limit holds");
        items.extend(found.iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else {
            return items;
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        cursor = format!("&cursor={next}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn id() -> String {
    uuid::Uuid::now_v7().to_string()
}
