//! People who listen: they count what they hear, and how late it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ClientSocket;
use crate::measure::Latency;

/// Greetings at once.
const GREETINGS: usize = 16;

/// Open sockets that listen.
pub(crate) struct Audience {
    heard: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<Latency>>,
    epoch: Instant,
}

/// What an audience heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Messages times listeners.
    pub(crate) deliveries: u64,
    /// From the moment of speaking.
    pub(crate) latency: Latency,
}

impl Audience {
    /// Opens a socket for each, made by `open`.
    pub(crate) async fn gather<F>(sockets: impl IntoIterator<Item = F>) -> Self
    where
        F: Future<Output = ClientSocket>,
    {
        let (heard, stop, epoch) =
            (Arc::<AtomicU64>::default(), watch::Sender::new(false), Instant::now());
        let opened: Vec<ClientSocket> =
            stream::iter(sockets).buffer_unordered(GREETINGS).collect().await;
        let listen = |socket| tokio::spawn(listen(socket, heard.clone(), stop.subscribe(), epoch));
        let listeners = opened.into_iter().map(listen).collect();
        Self { heard, stop, listeners, epoch }
    }

    pub(crate) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// A text that tells when it was made; a listener knows from it how late it is.
    pub(crate) fn stamped(&self, text: &str) -> String {
        format!("at={} {text}", self.epoch.elapsed().as_micros())
    }

    /// How many deliveries there were so far.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Waits until there were so many deliveries, or `limit` is over.
    pub(crate) async fn until_heard(&self, deliveries: u64, limit: Duration) {
        let begin = Instant::now();
        while self.heard() < deliveries && begin.elapsed() < limit {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Closes all.
    pub(crate) async fn leave(self) -> Heard {
        self.stop.send_replace(true);
        let mut latency = Latency::default();
        for listener in self.listeners {
            latency.add(&listener.await.expect("a listener heard nothing unexpected"));
        }
        Heard { deliveries: self.heard.load(Ordering::Relaxed), latency }
    }
}

async fn listen(
    mut socket: ClientSocket,
    heard: Arc<AtomicU64>,
    mut stop: watch::Receiver<bool>,
    epoch: Instant,
) -> Latency {
    let mut latency = Latency::default();
    loop {
        let frame = tokio::select! {
            biased;
            frame = socket.next() => frame.expect("the socket stays open"),
            _ = stop.changed() => return latency,
        };
        if let Some(at) = stamp(&frame) {
            latency.note(epoch.elapsed().saturating_sub(at));
            heard.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// When the text of a frame was made, if it says so.
fn stamp(frame: &str) -> Option<Duration> {
    let digits = frame.split("at=").nth(1)?.split(' ').next()?;
    digits.parse().ok().map(Duration::from_micros)
}
