//! What wakes a socket, and what for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use warren_domain::id::ChannelId;

/// Collects news for one socket until its writer takes them. Bounded by the
/// number of channels, however slow the writer is.
#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
    notify: Notify,
    ended: CancellationToken,
}

#[derive(Default)]
struct State {
    news: News,
    /// Channels that the socket knows its user to be in, each with a number at
    /// which it knew.
    known: HashMap<ChannelId, i64>,
}

/// What a socket's writer has to look at.
#[derive(Default)]
pub(crate) struct News {
    /// Watched channels with something new.
    pub(crate) touched: Vec<ChannelId>,
    /// Channels that the user joined, with the number of that event.
    pub(crate) joined: HashMap<ChannelId, i64>,
}

impl Signal {
    /// Something is new in a watched channel.
    pub(crate) fn touch(&self, channel_id: ChannelId) {
        self.lock().news.touched.push(channel_id);
        self.notify.notify_one();
    }

    /// The user joined a channel, by the event `seq`.
    pub(crate) fn join(&self, channel_id: ChannelId, seq: i64) {
        self.lock().news.joined.insert(channel_id, seq);
        self.notify.notify_one();
    }

    /// The user is in these channels: news only where the socket does not know.
    pub(crate) fn reconcile(&self, memberships: &HashMap<ChannelId, i64>) {
        let mut state = self.lock();
        let State { news, known } = &mut *state;
        let unknown = memberships.iter().filter(|(id, joined)| known.get(id) < Some(joined));
        news.joined.extend(unknown.map(|(channel_id, seq)| (*channel_id, *seq)));
        let anything = !news.joined.is_empty();
        drop(state);
        if anything {
            self.notify.notify_one();
        }
    }

    /// The socket knows of a membership as of `seq`, whether it watches the
    /// channel or not.
    pub(crate) fn know(&self, channel_id: ChannelId, seq: i64) {
        let mut state = self.lock();
        let known = state.known.entry(channel_id).or_insert(seq);
        *known = seq.max(*known);
    }

    /// The membership is over.
    pub(crate) fn forget(&self, channel_id: ChannelId) {
        self.lock().known.remove(&channel_id);
    }

    /// The session ended.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Whether the session has ended.
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Waits for news. Cancel safe.
    pub(crate) async fn news(&self) -> News {
        self.notify.notified().await;
        std::mem::take(&mut self.lock().news)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
