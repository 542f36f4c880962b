//! The law that clients live by: what one had, plus the events since, is what a
//! fresh read gives. Over random histories, for every kind of event, from the
//! socket and from the poll, in order, from before what one had, and twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use serde_json::{Value, json};

use crate::client::{Call, Content, Cursors, Person, new_key};
use crate::facts;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

/// How often each deed is in a history.
const TIMES: usize = 6;

/// How many deeds are done at the same time.
const TOGETHER: usize = 3;

const WITHIN: Duration = Duration::from_secs(30);

const SEEDS: [u64; 4] = [1, 2, 3, 4];

const EMOJIS: [&str; 2] = ["🐇", "🥕"];

const KINDS: [&str; 15] = [
    "channel_created",
    "channel_updated",
    "member_invited",
    "member_joined",
    "member_left",
    "member_updated",
    "message_created",
    "message_created of a reply",
    "message_deleted",
    "message_deleted of a reply",
    "message_edited",
    "message_pinned",
    "message_unpinned",
    "reaction_added",
    "reaction_removed",
];

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [what_one_had_and_the_events_since_are_a_fresh_read])
}

/// Row 19.
async fn what_one_had_and_the_events_since_are_a_fresh_read(world: Arc<World>) {
    let (mut kinds, mut events) = (BTreeSet::new(), 0);
    for seed in SEEDS {
        println!("seed {seed}");
        let lived = History::new(&world, seed).await.live(&world).await;
        events += lived.len();
        kinds.extend(lived);
    }
    assert_eq!(kinds, KINDS.map(str::to_owned).into());
    let (histories, kinds) = (SEEDS.len(), KINDS.len());
    let figures = format!("histories {histories}, events {events}, kinds {kinds}, differences 0");
    held(19, world.combination.name(), &figures);
}

/// What can be done to a channel, whether it is allowed then or not.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Say,
    SayForASecond,
    Reply,
    Edit,
    Delete,
    DeleteReply,
    React,
    TakeBack,
    Pin,
    Unpin,
    Join,
    Leave,
    Appoint,
    Describe,
    Invite,
    Archive,
    Restore,
}

const DEEDS: [Deed; 24] = [
    Deed::Say,
    Deed::Say,
    Deed::Say,
    Deed::SayForASecond,
    Deed::Reply,
    Deed::Reply,
    Deed::Reply,
    Deed::Edit,
    Deed::Delete,
    Deed::DeleteReply,
    Deed::React,
    Deed::React,
    Deed::TakeBack,
    Deed::Pin,
    Deed::Unpin,
    Deed::Join,
    Deed::Join,
    Deed::Leave,
    Deed::Appoint,
    Deed::Describe,
    Deed::Invite,
    Deed::Archive,
    Deed::Restore,
    Deed::Restore,
];

/// A channel of four people, of whom the first owns it and stays.
struct History {
    people: Vec<Person>,
    channel: String,
    random: StdRng,
}

/// As much of a channel as its events tell.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    /// By id, as everybody sees them.
    messages: BTreeMap<String, Value>,
    /// By user id, what each may do.
    members: BTreeMap<String, Value>,
    /// The channel, without what it is to its reader.
    channel: Value,
    last_seq: i64,
}

impl History {
    async fn new(world: &World, seed: u64) -> Self {
        let names = ["ann", "bob", "eve", "fay"];
        let people = join_all(names.map(|name| world.person(name))).await;
        let channel = people[0].create_channel("public").await;
        people[1].join(&channel).await;
        Self { people, channel, random: StdRng::seed_from_u64(seed) }
    }

    /// Lets a history happen; the answer is the kind of each event that it had.
    async fn live(mut self, world: &World) -> Vec<String> {
        let ann = self.people[0].clone();
        let mut socket =
            world.elsewhere(&ann).await.socket(&Cursors::from([(self.channel.clone(), 0)])).await;
        let begin = State::read(&ann, &self.channel).await;
        let mut deeds = DEEDS.repeat(TIMES);
        deeds.shuffle(&mut self.random);
        let middle = deeds.split_off(deeds.len() / 2);
        self.perform(&deeds).await;
        // Read while others write, as a client does.
        let (half, ()) = {
            let (reader, channel) = (world.elsewhere(&ann).await, self.channel.clone());
            tokio::join!(async move { State::read(&reader, &channel).await }, self.perform(&middle))
        };
        self.perform(&[Deed::Restore]).await;
        eventually("what was said for a second is gone", WITHIN, async || {
            let messages = ann.messages(&self.channel, "?limit=200").await;
            messages.iter().all(|message| message.get("expires_at").is_none()).then_some(())
        })
        .await;
        let fresh = State::read(&ann, &self.channel).await;
        let live = socket.events_through(&self.channel, fresh.last_seq).await;
        let polled = ann.events_after(&self.channel, 0).await;
        for (whose, events) in [("the socket", &live), ("the poll", &polled)] {
            for (from, state) in [("nothing", &State::default()), ("the begin", &begin)] {
                assert_eq!(state.with(events), fresh, "from {from} by {whose}");
            }
            assert_eq!(half.with(events), fresh, "what was half there, by {whose}");
            let twice = half.with(events).with(events);
            assert_eq!(twice, fresh, "twice by {whose}");
            assert_eq!(half.with(after(events, half.last_seq)), fresh, "the rest by {whose}");
        }
        live.iter().map(kind_and_place).collect()
    }

    async fn perform(&mut self, deeds: &[Deed]) {
        for together in deeds.chunks(TOGETHER) {
            let messages = self.people[0].messages(&self.channel, "?limit=200").await;
            let calls: Vec<_> = together.iter().map(|deed| self.choose(*deed, &messages)).collect();
            join_all(calls.into_iter().flatten().map(|(person, request)| async move {
                let Request { method, path, body } = request;
                let key = new_key();
                let headers: &[(&str, &str)] = &[("Idempotency-Key", &key)];
                let headers = if path.ends_with("/messages") { headers } else { &[] };
                let content = body.map_or(Content::None, Content::Json);
                let answer = person.call(Call { method, path: &path, content, headers }).await;
                assert!(answer.status < 500, "{method} {path} answered {}", answer.text);
            }))
            .await;
        }
    }

    /// Who does it, and how; `None` if there is nothing yet to do it to.
    fn choose(&mut self, deed: Deed, messages: &[Value]) -> Option<(Person, Request)> {
        let actor = self.people.choose(&mut self.random)?.clone();
        let (owner, guests) = self.people.split_first()?;
        let guest = guests.choose(&mut self.random)?.clone();
        let channel = format!("/v1/channels/{}", self.channel);
        let words = format!("words {}", new_key());
        // Mostly what can be done to it.
        let fits = |message: &&Value| match deed {
            Deed::TakeBack => message["reactions"][0].is_object(),
            Deed::Unpin => message["pinned_at"].is_string(),
            Deed::Reply => message.get("thread_root_id").is_none(),
            Deed::DeleteReply => {
                message["thread_root_id"].is_string() && message.get("deleted_at").is_none()
            }
            _ => true,
        };
        let fitting: Vec<&Value> = messages.iter().filter(fits).collect();
        let chosen = fitting.choose(&mut self.random);
        let message = || Some(format!("/v1/messages/{}", id(chosen?)?));
        let author = chosen.and_then(|message| {
            self.people.iter().find(|person| message["author"]["id"] == person.id.as_str())
        });
        let author = author.unwrap_or(&actor).clone();
        let known = chosen.and_then(|message| message["reactions"][0]["emoji"].as_str());
        let any = EMOJIS.choose(&mut self.random)?;
        let emoji = known.filter(|_| matches!(deed, Deed::TakeBack)).unwrap_or(any);
        let emoji: String = url::form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
        // Two of the four react, so that one of them often finds their own reaction.
        let reader = self.people.get(..2)?.choose(&mut self.random)?.clone();
        let request = |method, path: String, body| Request { method, path, body };
        let described = |body| request("PATCH", channel.clone(), Some(body));
        Some(match deed {
            Deed::Say => {
                let text = Some(json!({"text": words}));
                (actor, request("POST", format!("{channel}/messages"), text))
            }
            Deed::SayForASecond => {
                let text = Some(json!({"text": words, "expires_in_s": 1}));
                (actor, request("POST", format!("{channel}/messages"), text))
            }
            Deed::Reply => {
                let reply = json!({"text": words, "thread_root_id": id(chosen?)?});
                (actor, request("POST", format!("{channel}/messages"), Some(reply)))
            }
            Deed::Edit => (author, request("PATCH", message()?, Some(json!({"text": words})))),
            Deed::Delete => (actor, request("DELETE", message()?, None)),
            Deed::DeleteReply => (author, request("DELETE", message()?, None)),
            Deed::React => {
                (reader, request("PUT", format!("{}/reactions/{emoji}", message()?), None))
            }
            Deed::TakeBack => {
                (reader, request("DELETE", format!("{}/reactions/{emoji}", message()?), None))
            }
            Deed::Pin => (actor, request("PUT", format!("{}/pin", message()?), None)),
            Deed::Unpin => (actor, request("DELETE", format!("{}/pin", message()?), None)),
            Deed::Join => (guest, request("POST", format!("{channel}/join"), None)),
            Deed::Leave => (guest, request("POST", format!("{channel}/unsubscribe"), None)),
            Deed::Appoint => {
                let role = ["member", "moderator"].choose(&mut self.random)?;
                let path = format!("{channel}/members/{}/role", guest.username);
                (owner.clone(), request("PUT", path, Some(json!({"role": role}))))
            }
            Deed::Describe => (owner.clone(), described(json!({"description": words}))),
            Deed::Invite => {
                let body = json!({"username": guest.username});
                (owner.clone(), request("POST", format!("{channel}/invitations"), Some(body)))
            }
            Deed::Archive => (owner.clone(), described(json!({"archived": true}))),
            Deed::Restore => (owner.clone(), described(json!({"archived": false}))),
        })
    }
}

/// A request that somebody makes.
struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
}

impl State {
    /// Everything anew, as one who has nothing reads it.
    async fn read(reader: &Person, channel: &str) -> Self {
        // First where it stands: what comes while the rest is read is among the events.
        let view = reader.channel(channel).await;
        let members = reader.get(&format!("/v1/channels/{channel}/members?limit=200")).await;
        let members = members.expect(200)["items"].as_array().expect("items").clone();
        let messages = reader.messages(channel, "?limit=200").await;
        Self {
            messages: messages
                .iter()
                .map(|message| (id(message).expect("id"), seen(message)))
                .collect(),
            members: members
                .iter()
                .map(|member| (text(&member["user"]["id"]), member["role"].clone()))
                .collect(),
            channel: summary(&view),
            last_seq: view["last_seq"].as_i64().expect("a number"),
        }
    }

    /// The state after these events.
    fn with<'a>(&self, events: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut state = self.clone();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    fn apply(&mut self, event: &Value) {
        match kind(event).as_str() {
            "channel_created" | "channel_updated" => self.channel = summary(&event["channel"]),
            "member_joined" | "member_updated" => {
                self.members.insert(text(&event["user"]["id"]), event["role"].clone());
            }
            "member_left" => drop(self.members.remove(&text(&event["user"]["id"]))),
            "member_invited" => {}
            _ => {
                let message = &event["message"];
                self.messages.insert(text(&message["id"]), seen(message));
                self.follow(&event["thread"]);
            }
        }
        self.last_seq = event["seq"].as_i64().expect("a number").max(self.last_seq);
    }

    /// What an event says of the thread that its message answers in.
    fn follow(&mut self, thread: &Value) {
        let Some(id) = thread["root_id"].as_str() else { return };
        let root = self.messages.get_mut(id).and_then(Value::as_object_mut).expect("a root");
        for field in ["reply_count", "last_reply_at"] {
            match thread.get(field) {
                Some(value) => drop(root.insert(field.to_owned(), value.clone())),
                None => drop(root.remove(field)),
            }
        }
    }
}

fn after(events: &[Value], seq: i64) -> impl Iterator<Item = &Value> {
    events.iter().filter(move |event| event["seq"].as_i64() > Some(seq))
}

/// A message without what it is to its reader.
fn seen(message: &Value) -> Value {
    let mut message = message.clone();
    for reaction in message["reactions"].as_array_mut().into_iter().flatten() {
        reaction.as_object_mut().map(|reaction| reaction.remove("mine"));
    }
    message
}

fn summary(channel: &Value) -> Value {
    let names = ["id", "name", "kind", "description", "created_by", "history", "archived_at"];
    names.iter().map(|name| channel.get(*name).cloned()).collect()
}

fn id(value: &Value) -> Option<String> {
    value["id"].as_str().map(str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn kind(event: &Value) -> String {
    text(&event["kind"])
}

fn kind_and_place(event: &Value) -> String {
    let place = if event.get("thread").is_some() { " of a reply" } else { "" };
    format!("{}{place}", kind(event))
}
