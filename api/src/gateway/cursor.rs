//! Where one socket stands in each channel that it watches.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use warren_domain::channel::{self, Membership};
use warren_domain::database::{DbErr, in_time};
use warren_domain::id::{ChannelId, UserId};

use crate::gateway::frame::EventFrame;
use crate::gateway::hub::{DATABASE_TIMEOUT, Hub};
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
    /// The number by which the user left a channel: no word of a membership
    /// before that counts.
    left: HashMap<ChannelId, i64>,
    /// Up to which number channels were heard that are not heard at the client's
    /// wish: no word of a joining before that wakes them.
    paused: HashMap<ChannelId, i64>,
    /// Channels that may have more, each once, taken in turn.
    due: VecDeque<ChannelId>,
    /// The same of their companies.
    company_due: VecDeque<ChannelId>,
    /// What was told of people in this turn, so that whoever is met in several
    /// channels is told of once.
    told: HashMap<UserId, u64>,
}

struct Cursor {
    watch: Watch,
    seq: i64,
    /// What was seen of its company.
    company: u64,
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
            left: HashMap::new(),
            paused: HashMap::new(),
            due: VecDeque::new(),
            company_due: VecDeque::new(),
            told: HashMap::new(),
        }
    }

    /// Watches channels of the user's, each after the number given with it: not
    /// above where the channel stood when the membership was seen, or its end
    /// could be missed. Those watched already keep their cursors. What the user
    /// may see of each is read after that, so no change of it is missed.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn watch(&mut self, channels: &[(ChannelId, i64)]) -> Result<(), DbErr> {
        let new = channels.iter().filter(|(id, _)| !self.watched.contains_key(id));
        let new: Vec<(ChannelId, i64)> = new.copied().collect();
        let ids: Vec<ChannelId> = new.iter().map(|(id, _)| *id).collect();
        let watches = self.hub.watch(&self.node.domain, &ids, &self.signal);
        let watches = Box::pin(watches).await?;
        for ((channel_id, seq), watch) in new.into_iter().zip(watches) {
            self.signal.know(channel_id, seq);
            if watch.stream().last() < Some(seq) {
                self.hub.check_soon();
            }
            self.watched.insert(channel_id, Cursor { watch, seq, company: 0 });
            self.mark(channel_id);
            self.mark_company(channel_id);
        }
        self.hub.learn_soon(&ids);
        if !channels.is_empty() {
            self.signal.learn(&self.memberships().await?);
        }
        Ok(())
    }

    /// Watches a channel at the client's wish: after `after_seq`, or from where it
    /// stood when the membership was seen.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn resume(
        &mut self,
        channel_id: ChannelId,
        after_seq: Option<i64>,
        stands_at: i64,
    ) -> Result<(), DbErr> {
        if is_before(stands_at, self.left.get(&channel_id)) {
            return Ok(());
        }
        let heard = self.paused.remove(&channel_id).unwrap_or(0);
        self.watch(&[(channel_id, after_seq.unwrap_or(stands_at.max(heard)))]).await?;
        if let (Some(seq), Some(cursor)) = (after_seq, self.watched.get_mut(&channel_id)) {
            cursor.seq = seq;
            self.mark(channel_id);
        }
        Ok(())
    }

    /// Watches a channel no more, at the client's wish.
    pub(crate) fn pause(&mut self, channel_id: ChannelId, stands_at: i64) {
        let heard = self.watched.remove(&channel_id).map_or(0, |cursor| cursor.seq);
        self.paused.insert(channel_id, stands_at.max(heard));
        self.signal.know(channel_id, stands_at);
    }

    /// Watches a channel that the user joined by event `seq`, beginning with it.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn join(&mut self, channel_id: ChannelId, seq: i64) -> Result<(), DbErr> {
        self.signal.know(channel_id, seq);
        let known = [self.left.get(&channel_id), self.paused.get(&channel_id)];
        if known.into_iter().any(|known| is_before(seq - 1, known)) {
            return Ok(());
        }
        self.paused.remove(&channel_id);
        self.watch(&[(channel_id, seq - 1)]).await
    }

    /// The channel may have more.
    pub(crate) fn mark(&mut self, channel_id: ChannelId) {
        if !self.due.contains(&channel_id) {
            self.due.push_back(channel_id);
        }
    }

    /// There may be news of the channel's company.
    pub(crate) fn mark_company(&mut self, channel_id: ChannelId) {
        if !self.company_due.contains(&channel_id) {
            self.company_due.push_back(channel_id);
        }
    }

    pub(crate) fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    pub(crate) fn is_company_due(&self) -> bool {
        !self.company_due.is_empty()
    }

    /// Who came and went in one channel. At first only who is there.
    pub(crate) fn pull_company(&mut self) -> Vec<Utf8Bytes> {
        let Some(channel_id) = self.company_due.pop_front() else { return Vec::new() };
        let Some(cursor) = self.watched.get_mut(&channel_id) else { return Vec::new() };
        let is_first = cursor.company == 0;
        let (people, seen) = cursor.watch.company(cursor.company);
        cursor.company = seen;
        let mut frames = Vec::new();
        for user_id in people.into_iter().filter(|user_id| *user_id != self.user_id) {
            let status = self.hub.presence().status(user_id);
            let Some(status) = status.filter(|status| status.is_online || !is_first) else {
                continue;
            };
            if self.told.insert(user_id, status.stamp) != Some(status.stamp) {
                frames.push(status.frame);
            }
        }
        if self.company_due.is_empty() {
            self.told = HashMap::new();
        }
        frames
    }

    /// The next frames of one channel that has more: a few, so that channels
    /// take turns.
    ///
    /// # Errors
    /// If the database fails; the cursor has not moved then.
    pub(crate) async fn pull(&mut self) -> Result<Vec<Utf8Bytes>, DbErr> {
        let Some(channel_id) = self.due.pop_front() else { return Ok(Vec::new()) };
        let Some(cursor) = self.watched.get(&channel_id) else { return Ok(Vec::new()) };
        let (mut frames, more) = match cursor.watch.pull(cursor.seq) {
            Pull::Frames { frames, more } => (frames, more),
            Pull::UpToDate => return Ok(Vec::new()),
            Pull::Behind => {
                let read = self.hub.read(&self.node.domain, channel_id, cursor.seq);
                (Box::pin(read).await?, true)
            }
        };
        if more {
            self.due.push_back(channel_id);
        }
        let end = self.end_of_membership(channel_id, &frames).await?;
        let sight = self.signal.sight(channel_id);
        if let Some(end) = end {
            frames.retain(|frame| frame.seq <= end);
            self.watched.remove(&channel_id);
            self.left.insert(channel_id, end);
            self.signal.forget(channel_id);
        } else if let (Some(cursor), Some(last)) =
            (self.watched.get_mut(&channel_id), frames.last())
        {
            cursor.seq = last.seq;
        }
        Ok(frames.iter().map(|frame| frame.seen_with(sight)).collect())
    }

    /// The number by which the user's membership ends among `frames`, if it does.
    /// A leaving from before they joined again is history, which members read: as
    /// much of it as they may see now.
    async fn end_of_membership(
        &self,
        channel_id: ChannelId,
        frames: &[EventFrame],
    ) -> Result<Option<i64>, DbErr> {
        let mut leavings = frames.iter().filter(|frame| frame.leaver == Some(self.user_id));
        if leavings.clone().next().is_none() {
            return Ok(None);
        }
        let memberships = self.memberships().await?;
        self.signal.learn(&memberships);
        let member = memberships.get(&channel_id);
        let end = leavings.find(|frame| member.is_none_or(|member| frame.seq > member.joined_seq));
        Ok(end.map(|frame| frame.seq))
    }

    async fn memberships(&self) -> Result<HashMap<ChannelId, Membership>, DbErr> {
        let memberships = channel::memberships_of(&self.node.domain, vec![self.user_id]);
        let mut memberships = Box::pin(in_time(DATABASE_TIMEOUT, memberships)).await?;
        Ok(memberships.remove(&self.user_id).unwrap_or_default())
    }
}

fn is_before(seq: i64, known: Option<&i64>) -> bool {
    known.is_some_and(|known| seq < *known)
}
