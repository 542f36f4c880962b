//! The one private chat of exactly these people.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Cursors, Person, unique};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            same_people_have_one_direct_channel,
            direct_channel_shows_who_else_is_in_it,
            direct_channels_opened_at_once_are_one,
            one_may_talk_to_oneself,
            direct_channel_and_its_members_never_change,
            direct_channel_is_absent_to_others,
            direct_channel_reaches_the_open_sockets_of_all,
            nobody_to_talk_to_is_refused,
        ]
    )
}

async fn three(world: &World) -> (Person, Person, Person) {
    (world.person("ann").await, world.person("bob").await, world.person("eve").await)
}

async fn open(person: &Person, others: &[&Person]) -> Answer {
    let usernames: Vec<&str> = others.iter().map(|other| other.username.as_str()).collect();
    person.post("/v1/direct-channels", json!({"usernames": usernames})).await
}

async fn opened(person: &Person, others: &[&Person], status: u16) -> Value {
    open(person, others).await.expect(status).clone()
}

fn id(channel: &Value) -> String {
    channel["id"].as_str().expect("an id").to_owned()
}

async fn same_people_have_one_direct_channel(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let pair = opened(&ann, &[&bob], 201).await;
    assert_eq!((&pair["kind"], &pair["role"]), (&json!("direct"), &json!("member")));
    for same in [opened(&bob, &[&ann], 200).await, opened(&ann, &[&bob, &ann, &bob], 200).await] {
        assert_eq!(id(&same), id(&pair));
        assert_eq!(same["last_seq"], 3, "nothing happened");
    }
    let group = opened(&ann, &[&bob, &eve], 201).await;
    assert_ne!(id(&group), id(&pair));
    for person in [(&bob, [&eve, &ann]), (&eve, [&ann, &bob])] {
        assert_eq!(id(&opened(person.0, &person.1, 200).await), id(&group));
    }
    ann.say(&id(&pair), "for two").await;
    assert_eq!(bob.messages(&id(&pair), "").await.len(), 1);
    assert!(bob.messages(&id(&group), "").await.is_empty());
}

async fn direct_channel_shows_who_else_is_in_it(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let pair = opened(&ann, &[&bob], 201).await;
    let group = opened(&ann, &[&eve, &bob], 201).await;
    let private = ann.create_channel("private").await;
    assert_eq!(others(&pair), BTreeSet::from([bob.id.clone()]));
    assert_eq!(others(&group), BTreeSet::from([bob.id.clone(), eve.id.clone()]));
    let listed = bob.get("/v1/channels").await.expect(200).clone();
    let items = listed["items"].as_array().expect("items");
    let find = |wanted: &Value| items.iter().find(|item| id(item) == id(wanted)).expect("listed");
    assert_eq!(others(find(&pair)), BTreeSet::from([ann.id.clone()]));
    assert_eq!(others(find(&group)), BTreeSet::from([ann.id.clone(), eve.id.clone()]));
    assert_eq!(&bob.channel(&id(&group)).await, find(&group));
    assert!(ann.channel(&private).await.get("members").is_none(), "others have pages of them");
    let members = ann.get(&format!("/v1/channels/{}/members", id(&pair))).await;
    let members = members.expect(200)["items"].as_array().expect("items").clone();
    assert!(members.iter().all(|member| member["role"] == "member"), "all are equal");
    assert_eq!(members.len(), 2);
}

async fn direct_channels_opened_at_once_are_one(world: Arc<World>) {
    let (ann, bob, _) = three(&world).await;
    let (ann_elsewhere, bob_elsewhere) = (world.elsewhere(&ann).await, world.elsewhere(&bob).await);
    let ways = [(&ann, &bob), (&bob, &ann), (&ann_elsewhere, &bob), (&bob_elsewhere, &ann)];
    let opening = ways.into_iter().cycle().take(12);
    let answers =
        join_all(opening.map(|(one, other)| async move { open(one, &[other]).await })).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    let ids: BTreeSet<String> = answers
        .iter()
        .map(|answer| id(if answer.status == 201 { &answer.json } else { answer.expect(200) }))
        .collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let events = ann.events_after(ids.first().expect("one"), 0).await;
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["channel_created", "member_joined", "member_joined"]);
}

async fn one_may_talk_to_oneself(world: Arc<World>) {
    let ann = world.person("ann").await;
    let notes = opened(&ann, &[&ann], 201).await;
    assert_eq!(notes["members"], json!([]));
    ann.say(&id(&notes), "do not forget").await;
    assert_eq!(id(&opened(&ann, &[&ann], 200).await), id(&notes));
}

async fn direct_channel_and_its_members_never_change(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let channel = id(&opened(&ann, &[&bob], 201).await);
    let administrator = world.administrator("root").await;
    let theirs = id(&opened(&administrator, &[&ann], 201).await);
    let member = format!("/members/{}", bob.username);
    let role = format!("{member}/role");
    let them = json!({"username": eve.username});
    let operations = [
        ("PATCH", "", Content::Json(json!({"description": "ours"}))),
        ("PATCH", "", Content::Json(json!({"archived": true}))),
        ("DELETE", "", Content::None),
        ("POST", "/unsubscribe", Content::None),
        ("POST", "/members", Content::Json(them.clone())),
        ("DELETE", member.as_str(), Content::None),
        ("PUT", role.as_str(), Content::Json(json!({"role": "owner"}))),
        ("POST", "/invitations", Content::Json(them)),
        ("GET", "/invitations", Content::None),
    ];
    for (method, suffix, content) in operations {
        let path = format!("/v1/channels/{channel}{suffix}");
        let answer = ann.call(Call { method, path: &path, content, headers: &[] }).await;
        answer.expect_problem(403, "direct_channel");
    }
    let oneself = format!("/v1/channels/{channel}/members/{}", ann.username);
    ann.delete(&oneself).await.expect_problem(403, "direct_channel");
    let archive = administrator.delete(&format!("/v1/channels/{theirs}")).await;
    archive.expect_problem(403, "direct_channel");
    ann.join(&channel).await;
    assert_eq!(ann.channel(&channel).await["last_seq"], 3, "nothing happened");
    let path = format!("/v1/channels/{channel}");
    ann.post_empty(&format!("{path}/clear")).await.expect(200);
    ann.put(&format!("{path}/mute"), json!({"muted": true})).await.expect(200);
}

async fn direct_channel_is_absent_to_others(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let channel = opened(&ann, &[&bob], 201).await;
    ann.say(&id(&channel), "psst").await;
    let name = channel["name"].as_str().expect("a name");
    for reference in [id(&channel).as_str(), name] {
        for suffix in ["", "/members", "/messages", "/events", "/invitations"] {
            let path = format!("/v1/channels/{reference}{suffix}");
            eve.get(&path).await.expect_problem(404, "not_found");
        }
        let join = eve.post_empty(&format!("/v1/channels/{reference}/join")).await;
        join.expect_problem(404, "not_found");
    }
    eve.post("/v1/channels", json!({"name": name})).await.expect_invalid("name");
    assert!(!eve.get("/v1/channels/browse?limit=200").await.text.contains(&id(&channel)));
}

async fn direct_channel_reaches_the_open_sockets_of_all(world: Arc<World>) {
    let (ann, bob, eve) = three(&world).await;
    let mut sockets = Vec::new();
    for person in [&ann, &bob, &eve] {
        sockets.push((world.elsewhere(person).await.socket(&Cursors::new()).await, person));
    }
    let channel = id(&opened(&ann, &[&bob, &eve], 201).await);
    ann.say(&channel, "hello, both").await;
    for (socket, person) in &mut sockets {
        let joined = socket.event_of(&channel).await;
        assert_eq!(joined["kind"], "member_joined", "{joined}");
        assert_eq!(joined["user"]["id"], person.id.as_str(), "their own comes first");
        let heard = socket.events_through(&channel, 5).await;
        assert_eq!(heard.last().expect("an event")["message"]["text"], "hello, both");
    }
}

async fn nobody_to_talk_to_is_refused(world: Arc<World>) {
    let ann = world.person("ann").await;
    let (unknown, many) = (unique("nobody"), vec!["bob"; 9]);
    for usernames in [json!([]), json!([unknown]), json!(["!"]), json!(many)] {
        let body = json!({"usernames": usernames});
        ann.post("/v1/direct-channels", body).await.expect_invalid("usernames");
    }
}

fn others(channel: &Value) -> BTreeSet<String> {
    channel["members"].as_array().expect("members").iter().map(id).collect()
}
