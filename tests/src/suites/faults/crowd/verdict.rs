//! What was promised, against what the database holds.

use std::collections::{HashMap, HashSet};
use std::fmt;

use sea_orm::{ConnectionTrait, DbErr, Statement};
use serde_json::Value;

use super::load::{Sent, Tally};
use super::watch::{Glimpse, Seen};
use crate::client::Person;
use crate::servers::try_connect;

/// What clients were told and saw.
pub(super) struct Testimony {
    pub(super) tally: Tally,
    pub(super) histories: Vec<Vec<Sent>>,
    pub(super) seen: Vec<Seen>,
    /// How many messages somebody else sent, each with a text of its own.
    pub(super) others: u64,
}

/// What was found to be true. That there is one means that nothing was lost,
/// doubled or out of order.
#[derive(Debug)]
pub(in super::super) struct Verdict {
    pub(in super::super) tally: Tally,
    pub(in super::super) stored: i64,
    pub(in super::super) sockets: usize,
    /// How many connections the sockets had together.
    pub(in super::super) connections: u64,
    /// How many events they saw together.
    pub(in super::super) seen: usize,
}

/// How many messages are stored; `None` while the database is away. A connection
/// of its own each time: none that a kill left behind.
pub(in super::super) async fn stored(url: &str) -> Option<i64> {
    count(url, "count(*)").await.ok()
}

async fn count(url: &str, expression: &str) -> Result<i64, DbErr> {
    let database = try_connect(url).await?;
    let statement = format!("SELECT {expression} AS n FROM message");
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await;
    database.close().await?;
    row?.expect("a row").try_get("", "n")
}

/// Compares what senders were told and sockets saw with the database, and with what
/// every node says; `readers` are somebody who sees all, at each node.
///
/// # Panics
/// If anything was lost, doubled, out of order, or seen otherwise.
pub(super) async fn judge(
    database_url: &str,
    readers: &[Person],
    channels: &[String],
    testimony: &Testimony,
) -> Verdict {
    let Testimony { tally, histories, seen, others } = testimony;
    let stored = count(database_url, "count(*)").await.expect("a number") - *others as i64;
    assert_eq!(stored as u64, tally.accepted, "accepted = stored");
    let texts = count(database_url, "count(DISTINCT text)").await.expect("a number");
    assert_eq!(texts as u64, tally.sent + others, "each send is one message");
    let mut messages = HashMap::new();
    for channel in channels {
        let events = readers[0].events_after(channel, 0).await;
        check_sequence(channel, &events);
        for reader in readers {
            check_node(reader, channel, &events).await;
        }
        check_sockets(channel, &events, seen);
        messages.extend(events.iter().filter_map(message_of));
    }
    assert_eq!(messages.len() as u64, tally.accepted, "every message is an event");
    histories.iter().for_each(|history| check_history(history, &messages));
    Verdict {
        tally: *tally,
        stored,
        sockets: seen.len(),
        connections: seen.iter().map(|seen| seen.connections).sum(),
        seen: seen.iter().map(|seen| seen.events.len()).sum(),
    }
}

/// A channel's numbers are 1..n.
fn check_sequence(channel: &str, events: &[Value]) {
    for (event, expected) in events.iter().zip(1..) {
        assert_eq!(event["seq"], expected, "a gap in {channel}: {event}");
    }
}

/// Every node has the same events and the same messages in the same order.
async fn check_node(reader: &Person, channel: &str, events: &[Value]) {
    assert!(reader.events_after(channel, 0).await == events, "{}, {channel}", reader.base);
    let of_events: Vec<&Value> = events
        .iter()
        .map(|event| &event["message"])
        .filter(|message| message.is_object())
        .collect();
    let messages = messages_of(reader, channel).await;
    let order = |message: &Value| (message["id"].to_string(), message["seq"].to_string());
    let there: Vec<_> = messages.iter().map(order).collect();
    let expected: Vec<_> = of_events.into_iter().map(order).collect();
    assert!(there == expected, "{}, {channel}: messages in another order", reader.base);
}

async fn messages_of(reader: &Person, channel: &str) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    loop {
        let after = messages.last().map_or(0, |message| message["seq"].as_i64().expect("a number"));
        let page = reader.messages(channel, &format!("?after_seq={after}&limit=200")).await;
        if page.is_empty() {
            return messages;
        }
        messages.extend(page);
    }
}

/// Every socket of the channel saw exactly these events, in this order.
fn check_sockets(channel: &str, events: &[Value], seen: &[Seen]) {
    let expected: Vec<Glimpse> = events.iter().map(Glimpse::of).collect();
    for seen in seen.iter().filter(|seen| seen.channel == channel) {
        assert!(seen.events == expected, "a socket saw {channel} otherwise than it is");
    }
}

/// Everything accepted is there with the number that was told; what was sent
/// after a commit was told stands behind it.
fn check_history(history: &[Sent], messages: &HashMap<String, (i64, String)>) {
    let (mut committed, mut ids) = (0, HashSet::new());
    for sent in history {
        let message = messages.get(&sent.id);
        let (number, text) = message.unwrap_or_else(|| panic!("{} is lost", sent.id));
        assert!(ids.insert(&sent.id), "{} stands for two sends", sent.id);
        assert_eq!(*text, sent.text, "{}", sent.id);
        assert!(*number > committed, "{} stands before what was committed earlier", sent.id);
        if let Some(told) = sent.seq {
            assert_eq!(told, *number, "{}", sent.id);
            committed = told;
        }
    }
}

fn message_of(event: &Value) -> Option<(String, (i64, String))> {
    let message = &event["message"];
    let text = message["text"].as_str()?.to_owned();
    Some((message["id"].as_str()?.to_owned(), (event["seq"].as_i64()?, text)))
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, stored, .. } = self;
        let lost = tally.accepted as i64 - stored;
        write!(formatter, "{tally}, stored {stored}, lost {lost}, doubled 0")
    }
}

impl Verdict {
    /// What sockets have to do with it.
    pub(in super::super) fn of_sockets(&self) -> String {
        let Self { sockets, connections, seen, .. } = self;
        format!(
            "{sockets} sockets, {connections} connections, {seen} events seen, gaps 0, repeated 0"
        )
    }
}
