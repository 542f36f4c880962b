//! One watched channel: its newest frames, and who watches it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use warren_domain::id::{ChannelId, UserId};

use crate::gateway::frame::EventFrame;
use crate::gateway::presence::Company;
use crate::gateway::signal::Signal;

/// The ring's bounds. A reader further behind reads the database.
const RING_LENGTH: usize = 256;
const RING_SIZE_BYTES: usize = 128 * 1024;

/// Frames kept beyond a gap; the database has the others too.
const AHEAD_LENGTH: usize = 1_024;

/// Frames given to one socket at once.
const PULL_LENGTH: usize = 64;

/// How often one person is said to be typing in one channel.
const TYPING_INTERVAL: Duration = Duration::from_secs(3);

/// Of how many people it is said at once.
const TYPISTS: usize = 8;

/// A channel that somebody on this node watches.
pub(crate) struct ChannelStream {
    channel_id: ChannelId,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last number up to which nothing is missing; unknown at first.
    last: Option<i64>,
    /// The frames up to `last`, without a gap.
    ring: VecDeque<EventFrame>,
    ring_size_bytes: usize,
    /// Frames that came before their predecessors.
    ahead: BTreeMap<i64, EventFrame>,
    /// The highest number heard of.
    announced: i64,
    repairing: bool,
    company: Company,
    /// Who was lately said to be typing, and when; the oldest first.
    typists: VecDeque<(UserId, Instant)>,
    watchers: Vec<Arc<Watcher>>,
}

/// What a socket gets when it asks for what comes after its cursor.
pub(crate) enum Pull {
    /// These; whether there are more.
    Frames { frames: Vec<EventFrame>, more: bool },
    /// Nothing for now: the signal tells of more.
    UpToDate,
    /// More than the ring holds: read the database.
    Behind,
}

struct Watcher {
    /// Whether its socket has been told and has not looked yet.
    told: AtomicBool,
    /// The same of the company.
    told_of_company: AtomicBool,
    signal: Arc<Signal>,
}

/// A watcher's registration: gone when it is dropped.
pub(crate) struct Watch {
    stream: Arc<ChannelStream>,
    watcher: Arc<Watcher>,
}

impl ChannelStream {
    pub(crate) fn new(channel_id: ChannelId) -> Self {
        Self { channel_id, state: Mutex::default() }
    }

    pub(crate) fn channel_id(&self) -> ChannelId {
        self.channel_id
    }

    /// The last number up to which nothing is missing, if it is known yet.
    pub(crate) fn last(&self) -> Option<i64> {
        self.lock().last
    }

    pub(crate) fn is_watched(&self) -> bool {
        !self.lock().watchers.is_empty()
    }

    pub(crate) fn watch(self: &Arc<Self>, signal: &Arc<Signal>) -> Watch {
        let watcher = Arc::new(Watcher::new(signal.clone()));
        self.lock().watchers.push(watcher.clone());
        Watch { stream: self.clone(), watcher }
    }

    /// Says where the channel stands, as read from the database after the first
    /// watcher registered. What was heard of meanwhile may leave a gap.
    pub(crate) fn begin_at(&self, seq: i64) {
        let mut state = self.lock();
        if state.last.is_none() {
            state.last = Some(seq);
            let met = state.company.last_mark();
            state.close_gap();
            self.tell(&state, met);
        }
    }

    /// Takes frames from the bus or the database, in any order, twice or late,
    /// and the word that the channel has reached `seq`. `true` if there is a gap
    /// now that nobody repairs yet: the caller does.
    pub(crate) fn offer(&self, seq: i64, frames: impl IntoIterator<Item = EventFrame>) -> bool {
        let mut state = self.lock();
        state.announced = state.announced.max(seq);
        let (before, met) = (state.last, state.company.last_mark());
        for frame in frames {
            state.take(frame);
        }
        state.close_gap();
        if state.last > before {
            self.tell(&state, met);
        }
        state.must_repair()
    }

    /// Where to read on, while a gap is left; else the repair is over.
    pub(crate) fn repair_from(&self) -> Option<i64> {
        let mut state = self.lock();
        let from = state.last.filter(|last| *last < state.announced);
        state.repairing = from.is_some();
        from
    }

    /// The repair failed; the next one to notice the gap begins another.
    pub(crate) fn give_up_repair(&self) {
        self.lock().repairing = false;
    }

    /// Whether it is not known yet who the members are.
    pub(crate) fn is_unlearned(&self) -> bool {
        self.lock().company.is_unknown()
    }

    /// Takes the members as they were read after the channel was watched.
    pub(crate) fn learn(&self, members: Vec<UserId>) {
        let mut state = self.lock();
        state.company.learn(members);
        self.tell_of_company(&state);
    }

    /// These people came or went.
    pub(crate) fn mark(&self, people: &HashSet<UserId>) {
        let mut state = self.lock();
        if state.company.mark(people) {
            self.tell_of_company(&state);
        }
    }

    /// Tells the watchers, but for the typist, that somebody is typing; not too
    /// often of one person, and not of too many.
    pub(crate) fn tell_of_typing(&self, now: Instant, user_id: UserId, frame: &Utf8Bytes) {
        let mut state = self.lock();
        if !state.admits_typist(now, user_id) {
            return;
        }
        for watcher in &state.watchers {
            if watcher.signal.user_id() != Some(user_id) {
                watcher.signal.hear_typing(frame);
            }
        }
    }

    fn tell_of_company(&self, state: &State) {
        for watcher in &state.watchers {
            watcher.tell_of_company(self.channel_id);
        }
    }

    /// Tells of events, and of the company if it changed since the mark `met`.
    fn tell(&self, state: &State, met: u64) {
        if state.company.last_mark() > met {
            self.tell_of_company(state);
        }
        for watcher in &state.watchers {
            watcher.tell(self.channel_id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, frame: EventFrame) {
        self.announced = self.announced.max(frame.seq);
        match self.last {
            Some(last) if frame.seq <= last => {}
            Some(last) if frame.seq == last + 1 => self.push(frame),
            _ if self.ahead.len() < AHEAD_LENGTH => drop(self.ahead.insert(frame.seq, frame)),
            _ => {}
        }
    }

    fn push(&mut self, frame: EventFrame) {
        self.last = Some(frame.seq);
        frame.joiner.into_iter().for_each(|user_id| self.company.join(user_id));
        frame.leaver.into_iter().for_each(|user_id| self.company.leave(user_id));
        self.ring_size_bytes += frame.size_bytes();
        self.ring.push_back(frame);
        while self.ring.len() > RING_LENGTH || self.ring_size_bytes > RING_SIZE_BYTES {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.ring_size_bytes -= oldest.size_bytes();
        }
    }

    /// Moves what follows `last` without a gap into the ring.
    fn close_gap(&mut self) {
        let Some(mut last) = self.last else { return };
        while let Some(entry) = self.ahead.first_entry() {
            match *entry.key() {
                seq if seq <= last => drop(entry.remove()),
                seq if seq == last + 1 => {
                    let frame = entry.remove();
                    self.push(frame);
                    last = seq;
                }
                _ => break,
            }
        }
    }

    fn admits_typist(&mut self, now: Instant, user_id: UserId) -> bool {
        while self.typists.front().is_some_and(|(_, at)| now >= *at + TYPING_INTERVAL) {
            self.typists.pop_front();
        }
        let admitted = self.typists.len() < TYPISTS
            && self.typists.iter().all(|(typist, _)| *typist != user_id);
        if admitted {
            self.typists.push_back((user_id, now));
        }
        admitted
    }

    fn must_repair(&mut self) -> bool {
        let must = !self.repairing && self.last.is_some_and(|last| last < self.announced);
        self.repairing |= must;
        must
    }
}

impl Watcher {
    fn new(signal: Arc<Signal>) -> Self {
        Self { told: AtomicBool::new(false), told_of_company: AtomicBool::new(false), signal }
    }

    fn tell_of_company(&self, channel_id: ChannelId) {
        if !self.told_of_company.swap(true, Ordering::AcqRel) {
            self.signal.touch_company(channel_id);
        }
    }

    fn tell(&self, channel_id: ChannelId) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.signal.touch(channel_id);
        }
    }
}

impl Watch {
    pub(crate) fn stream(&self) -> &ChannelStream {
        &self.stream
    }

    /// Of whom there is something new since `seen`, and what is seen then. From
    /// now on the signal tells of more.
    pub(crate) fn company(&self, seen: u64) -> (Vec<UserId>, u64) {
        self.watcher.told_of_company.store(false, Ordering::Release);
        self.stream.lock().company.above(seen)
    }

    /// What comes after `cursor`. From now on the signal tells of more.
    pub(crate) fn pull(&self, cursor: i64) -> Pull {
        self.watcher.told.store(false, Ordering::Release);
        let state = self.stream.lock();
        let Some(last) = state.last.filter(|last| cursor < *last) else { return Pull::UpToDate };
        let first = state.ring.front().map_or(i64::MAX, |frame| frame.seq);
        if cursor + 1 < first {
            return Pull::Behind;
        }
        let skipped = usize::try_from(cursor + 1 - first).unwrap_or(usize::MAX);
        let frames: Vec<EventFrame> =
            state.ring.iter().skip(skipped).take(PULL_LENGTH).cloned().collect();
        let more = frames.last().is_some_and(|frame| frame.seq < last);
        Pull::Frames { frames, more }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.stream.lock();
        let position =
            state.watchers.iter().position(|watcher| Arc::ptr_eq(watcher, &self.watcher));
        if let Some(position) = position {
            state.watchers.swap_remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(range: impl IntoIterator<Item = i64>) -> Vec<EventFrame> {
        range.into_iter().map(EventFrame::for_test).collect()
    }

    fn pulled(watch: &Watch, cursor: i64) -> Vec<i64> {
        match watch.pull(cursor) {
            Pull::Frames { frames, .. } => frames.iter().map(|frame| frame.seq).collect(),
            Pull::UpToDate => vec![],
            Pull::Behind => vec![-1],
        }
    }

    fn watched() -> (Arc<ChannelStream>, Watch, Arc<Signal>) {
        let stream = Arc::new(ChannelStream::new(ChannelId::generate()));
        let signal = Arc::new(Signal::default());
        let watch = stream.watch(&signal);
        (stream, watch, signal)
    }

    #[test]
    fn frames_before_the_beginning_is_known_are_kept() {
        let (stream, watch, _) = watched();
        assert!(!stream.offer(0, frames(4..=6)));
        assert_eq!(pulled(&watch, 3), Vec::<i64>::new());
        stream.begin_at(4);
        assert_eq!(pulled(&watch, 4), [5, 6]);
    }

    #[test]
    fn order_repetition_and_lateness_do_not_matter() {
        let (stream, watch, _) = watched();
        stream.begin_at(0);
        assert!(stream.offer(0, frames([3])), "a gap is to be repaired");
        assert!(!stream.offer(0, frames([5])), "once only");
        stream.offer(0, frames([1, 1, 2, 4, 2]));
        assert_eq!(pulled(&watch, 0), [1, 2, 3, 4, 5]);
        assert_eq!(stream.repair_from(), None);
    }

    #[test]
    fn reader_behind_the_ring_is_sent_to_the_database() {
        let (stream, watch, _) = watched();
        stream.begin_at(0);
        stream.offer(0, frames(1..=RING_LENGTH as i64 + 10));
        assert_eq!(pulled(&watch, 9), [-1]);
        assert_eq!(pulled(&watch, 10).first(), Some(&11));
        assert_eq!(pulled(&watch, 10).len(), PULL_LENGTH);
    }

    #[test]
    fn one_person_types_every_three_seconds_and_no_crowd_at_once() {
        let (now, ann) = (Instant::now(), UserId::generate());
        let mut state = State::default();
        assert!(state.admits_typist(now, ann));
        assert!(!state.admits_typist(now + TYPING_INTERVAL / 2, ann));
        assert!(state.admits_typist(now + TYPING_INTERVAL, ann));
        let crowd = (0..20).filter(|_| state.admits_typist(now, UserId::generate()));
        assert_eq!(crowd.count(), TYPISTS - 1);
    }

    #[tokio::test]
    async fn watcher_is_told_once_until_it_looks() {
        let (stream, watch, signal) = watched();
        stream.begin_at(0);
        stream.offer(0, frames([1]));
        stream.offer(0, frames([2]));
        assert_eq!(signal.news().await.touched.len(), 1);
        assert_eq!(pulled(&watch, 0), [1, 2]);
        stream.offer(0, frames([3]));
        assert_eq!(signal.news().await.touched.len(), 1);
        drop(watch);
        assert!(!stream.is_watched());
    }
}
