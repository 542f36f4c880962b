//! The sockets: each follows its channel from the first event, through every
//! broken connection.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Habits;
use crate::client::{Cursors, Person, Socket};

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(200);
const CATCH_UP: Duration = Duration::from_secs(90);
const GREETING: Duration = Duration::from_secs(60);

/// The events of its channel that one socket saw, as they came, and how often it
/// had to connect.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) channel: String,
    pub(super) events: Vec<Glimpse>,
    pub(super) connections: u64,
}

/// As much of an event as tells whether it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glimpse {
    seq: i64,
    digest: u64,
}

/// Running sockets.
pub(super) struct Watch {
    ends: watch::Sender<Option<Cursors>>,
    greeted: Arc<AtomicUsize>,
    watchers: Vec<JoinHandle<Seen>>,
}

struct Watcher {
    person: Person,
    bases: Vec<String>,
    ends: watch::Receiver<Option<Cursors>>,
    greeted: Arc<AtomicUsize>,
    seen: Seen,
}

impl Glimpse {
    /// Of a frame, or of an item of a page of events.
    pub(super) fn of(event: &Value) -> Self {
        let mut hasher = DefaultHasher::new();
        (&event["kind"], &event["message"]).hash(&mut hasher);
        Self { seq: event["seq"].as_i64().expect("a number"), digest: hasher.finish() }
    }
}

impl Watch {
    /// Opens the sockets of the members of channels, in turn at one address and the
    /// next.
    pub(super) fn start(members: &[(Person, String)], nodes: &[String], habits: &Habits) -> Self {
        let (ends, greeted) = (watch::Sender::new(None), Arc::<AtomicUsize>::default());
        let bases = if habits.socket_bases.is_empty() { nodes } else { &habits.socket_bases };
        let start = |(index, (person, channel)): (usize, &(Person, String))| {
            let mut bases = bases.to_vec();
            bases.rotate_left(index % nodes.len());
            let seen = Seen { channel: channel.clone(), events: Vec::new(), connections: 0 };
            let (person, ends, greeted) = (person.clone(), ends.subscribe(), Arc::clone(&greeted));
            let watcher = Watcher { person, bases, ends, greeted, seen };
            tokio::spawn(watcher.run())
        };
        let watchers = members.iter().cycle().take(habits.sockets).enumerate().map(start).collect();
        Self { ends, greeted, watchers }
    }

    /// How many connections were greeted so far.
    pub(super) fn greeted(&self) -> usize {
        self.greeted.load(Ordering::Relaxed)
    }

    /// Lets every socket come to its channel's head; what each saw.
    pub(super) async fn stop(mut self, channels: &[String], heads: &[i64]) -> Vec<Seen> {
        let ends = channels.iter().cloned().zip(heads.iter().copied()).collect();
        self.ends.send_replace(Some(ends));
        let mut seen = Vec::new();
        for watcher in std::mem::take(&mut self.watchers) {
            let ended = tokio::time::timeout(CATCH_UP, watcher).await;
            let ended = ended.expect("a socket comes to the heads in time");
            seen.push(ended.expect("a socket saw nothing forbidden"));
        }
        seen
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watchers.iter().for_each(JoinHandle::abort);
    }
}

impl Watcher {
    async fn run(mut self) -> Seen {
        let mut pace = tokio::time::interval(RETRY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for base in self.bases.clone().iter().cycle() {
            if self.is_done() {
                break;
            }
            pace.tick().await;
            if let Ok(socket) = Socket::try_connect(base, &self.person.coverage).await {
                self.follow(socket).await;
            }
        }
        self.seen
    }

    /// Reads until the connection breaks or everything was seen.
    async fn follow(&mut self, mut socket: Socket) {
        let cursors = Cursors::from([(self.seen.channel.clone(), self.cursor())]);
        let hello = json!({"type": "hello", "token": self.person.token(), "cursors": cursors});
        if socket.try_send(hello).await.is_err() {
            return;
        }
        let first = tokio::time::timeout(GREETING, socket.try_next()).await;
        let Ok(ready) = first.expect("a greeting in time") else {
            return;
        };
        if is_unavailable(&ready) {
            return;
        }
        assert_eq!(ready["type"], "ready", "{ready}");
        self.seen.connections += 1;
        self.greeted.fetch_add(1, Ordering::Relaxed);
        socket.begin(ready, &cursors);
        let mut ends = self.ends.clone();
        while !self.is_done() {
            tokio::select! {
                frame = socket.try_next() => match frame {
                    Ok(frame) if is_unavailable(&frame) => return,
                    Ok(frame) => self.take(&frame),
                    Err(_broken) => return,
                },
                _ = ends.changed() => {}
            }
        }
    }

    fn take(&mut self, frame: &Value) {
        assert_ne!(frame["type"], "resync", "its cursor was good: {frame}");
        assert_ne!(frame["type"], "error", "{frame}");
        if frame["type"] == "event" && frame["channel_id"] == self.seen.channel.as_str() {
            assert_eq!(frame["seq"], self.cursor() + 1, "a gap or a repetition: {frame}");
            self.seen.events.push(Glimpse::of(frame));
        }
    }

    fn cursor(&self) -> i64 {
        self.seen.events.last().map_or(0, |event| event.seq)
    }

    fn is_done(&self) -> bool {
        let ends = self.ends.borrow();
        let end = ends.as_ref().and_then(|ends| ends.get(&self.seen.channel));
        end.is_some_and(|end| self.cursor() >= *end)
    }
}

/// What a node says that has no database just now; then it closes.
fn is_unavailable(frame: &Value) -> bool {
    frame["type"] == "error" && frame["code"] == "unavailable"
}
