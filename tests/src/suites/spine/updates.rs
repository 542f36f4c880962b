//! Changing what a channel is.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Person, new_key, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            owners_and_moderators_change_a_channel,
            change_that_changes_nothing_is_no_event,
            members_and_strangers_change_nothing,
            name_of_another_channel_is_taken,
            renamed_channel_is_found_by_its_new_name_only,
            one_of_many_renames_to_a_name_wins,
            everybodys_first_channel_keeps_its_name_and_stays,
            administrators_run_the_public_channels_only,
        ]
    )
}

async fn owners_and_moderators_change_a_channel(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    ann.appoint(&channel, &bob, "moderator").await.expect(200);
    let change = json!({"description": "For rabbits", "history": "since_joining"});
    let changed = patch(&bob, &channel, change).await;
    assert_eq!(
        (&changed["description"], &changed["role"]),
        (&json!("For rabbits"), &json!("moderator"))
    );
    let name = unique("warren");
    patch(&ann, &channel, json!({"name": name.to_uppercase()})).await;
    let cleared = patch(&ann, &channel, json!({"description": null})).await;
    assert_eq!((&cleared["name"], &cleared["history"]), (&json!(name), &json!("since_joining")));
    assert!(cleared.get("description").is_none(), "{cleared}");
    let events = ann.events_after(&channel, 4).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["channel_updated"; 3]);
    assert_eq!(events[0]["actor_id"], bob.id.as_str());
    for event in &events {
        assert_eq!(event["channel"]["name"], name.as_str(), "as it is now: {event}");
    }
}

async fn change_that_changes_nothing_is_no_event(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("public").await;
    let before = ann.channel(&channel).await;
    for change in [
        json!({}),
        json!({"name": before["name"]}),
        json!({"description": null}),
        json!({"history": "all"}),
        json!({"archived": false}),
    ] {
        assert_eq!(patch(&ann, &channel, change).await, before);
    }
    assert_eq!(ann.events_after(&channel, 2).await, [] as [Value; 0]);
}

async fn members_and_strangers_change_nothing(world: Arc<World>) {
    let (ann, bob, eve) =
        (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let (public, private) =
        (ann.create_channel("public").await, ann.create_channel("private").await);
    bob.join(&public).await;
    ann.add(&private, &bob).await;
    for channel in [&public, &private] {
        let path = format!("/v1/channels/{channel}");
        for change in [json!({"name": unique("mine")}), json!({"archived": true}), json!({})] {
            bob.patch(&path, change).await.expect_problem(403, "forbidden");
        }
        bob.delete(&path).await.expect_problem(403, "forbidden");
        ann.appoint(channel, &bob, "moderator").await.expect(200);
        bob.delete(&path).await.expect_problem(403, "forbidden");
    }
    let path = format!("/v1/channels/{public}");
    eve.patch(&path, json!({"name": "mine"})).await.expect_problem(403, "not_a_member");
    eve.delete(&path).await.expect_problem(403, "not_a_member");
    eve.delete(&format!("/v1/channels/{private}")).await.expect_problem(404, "not_found");
    let kinds = kinds(&ann, &public).await;
    assert_eq!(kinds, ["channel_created", "member_joined", "member_joined", "member_updated"]);
}

async fn name_of_another_channel_is_taken(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let hidden = ann.create_channel("private").await;
    let hidden = ann.channel(&hidden).await["name"].clone();
    let channel = bob.create_channel("public").await;
    let change = json!({"name": hidden, "description": "all or nothing"});
    let path = format!("/v1/channels/{channel}");
    bob.patch(&path, change).await.expect_problem(409, "name_taken");
    let after = bob.channel(&channel).await;
    assert!(after.get("description").is_none() && after["last_seq"] == 2, "{after}");
}

/// A node that remembers where a name led must not send there what is meant for
/// the channel that has the name now.
async fn renamed_channel_is_found_by_its_new_name_only(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let (old, new) = (unique("old"), unique("new"));
    let made = ann.post("/v1/channels", json!({"name": old})).await;
    let id = made.expect(201)["id"].as_str().expect("an id").to_owned();
    for node in [&ann, &elsewhere] {
        node.say(&old, "before").await;
    }
    patch(&ann, &old, json!({"name": new})).await;
    for node in [&ann, &elsewhere] {
        node.get(&format!("/v1/channels/{old}")).await.expect_problem(404, "not_found");
        node.post_message(&old, "nowhere", &new_key()).await.expect_problem(404, "not_found");
        assert_eq!(node.channel(&new).await["id"], id.as_str());
    }
    ann.post("/v1/channels", json!({"name": old})).await.expect(201);
    for node in [&ann, &elsewhere] {
        node.say(&old, "in the second").await;
        node.say(&new, "in the first").await;
    }
    let said: Vec<Value> =
        ann.messages(&old, "").await.into_iter().map(|message| message["text"].clone()).collect();
    assert_eq!(said, ["in the second"; 2]);
}

async fn one_of_many_renames_to_a_name_wins(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let mut channels = Vec::new();
    for _ in 0..6 {
        channels.push(ann.create_channel("public").await);
    }
    let name = unique("wanted");
    let nodes = [&ann, &elsewhere].into_iter().cycle();
    let renames = channels.iter().zip(nodes).map(|(channel, node)| {
        let path = format!("/v1/channels/{channel}");
        let change = json!({"name": name});
        async move { node.patch(&path, change).await }
    });
    let answers = join_all(renames).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.expect_problem(409, "name_taken");
    }
    for channel in &channels {
        let wanted = ann.channel(channel).await["name"] == name.as_str();
        let kinds = kinds(&ann, channel).await;
        assert_eq!(kinds.len(), if wanted { 3 } else { 2 }, "{kinds:?}");
    }
}

async fn everybodys_first_channel_keeps_its_name_and_stays(world: Arc<World>) {
    let (ann, eve) = (world.administrator("ann").await, world.person("eve").await);
    let path = "/v1/channels/public";
    eve.patch(path, json!({"name": "ours"})).await.expect_problem(403, "forbidden");
    ann.patch(path, json!({"name": "ours"})).await.expect_problem(403, "permanent_channel");
    ann.patch(path, json!({"archived": true})).await.expect_problem(403, "permanent_channel");
    ann.delete(path).await.expect_problem(403, "permanent_channel");
    let described = ann.patch(path, json!({"description": "Everybody", "name": "Public"})).await;
    assert_eq!(described.expect(200)["description"], "Everybody");
}

async fn administrators_run_the_public_channels_only(world: Arc<World>) {
    let (ann, eve) = (world.person("ann").await, world.administrator("eve").await);
    let (public, private) =
        (ann.create_channel("public").await, ann.create_channel("private").await);
    let changed = patch(&eve, &public, json!({"description": "Tidied up"})).await;
    assert!(changed.get("role").is_none(), "she is no member: {changed}");
    eve.delete(&format!("/v1/channels/{public}")).await.expect(204);
    let path = format!("/v1/channels/{private}");
    eve.patch(&path, json!({"description": "x"})).await.expect_problem(404, "not_found");
    eve.delete(&path).await.expect_problem(404, "not_found");
    ann.add(&private, &eve).await;
    eve.patch(&path, json!({"description": "x"})).await.expect_problem(403, "forbidden");
    eve.delete(&path).await.expect(204);
}

async fn patch(person: &Person, channel: &str, change: Value) -> Value {
    person.patch(&format!("/v1/channels/{channel}"), change).await.expect(200).clone()
}

async fn kinds(person: &Person, channel: &str) -> Vec<String> {
    let events = person.events_after(channel, 0).await;
    events.iter().map(|event| event["kind"].as_str().expect("a kind").to_owned()).collect()
}
