//! Tokens: their rotation, reuse and end.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;

use crate::client::{Answer, Cursors, Person, Rest};
use crate::facts;
use crate::wait::eventually;
use crate::world::World;

const PROMPT: Duration = Duration::from_secs(5);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            refresh_rotates_the_token,
            refresh_token_used_twice_ends_the_session,
            logout_ends_the_session_on_every_node,
            logout_closes_the_sockets_of_its_session_only,
            access_tokens_expire_in_a_quarter_of_an_hour,
        ]
    )
}

async fn refresh_rotates_the_token(world: Arc<World>) {
    let ann = world.person("ann").await;
    let answer = refresh(&ann, &ann.refresh_token).await;
    let again = Person::from_session(&ann.rest, answer.expect(200), &ann.password);
    assert_ne!(again.refresh_token, ann.refresh_token);
    assert_eq!(again.get("/v1/me").await.expect(200)["id"], ann.id.as_str());
    refresh(&again, &again.refresh_token).await.expect(200);
}

/// Hostile input 32.
async fn refresh_token_used_twice_ends_the_session(world: Arc<World>) {
    let ann = world.person("ann").await;
    let other_session = ann.log_in_again().await;
    let answer = refresh(&ann, &ann.refresh_token).await;
    let again = Person::from_session(&ann.rest, answer.expect(200), &ann.password);
    let reused = refresh(&world.elsewhere(&ann).await.rest, &ann.refresh_token).await;
    reused.expect_problem(401, "invalid_refresh_token");
    let family = refresh(&again, &again.refresh_token).await;
    family.expect_problem(401, "invalid_refresh_token");
    ends_within(&again, PROMPT).await;
    other_session.get("/v1/me").await.expect(200);
}

async fn logout_ends_the_session_on_every_node(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    elsewhere.get("/v1/me").await.expect(200);
    ann.post_empty("/v1/logout").await.expect(204);
    ann.get("/v1/me").await.expect_problem(401, "unauthenticated");
    ends_within(&elsewhere, PROMPT).await;
    refresh(&ann, &ann.refresh_token).await.expect_problem(401, "invalid_refresh_token");
}

async fn logout_closes_the_sockets_of_its_session_only(world: Arc<World>) {
    let ann = world.person("ann").await;
    let other = ann.log_in_again().await;
    let mut here = ann.socket(&Cursors::new()).await;
    let mut there = world.elsewhere(&ann).await.socket(&Cursors::new()).await;
    let mut kept = other.socket(&Cursors::new()).await;
    ann.post_empty("/v1/logout").await.expect(204);
    assert_eq!(here.close_code(PROMPT).await, 1008);
    assert_eq!(there.close_code(PROMPT).await, 1008);
    kept.frames_before_pong().await;
}

async fn access_tokens_expire_in_a_quarter_of_an_hour(world: Arc<World>) {
    let ann = world.person("ann").await;
    let answer = refresh(&ann, &ann.refresh_token).await;
    assert_eq!(answer.expect(200)["expires_in"], 900);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn refresh(rest: &Rest, token: &str) -> Answer {
    rest.post("/v1/token/refresh", json!({"refresh_token": token})).await
}

async fn ends_within(person: &Person, within: Duration) {
    eventually("the access token is refused", within, async || {
        (person.get("/v1/me").await.status == 401).then_some(())
    })
    .await;
}
