//! Seeing where one is signed in, and ending it.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::client::{Call, Content, Cursors, Person, Rest};
use crate::deployment::{Combination, Deployment, Options, new_namespace};
use crate::facts;
use crate::servers::Proxy;
use crate::wait::eventually;
use crate::world::World;

/// Within which the sockets of an ended session close.
const PROMPT: Duration = Duration::from_secs(5);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            sessions_are_listed_with_their_clients,
            ended_session_is_worth_nothing_and_its_sockets_close,
            session_of_another_cannot_be_ended,
            all_other_sessions_end_at_once,
            sockets_of_an_ended_session_close_without_the_bus,
        ]
    )
}

async fn sessions_are_listed_with_their_clients(world: Arc<World>) {
    let ann = world.person("ann").await;
    let browser = log_in_with(&ann, "Mozilla/5.0 (a browser)").await;
    let long = log_in_with(&ann, &"x".repeat(1000)).await;
    let items = sessions(&long, "").await;
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["client"], "x".repeat(255).as_str());
    assert_eq!(items[1]["client"], "Mozilla/5.0 (a browser)");
    let current: Vec<bool> = items.iter().map(|item| item["current"] == true).collect();
    assert_eq!(current, [true, false, false]);
    assert_eq!(sessions(&browser, "").await[1]["current"], true);
    let first = long.get("/v1/sessions?limit=2").await;
    let cursor = first.expect(200)["next_cursor"].as_str().expect("a cursor").to_owned();
    let rest = sessions(&long, &format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(rest, items[2..]);
    long.get("/v1/sessions?cursor=bm9uZQ").await.expect_problem(400, "invalid_parameter");
}

async fn ended_session_is_worth_nothing_and_its_sockets_close(world: Arc<World>) {
    let ann = world.person("ann").await;
    let other = ann.log_in_again().await;
    let mut there = world.elsewhere(&other).await.socket(&Cursors::new()).await;
    let mut kept = ann.socket(&Cursors::new()).await;
    let id = current(&other).await;
    ann.delete(&format!("/v1/sessions/{id}")).await.expect(204);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    other.get("/v1/me").await.expect_problem(401, "unauthenticated");
    let token = json!({"refresh_token": other.refresh_token});
    let refused = other.post("/v1/token/refresh", token).await;
    refused.expect_problem(401, "invalid_refresh_token");
    ann.delete(&format!("/v1/sessions/{id}")).await.expect_problem(404, "not_found");
    kept.frames_before_pong().await;
    ann.delete(&format!("/v1/sessions/{}", current(&ann).await)).await.expect(204);
    ann.get("/v1/me").await.expect_problem(401, "unauthenticated");
}

async fn session_of_another_cannot_be_ended(world: Arc<World>) {
    let (ann, eve) = (world.person("ann").await, world.person("eve").await);
    let path = format!("/v1/sessions/{}", current(&ann).await);
    eve.delete(&path).await.expect_problem(404, "not_found");
    ann.get("/v1/me").await.expect(200);
    assert_eq!(sessions(&eve, "").await.len(), 1, "one sees one's own only");
}

async fn all_other_sessions_end_at_once(world: Arc<World>) {
    let ann = world.person("ann").await;
    let (one, other) = (ann.log_in_again().await, ann.log_in_again().await);
    let mut here = one.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&other).await.socket(&Cursors::new()).await;
    let mut kept = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    ann.delete("/v1/sessions").await.expect(204);
    assert_eq!(here.close_code(PROMPT).await, 1008);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    one.get("/v1/me").await.expect_problem(401, "unauthenticated");
    kept.frames_before_pong().await;
    assert_eq!(sessions(&ann, "").await.len(), 1);
    ann.delete("/v1/sessions").await.expect(204);
}

/// One process has no bus that could fail.
async fn sockets_of_an_ended_session_close_without_the_bus(world: Arc<World>) {
    if world.combination == Combination::Embedded {
        return;
    }
    let rabbitmq = world.servers.rabbitmq().await;
    let proxy = Proxy::start(rabbitmq.port()).await;
    let url = rabbitmq.url_through(proxy.port(), &new_namespace());
    let deployment: Deployment =
        world.deploy(Options { log_url: Some(url), ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let other = ann.log_in_again().await;
    let mut there = other.at_node(deployment.api(1)).socket(&Cursors::new()).await;
    let id = current(&other).await;
    proxy.cut();
    ann.delete(&format!("/v1/sessions/{id}")).await.expect(204);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    let there: Rest = other.rest.at(deployment.api(1));
    eventually("the access token is refused", PROMPT, async || {
        (there.get("/v1/me").await.status == 401).then_some(())
    })
    .await;
}

async fn log_in_with(person: &Person, user_agent: &str) -> Person {
    let content = Content::Json(json!({"username": person.username, "password": person.password}));
    let headers = [("User-Agent", user_agent)];
    let call = Call { method: "POST", path: "/v1/login", content, headers: &headers };
    let answer = person.rest.call(call).await;
    Person::from_session(&person.rest, answer.expect(200), &person.password)
}

async fn sessions(person: &Person, query: &str) -> Vec<Value> {
    let answer = person.get(&format!("/v1/sessions{query}")).await;
    answer.expect(200)["items"].as_array().expect("items").clone()
}

/// The id of the session that asks.
async fn current(person: &Person) -> String {
    let items = sessions(person, "").await;
    let current = items.iter().find(|item| item["current"] == true).expect("a current session");
    current["id"].as_str().expect("an id").to_owned()
}
