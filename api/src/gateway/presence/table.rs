//! Who is online, as far as this node has heard.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;
use warren_domain::id::UserId;
use warren_domain::port::PresenceNews;

use crate::gateway::frame::{OnlineStatus, PresenceFrame, ServerFrame};

/// How long somebody without a socket here is still said to be: a page that
/// is loaded anew is nobody's going.
const LINGER: Duration = Duration::from_secs(3);

/// How often a node that has no news says so.
const BEAT: Duration = Duration::from_secs(4);

/// How long another node may be silent.
const SILENCE: Duration = Duration::from_secs(12);

/// How long it is remembered when somebody went.
const MEMORY: Duration = Duration::from_secs(60);

/// The table of one node.
pub(crate) struct Presence {
    node_id: Uuid,
    state: Mutex<State>,
}

struct State {
    /// People with a socket here; since when they have none any more.
    here: HashMap<UserId, Option<Instant>>,
    /// How often the other nodes were told of changes here.
    version: u64,
    beat_at: Option<Instant>,
    elsewhere: HashMap<Uuid, Elsewhere>,
    statuses: HashMap<UserId, Status>,
    /// How many changes of statuses there were.
    stamp: u64,
    /// People whose status has to be looked at.
    touched: HashSet<UserId>,
    /// The other nodes are to be asked who is there.
    ask: bool,
    /// Another node asked.
    asked: bool,
}

/// What another node told.
struct Elsewhere {
    version: u64,
    heard_at: Instant,
    people: HashSet<UserId>,
}

/// What is told of somebody, encoded once.
#[derive(Clone)]
pub(crate) struct Status {
    pub(crate) is_online: bool,
    /// The number of the change.
    pub(crate) stamp: u64,
    pub(crate) frame: Utf8Bytes,
    changed_at: Instant,
}

/// What a tick leads to.
#[derive(Debug, Default)]
pub(crate) struct Tick {
    /// What to tell the other nodes.
    pub(crate) tell: Vec<PresenceNews>,
    /// Who came or went, on whichever node.
    pub(crate) changed: HashSet<UserId>,
    /// Who has no socket here any more.
    pub(crate) gone: HashSet<UserId>,
}

impl Default for Presence {
    fn default() -> Self {
        let state = State {
            here: HashMap::new(),
            version: 0,
            beat_at: None,
            elsewhere: HashMap::new(),
            statuses: HashMap::new(),
            stamp: 0,
            touched: HashSet::new(),
            ask: true,
            asked: false,
        };
        Self { node_id: Uuid::new_v4(), state: Mutex::new(state) }
    }
}

impl Presence {
    /// The name of this node among the others, new with every start.
    pub(crate) fn node_id(&self) -> Uuid {
        self.node_id
    }

    /// What is told of somebody; nothing if they were not online lately.
    pub(crate) fn status(&self, user_id: UserId) -> Option<Status> {
        self.lock().statuses.get(&user_id).cloned()
    }

    /// Takes the word of another node.
    pub(crate) fn hear(&self, now: Instant, node_id: Uuid, news: PresenceNews) {
        if node_id != self.node_id {
            self.lock().hear(now, node_id, news);
        }
    }

    /// Words of others may have been missed.
    pub(crate) fn missed(&self, now: Instant) {
        let mut state = self.lock();
        state.ask = true;
        state.elsewhere.values_mut().for_each(|node| node.heard_at = now);
    }

    /// Nobody can be heard: silence means nothing.
    pub(crate) fn hear_nothing(&self, now: Instant) {
        self.lock().elsewhere.values_mut().for_each(|node| node.heard_at = now);
    }

    /// Looks at who has a socket here now, and at what was heard since.
    pub(crate) fn tick(&self, now: Instant, time: DateTime<Utc>, people: HashSet<UserId>) -> Tick {
        let mut state = self.lock();
        let mut tick = Tick::default();
        state.look_around(now, people, &mut tick);
        state.give_up_silent_nodes(now);
        tick.changed = state.settle(now, time);
        if std::mem::take(&mut state.ask) {
            tick.tell.push(PresenceNews::Ask);
        }
        if std::mem::take(&mut state.asked) {
            let online = state.here.keys().copied().collect();
            tick.tell.push(PresenceNews::All { version: state.version, online });
        }
        if state.beat_at.is_none_or(|at| now >= at + BEAT) {
            state.beat_at = Some(now);
            tick.tell.push(PresenceNews::Beat { version: state.version });
        }
        tick
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear(&mut self, now: Instant, node_id: Uuid, news: PresenceNews) {
        let new = || Elsewhere { version: 0, heard_at: now, people: HashSet::new() };
        let node = self.elsewhere.entry(node_id).or_insert_with(new);
        node.heard_at = now;
        match news {
            PresenceNews::Ask => self.asked = true,
            PresenceNews::Beat { version } => self.ask |= version != node.version,
            PresenceNews::Changed { version, .. } if version <= node.version => {}
            PresenceNews::Changed { version, came, went } => {
                self.ask |= version != node.version + 1;
                // Not up to date before the whole list has come.
                node.version += u64::from(version == node.version + 1);
                self.touched.extend(came.iter().chain(&went));
                node.people.retain(|user_id| !went.contains(user_id));
                node.people.extend(came);
            }
            PresenceNews::All { version, online } => {
                let online: HashSet<UserId> = online.into_iter().collect();
                self.touched.extend(node.people.symmetric_difference(&online));
                node.people = online;
                node.version = version;
            }
        }
    }

    fn look_around(&mut self, now: Instant, people: HashSet<UserId>, tick: &mut Tick) {
        for (user_id, gone_at) in &mut self.here {
            match people.contains(user_id) {
                true => *gone_at = None,
                false => drop(gone_at.get_or_insert(now)),
            }
        }
        let went = self.here.extract_if(|_, gone_at| gone_at.is_some_and(|at| now >= at + LINGER));
        tick.gone = went.map(|(user_id, _)| user_id).collect();
        let came: Vec<UserId> =
            people.into_iter().filter(|user_id| !self.here.contains_key(user_id)).collect();
        if came.is_empty() && tick.gone.is_empty() {
            return;
        }
        self.touched.extend(came.iter().chain(&tick.gone));
        self.here.extend(came.iter().map(|user_id| (*user_id, None)));
        self.version += 1;
        let went = tick.gone.iter().copied().collect();
        tick.tell.push(PresenceNews::Changed { version: self.version, came, went });
    }

    fn give_up_silent_nodes(&mut self, now: Instant) {
        let silent = self.elsewhere.extract_if(|_, node| now >= node.heard_at + SILENCE);
        self.touched.extend(silent.flat_map(|(_, node)| node.people));
    }

    /// Who came or went since the last time.
    fn settle(&mut self, now: Instant, time: DateTime<Utc>) -> HashSet<UserId> {
        self.statuses.retain(|_, status| status.is_online || now < status.changed_at + MEMORY);
        let touched = std::mem::take(&mut self.touched);
        let mut changed = HashSet::new();
        for user_id in touched {
            let is_online = self.is_online(user_id);
            let was_online = self.statuses.get(&user_id).is_some_and(|status| status.is_online);
            if is_online != was_online {
                self.stamp += 1;
                let frame = frame(user_id, (!is_online).then_some(time));
                let status = Status { is_online, stamp: self.stamp, frame, changed_at: now };
                self.statuses.insert(user_id, status);
                changed.insert(user_id);
            }
        }
        changed
    }

    fn is_online(&self, user_id: UserId) -> bool {
        self.here.contains_key(&user_id)
            || self.elsewhere.values().any(|node| node.people.contains(&user_id))
    }
}

fn frame(user_id: UserId, last_seen_at: Option<DateTime<Utc>>) -> Utf8Bytes {
    let status = match last_seen_at {
        Some(_) => OnlineStatus::Offline,
        None => OnlineStatus::Online,
    };
    ServerFrame::Presence(PresenceFrame { user_id, status, last_seen_at }).encode()
}

#[cfg(test)]
mod tests;
