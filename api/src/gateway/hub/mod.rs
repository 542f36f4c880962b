//! What this node watches: distributes what the bus brings, and finds what it
//! did not bring.

mod check;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use warren_domain::Domain;
use warren_domain::database::{DbErr, in_time};
use warren_domain::id::{ChannelId, SessionId, UserId};
use warren_domain::port::{BusSignal, ChannelEvents, Ephemeral};
use warren_domain::timeline::{self, EventKind, Person};

use self::check::{check_memberships, check_regularly};
use crate::gateway::frame::{EventFrame, HasReadFrame, ServerFrame, SomebodyTypingFrame};
use crate::gateway::pace::Pace;
use crate::gateway::presence::{self, Presence};
use crate::gateway::signal::Signal;
use crate::gateway::stream::{ChannelStream, Watch};
use crate::node::Node;

/// How long a gap may be the bus's own disorder before the database is asked.
const GAP_WAIT: Duration = Duration::from_millis(30);

/// How long the pace of somebody without sockets is remembered.
const PACE_MEMORY: Duration = Duration::from_secs(60);

/// How long the database may take for a page, or for a check.
pub(crate) const DATABASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Events read from the database at once.
const PAGE_LENGTH: u64 = 100;

/// Catching up must not starve everything else of the database.
const MAX_CONCURRENT_READS: usize = 8;

/// The watched channels and the open sockets of this node.
pub(crate) struct Hub {
    // Sorted, here and below: what is done for all is done in an order that can be repeated.
    streams: Mutex<BTreeMap<ChannelId, Arc<ChannelStream>>>,
    sockets: Mutex<BTreeMap<UserId, Vec<Entry>>>,
    /// How fast each person is heard, remembered for a while after they left.
    paces: Cache<UserId, Arc<Pace>>,
    limits: Limits,
    presence: Presence,
    /// Watched channels whose members are to be looked up.
    unlearned: Mutex<BTreeSet<ChannelId>>,
    learn_now: Notify,
    reads: Semaphore,
    check_now: Notify,
}

/// What one person's sockets may do on this node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many there may be at once.
    pub(crate) sockets_per_user: usize,
    /// Whether they are heard at a steady pace only.
    pub(crate) paced: bool,
}

/// Somebody has as many sockets here as they may have.
#[derive(Debug)]
pub(crate) struct TooManySockets;

struct Entry {
    session_id: SessionId,
    signal: Arc<Signal>,
}

/// A socket's registration: gone when it is dropped.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    user_id: UserId,
    pub(crate) signal: Arc<Signal>,
    /// How fast the user's sockets are heard, if that is limited.
    pub(crate) pace: Option<Arc<Pace>>,
}

impl Hub {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            streams: Mutex::default(),
            sockets: Mutex::default(),
            paces: Cache::builder().max_capacity(100_000).time_to_idle(PACE_MEMORY).build(),
            limits,
            presence: Presence::default(),
            unlearned: Mutex::default(),
            learn_now: Notify::new(),
            reads: Semaphore::new(MAX_CONCURRENT_READS),
            check_now: Notify::new(),
        }
    }

    /// From now on the socket hears of joined channels and of its session's end; `ended`
    /// is its own word for that and for the server's stop.
    ///
    /// # Errors
    /// [`TooManySockets`].
    pub(crate) fn register(
        self: &Arc<Self>,
        user_id: UserId,
        session_id: SessionId,
        ended: CancellationToken,
    ) -> Result<Registration, TooManySockets> {
        let signal = Arc::new(Signal::of(user_id, ended));
        let entry = Entry { session_id, signal: signal.clone() };
        let pace = self.limits.paced.then(|| self.paces.get_with(user_id, Arc::default));
        let mut sockets = lock(&self.sockets);
        let entries = sockets.entry(user_id).or_default();
        if entries.len() >= self.limits.sockets_per_user {
            return Err(TooManySockets);
        }
        entries.push(entry);
        drop(sockets);
        Ok(Registration { hub: self.clone(), user_id, signal, pace })
    }

    /// How many sockets are registered.
    pub(crate) fn sockets(&self) -> u64 {
        let count = lock(&self.sockets).values().map(Vec::len).sum::<usize>();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Watches channels. Their streams know where they stand when it returns.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        domain: &Domain,
        channels: &[ChannelId],
        signal: &Arc<Signal>,
    ) -> Result<Vec<Watch>, DbErr> {
        let watches: Vec<Watch> = {
            let mut streams = lock(&self.streams);
            let stream = |id: &ChannelId| {
                let new = || Arc::new(ChannelStream::new(*id));
                streams.entry(*id).or_insert_with(new).watch(signal)
            };
            channels.iter().map(stream).collect()
        };
        let new = watches.iter().filter(|watch| watch.stream().last().is_none());
        let new: Vec<ChannelId> = new.map(|watch| watch.stream().channel_id()).collect();
        if !new.is_empty() {
            // Read after registering: what happens in between is heard of.
            let heads = timeline::heads(&domain.database, new);
            let heads = in_time(DATABASE_TIMEOUT, heads).await?;
            for watch in &watches {
                if let Some(head) = heads.get(&watch.stream().channel_id()) {
                    watch.stream().begin_at(*head);
                }
            }
            // What was heard of in between may have left a gap.
            self.check_now.notify_one();
        }
        Ok(watches)
    }

    /// Events of a channel from the database, encoded.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn read(
        &self,
        domain: &Domain,
        channel_id: ChannelId,
        after_seq: i64,
    ) -> Result<Vec<EventFrame>, DbErr> {
        let _turn = self.reads.acquire().await;
        let page =
            timeline::read(&domain.database, &domain.people, channel_id, after_seq, PAGE_LENGTH);
        let events = in_time(DATABASE_TIMEOUT, page).await?;
        Ok(events.into_iter().map(EventFrame::from).collect())
    }

    /// A watched channel is known to be further than its stream.
    pub(crate) fn check_soon(&self) {
        self.check_now.notify_one();
    }

    /// Who is online.
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Who has a socket here.
    pub(crate) fn people(&self) -> HashSet<UserId> {
        lock(&self.sockets).keys().copied().collect()
    }

    /// Looks up the members of those channels of which nobody knows them yet.
    pub(crate) fn learn_soon(&self, channels: &[ChannelId]) {
        let streams: Vec<_> = channels.iter().filter_map(|id| self.stream(*id)).collect();
        let unknown = streams.iter().filter(|stream| stream.is_unlearned());
        lock(&self.unlearned).extend(unknown.map(|stream| stream.channel_id()));
        self.learn_now.notify_one();
    }

    /// Waits for channels whose members are to be looked up. Cancel safe.
    pub(crate) async fn unlearned(&self) -> BTreeSet<ChannelId> {
        loop {
            let unlearned = std::mem::take(&mut *lock(&self.unlearned));
            if !unlearned.is_empty() {
                return unlearned;
            }
            self.learn_now.notified().await;
        }
    }

    pub(crate) fn stream(&self, channel_id: ChannelId) -> Option<Arc<ChannelStream>> {
        lock(&self.streams).get(&channel_id).cloned()
    }

    /// Does something for every stream, without holding up who looks for one.
    pub(crate) fn for_streams(&self, work: impl Fn(&ChannelStream)) {
        let streams: Vec<_> = lock(&self.streams).values().cloned().collect();
        streams.iter().for_each(|stream| work(stream));
    }

    fn for_sockets_of(&self, user_id: UserId, tell: impl Fn(&Signal)) {
        for entry in lock(&self.sockets).get(&user_id).into_iter().flatten() {
            tell(&entry.signal);
        }
    }

    fn end_sessions(&self, ended: impl Fn(SessionId) -> bool) {
        for entry in lock(&self.sockets).values().flatten() {
            if ended(entry.session_id) {
                entry.signal.end();
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut sockets = lock(&self.hub.sockets);
        if let Some(entries) = sockets.get_mut(&self.user_id) {
            entries.retain(|entry| !Arc::ptr_eq(&entry.signal, &self.signal));
            if entries.is_empty() {
                sockets.remove(&self.user_id);
            }
        }
    }
}

/// Listens to the bus and checks the database until `stop`.
pub(crate) async fn run(hub: Arc<Hub>, node: Arc<Node>, stop: CancellationToken) {
    let work = async {
        tokio::join!(
            listen(&hub, &node),
            check_regularly(&hub, &node),
            presence::run(&hub, &node),
            presence::learn(&hub, &node),
        )
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = work => {}
    }
}

async fn listen(hub: &Arc<Hub>, node: &Arc<Node>) {
    let mut signals = node.domain.bus.subscribe();
    while let Some(signal) = signals.recv().await {
        match signal {
            BusSignal::Events(events) => distribute(hub, node, &events),
            BusSignal::Ephemeral(Ephemeral::SessionEnded { session_id }) => {
                node.authenticator.forget(session_id);
                hub.end_sessions(|session| session == session_id);
            }
            BusSignal::Ephemeral(Ephemeral::PersonChanged { user_id }) => {
                node.authenticator.ask_again(user_id);
                node.domain.people.forget(user_id);
            }
            BusSignal::Ephemeral(Ephemeral::Read { user_id, channel_id, mine }) => {
                tell_of_reading(hub, node, user_id, HasReadFrame { channel_id, mine });
            }
            BusSignal::Ephemeral(Ephemeral::Typing { channel_id, user }) => {
                tell_of_typing(hub, channel_id, user);
            }
            BusSignal::Ephemeral(Ephemeral::Presence { node_id, news }) => {
                hub.presence.hear(Instant::now(), node_id, news);
            }
            BusSignal::Missed => {
                hub.presence.missed(Instant::now());
                hub.check_now.notify_one();
            }
        }
    }
}

fn tell_of_reading(hub: &Arc<Hub>, node: &Arc<Node>, user_id: UserId, read: HasReadFrame) {
    let channel_id = read.channel_id;
    let cleared_seq = read.mine.cleared_seq.unwrap_or(0);
    let frame = ServerFrame::Read(read).encode();
    let shows_too_much = Cell::new(false);
    hub.for_sockets_of(user_id, |signal| {
        signal.hear_reading(channel_id, &frame);
        if signal.sight(channel_id).shows(cleared_seq) {
            shows_too_much.set(true);
        }
    });
    if shows_too_much.get() {
        let (hub, node) = (hub.clone(), node.clone());
        tokio::spawn(async move {
            let check = check_memberships(&hub, &node, vec![user_id]);
            if let Err(error) = in_time(DATABASE_TIMEOUT, check).await {
                tracing::warn!(%error, "what somebody cleared is hidden later");
            }
        });
    }
}

fn tell_of_typing(hub: &Hub, channel_id: ChannelId, user: Person) {
    if let Some(stream) = hub.stream(channel_id) {
        let user_id = user.id;
        let frame = ServerFrame::Typing(SomebodyTypingFrame { channel_id, user }).encode();
        stream.tell_of_typing(Instant::now(), user_id, &frame);
    }
}

fn distribute(hub: &Arc<Hub>, node: &Arc<Node>, channel_events: &ChannelEvents) {
    if let Some(stream) = hub.stream(channel_events.channel_id) {
        let frames = channel_events.events.iter().cloned().map(EventFrame::from);
        if stream.offer(channel_events.reached_seq, frames) {
            spawn_repair(hub, node, stream);
        }
    }
    let joined = channel_events.events.iter().filter(|event| event.kind == EventKind::MemberJoined);
    for event in joined {
        if let Some(user) = &event.user {
            hub.for_sockets_of(user.id, |signal| signal.join(event.channel_id, event.seq));
        }
    }
}

fn spawn_repair(hub: &Arc<Hub>, node: &Arc<Node>, stream: Arc<ChannelStream>) {
    let (hub, node) = (hub.clone(), node.clone());
    tokio::spawn(async move {
        tokio::time::sleep(GAP_WAIT).await;
        let mut repaired = None;
        while let Some(from) = stream.repair_from() {
            if repaired.replace(from) == Some(from) {
                tracing::error!(channel.id = %stream.channel_id(), after_seq = from, "a number is missing in the database");
                return stream.give_up_repair();
            }
            match hub.read(&node.domain, stream.channel_id(), from).await {
                Ok(frames) if !frames.is_empty() => drop(stream.offer(from, frames)),
                // The next check finds the gap again.
                Ok(_) => return stream.give_up_repair(),
                Err(error) => {
                    tracing::warn!(%error, channel.id = %stream.channel_id(), "a gap was not repaired");
                    return stream.give_up_repair();
                }
            }
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
