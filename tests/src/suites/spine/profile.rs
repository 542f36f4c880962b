//! Changing who one is to others.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Answer, Person, unique};
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
            address_is_changed_by_who_knows_the_password,
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
    let all = json!({"first_name": "Ann", "last_name": "Roe", "display_name": "Ann R."});
    let full = change(&ann, all).await;
    assert_eq!(full["last_name"], "Roe");
    assert_eq!(change(&ann, json!({})).await, full);
    assert_eq!(change(&ann, json!({"first_name": null})).await, full);
    let bare = change(&ann, json!({"last_name": null, "display_name": ""})).await;
    assert!(bare.get("last_name").is_none() && bare.get("display_name").is_none(), "{bare}");
    assert_eq!(bare["first_name"], "Ann");
}

/// Whoever found a page open does not get the account.
async fn address_is_changed_by_who_knows_the_password(world: Arc<World>) {
    let ann = world.person("ann").await;
    let email = format!("{}@example.org", ann.username);
    let guess = json!({"password": "a guess at it", "email": email});
    ann.put("/v1/me/email", guess).await.expect_problem(403, "wrong_password");
    assert!(ann.get("/v1/me").await.expect(200).get("email").is_none());
    let changed = move_to(&ann, &email.to_uppercase()).await.expect(200).clone();
    assert_eq!(changed["email"], email.as_str());
    assert_eq!(ann.get("/v1/me").await.expect(200), &changed);
    let none = ann.put("/v1/me/email", json!({"password": ann.password})).await;
    assert!(none.expect(200).get("email").is_none());
    for address in ["ann@localhost", "", "a b@example.org"] {
        move_to(&ann, address).await.expect_invalid("email");
    }
}

async fn address_of_another_is_taken(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let email = format!("{}@example.org", ann.username);
    for _ in 0..2 {
        move_to(&ann, &email).await.expect(200);
    }
    move_to(&bob, &email.to_uppercase()).await.expect_problem(409, "email_taken");
    assert!(bob.get("/v1/me").await.expect(200).get("email").is_none());
}

async fn new_address_is_good_for_signing_in(world: Arc<World>) {
    let ann = world.person("ann").await;
    let (old, new) = (unique("old"), unique("new"));
    let address = |name: &str| format!("{name}@example.org");
    for name in [&old, &new] {
        move_to(&ann, &address(name)).await.expect(200);
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
    let owner = ann.patch("/v1/me", json!({"role": "owner"})).await;
    owner.expect_problem(400, "malformed_body");
    assert_eq!(ann.get("/v1/me").await.expect(200)["first_name"], "ann");
}

async fn move_to(person: &Person, email: &str) -> Answer {
    let body = json!({"password": person.password, "email": email});
    person.put("/v1/me/email", body).await
}

async fn change(person: &Person, body: Value) -> Value {
    person.patch("/v1/me", body).await.expect(200).clone()
}
