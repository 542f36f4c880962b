//! Changing who one is to others.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Person, unique};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            changed_profile_is_seen_at_once_where_it_was_changed,
            changed_profile_is_seen_on_other_nodes_soon,
            absent_fields_of_a_profile_stay,
            address_of_another_is_taken,
            new_address_is_good_for_signing_in,
            invalid_profiles_are_refused_as_a_whole,
        ]
    )
}

async fn changed_profile_is_seen_at_once_where_it_was_changed(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    ann.say(&channel, "before").await;
    let changed = change(&ann, json!({"first_name": " Anna ", "display_name": "Ann R."})).await;
    assert_eq!(
        (&changed["first_name"], &changed["display_name"]),
        (&json!("Anna"), &json!("Ann R."))
    );
    assert_eq!(ann.get("/v1/me").await.expect(200), &changed);
    let shown = bob.get(&format!("/v1/users/{}", ann.username)).await;
    assert_eq!(shown.expect(200)["display_name"], "Ann R.");
    ann.say(&channel, "after").await;
    for message in bob.messages(&channel, "").await {
        assert_eq!(message["author"]["display_name"], "Ann R.", "{message}");
    }
}

async fn changed_profile_is_seen_on_other_nodes_soon(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    elsewhere.get("/v1/me").await.expect(200);
    change(&ann, json!({"first_name": "Anna"})).await;
    eventually("the other node knows", std::time::Duration::from_secs(10), async || {
        (elsewhere.get("/v1/me").await.expect(200)["first_name"] == "Anna").then_some(())
    })
    .await;
}

async fn absent_fields_of_a_profile_stay(world: Arc<World>) {
    let ann = world.person("ann").await;
    let email = format!("{}@example.org", ann.username);
    let all = json!({"first_name": "Ann", "last_name": "Roe", "display_name": "Ann R.",
        "email": email.to_uppercase()});
    let full = change(&ann, all).await;
    assert_eq!((&full["last_name"], &full["email"]), (&json!("Roe"), &json!(email)));
    assert_eq!(change(&ann, json!({})).await, full);
    assert_eq!(change(&ann, json!({"first_name": null, "email": null})).await, full);
    let bare = change(&ann, json!({"last_name": null, "display_name": ""})).await;
    assert!(bare.get("last_name").is_none() && bare.get("display_name").is_none(), "{bare}");
    assert_eq!((&bare["first_name"], &bare["email"]), (&json!("Ann"), &json!(email)));
}

async fn address_of_another_is_taken(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let email = format!("{}@example.org", ann.username);
    change(&ann, json!({"email": email})).await;
    change(&ann, json!({"email": email})).await;
    let body = json!({"first_name": "Not Bob", "email": email.to_uppercase()});
    bob.patch("/v1/me", body).await.expect_problem(409, "email_taken");
    let bob = bob.get("/v1/me").await;
    assert_eq!(bob.expect(200)["first_name"], "bob", "nothing was changed");
}

async fn new_address_is_good_for_signing_in(world: Arc<World>) {
    let ann = world.person("ann").await;
    let (old, new) = (unique("old"), unique("new"));
    let address = |name: &str| format!("{name}@example.org");
    for name in [&old, &new] {
        change(&ann, json!({"email": address(name)})).await;
    }
    let log_in = |name: &str| json!({"username": address(name), "password": ann.password});
    ann.post("/v1/login", log_in(&new)).await.expect(200);
    ann.post("/v1/login", log_in(&old)).await.expect_problem(401, "invalid_credentials");
}

/// Hostile input 35.
async fn invalid_profiles_are_refused_as_a_whole(world: Arc<World>) {
    let ann = world.person("ann").await;
    let long = "x".repeat(65);
    for name in ["Ann\r\nSet-Cookie: a=b", "Ann\n", "An\0n", "An\u{85}n", " ", "\u{200b}", &long] {
        for field in ["first_name", "last_name", "display_name"] {
            let mut body = json!({"first_name": "Other"});
            body[field] = json!(name);
            ann.patch("/v1/me", body).await.expect_invalid(field);
        }
    }
    ann.patch("/v1/me", json!({"first_name": ""})).await.expect_invalid("first_name");
    ann.patch("/v1/me", json!({"email": "ann@localhost"})).await.expect_invalid("email");
    let owner = ann.patch("/v1/me", json!({"role": "owner"})).await;
    owner.expect_problem(400, "malformed_body");
    assert_eq!(ann.get("/v1/me").await.expect(200)["first_name"], "ann");
}

async fn change(person: &Person, body: Value) -> Value {
    person.patch("/v1/me", body).await.expect(200).clone()
}
