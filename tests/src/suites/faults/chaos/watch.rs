//! The sockets: each follows every channel from its first event, through every
//! broken connection.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::{Cursors, Person, Socket};

/// Between two attempts to connect.
const RETRY: Duration = Duration::from_millis(200);
const CATCH_UP: Duration = Duration::from_secs(60);

/// The events that one socket saw, as they came.
pub(super) type Seen = Vec<Value>;

/// Running sockets.
pub(super) struct Watch {
    ends: watch::Sender<Option<Cursors>>,
    watchers: Vec<JoinHandle<Seen>>,
}

struct Watcher {
    person: Person,
    bases: Vec<String>,
    cursors: Cursors,
    ends: watch::Receiver<Option<Cursors>>,
    seen: Seen,
}

impl Watch {
    /// Opens `count` sockets, in turn at one node and the other.
    pub(super) fn start(
        people: &[Person],
        bases: &[String; 2],
        channels: &[String],
        count: usize,
    ) -> Self {
        let ends = watch::Sender::new(None);
        let start = |index: usize| {
            let mut bases = bases.to_vec();
            bases.rotate_left(index % 2);
            let watcher = Watcher {
                person: people[index % people.len()].clone(),
                bases,
                cursors: channels.iter().map(|channel| (channel.clone(), 0)).collect(),
                ends: ends.subscribe(),
                seen: Seen::new(),
            };
            tokio::spawn(watcher.run())
        };
        let watchers = (0..count).map(start).collect();
        Self { ends, watchers }
    }

    /// Lets every socket come to the heads; what each saw.
    pub(super) async fn stop(self, channels: &[String], heads: &[i64]) -> Vec<Seen> {
        let ends = channels.iter().cloned().zip(heads.iter().copied()).collect();
        self.ends.send_replace(Some(ends));
        let mut seen = Vec::new();
        for watcher in self.watchers {
            let ended = tokio::time::timeout(CATCH_UP, watcher).await;
            let ended = ended.expect("a socket comes to the heads in time");
            seen.push(ended.expect("a socket saw nothing forbidden"));
        }
        seen
    }
}

impl Watcher {
    async fn run(mut self) -> Seen {
        let mut pace = tokio::time::interval(RETRY);
        let mut attempt = 0;
        while !self.is_done() {
            pace.tick().await;
            let base = self.bases[attempt % self.bases.len()].clone();
            attempt += 1;
            if let Ok(socket) = Socket::try_connect(&base, &self.person.coverage).await {
                self.follow(socket).await;
            }
        }
        self.seen
    }

    /// Reads until the connection breaks or everything was seen.
    async fn follow(&mut self, mut socket: Socket) {
        let hello = json!({"type": "hello", "token": self.person.token(),
            "cursors": self.cursors});
        if socket.try_send(hello).await.is_err() {
            return;
        }
        let Ok(ready) = socket.try_next().await else {
            return;
        };
        assert_eq!(ready["type"], "ready", "{ready}");
        socket.begin(ready, &self.cursors);
        let mut ends = self.ends.clone();
        while !self.is_done() {
            tokio::select! {
                frame = socket.try_next() => match frame {
                    Ok(frame) => self.take(frame),
                    Err(_broken) => return,
                },
                _ = ends.changed() => {}
            }
        }
    }

    fn take(&mut self, frame: Value) {
        assert_ne!(frame["type"], "resync", "its cursor was good: {frame}");
        assert_ne!(frame["type"], "error", "{frame}");
        let channel = frame["channel_id"].as_str().unwrap_or_default();
        if let Some(cursor) = self.cursors.get_mut(channel) {
            *cursor += 1;
            assert_eq!(frame["seq"], *cursor, "a gap or a repetition: {frame}");
            self.seen.push(frame);
        }
    }

    fn is_done(&self) -> bool {
        let ends = self.ends.borrow();
        ends.as_ref().is_some_and(|ends| {
            ends.iter().all(|(channel, end)| self.cursors.get(channel) >= Some(end))
        })
    }
}
