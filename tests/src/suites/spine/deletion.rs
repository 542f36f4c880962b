//! Going for good.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Cursors, Person};
use crate::deployment::Options;
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);

/// More than are left by one transaction.
const MANY: usize = 60;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            deleted_account_is_out_and_its_name_is_free,
            what_a_deleted_user_said_stays_without_their_name,
            everybody_sees_a_deleted_user_leave,
            owner_who_is_deleted_is_followed,
            chats_with_a_deleted_user_stay,
            account_is_deleted_by_who_knows_its_password,
            last_owner_of_the_server_is_not_deleted,
            deleted_user_is_left_in_no_channel_however_many,
            deleted_user_is_left_in_no_channel_whoever_adds_them_meanwhile,
        ]
    )
}

async fn deleted_account_is_out_and_its_name_is_free(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let email = format!("{}@example.org", bob.username);
    let body = json!({"password": bob.password, "email": email});
    bob.put("/v1/me/email", body).await.expect(200);
    let elsewhere = world.elsewhere(&bob.log_in_again().await).await;
    elsewhere.get("/v1/me").await.expect(200);
    let mut socket = elsewhere.socket(&Cursors::new()).await;
    delete(&bob).await.expect(204);
    bob.get("/v1/me").await.expect_problem(401, "unauthenticated");
    delete(&bob).await.expect_problem(401, "unauthenticated");
    assert_eq!(socket.close_code(PROMPT).await, 1008);
    eventually("the other node refuses", PROMPT, async || {
        (elsewhere.get("/v1/me").await.status == 401).then_some(())
    })
    .await;
    for name in [&bob.username, &email] {
        let body = json!({"username": name, "password": bob.password});
        bob.rest.post("/v1/login", body).await.expect_problem(401, "invalid_credentials");
    }
    ann.get(&format!("/v1/users/{}", bob.username)).await.expect_problem(404, "not_found");
    let body = json!({"username": bob.username, "password": bob.password, "first_name": "Rob",
        "email": email});
    let again = ann.rest.post("/v1/signup", body).await;
    assert_ne!(again.expect(201)["user"]["id"], bob.id.as_str());
}

async fn what_a_deleted_user_said_stays_without_their_name(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&ann).await;
    let body = json!({"last_name": "Roe", "display_name": "Bobby"});
    bob.patch("/v1/me", body).await.expect(200);
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    bob.say(&channel, "I was here").await;
    assert_eq!(elsewhere.messages(&channel, "").await[0]["author"]["display_name"], "Bobby");
    delete(&bob).await.expect(204);
    eventually("the other node has forgotten", PROMPT, async || {
        let author = elsewhere.messages(&channel, "").await[0]["author"].clone();
        author.get("display_name").is_none().then_some(())
    })
    .await;
    let message = ann.messages(&channel, "").await[0].clone();
    assert_eq!(message["text"], "I was here");
    assert_eq!(message["author"]["id"], bob.id.as_str());
    let username = message["author"]["username"].as_str().expect("a name");
    assert!(username.starts_with("deleted-"), "{message}");
    let shown = ann.get(&format!("/v1/users/{username}")).await;
    let shown = shown.expect(200);
    assert_eq!((&shown["first_name"], &shown["id"]), (&json!("Deleted user"), &json!(bob.id)));
    assert!(shown["deactivated_at"].is_string() && shown.get("last_name").is_none(), "{shown}");
}

async fn everybody_sees_a_deleted_user_leave(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    let mut socket = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    delete(&bob).await.expect(204);
    let heard = socket.event_of(&channel).await;
    assert_eq!((&heard["kind"], &heard["user"]["id"]), (&json!("member_left"), &json!(bob.id)));
    assert_eq!(heard["user"]["first_name"], "Deleted user");
    assert!(!members(&ann, &channel).await.contains(&bob.id));
}

async fn owner_who_is_deleted_is_followed(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = bob.create_channel("private").await;
    bob.add(&channel, &ann).await;
    delete(&bob).await.expect(204);
    assert_eq!(ann.channel(&channel).await["role"], "owner");
    let events = ann.events_after(&channel, 3).await;
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["member_updated", "member_left"]);
}

async fn chats_with_a_deleted_user_stay(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let opened = ann.post("/v1/direct-channels", json!({"usernames": [bob.username]})).await;
    let chat = opened.expect(201)["id"].as_str().expect("an id").to_owned();
    bob.say(&chat, "between us").await;
    delete(&bob).await.expect(204);
    let seen = ann.channel(&chat).await;
    assert_eq!(seen["members"][0]["id"], bob.id.as_str(), "{seen}");
    assert_eq!(seen["members"][0]["first_name"], "Deleted user");
    assert_eq!(ann.messages(&chat, "").await[0]["text"], "between us");
}

async fn account_is_deleted_by_who_knows_its_password(world: Arc<World>) {
    let bob = world.person("bob").await;
    for wrong in ["another horse", "x", &"x".repeat(256)] {
        let refused = bob.call(deletion(wrong)).await;
        refused.expect_problem(403, "wrong_password");
    }
    bob.get("/v1/me").await.expect(200);
    bob.log_in_again().await;
    assert!(members(&bob, "public").await.contains(&bob.id));
}

async fn last_owner_of_the_server_is_not_deleted(world: Arc<World>) {
    let deployment = world.deploy(Options { workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let bob = world.person_on(&deployment, "bob").await;
    deployment.promote(&ann.username, "owner").await;
    delete(&ann).await.expect_problem(409, "last_owner");
    assert!(members(&ann, "public").await.contains(&ann.id));
    deployment.promote(&bob.username, "owner").await;
    let elsewhere = bob.at_node(deployment.api(1));
    let (one, other) = tokio::join!(delete(&ann), delete(&elsewhere));
    assert_eq!(one.status + other.status, 204 + 409, "{} {}", one.text, other.text);
}

async fn deleted_user_is_left_in_no_channel_however_many(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut channels = vec!["public".to_owned()];
    for _ in 0..MANY {
        channels.push(ann.create_channel("private").await);
        ann.add(&channels[channels.len() - 1], &bob).await;
    }
    delete(&bob).await.expect(204);
    for channel in channels {
        assert!(!members(&ann, &channel).await.contains(&bob.id), "{channel}");
    }
}

async fn deleted_user_is_left_in_no_channel_whoever_adds_them_meanwhile(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&ann).await;
    let channels = join_all((0..20).map(|_| ann.create_channel("private"))).await;
    let additions = channels.iter().enumerate().map(async |(index, channel)| {
        let node = if index % 2 == 0 { &ann } else { &elsewhere };
        let path = format!("/v1/channels/{channel}/members");
        let content = Content::Json(json!({"username": bob.username}));
        let answer = node.ask(Call { method: "POST", path: &path, content, headers: &[] }).await;
        assert!([201, 422, 503].contains(&answer.status), "{}", answer.text);
    });
    let (deleted, _) = tokio::join!(delete(&bob), join_all(additions));
    deleted.expect(204);
    for channel in channels {
        assert!(!members(&ann, &channel).await.contains(&bob.id), "{channel}");
    }
}

async fn delete(person: &Person) -> Answer {
    person.call(deletion(&person.password)).await
}

fn deletion(password: &str) -> Call<'static> {
    let content = Content::Json(json!({"password": password}));
    Call { method: "DELETE", path: "/v1/me", content, headers: &[] }
}

/// The ids of a channel's members.
async fn members(person: &Person, channel: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/channels/{channel}/members?limit=200{cursor}");
        let page = person.get(&path).await.expect(200).clone();
        let items = page["items"].as_array().expect("items").iter();
        ids.extend(items.map(|member| member["user"]["id"].as_str().expect("an id").to_owned()));
        let Value::String(next) = &page["next_cursor"] else { return ids };
        cursor = format!("&cursor={next}");
    }
}
