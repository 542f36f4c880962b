//! A client with a socket: it comes and goes, to one node or another, with what it
//! has, and expects each of its channels' events once, in order, for as long as its
//! user may see them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use warren_domain::account::Actor;
use warren_domain::id::ChannelId;

use super::wire::{End, wire};
use crate::cluster::Cluster;
use crate::verdict;
use crate::world::Invariant;

/// One client.
pub(crate) struct Watcher {
    cluster: Arc<Cluster>,
    actor: Actor,
    name: String,
    seen: Mutex<BTreeMap<ChannelId, Seen>>,
}

/// What it has of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    seq: i64,
    /// Its user was a member after that event.
    is_member: bool,
}

impl Watcher {
    pub(crate) fn new(cluster: Arc<Cluster>, actor: Actor, number: usize) -> Arc<Self> {
        let name = format!("socket {number} of {}", actor.user.username);
        Arc::new(Self { cluster, actor, name, seen: Mutex::default() })
    }

    /// Connects again and again.
    pub(crate) async fn run(self: Arc<Self>) {
        let world = self.cluster.world.clone();
        loop {
            if let Some(end) = self.connect() {
                world.count(|tally| tally.sockets += 1);
                self.listen(end).await;
                world.note(|| format!("{} is closed", self.name));
            }
            let wait = world.time_below(Duration::from_secs(3));
            sleep(wait).await;
        }
    }

    /// What is missing, if anything is: for when everything is calm.
    pub(crate) fn lacks(&self) -> Option<String> {
        let stands = |sqlite: &_| verdict::stands_of(sqlite, self.actor.id());
        let stands = self.cluster.server.look(stands);
        let seen = self.seen();
        let members = seen.iter().filter(|(_, seen)| seen.is_member);
        let members: BTreeMap<ChannelId, i64> =
            members.map(|(channel_id, seen)| (*channel_id, seen.seq)).collect();
        (members != stands).then(|| format!("{} has {members:?} of {stands:?}", self.name))
    }

    fn connect(&self) -> Option<End> {
        let live = self.cluster.some_node()?;
        let (server, end) = wire();
        let members: Vec<_> = self.seen().iter().map(|(id, seen)| (*id, *seen)).collect();
        let members = members.into_iter().filter(|(_, seen)| seen.is_member);
        let cursors = members.map(|(channel_id, seen)| (channel_id, seen.seq)).collect();
        let actor = self.actor.clone();
        tokio::spawn(async move {
            let serving = live.node.serve(server, actor, cursors);
            live.killed.run_until_cancelled(serving).await;
        });
        Some(end)
    }

    async fn listen(&self, mut end: End) {
        let world = &self.cluster.world;
        while let Some(message) = end.hear.recv().await {
            match message {
                Message::Text(text) => self.hear(&text),
                Message::Ping(_) => drop(end.say.try_send(Message::Pong(Bytes::new()))),
                Message::Close(_) => return,
                _ => {}
            }
            if world.happens(world.weather.client_leaves) {
                return;
            }
            if world.happens(300) {
                world.pause(world.some_time()).await;
            }
        }
    }

    fn hear(&self, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
        match frame["type"].as_str() {
            Some("ready") => self.begin(&frame),
            Some("event") => self.take(&frame),
            Some("resync") => self.complain(Invariant::EveryEventOnce, &frame),
            _ => {}
        }
    }

    /// What it is told first: where its channels stand. Others it has no more.
    fn begin(&self, ready: &Value) {
        let channels = ready["channels"].as_array().expect("channels");
        let stand = |channel: &Value| (id(&channel["id"]), number(&channel["last_seq"]));
        let stands: BTreeMap<ChannelId, i64> = channels.iter().map(stand).collect();
        self.cluster.world.note(|| format!("{} is ready: {stands:?}", self.name));
        let mut seen = self.seen();
        seen.retain(|channel_id, seen| seen.is_member && stands.contains_key(channel_id));
        for (channel_id, seq) in stands {
            seen.entry(channel_id).or_insert(Seen { seq, is_member: true });
        }
    }

    fn take(&self, event: &Value) {
        let world = &self.cluster.world;
        world.count(|tally| tally.frames += 1);
        let (channel_id, seq) = (id(&event["channel_id"]), number(&event["seq"]));
        world.note(|| format!("{} gets {channel_id} {seq}: {}", self.name, event["kind"]));
        let about_me = event["user"]["id"] == self.actor.id().to_string();
        let joins = about_me && event["kind"] == "member_joined";
        let leaves = about_me && event["kind"] == "member_left";
        let before = self.seen().get(&channel_id).copied();
        let follows = before.is_some_and(|seen| seq == seen.seq + 1)
            || before.is_none_or(|seen| !seen.is_member && seq > seen.seq) && joins;
        if !follows {
            self.complain(Invariant::EveryEventOnce, &format!("{event} after {before:?}"));
        }
        self.compare(channel_id, seq, event);
        let is_member = match before {
            _ if joins => true,
            _ if leaves => false,
            Some(seen) => seen.is_member,
            None => true,
        };
        self.seen().insert(channel_id, Seen { seq, is_member });
    }

    /// With what is stored at this moment.
    fn compare(&self, channel_id: ChannelId, seq: i64, event: &Value) {
        let (server, user_id) = (&self.cluster.server, self.actor.id());
        let stored = server.look(|sqlite| verdict::kind_of(sqlite, channel_id, seq));
        if stored.as_deref() != event["kind"].as_str() {
            self.complain(Invariant::EveryEventOnce, &format!("{event} is stored as {stored:?}"));
        }
        let may = server.look(|sqlite| verdict::may_get(sqlite, channel_id, user_id, seq));
        if !may {
            self.complain(Invariant::MembersOnly, event);
        }
        let message_seq = event["message"]["seq"].as_i64();
        if let (Some(message_seq), true) =
            (message_seq, self.cluster.setting.channel(channel_id).hides_past)
        {
            let joined = |sqlite: &_| verdict::first_joined(sqlite, channel_id, user_id);
            if server.look(joined).is_none_or(|joined| message_seq < joined) {
                self.complain(Invariant::HiddenStaysHidden, event);
            }
        }
    }

    fn complain(&self, invariant: Invariant, detail: &impl std::fmt::Display) {
        self.cluster.world.violated(invariant, format!("{}: {detail}", self.name));
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Seen>> {
        self.seen.lock().expect("no panic under this lock")
    }
}

fn id(value: &Value) -> ChannelId {
    value.as_str().expect("an id").parse().expect("an id")
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}
