//! What others do about who is in a channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Cursors, Person, new_key, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            members_named_at_creation_are_in_it,
            unknown_members_make_no_channel,
            members_are_added_to_a_public_channel_that_exists,
            member_is_added_by_somebody_and_once,
            members_bring_people_into_public_channels_and_moderators_into_private_ones,
            nobody_is_added_who_is_not_there,
            one_removes_those_who_may_do_less,
            removed_member_is_out,
            removing_oneself_is_leaving,
            many_additions_at_once_are_one,
        ]
    )
}

async fn three(world: &World) -> (Person, Person, Person) {
    (world.person("ann").await, world.person("bob").await, world.person("eve").await)
}

async fn members_named_at_creation_are_in_it(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    let members = [bob.username.to_uppercase(), eve.username.clone(), ann.username.clone()];
    let body = json!({"name": unique("room"), "kind": "private", "members": members,
        "history": "since_joining"});
    let made = ann.post("/v1/channels", body).await.expect(201).clone();
    let id = made["id"].as_str().expect("an id");
    assert_eq!((&made["last_seq"], &made["unread"]), (&json!(4), &json!(0)));
    assert_eq!(made["history"], "since_joining");
    for event in ann.events_after(id, 1).await {
        assert_eq!((&event["kind"], &event["actor_id"]), (&json!("member_joined"), &json!(ann.id)));
    }
    assert_eq!(
        roles(&ann, id).await,
        expected(&[(&ann, "owner"), (&bob, "member"), (&eve, "member")])
    );
    let heard = socket.event_of(id).await;
    assert_eq!(heard["user"]["id"], bob.id.as_str(), "his own joining comes first: {heard}");
}

async fn unknown_members_make_no_channel(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let name = unique("room");
    let unknown = unique("nobody");
    for members in [json!([bob.username, unknown]), json!(["!"]), json!(vec!["bob"; 101])] {
        let body = json!({"name": name, "members": members});
        ann.post("/v1/channels", body).await.expect_invalid("members");
    }
    ann.get(&format!("/v1/channels/{name}")).await.expect_problem(404, "not_found");
    ann.post("/v1/channels", json!({"name": name})).await.expect(201);
    let body = json!({"name": name, "members": [unknown]});
    bob.post("/v1/channels", body).await.expect_invalid("members");
    assert!(bob.channel(&name).await.get("role").is_none(), "not even he has joined");
}

async fn members_are_added_to_a_public_channel_that_exists(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let name = unique("room");
    ann.post("/v1/channels", json!({"name": name})).await.expect(201);
    let members = [&ann.username, &eve.username];
    let body = json!({"name": name, "members": members, "description": "not this"});
    let joined = bob.post("/v1/channels", body).await.expect(200).clone();
    assert_eq!((&joined["role"], &joined["last_seq"]), (&json!("member"), &json!(4)));
    assert!(joined.get("description").is_none(), "all else stays as it is: {joined}");
    let events = ann.events_after(&name, 2).await;
    let told: Vec<_> =
        events.iter().map(|event| (&event["user"]["id"], &event["actor_id"])).collect();
    assert_eq!(told, [(&json!(bob.id), &json!(bob.id)), (&json!(eve.id), &json!(bob.id))]);
}

async fn member_is_added_by_somebody_and_once(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}/members");
    let body = json!({"username": bob.username});
    let added = ann.post(&path, body.clone()).await.expect(201).clone();
    assert_eq!((&added["user"]["id"], &added["role"]), (&json!(bob.id), &json!("member")));
    assert_eq!(ann.post(&path, body).await.expect(200), &added);
    let events = ann.events_after(&channel, 2).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["actor_id"], ann.id.as_str());
    assert_eq!(events[0]["user"]["id"], bob.id.as_str());
    bob.say(&channel, "thanks").await;
}

async fn members_bring_people_into_public_channels_and_moderators_into_private_ones(
    world: Arc<World>,
) {
    let (ann, bob, eve) = three(&world).await;
    let (public, private) =
        (ann.create_channel("public").await, ann.create_channel("private").await);
    let body = json!({"username": eve.username});
    let path = |channel: &str| format!("/v1/channels/{channel}/members");
    bob.post(&path(&public), body.clone()).await.expect_problem(403, "not_a_member");
    bob.post(&path(&private), body.clone()).await.expect_problem(404, "not_found");
    bob.join(&public).await;
    bob.add(&public, &eve).await;
    ann.add(&private, &bob).await;
    bob.post(&path(&private), body).await.expect_problem(403, "forbidden");
    ann.appoint(&private, &bob, "moderator").await.expect(200);
    bob.add(&private, &eve).await;
}

async fn nobody_is_added_who_is_not_there(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}");
    for username in [unique("nobody").as_str(), "!!!", "a"] {
        let body = json!({"username": username});
        ann.post(&format!("{path}/members"), body.clone()).await.expect_invalid("username");
        ann.post(&format!("{path}/invitations"), body).await.expect_invalid("username");
    }
    for username in [unique("nobody").as_str(), "!!!"] {
        let member = format!("{path}/members/{username}");
        ann.delete(&member).await.expect_problem(404, "not_found");
        let role = ann.put(&format!("{member}/role"), json!({"role": "owner"})).await;
        role.expect_problem(404, "not_found");
    }
    assert_eq!(ann.channel(&channel).await["last_seq"], 2);
}

async fn one_removes_those_who_may_do_less(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let mut people = BTreeMap::new();
    for (name, role) in [
        ("max", "moderator"),
        ("mia", "moderator"),
        ("bob", "member"),
        ("eve", "member"),
        ("zoe", "owner"),
    ] {
        let person = world.person(name).await;
        ann.add(&channel, &person).await;
        let _ = ann.appoint(&channel, &person, role).await;
        people.insert(name, person);
    }
    let path = |name: &str| format!("/v1/channels/{channel}/members/{}", people[name].username);
    let bob = &people["bob"];
    for other in ["eve", "max", "zoe"] {
        bob.delete(&path(other)).await.expect_problem(403, "forbidden");
    }
    for higher in ["mia", "zoe"] {
        people["max"].delete(&path(higher)).await.expect_problem(403, "forbidden");
    }
    ann.delete(&path("zoe")).await.expect_problem(403, "forbidden");
    people["max"].delete(&path("eve")).await.expect(204);
    people["max"].delete(&path("eve")).await.expect(204);
    ann.delete(&path("mia")).await.expect(204);
    let left = roles(&ann, &channel).await;
    let stay = [
        (&ann, "owner"),
        (&people["zoe"], "owner"),
        (&people["max"], "moderator"),
        (bob, "member"),
    ];
    assert_eq!(left, expected(&stay));
    let last = ann.events_after(&channel, 0).await.pop().expect("an event");
    assert_eq!((&last["kind"], &last["actor_id"]), (&json!("member_left"), &json!(ann.id)));
}

async fn removed_member_is_out(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    bob.say(&channel, "here").await;
    let mut socket = world.elsewhere(&bob).await.socket(&Cursors::new()).await;
    ann.delete(&format!("/v1/channels/{channel}/members/{}", bob.username)).await.expect(204);
    let heard = socket.event_of(&channel).await;
    assert_eq!(heard["kind"], "member_left", "{heard}");
    bob.get(&format!("/v1/channels/{channel}")).await.expect_problem(404, "not_found");
    ann.say(&channel, "he is gone").await;
    let refused = bob.post_message(&channel, "still here?", &new_key()).await;
    refused.expect_problem(404, "not_found");
    let more = socket.frames_before_pong().await;
    assert!(more.iter().all(|frame| frame["channel_id"] != channel.as_str()), "{more:?}");
    let stranger = world.person("eve").await;
    let path = format!("/v1/channels/{channel}/members/{}", ann.username);
    stranger.delete(&path).await.expect_problem(404, "not_found");
}

async fn removing_oneself_is_leaving(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let path = format!("/v1/channels/{channel}/members/{}", bob.username);
    bob.delete(&path).await.expect(204);
    bob.delete(&path).await.expect(204);
    let events = ann.events_after(&channel, 3).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["actor_id"], bob.id.as_str());
    bob.delete(&format!("/v1/channels/{channel}/members/{}", ann.username))
        .await
        .expect_problem(403, "not_a_member");
}

async fn many_additions_at_once_are_one(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}/members");
    let nodes = [&ann, &elsewhere].into_iter().cycle().take(10);
    let path = path.as_str();
    let additions = nodes.map(|node| {
        let body = json!({"username": bob.username});
        async move { node.post(path, body).await.status }
    });
    let mut statuses = join_all(additions).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200; 9][..], &[201]].concat());
    assert_eq!(ann.channel(&channel).await["last_seq"], 3);
}

/// Who may do what, by id.
async fn roles(person: &Person, channel: &str) -> BTreeMap<String, String> {
    let page = person.get(&format!("/v1/channels/{channel}/members")).await.expect(200).clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let items = page["items"].as_array().expect("items");
    items.iter().map(|member| (text(&member["user"]["id"]), text(&member["role"]))).collect()
}

fn expected(people: &[(&Person, &str)]) -> BTreeMap<String, String> {
    people.iter().map(|(person, role)| (person.id.clone(), (*role).to_owned())).collect()
}
