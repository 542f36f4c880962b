//! Signing up and logging in.

use std::sync::Arc;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::client::{Person, Rest, unique};
use crate::deployment::{Combination, Options};
use crate::facts;
use crate::servers::connect;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            signup_puts_one_into_public,
            login_takes_username_in_any_case_or_email,
            taken_username_and_email_are_refused,
            one_of_many_concurrent_signups_gets_the_name,
            invalid_fields_are_named,
            deactivated_account_cannot_be_signed_in_to,
            me_is_whoever_signed_in,
            first_signups_at_once_make_one_owner_where_one_process_serves,
        ]
    )
}

async fn signup_puts_one_into_public(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channels = ann.get("/v1/channels").await.expect(200)["items"].clone();
    let public = &channels[0];
    assert_eq!(public["name"], "public");
    assert_eq!(public["role"], "member");
    let members = ann.get("/v1/channels/public/members?limit=200").await;
    assert!(members.text.contains(&ann.id), "ann is among the members");
}

/// Only who knows the password learns that there is such an account.
async fn deactivated_account_cannot_be_signed_in_to(world: Arc<World>) {
    let ann = world.person("ann").await;
    let database = connect(&world.shared().await.database_url).await;
    let deactivate = format!(
        "UPDATE user_account SET deactivated_at = created_at WHERE username = '{}'",
        ann.username
    );
    database.execute_unprepared(&deactivate).await.expect("deactivate");
    let login = |password: &str| json!({"username": ann.username, "password": password});
    let right = ann.rest.post("/v1/login", login(&ann.password)).await;
    right.expect_problem(403, "account_deactivated");
    let wrong = ann.rest.post("/v1/login", login("another horse battery")).await;
    wrong.expect_problem(401, "invalid_credentials");
}

async fn login_takes_username_in_any_case_or_email(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    let username = unique("Bob");
    let email = format!("{}@example.org", unique("bob"));
    let password = "correct horse battery";
    let body = json!({"username": username, "password": password, "first_name": "Bob",
        "last_name": "Builder", "email": email});
    let session = stranger.post("/v1/signup", body).await.expect(201).clone();
    assert_eq!(session["user"]["username"], username.to_lowercase());
    assert_eq!(session["user"]["email"], email);
    for name in [username.to_lowercase(), username.to_uppercase(), email] {
        let answer = world.stranger(1).await.post("/v1/login", login(&name, password)).await;
        assert_eq!(answer.expect(200)["user"]["id"], session["user"]["id"]);
    }
    let wrong = stranger.post("/v1/login", login(&username, "wrong horse battery")).await;
    wrong.expect_problem(401, "invalid_credentials");
}

async fn taken_username_and_email_are_refused(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    let (username, email) = (unique("carl"), format!("{}@example.org", unique("carl")));
    let body = |username: &str, email: &str| {
        json!({"username": username, "email": email, "first_name": "Carl",
            "password": "correct horse battery"})
    };
    stranger.post("/v1/signup", body(&username, &email)).await.expect(201);
    let other = format!("other.{email}");
    let taken = stranger.post("/v1/signup", body(&username.to_uppercase(), &other)).await;
    taken.expect_problem(409, "username_taken");
    let taken = stranger.post("/v1/signup", body(&unique("carl"), &email)).await;
    taken.expect_problem(409, "email_taken");
}

async fn one_of_many_concurrent_signups_gets_the_name(world: Arc<World>) {
    let (one, other) = (world.stranger(0).await, world.stranger(1).await);
    let username = unique("dan");
    let body = json!({"username": username, "password": "correct horse", "first_name": "Dan"});
    let nodes = [&one, &other].into_iter().cycle().take(8);
    let answers = join_all(nodes.map(|node| node.post("/v1/signup", body.clone()))).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 1);
    for lost in answers.iter().filter(|answer| answer.status != 201) {
        lost.expect_problem(409, "username_taken");
    }
}

async fn invalid_fields_are_named(world: Arc<World>) {
    let stranger = world.stranger(0).await;
    let long = |length: usize| "a".repeat(length);
    for (field, value) in [
        ("username", "ab".to_owned()),
        ("username", long(33)),
        ("username", "-dash".to_owned()),
        ("username", "späce".to_owned()),
        ("username", "two words".to_owned()),
        ("password", "seven77".to_owned()),
        ("password", long(257)),
        ("first_name", String::new()),
        ("first_name", long(65)),
        ("email", "nobody".to_owned()),
        ("email", format!("{}@example.org", long(254))),
    ] {
        let mut body = json!({"username": unique("eve"), "password": "correct horse",
            "first_name": "Eve"});
        body[field] = json!(value);
        stranger.post("/v1/signup", body).await.expect_invalid(field);
    }
}

async fn me_is_whoever_signed_in(world: Arc<World>) {
    let ann = world.person("ann").await;
    let me = ann.get("/v1/me").await.expect(200).clone();
    assert_eq!(me["id"], ann.id.as_str());
    assert_eq!(me["username"], ann.username.as_str());
    assert_eq!((&me["kind"], &me["first_name"]), (&json!("human"), &json!("ann")));
    assert!(me.get("email").is_none(), "an absent field is absent: {me}");
}

/// In a cluster nobody becomes owner by signing up: a command makes one.
async fn first_signups_at_once_make_one_owner_where_one_process_serves(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let rest = Rest::new(deployment.api(0), &world.coverage);
    let people = join_all((0..4).map(|_| Person::sign_up(&rest, "first"))).await;
    let mut owners = 0;
    for person in &people {
        let me = person.get("/v1/me").await.expect(200).clone();
        owners += usize::from(me["role"] == "owner");
    }
    assert_eq!(owners, usize::from(world.combination == Combination::Embedded));
    let late = Person::sign_up(&rest, "late").await;
    assert_eq!(late.get("/v1/me").await.expect(200)["role"], "member");
}

fn login(username: &str, password: &str) -> serde_json::Value {
    json!({"username": username, "password": password})
}
