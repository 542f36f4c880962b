//! Where one socket stands in each channel that it watches.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use warren_domain::database::DbErr;
use warren_domain::id::{ChannelId, UserId};

use crate::gateway::frame::EventFrame;
use crate::gateway::hub::Hub;
use crate::gateway::signal::Signal;
use crate::gateway::stream::{Pull, Watch};
use crate::node::Node;

/// The cursors of one socket. A cursor moves only when its frame is handed to
/// the socket, so no frame is skipped and none comes twice.
pub(crate) struct Cursors {
    hub: Arc<Hub>,
    node: Arc<Node>,
    user_id: UserId,
    signal: Arc<Signal>,
    watched: HashMap<ChannelId, Cursor>,
    /// Channels that may have more, each once, taken in turn.
    due: VecDeque<ChannelId>,
}

struct Cursor {
    watch: Watch,
    seq: i64,
}

impl Cursors {
    pub(crate) fn new(
        hub: Arc<Hub>,
        node: Arc<Node>,
        user_id: UserId,
        signal: Arc<Signal>,
    ) -> Self {
        Self { hub, node, user_id, signal, watched: HashMap::new(), due: VecDeque::new() }
    }

    /// Where the channel stands, if it is watched.
    pub(crate) fn head(&self, channel_id: ChannelId) -> Option<i64> {
        self.watched.get(&channel_id).and_then(|cursor| cursor.watch.stream().last())
    }

    /// Watches channels of the user's, from where they stand now. Those watched
    /// already keep their cursors.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn watch(&mut self, channels: &[ChannelId]) -> Result<(), DbErr> {
        let new = channels.iter().filter(|id| !self.watched.contains_key(id));
        let new: Vec<ChannelId> = new.copied().collect();
        let watches = self.hub.watch(&self.node.domain, &new, &self.signal).await?;
        for (channel_id, watch) in new.into_iter().zip(watches) {
            let seq = watch.stream().last().unwrap_or(0);
            self.signal.know(channel_id);
            self.watched.insert(channel_id, Cursor { watch, seq });
        }
        Ok(())
    }

    /// Continues after `seq`: what the client has.
    pub(crate) fn set(&mut self, channel_id: ChannelId, seq: i64) {
        if let Some(cursor) = self.watched.get_mut(&channel_id) {
            cursor.seq = seq;
            self.mark(channel_id);
        }
    }

    /// Watches a channel that the user joined by event `seq`, beginning with it.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn join(&mut self, channel_id: ChannelId, seq: i64) -> Result<(), DbErr> {
        if !self.watched.contains_key(&channel_id) {
            self.watch(&[channel_id]).await?;
            self.set(channel_id, seq - 1);
        }
        Ok(())
    }

    /// Watches a channel no more.
    pub(crate) fn unwatch(&mut self, channel_id: ChannelId) {
        self.watched.remove(&channel_id);
    }

    /// The channel may have more.
    pub(crate) fn mark(&mut self, channel_id: ChannelId) {
        if !self.due.contains(&channel_id) {
            self.due.push_back(channel_id);
        }
    }

    pub(crate) fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// The next frames of one channel that has more: a few, so that channels
    /// take turns.
    ///
    /// # Errors
    /// If the database fails; the cursor has not moved then.
    pub(crate) async fn pull(&mut self) -> Result<Vec<EventFrame>, DbErr> {
        let Some(channel_id) = self.due.pop_front() else { return Ok(Vec::new()) };
        let Some(cursor) = self.watched.get(&channel_id) else { return Ok(Vec::new()) };
        let mut frames = match cursor.watch.pull(cursor.seq) {
            Pull::Frames(frames) => frames,
            Pull::UpToDate => return Ok(Vec::new()),
            Pull::Behind => self.hub.read(&self.node.domain, channel_id, cursor.seq).await?,
        };
        self.due.push_back(channel_id);
        let left = frames.iter().position(|frame| frame.leaver == Some(self.user_id));
        if let Some(position) = left {
            frames.truncate(position + 1);
            self.leave(channel_id, frames.last().map_or(0, |frame| frame.seq)).await?;
        } else if let (Some(cursor), Some(last)) =
            (self.watched.get_mut(&channel_id), frames.last())
        {
            cursor.seq = last.seq;
        }
        Ok(frames)
    }

    /// The user's leaving was delivered: nothing after it is for them. Unless
    /// they joined again since: what then follows begins with that.
    async fn leave(&mut self, channel_id: ChannelId, left_seq: i64) -> Result<(), DbErr> {
        self.watched.remove(&channel_id);
        self.signal.forget(channel_id);
        let memberships =
            warren_domain::channel::memberships_of(&self.node.domain, vec![self.user_id]).await?;
        let joined = memberships.get(&self.user_id).and_then(|channels| channels.get(&channel_id));
        match joined {
            Some(joined_seq) if *joined_seq > left_seq => self.join(channel_id, *joined_seq).await,
            _ => Ok(()),
        }
    }
}
