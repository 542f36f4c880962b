//! The senders.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::client::{Call, Content, Person, new_key};

/// Each sender's pace while all is well.
const PACE: Duration = Duration::from_millis(40);

/// A send that was accepted, in the order of its sender.
pub(super) struct Sent {
    pub(super) id: String,
    /// Known where the answer was 201.
    pub(super) seq: Option<i64>,
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
    is_over: AtomicBool,
}

struct Sender {
    nodes: [Person; 2],
    channel: String,
    state: Arc<State>,
}

impl Load {
    /// One sender for each person; the channels go around.
    pub(super) fn start(people: &[Person], bases: &[String; 2], channels: &[String]) -> Self {
        let state = Arc::<State>::default();
        let start = |(index, person): (usize, &Person)| {
            let first = person.at_node(&bases[index % 2]);
            let sender = Sender {
                nodes: [first, person.at_node(&bases[(index + 1) % 2])],
                channel: channels[index % channels.len()].clone(),
                state: Arc::clone(&state),
            };
            tokio::spawn(sender.run())
        };
        let senders = people.iter().enumerate().map(start).collect();
        Self { state, senders }
    }

    pub(super) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::Relaxed)
    }

    pub(super) fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::Relaxed)
    }

    /// Ends the senders, each with its last send accepted.
    pub(super) async fn stop(self) -> Vec<Vec<Sent>> {
        self.state.is_over.store(true, Ordering::Relaxed);
        let mut histories = Vec::new();
        for sender in self.senders {
            histories.push(sender.await.expect("a sender saw nothing forbidden"));
        }
        histories
    }
}

impl Sender {
    async fn run(self) -> Vec<Sent> {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut history = Vec::new();
        while !self.state.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            self.state.sent.fetch_add(1, Ordering::Relaxed);
            let receipt = self.until_accepted(&format!("message {}", history.len())).await;
            self.state.accepted.fetch_add(1, Ordering::Relaxed);
            let id = receipt["id"].as_str().expect("an id").to_owned();
            history.push(Sent { id, seq: receipt["seq"].as_i64() });
        }
        history
    }

    /// Repeats a send with its key, at one node and the other, until one has it.
    async fn until_accepted(&self, text: &str) -> Value {
        let key = new_key();
        let path = format!("/v1/channels/{}/messages", self.channel);
        let mut pace = tokio::time::interval(PACE);
        for node in self.nodes.iter().cycle() {
            pace.tick().await;
            let content = Content::Json(json!({"text": text}));
            let headers = [("Idempotency-Key", key.as_str())];
            let call = Call { method: "POST", path: &path, content, headers: &headers };
            match node.try_call(call).await {
                Ok(answer) if matches!(answer.status, 201 | 202) => return answer.json,
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
                Err(_gone) => {}
            }
        }
        unreachable!("the nodes go around")
    }
}
