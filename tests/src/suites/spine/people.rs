//! Finding people, and what everybody may know of them.

use std::sync::Arc;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::client::{Person, unique};
use crate::facts;
use crate::servers::connect;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            people_are_found_by_the_beginning_of_any_name,
            people_are_listed_page_by_page,
            search_takes_every_character_literally,
            somebody_is_shown_without_their_address,
            nobody_is_not_found,
            deactivated_people_are_not_found_but_shown,
        ]
    )
}

async fn people_are_found_by_the_beginning_of_any_name(world: Arc<World>) {
    let ann = world.person("ann").await;
    let first_name = unique("Åsa");
    let username = unique("zoe");
    sign_up(&ann, &username, &first_name).await;
    for query in [
        username.clone(),
        username.to_uppercase(),
        first_name.clone(),
        first_name.to_lowercase(),
        first_name.to_uppercase(),
    ] {
        assert_eq!(names(&search(&ann, &query).await), [username.as_str()], "{query}");
    }
    for query in [&username[1..], &first_name[2..], &format!("{username}x"), " zoe"] {
        let found = search(&ann, query).await;
        assert!(!names(&found).contains(&username.as_str()), "{query}: {found:?}");
    }
}

async fn people_are_listed_page_by_page(world: Arc<World>) {
    let ann = world.person("ann").await;
    let word = unique("pages");
    let mut expected = Vec::new();
    for number in 0..5 {
        let username = format!("{word}-{number}");
        sign_up(&ann, &username, "Somebody").await;
        expected.push(username);
    }
    assert_eq!(names(&pages(&ann, &format!("?query={word}&limit=2")).await), expected);
    let all = pages(&ann, "?query=&limit=200").await;
    let found: Vec<&str> = names(&all).into_iter().filter(|name| name.starts_with(&word)).collect();
    assert_eq!(found, expected, "an empty search finds everybody");
    for wrong in ["limit=0", "limit=201", "cursor=bm9uZQ", &format!("query={}", "x".repeat(65))] {
        let refused = ann.get(&format!("/v1/users?{wrong}")).await;
        refused.expect_problem(400, "invalid_parameter");
    }
}

/// Hostile input 18.
async fn search_takes_every_character_literally(world: Arc<World>) {
    let ann = world.person("ann").await;
    let username = unique("bob");
    let first_name = format!(r"'; DROP TABLE user_account; -- %_\ {}", &username[4..]);
    sign_up(&ann, &username, &first_name).await;
    for length in [3, 13, 31, 32, 33, first_name.len()] {
        let found = search(&ann, &first_name[..length]).await;
        assert!(names(&found).contains(&username.as_str()), "{}", &first_name[..length]);
    }
    for query in [
        "\"a OR", "NOT", "*", "bob*", "%", "_", "\\", "%ob", "b_b", "\\b", "\0", "bo\0", "\r\nbob",
        "'_", "'%", "🐇",
    ] {
        assert!(search(&ann, query).await.is_empty(), "{query:?}");
    }
}

async fn somebody_is_shown_without_their_address(world: Arc<World>) {
    let (ann, username) = (world.person("ann").await, unique("bob"));
    let body = json!({"username": username, "password": "correct horse battery",
        "first_name": "Bob", "last_name": "Roe", "email": format!("{username}@example.org")});
    ann.rest.post("/v1/signup", body).await.expect(201);
    let shown = ann.get(&format!("/v1/users/{}", username.to_uppercase())).await;
    let shown = shown.expect(200);
    assert_eq!(
        (&shown["username"], &shown["first_name"], &shown["last_name"], &shown["role"]),
        (&json!(username), &json!("Bob"), &json!("Roe"), &json!("member"))
    );
    assert!(shown["created_at"].is_string() && shown["last_seen_at"].is_string(), "{shown}");
    let found = search(&ann, &username).await;
    for view in [shown, &found[0]] {
        assert!(!view.to_string().contains("example.org"), "{view}");
        assert!(view.get("password_hash").is_none() && view.get("email").is_none(), "{view}");
    }
}

async fn nobody_is_not_found(world: Arc<World>) {
    let ann = world.person("ann").await;
    for username in [unique("nobody").as_str(), "!!!", "a", "%00", "%25", "..%2Fann"] {
        let refused = ann.get(&format!("/v1/users/{username}")).await;
        refused.expect_problem(404, "not_found");
    }
}

async fn deactivated_people_are_not_found_but_shown(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let path = format!("/v1/users/{}", bob.username);
    assert!(ann.get(&path).await.expect(200).get("deactivated_at").is_none());
    let database = connect(&world.shared().await.database_url).await;
    let statement = format!(
        "UPDATE user_account SET deactivated_at = created_at WHERE username = '{}'",
        bob.username
    );
    database.execute_unprepared(&statement).await.expect("deactivate");
    assert!(search(&ann, &bob.username).await.is_empty());
    assert!(ann.get(&path).await.expect(200)["deactivated_at"].is_string());
}

async fn sign_up(stranger: &Person, username: &str, first_name: &str) {
    let body = json!({"username": username, "password": "correct horse battery",
        "first_name": first_name});
    stranger.rest.post("/v1/signup", body).await.expect(201);
}

async fn search(person: &Person, query: &str) -> Vec<Value> {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer = person.get(&format!("/v1/users?query={query}")).await;
    answer.expect(200)["items"].as_array().expect("items").clone()
}

/// What all pages have.
async fn pages(person: &Person, query: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = person.get(&format!("/v1/users{query}{cursor}")).await;
        let page = answer.expect(200);
        items.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next_cursor"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}

fn names(people: &[Value]) -> Vec<&str> {
    people.iter().map(|person| person["username"].as_str().expect("a name")).collect()
}
