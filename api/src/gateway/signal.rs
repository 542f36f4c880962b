//! What wakes a socket, and what for.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use warren_domain::channel::{Membership, Sight};
use warren_domain::id::{ChannelId, UserId};

/// Frames about who is typing that may wait.
const MAX_TYPING: usize = 32;

/// Collects news for one socket until its writer takes them. Bounded by the
/// number of channels, however slow the writer is.
#[derive(Default)]
pub(crate) struct Signal {
    /// Whose socket it is; nobody's if it is a long poll.
    user_id: Option<UserId>,
    state: Mutex<State>,
    notify: Notify,
    ended: CancellationToken,
}

#[derive(Default)]
struct State {
    news: News,
    /// Channels that the socket knows its user to be in.
    known: HashMap<ChannelId, Known>,
}

/// What a socket knows of its user's membership in a channel.
#[derive(Default)]
struct Known {
    /// A number at which they were a member.
    seq: i64,
    /// What decides what they may see; `None` until it was read.
    membership: Option<Membership>,
}

/// What a socket's writer has to look at.
#[derive(Default)]
pub(crate) struct News {
    /// Watched channels with something new.
    pub(crate) touched: Vec<ChannelId>,
    /// Channels that the user joined, with the number of that event.
    pub(crate) joined: BTreeMap<ChannelId, i64>,
    /// Watched channels in whose company something is new.
    pub(crate) company: Vec<ChannelId>,
    /// The newest frame about what the user has read, of each channel.
    pub(crate) read: BTreeMap<ChannelId, Utf8Bytes>,
    /// Frames about who is typing; a slow reader misses some.
    pub(crate) typing: Vec<Utf8Bytes>,
}

impl Signal {
    /// Of a socket of this user, which is to end with `ended`.
    pub(crate) fn of(user_id: UserId, ended: CancellationToken) -> Self {
        Self { user_id: Some(user_id), ended, ..Self::default() }
    }

    /// Whose socket it is, if it is one.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.user_id
    }

    /// Somebody came or went in a watched channel.
    pub(crate) fn touch_company(&self, channel_id: ChannelId) {
        self.lock().news.company.push(channel_id);
        self.notify.notify_one();
    }

    /// The user read a channel.
    pub(crate) fn hear_reading(&self, channel_id: ChannelId, frame: &Utf8Bytes) {
        self.lock().news.read.insert(channel_id, frame.clone());
        self.notify.notify_one();
    }

    /// Somebody is typing in a watched channel.
    pub(crate) fn hear_typing(&self, frame: &Utf8Bytes) {
        let mut state = self.lock();
        if state.news.typing.len() < MAX_TYPING {
            state.news.typing.push(frame.clone());
            self.notify.notify_one();
        }
    }

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
    pub(crate) fn reconcile(&self, memberships: &HashMap<ChannelId, Membership>) {
        self.learn(memberships);
        let mut state = self.lock();
        let State { news, known } = &mut *state;
        for (channel_id, membership) in memberships {
            let joined_seq = membership.joined_seq;
            if known.get(channel_id).is_none_or(|known| known.seq < joined_seq) {
                news.joined.insert(*channel_id, joined_seq);
            }
        }
        let anything = !news.joined.is_empty();
        drop(state);
        if anything {
            self.notify.notify_one();
        }
    }

    /// What the user may see, in the channels among these that the socket knows.
    /// It holds from now on; a reading that came late changes nothing.
    pub(crate) fn learn(&self, memberships: &HashMap<ChannelId, Membership>) {
        for (channel_id, known) in &mut self.lock().known {
            known.membership = known.membership.max(memberships.get(channel_id).copied());
        }
    }

    /// What the user may see in a channel: nothing until it was read.
    pub(crate) fn sight(&self, channel_id: ChannelId) -> Sight {
        let state = self.lock();
        let membership = state.known.get(&channel_id).and_then(|known| known.membership);
        membership.map_or(Sight::NOTHING, Membership::sight)
    }

    /// The socket knows of a membership as of `seq`, whether it watches the
    /// channel or not.
    pub(crate) fn know(&self, channel_id: ChannelId, seq: i64) {
        let mut state = self.lock();
        let known = state.known.entry(channel_id).or_default();
        known.seq = seq.max(known.seq);
    }

    /// The membership is over.
    pub(crate) fn forget(&self, channel_id: ChannelId) {
        self.lock().known.remove(&channel_id);
    }

    /// The session ended.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Whether the session has ended, or the server stops.
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
