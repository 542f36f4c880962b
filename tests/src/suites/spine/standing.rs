//! Who runs the server, and who may sign in to it.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Cursors, Person, unique};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            owners_say_who_runs_the_server,
            role_that_was_taken_is_worth_nothing_on_an_open_socket,
            one_owner_stays_whoever_is_quicker,
            admins_deactivate_members_and_nobody_else,
            deactivated_account_is_out_at_once_on_every_node,
            that_an_account_is_deactivated_learns_only_its_owner,
            what_a_deactivated_account_did_stays,
            nobody_has_no_standing,
        ]
    )
}

async fn owners_say_who_runs_the_server(world: Arc<World>) {
    let (deployment, ann) = owned(&world).await;
    let bob = world.person_on(&deployment, "bob").await;
    let elsewhere = bob.at_node(deployment.api(1));
    assert_eq!(elsewhere.get("/v1/me").await.expect(200)["role"], "member");
    let eve = world.person_on(&deployment, "eve").await;
    let channel = eve.create_channel("public").await;
    for (role, status) in [("admin", 200), ("member", 403), ("owner", 200)] {
        let changed = change(&ann, &bob, json!({"role": role})).await;
        assert_eq!(changed.expect(200)["role"], role);
        eventually("the other node knows", PROMPT, async || {
            (elsewhere.get("/v1/me").await.expect(200)["role"] == role).then_some(())
        })
        .await;
        let described = json!({"description": unique("room")});
        let path = format!("/v1/channels/{channel}");
        assert_eq!(bob.patch(&path, described.clone()).await.status, status, "{role}");
        assert_eq!(elsewhere.patch(&path, described).await.status, status, "{role}");
    }
    change(&bob, &ann, json!({"role": "member", "deactivated": false})).await.expect(200);
    change(&ann, &bob, json!({"role": "admin"})).await.expect_problem(403, "forbidden");
}

async fn role_that_was_taken_is_worth_nothing_on_an_open_socket(world: Arc<World>) {
    let (deployment, ann) = owned(&world).await;
    let bob = world.person_on(&deployment, "bob").await;
    change(&ann, &bob, json!({"role": "admin"})).await.expect(200);
    let mut socket = bob.log_in_again().await.socket(&Cursors::new()).await;
    let mut delete = async |reference: &str| {
        let id = ann.posted("public", reference).await;
        socket.send(json!({"type": "delete", "id": id, "ref": reference})).await;
        socket.until(|frame| frame["ref"] == reference).await
    };
    assert_eq!(delete("first").await["type"], "done");
    change(&ann, &bob, json!({"role": "member"})).await.expect(200);
    assert_eq!(delete("second").await["type"], "error");
}

async fn one_owner_stays_whoever_is_quicker(world: Arc<World>) {
    let (deployment, ann) = owned(&world).await;
    for taken in [json!({"role": "admin"}), json!({"deactivated": true})] {
        change(&ann, &ann, taken).await.expect_problem(409, "last_owner");
    }
    let bob = world.person_on(&deployment, "bob").await.at_node(deployment.api(1));
    for _ in 0..5 {
        change(&ann, &bob, json!({"role": "owner"})).await.expect(200);
        let less = json!({"role": "member"});
        let (one, other) = tokio::join!(change(&ann, &ann, less.clone()), change(&bob, &bob, less));
        let (left, gone) = if one.status == 409 { (&ann, &bob) } else { (&bob, &ann) };
        assert_eq!(one.status + other.status, 200 + 409, "{} {}", one.text, other.text);
        change(left, gone, json!({"role": "owner"})).await.expect(200);
    }
    change(&ann, &bob, json!({"deactivated": true})).await.expect(200);
    let alone = change(&ann, &ann, json!({"role": "member"})).await;
    alone.expect_problem(409, "last_owner");
}

async fn admins_deactivate_members_and_nobody_else(world: Arc<World>) {
    let (admin, other) = (world.administrator("admin").await, world.administrator("other").await);
    let (bob, eve) = (world.person("bob").await, world.person("eve").await);
    change(&admin, &bob, json!({"deactivated": true, "role": "member"})).await.expect(200);
    change(&admin, &bob, json!({"deactivated": false})).await.expect(200);
    for refused in [
        change(&admin, &bob, json!({"role": "admin"})).await,
        change(&admin, &bob, json!({"deactivated": true, "role": "owner"})).await,
        change(&admin, &other, json!({"deactivated": true})).await,
        change(&admin, &other, json!({"role": "member"})).await,
        change(&admin, &admin, json!({"role": "owner"})).await,
        change(&eve, &bob, json!({"deactivated": true})).await,
        change(&eve, &eve, json!({"role": "admin"})).await,
    ] {
        refused.expect_problem(403, "forbidden");
    }
    for person in [&bob, &other] {
        let shown = eve.get(&format!("/v1/users/{}", person.username)).await;
        assert!(shown.expect(200).get("deactivated_at").is_none(), "{}", shown.text);
    }
}

async fn deactivated_account_is_out_at_once_on_every_node(world: Arc<World>) {
    let (admin, bob) = (world.administrator("admin").await, world.person("bob").await);
    let elsewhere = world.elsewhere(&bob.log_in_again().await).await;
    let mut here = bob.socket(&Cursors::new()).await;
    let mut there = elsewhere.socket(&Cursors::new()).await;
    let first = change(&admin, &bob, json!({"deactivated": true})).await;
    let since = first.expect(200)["deactivated_at"].clone();
    bob.get("/v1/me").await.expect_problem(401, "unauthenticated");
    assert_eq!(here.close_code(PROMPT).await, 1008);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    eventually("the other node refuses", PROMPT, async || {
        (elsewhere.get("/v1/me").await.status == 401).then_some(())
    })
    .await;
    let token = json!({"refresh_token": bob.refresh_token});
    let refused = bob.rest.post("/v1/token/refresh", token).await;
    refused.expect_problem(401, "invalid_refresh_token");
    let again = change(&admin, &bob, json!({"deactivated": true})).await;
    assert_eq!(again.expect(200)["deactivated_at"], since, "it is what it was");
    let back = change(&admin, &bob, json!({"deactivated": false})).await;
    assert!(back.expect(200).get("deactivated_at").is_none());
    bob.get("/v1/me").await.expect_problem(401, "unauthenticated");
    bob.log_in_again().await.get("/v1/me").await.expect(200);
}

async fn that_an_account_is_deactivated_learns_only_its_owner(world: Arc<World>) {
    let (admin, bob) = (world.administrator("admin").await, world.person("bob").await);
    change(&admin, &bob, json!({"deactivated": true})).await.expect(200);
    for (username, password, status, code) in [
        (&bob.username, bob.password.as_str(), 403, "account_deactivated"),
        (&bob.username, "wrong horse", 401, "invalid_credentials"),
        (&unique("nobody"), "wrong horse", 401, "invalid_credentials"),
    ] {
        let body = json!({"username": username, "password": password});
        bob.rest.post("/v1/login", body).await.expect_problem(status, code);
    }
}

async fn what_a_deactivated_account_did_stays(world: Arc<World>) {
    let (admin, ann) = (world.administrator("admin").await, world.person("ann").await);
    let bob = world.person("bob").await;
    let channel = ann.create_channel("private").await;
    ann.add(&channel, &bob).await;
    bob.say(&channel, "before").await;
    let before = ann.channel(&channel).await["last_seq"].clone();
    change(&admin, &bob, json!({"deactivated": true})).await.expect(200);
    assert_eq!(ann.messages(&channel, "").await[0]["author"]["username"], bob.username.as_str());
    let members = ann.get(&format!("/v1/channels/{channel}/members")).await;
    assert!(members.expect(200).to_string().contains(&bob.id));
    change(&admin, &bob, json!({"deactivated": false})).await.expect(200);
    assert_eq!(ann.channel(&channel).await["last_seq"], before, "nothing happened there");
    bob.log_in_again().await.say(&channel, "after").await;
}

async fn nobody_has_no_standing(world: Arc<World>) {
    let admin = world.administrator("admin").await;
    for username in [unique("nobody").as_str(), "!!!", "%00"] {
        let path = format!("/v1/users/{username}");
        let refused = admin.patch(&path, json!({"deactivated": true})).await;
        refused.expect_problem(404, "not_found");
    }
}

async fn change(actor: &Person, person: &Person, change: Value) -> Answer {
    actor.patch(&format!("/v1/users/{}", person.username), change).await
}

/// A deployment of one's own, and who owns it.
async fn owned(world: &World) -> (Deployment, Person) {
    let deployment = world.deploy(Options { workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    deployment.promote(&ann.username, "owner").await;
    (deployment, ann)
}
