//! Reading back.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::client::Person;
use crate::facts;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "spine",
        [
            newest_messages_come_first_page_and_ascending,
            pages_before_and_after_a_number_join_without_a_seam,
            messages_since_a_time_are_those_at_or_after_it,
            since_may_be_any_time_that_can_be_written,
            contradictory_or_impossible_pages_are_refused,
            page_about_a_message_has_as_many_before_as_after,
            page_about_a_time_begins_the_second_half_there,
            page_about_a_message_elsewhere_is_not_there,
        ]
    )
}

async fn talk(world: &World, count: usize) -> (Person, String) {
    let ann = world.person("ann").await;
    let channel = ann.create_channel("private").await;
    for index in 1..=count {
        ann.say(&channel, &format!("message {index}")).await;
    }
    (ann, channel)
}

async fn newest_messages_come_first_page_and_ascending(world: Arc<World>) {
    let (ann, channel) = talk(&world, 55).await;
    let newest = ann.messages(&channel, "").await;
    assert_eq!(newest.len(), 50, "the default limit");
    assert_eq!(numbers(&newest), (8..=57).collect::<Vec<_>>());
    assert_eq!(numbers(&ann.messages(&channel, "?limit=3").await), [55, 56, 57]);
    let page = ann.get(&format!("/v1/channels/{channel}/messages?limit=1")).await;
    assert_eq!(page.expect(200)["as_of_seq"], 57);
}

async fn pages_before_and_after_a_number_join_without_a_seam(world: Arc<World>) {
    let (ann, channel) = talk(&world, 12).await;
    assert_eq!(numbers(&ann.messages(&channel, "?before_seq=9&limit=4").await), [5, 6, 7, 8]);
    assert_eq!(numbers(&ann.messages(&channel, "?after_seq=8&limit=4").await), [9, 10, 11, 12]);
    assert_eq!(numbers(&ann.messages(&channel, "?after_seq=0&limit=2").await), [3, 4]);
    assert!(ann.messages(&channel, "?after_seq=14").await.is_empty());
    assert!(ann.messages(&channel, "?before_seq=3").await.is_empty());
}

async fn messages_since_a_time_are_those_at_or_after_it(world: Arc<World>) {
    let (ann, channel) = talk(&world, 6).await;
    let all = ann.messages(&channel, "").await;
    let since = all[2]["created_at"].as_str().expect("a time");
    let found = ann.messages(&channel, &format!("?since={since}")).await;
    let expected: Vec<i64> = all
        .iter()
        .filter(|message| time(message) >= time(&all[2]))
        .map(|message| message["seq"].as_i64().expect("a number"))
        .collect();
    assert_eq!(numbers(&found), expected);
    let newest = ann.messages(&channel, &format!("?since={since}&limit=2")).await;
    assert_eq!(numbers(&newest), [7, 8], "the last two since then");
    assert!(ann.messages(&channel, "?since=2999-01-01T00:00:00Z").await.is_empty());
}

/// Among them years that SQLite cannot compare and times that MariaDB cannot.
async fn since_may_be_any_time_that_can_be_written(world: Arc<World>) {
    let (ann, channel) = talk(&world, 1).await;
    for long_ago in ["0000-01-01T00:00:00%2B12:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]
    {
        let found = ann.messages(&channel, &format!("?since={long_ago}")).await;
        assert_eq!(numbers(&found), [3], "{long_ago}");
    }
    for far_off in ["2038-02-01T00:00:00Z", "9999-12-31T23:59:59-12:00"] {
        let found = ann.messages(&channel, &format!("?since={far_off}")).await;
        assert!(found.is_empty(), "{far_off}");
    }
}

async fn contradictory_or_impossible_pages_are_refused(world: Arc<World>) {
    let (ann, channel) = talk(&world, 1).await;
    for query in ["limit=201", "before_seq=x", "after_seq=1.5", "since=yesterday", "limit="] {
        let answer = ann.get(&format!("/v1/channels/{channel}/messages?{query}")).await;
        answer.expect_problem(400, "invalid_parameter");
    }
    let id = ann.messages(&channel, "").await[0]["id"].as_str().expect("an id").to_owned();
    let (time, other) = ("2026-01-01T00:00:00Z", "around_time=soon");
    let with_time = format!("around={id}&around_time={time}");
    let mut queries = vec!["around=x".to_owned(), other.to_owned(), with_time];
    for bound in ["before_seq=9", "after_seq=1", "since=2026-01-01T00:00:00Z"] {
        queries.push(format!("around={id}&{bound}"));
        queries.push(format!("around_time={time}&{bound}"));
    }
    for query in queries {
        let answer = ann.get(&format!("/v1/channels/{channel}/messages?{query}")).await;
        answer.expect_problem(400, "invalid_parameter");
    }
}

async fn page_about_a_message_has_as_many_before_as_after(world: Arc<World>) {
    let (ann, channel) = talk(&world, 12).await;
    let all = ann.messages(&channel, "").await;
    let about = async |index: usize, limit: usize| {
        let id = all[index]["id"].as_str().expect("an id");
        numbers(&ann.messages(&channel, &format!("?around={id}&limit={limit}")).await)
    };
    assert_eq!(about(6, 4).await, [7, 8, 9, 10]);
    assert_eq!(about(6, 5).await, [7, 8, 9, 10, 11]);
    assert_eq!(about(6, 1).await, [9]);
    assert_eq!(about(0, 4).await, [3, 4, 5, 6], "nothing is before the first");
    assert_eq!(about(11, 4).await, [12, 13, 14], "nothing is after the last");
}

async fn page_about_a_time_begins_the_second_half_there(world: Arc<World>) {
    let (ann, channel) = talk(&world, 6).await;
    let all = ann.messages(&channel, "").await;
    let about = async |time: &str| {
        numbers(&ann.messages(&channel, &format!("?around_time={time}&limit=4")).await)
    };
    let time = all[3]["created_at"].as_str().expect("a time");
    assert_eq!(about(time).await, [4, 5, 6, 7]);
    assert_eq!(about("2000-01-01T00:00:00Z").await, [3, 4, 5, 6]);
    assert_eq!(about("2999-01-01T00:00:00Z").await, [7, 8], "before it, the last ones");
}

async fn page_about_a_message_elsewhere_is_not_there(world: Arc<World>) {
    let (ann, channel) = talk(&world, 1).await;
    let mine = ann.create_channel("private").await;
    let elsewhere = ann.posted(&mine, "in another room").await;
    let (bob, other) = talk(&world, 0).await;
    let hidden = bob.posted(&other, "in a room of others").await;
    for id in [elsewhere, hidden, uuid::Uuid::now_v7().to_string()] {
        let answer = ann.get(&format!("/v1/channels/{channel}/messages?around={id}")).await;
        answer.expect_problem(404, "not_found");
    }
}

fn numbers(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(|message| message["seq"].as_i64().expect("a number")).collect()
}

fn time(message: &Value) -> chrono::DateTime<chrono::Utc> {
    message["created_at"].as_str().expect("a time").parse().expect("RFC 3339")
}
