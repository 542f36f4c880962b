//! The senders.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Habits;
use crate::client::{Call, Content, Person, new_key};

/// Between two tries of one send.
const RETRY: Duration = Duration::from_millis(40);

/// A send that was accepted, in the order of its sender.
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) text: String,
    /// Known where the answer was 201.
    pub(super) seq: Option<i64>,
}

/// How many sends there were, and what became of them.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Tally {
    /// Each with a key and a text of its own.
    pub(in super::super) sent: u64,
    pub(in super::super) accepted: u64,
    /// Answers with 503.
    pub(in super::super) refused: u64,
    /// Tries without an answer.
    pub(in super::super) broken: u64,
}

/// Running senders.
pub(super) struct Load {
    state: Arc<State>,
    senders: Vec<JoinHandle<Vec<Sent>>>,
}

#[derive(Default)]
struct State {
    sent: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    is_over: AtomicBool,
}

struct Sender {
    /// The same person at each node.
    nodes: Vec<Person>,
    channel: String,
    habits: Habits,
    state: Arc<State>,
}

impl Load {
    /// One sender for each member of a channel, in turn at one node and the next.
    pub(super) fn start(members: &[(Person, String)], bases: &[String], habits: &Habits) -> Self {
        let state = Arc::<State>::default();
        let start = |(index, (person, channel)): (usize, &(Person, String))| {
            let mut nodes: Vec<_> = bases.iter().map(|base| person.at_node(base)).collect();
            nodes.rotate_left(index % bases.len());
            let (channel, habits, state) = (channel.clone(), habits.clone(), Arc::clone(&state));
            tokio::spawn(Sender { nodes, channel, habits, state }.run())
        };
        let senders = members.iter().enumerate().map(start).collect();
        Self { state, senders }
    }

    pub(super) fn tally(&self) -> Tally {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let State { sent, accepted, refused, broken, .. } = &*self.state;
        Tally {
            sent: count(sent),
            accepted: count(accepted),
            refused: count(refused),
            broken: count(broken),
        }
    }

    /// Ends the senders, each with its last send accepted.
    pub(super) async fn stop(mut self) -> (Tally, Vec<Vec<Sent>>) {
        self.state.is_over.store(true, Ordering::Relaxed);
        let mut histories = Vec::new();
        for sender in std::mem::take(&mut self.senders) {
            histories.push(sender.await.expect("a sender saw nothing forbidden"));
        }
        (self.tally(), histories)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.senders.iter().for_each(JoinHandle::abort);
    }
}

impl Sender {
    async fn run(self) -> Vec<Sent> {
        let mut pace = tokio::time::interval(self.habits.pace);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut history = Vec::new();
        while !self.state.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            self.state.sent.fetch_add(1, Ordering::Relaxed);
            let text = format!("message {} of {}", history.len(), self.nodes[0].username);
            let receipt = self.until_accepted(&text).await;
            self.state.accepted.fetch_add(1, Ordering::Relaxed);
            let id = receipt["id"].as_str().expect("an id").to_owned();
            history.push(Sent { id, text, seq: receipt["seq"].as_i64() });
        }
        history
    }

    /// Repeats a send with its key, at one node and the next, until one has it.
    async fn until_accepted(&self, text: &str) -> Value {
        let key = new_key();
        let path = format!("/v1/channels/{}/messages", self.channel);
        let mut headers = vec![("Idempotency-Key", key.as_str())];
        headers.extend(self.habits.prefer.map(|value| ("Prefer", value)));
        let mut pace = tokio::time::interval(RETRY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for node in self.nodes.iter().cycle() {
            pace.tick().await;
            let content = Content::Json(json!({"text": text}));
            let call = Call { method: "POST", path: &path, content, headers: &headers };
            match node.try_call(call).await {
                Ok(answer) if matches!(answer.status, 201 | 202) => return answer.json,
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "{}", answer.text);
                    self.state.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(_gone) => {
                    self.state.broken.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        unreachable!("the nodes go around")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, accepted, refused, broken } = self;
        write!(formatter, "sent {sent}, accepted {accepted}, 503 {refused}, no answer {broken}")
    }
}
