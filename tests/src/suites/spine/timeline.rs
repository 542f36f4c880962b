//! One gapless sequence, over REST.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::client::{Frames, Rest, Specification};
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            events_of_every_kind_are_numbered_without_a_gap,
            long_poll_ends_with_the_event_from_another_node,
            long_poll_without_an_event_ends_empty_in_time,
            number_that_was_never_reached_is_worthless,
            time_and_number_agree,
            node_is_alive_and_ready,
            served_document_is_the_checked_in_one,
        ]
    )
}

async fn events_of_every_kind_are_numbered_without_a_gap(world: Arc<World>) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let channel = ann.create_channel("public").await;
    bob.join(&channel).await;
    ann.say(&channel, "hello").await;
    bob.leave(&channel).await;
    let events = ann.events_after(&channel, 0).await;
    let seen: Vec<(i64, &str)> = events
        .iter()
        .map(|event| (event["seq"].as_i64().expect("seq"), event["kind"].as_str().expect("kind")))
        .collect();
    let kinds =
        ["channel_created", "member_joined", "member_joined", "message_created", "member_left"];
    assert_eq!(seen, (1..).zip(kinds).collect::<Vec<_>>());
    assert_eq!(events[3]["message"]["text"], "hello");
    assert_eq!(events[3]["actor_id"], ann.id.as_str());
    let page = ann.get(&format!("/v1/channels/{channel}/events?after_seq=4&limit=1")).await;
    assert_eq!(page.expect(200)["as_of_seq"], 5);
    assert_eq!(ann.channel(&channel).await["last_seq"], 5);
}

async fn long_poll_ends_with_the_event_from_another_node(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}/events?after_seq=2&wait_s=30");
    let begun = Instant::now();
    let (answer, number) = tokio::join!(elsewhere.get(&path), ann.say(&channel, "wake up"));
    let items = &answer.expect(200)["items"];
    assert_eq!(items[0]["seq"], number);
    assert_eq!(items[0]["message"]["text"], "wake up");
    assert!(begun.elapsed() < Duration::from_secs(15), "the event ended it, not the time");
}

async fn long_poll_without_an_event_ends_empty_in_time(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let begun = Instant::now();
    let path = format!("/v1/channels/{channel}/events?after_seq=2&wait_s=1");
    let answer = ann.get(&path).await;
    assert_eq!(answer.expect(200)["items"].as_array().map(Vec::len), Some(0));
    assert!(begun.elapsed() >= Duration::from_millis(900), "it waited");
    assert!(begun.elapsed() < Duration::from_secs(10), "it ended");
}

/// A client of a database that was restored does not wait for a number that means
/// something else when it comes.
async fn number_that_was_never_reached_is_worthless(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    let path = format!("/v1/channels/{channel}/events?wait_s=1&after_seq=");
    ann.get(&format!("{path}3")).await.expect_problem(409, "resync");
    let page = ann.get(&format!("{path}1")).await.expect(200).clone();
    let epoch = page["epoch"].as_str().expect("an epoch");
    let elsewhere = world.elsewhere(&ann).await;
    elsewhere.get(&format!("{path}2&epoch={epoch}")).await.expect(200);
    elsewhere.get(&format!("{path}2&epoch=another")).await.expect_problem(409, "resync");
}

async fn time_and_number_agree(world: Arc<World>) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for index in 0..5 {
        ann.say(&channel, &format!("{index}")).await;
    }
    let events = ann.events_after(&channel, 0).await;
    let times: Vec<chrono::DateTime<chrono::Utc>> = events
        .iter()
        .map(|event| event["at"].as_str().expect("a time").parse().expect("RFC 3339"))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    for event in &events {
        assert!(event["at"].as_str().expect("a time").ends_with('Z'), "{event}");
    }
}

async fn node_is_alive_and_ready(world: Arc<World>) {
    for node in 0..2 {
        let rest: Rest = world.stranger(node).await;
        assert_eq!(rest.get("/livez").await.expect(200)["status"], "ok");
        let ready = rest.get("/readyz").await.expect(200).clone();
        let checks = ready["checks"].as_array().expect("checks");
        assert!(!checks.is_empty() && checks.iter().all(|check| check["ok"] == true), "{ready}");
    }
}

async fn served_document_is_the_checked_in_one(world: Arc<World>) {
    let rest = world.stranger(0).await;
    let served = rest.get("/openapi.json").await.expect(200).clone();
    assert_eq!(served["paths"], Specification::get().document["paths"]);
    let page = rest.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger"), "Swagger UI");
    let served = rest.get("/asyncapi.yaml").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/yaml"));
    assert_eq!(served.text.trim_end(), Frames::text().trim_end());
    let page = rest.get("/docs/socket").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("id=\"client_hello\""), "a section for each frame");
    assert!(!page.text.contains("<script"), "{}", page.text);
}
