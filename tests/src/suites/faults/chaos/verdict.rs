//! What was promised, against what the database holds.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::Value;

use super::load::Sent;
use super::watch::Seen;
use crate::client::Person;

/// A number about the table of messages.
pub(super) async fn count(database: &DatabaseConnection, expression: &str) -> i64 {
    let statement = format!("SELECT {expression} AS n FROM message");
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await.expect("query").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// # Panics
/// If anything was lost, doubled, out of order, or seen otherwise.
pub(super) async fn check(
    database: &DatabaseConnection,
    reader: &Person,
    channels: &[String],
    histories: &[Vec<Sent>],
    seen: &[Seen],
) {
    let accepted: usize = histories.iter().map(Vec::len).sum();
    assert_eq!(count(database, "count(*)").await, accepted as i64, "accepted = stored");
    assert_eq!(count(database, "count(DISTINCT id)").await, accepted as i64, "once each");
    let mut numbers = HashMap::new();
    for channel in channels {
        let events = reader.events_after(channel, 0).await;
        check_sequence(channel, &events);
        check_sockets(channel, &events, seen);
        numbers.extend(events.iter().filter_map(number_of_message));
    }
    for history in histories {
        check_history(history, &numbers);
    }
}

/// A channel's numbers are 1..n.
fn check_sequence(channel: &str, events: &[Value]) {
    for (event, expected) in events.iter().zip(1..) {
        assert_eq!(event["seq"], expected, "a gap in {channel}: {event}");
    }
}

/// Every socket saw exactly these events, in this order.
fn check_sockets(channel: &str, events: &[Value], seen: &[Seen]) {
    for frames in seen {
        let frames: Vec<&Value> =
            frames.iter().filter(|frame| frame["channel_id"] == channel).collect();
        assert_eq!(frames.len(), events.len(), "{channel}");
        for (frame, event) in frames.iter().zip(events) {
            assert_eq!((&frame["seq"], &frame["kind"]), (&event["seq"], &event["kind"]));
            assert_eq!(frame["message"], event["message"]);
        }
    }
}

/// Everything accepted is there with the number that was told; what was sent
/// after a commit was told stands behind it.
fn check_history(history: &[Sent], numbers: &HashMap<String, i64>) {
    let mut committed = 0;
    for sent in history {
        let number = numbers.get(&sent.id).unwrap_or_else(|| panic!("{} is lost", sent.id));
        assert!(*number > committed, "{} stands before what was committed earlier", sent.id);
        if let Some(told) = sent.seq {
            assert_eq!(told, *number, "{}", sent.id);
            committed = told;
        }
    }
}

fn number_of_message(event: &Value) -> Option<(String, i64)> {
    let id = event["message"]["id"].as_str()?;
    Some((id.to_owned(), event["seq"].as_i64()?))
}
