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
    /// Up to which number channels were delivered that are watched no more: no
    /// late word of an earlier joining brings that back.
    ended: HashMap<ChannelId, i64>,
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
        Self {
            hub,
            node,
            user_id,
            signal,
            watched: HashMap::new(),
            ended: HashMap::new(),
            due: VecDeque::new(),
        }
    }

    /// Watches channels of the user's, each after the number given with it: not
    /// above where the channel stood when the membership was seen, or its end
    /// could be missed. Those watched already keep their cursors.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn watch(&mut self, channels: &[(ChannelId, i64)]) -> Result<(), DbErr> {
        let new = channels.iter().filter(|(id, _)| !self.watched.contains_key(id));
        let new: Vec<(ChannelId, i64)> = new.copied().collect();
        let ids: Vec<ChannelId> = new.iter().map(|(id, _)| *id).collect();
        let watches = self.hub.watch(&self.node.domain, &ids, &self.signal).await?;
        for ((channel_id, seq), watch) in new.into_iter().zip(watches) {
            self.signal.know(channel_id);
            if watch.stream().last() < Some(seq) {
                self.hub.check_soon();
            }
            self.watched.insert(channel_id, Cursor { watch, seq });
            self.mark(channel_id);
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
        if self.ended.get(&channel_id).is_some_and(|ended| seq <= *ended) {
            return Ok(());
        }
        self.watch(&[(channel_id, seq - 1)]).await
    }

    /// Watches a channel no more.
    pub(crate) fn unwatch(&mut self, channel_id: ChannelId) {
        if let Some(cursor) = self.watched.remove(&channel_id) {
            self.ended.insert(channel_id, cursor.seq);
        }
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
        self.ended.insert(channel_id, left_seq);
        self.signal.forget(channel_id);
        let memberships =
            warren_domain::channel::memberships_of(&self.node.domain, vec![self.user_id]).await?;
        let joined = memberships.get(&self.user_id).and_then(|channels| channels.get(&channel_id));
        match joined {
            Some(joined_seq) => self.join(channel_id, *joined_seq).await,
            None => Ok(()),
        }
    }
}
