//! API processes are restarted, and killed, while people use the site.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::new_address;
use crate::client::{Call, Content, Person, Rest, Socket, new_key};
use crate::facts;
use crate::site::Site;
use crate::wait::eventually;
use crate::world::World;

const SENDERS: usize = 20;
/// What each sender does at most a second is below nginx's rate for an address.
const PACE: Duration = Duration::from_millis(50);
const POLL_PACE: Duration = Duration::from_millis(200);
/// What has to be done before the next restart: proof that all is well.
const PROGRESS: u64 = 500;
const WITHIN: Duration = Duration::from_secs(120);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "proxy",
        [
            restarting_the_apis_one_by_one_fails_no_request_and_loses_none,
            killing_an_api_fails_no_send_with_a_key,
        ]
    )
}

/// Half of the senders give no key, so that nginx may repeat nothing of theirs.
async fn restarting_the_apis_one_by_one_fails_no_request_and_loses_none(world: Arc<World>) {
    let site = Site::start(&world).await;
    let load = Load::start(&world, &site, Keys::OfEverySecond).await;
    load.progress().await;
    for round in 1..=2 {
        let script = site.supervisor.installation.script("restart-api");
        let done = tokio::process::Command::from(script).output().await.expect("run the script");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{said} {}", String::from_utf8_lossy(&done.stderr));
        for name in ["api-1: stopped", "api-1: started", "api-2: stopped", "api-2: started"] {
            assert!(said.contains(name), "{said}");
        }
        println!("restarts: round {round}, {} requests", load.requests());
        load.progress().await;
    }
    load.finish().await;
}

/// A kill breaks off what is under way; nginx repeats it elsewhere if that is safe.
async fn killing_an_api_fails_no_send_with_a_key(world: Arc<World>) {
    let site = Site::start(&world).await;
    let load = Load::start(&world, &site, Keys::OfEveryone).await;
    for name in ["api-1", "api-2", "api-1"] {
        load.progress().await;
        let id = site.supervisor.process_id(name).expect("it runs").to_string();
        let killed = tokio::process::Command::new("kill").args(["-KILL", &id]).status().await;
        assert!(killed.is_ok_and(|status| status.success()), "{name} is killed");
        site.is_ready().await;
        println!("restarts: {name} killed, {} requests", load.requests());
    }
    load.progress().await;
    load.finish().await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    OfEverySecond,
    OfEveryone,
}

/// Running senders, each at an address of its own.
struct Load {
    owner: Person,
    channel: String,
    state: Arc<State>,
    senders: Vec<JoinHandle<Vec<String>>>,
    poller: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    requests: AtomicU64,
    is_over: AtomicBool,
}

struct Sender {
    person: Person,
    channel: String,
    has_keys: bool,
    state: Arc<State>,
}

impl Load {
    async fn start(world: &World, site: &Site, keys: Keys) -> Self {
        let join = async |_| {
            let rest = Rest::from_address(&site.base, &world.coverage, new_address());
            Person::sign_up(&rest, "sender").await
        };
        let (owner, people) = (join(0).await, join_all((0..SENDERS).map(join)).await);
        let channel = owner.create_channel("public").await;
        join_all(people.iter().map(|person| person.join(&channel))).await;
        let state = Arc::<State>::default();
        let send = |(index, person)| {
            let has_keys = keys == Keys::OfEveryone || index % 2 == 0;
            let (channel, state) = (channel.clone(), Arc::clone(&state));
            tokio::spawn(Sender { person, channel, has_keys, state }.run())
        };
        let poller = tokio::spawn(poll(owner.clone(), channel.clone(), Arc::clone(&state)));
        let senders = people.into_iter().enumerate().map(send).collect();
        Self { owner, channel, state, senders, poller }
    }

    fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// Waits until more was done.
    async fn progress(&self) {
        let target = self.requests() + PROGRESS;
        eventually("requests are answered", WITHIN, async || {
            let failed = self.senders.iter().any(JoinHandle::is_finished);
            assert!(!failed && !self.poller.is_finished(), "a request failed");
            (self.requests() >= target).then_some(())
        })
        .await;
    }

    /// Everything that was accepted is there, once, and nothing else.
    async fn finish(self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for sender in self.senders {
            accepted.extend(sender.await.expect("no request failed"));
        }
        self.poller.await.expect("no long poll failed");
        let stored = eventually("everything accepted is stored", WITHIN, async || {
            let events = self.owner.events_after(&self.channel, 0).await;
            let stored: Vec<_> =
                events.iter().filter_map(|event| event["message"]["id"].as_str()).collect();
            let stored: Vec<String> = stored.into_iter().map(str::to_owned).collect();
            (stored.len() >= accepted.len()).then_some(stored)
        })
        .await;
        println!("restarts: the end, {} sends accepted", accepted.len());
        let (mut stored, mut accepted) = (stored, accepted);
        stored.sort_unstable();
        accepted.sort_unstable();
        assert_eq!(stored, accepted, "nothing is lost or doubled");
    }
}

impl Sender {
    /// Posts and reads in turn; the ids of its messages.
    async fn run(self) -> Vec<String> {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut accepted = Vec::new();
        while !self.state.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            accepted.push(self.post().await);
            let path = format!("/v1/channels/{}/messages?limit=5", self.channel);
            self.person.get(&path).await.expect(200);
            self.state.requests.fetch_add(2, Ordering::Relaxed);
        }
        accepted
    }

    async fn post(&self) -> String {
        let key = new_key();
        let headers = [("Idempotency-Key", key.as_str())];
        let path = format!("/v1/channels/{}/messages", self.channel);
        let headers = if self.has_keys { &headers[..] } else { &[] };
        let content = Content::Json(json!({"text": "hello"}));
        let answer = self.person.call(Call { method: "POST", path: &path, content, headers }).await;
        assert!(matches!(answer.status, 201 | 202), "{} {}", answer.status, answer.text);
        answer.json["id"].as_str().expect("an id").to_owned()
    }
}

/// Reads everything by long polls, and opens a socket after each.
async fn poll(person: Person, channel: String, state: Arc<State>) {
    let (mut after, mut pace) = (0, tokio::time::interval(POLL_PACE));
    while !state.is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        let path = format!("/v1/channels/{channel}/events?after_seq={after}&limit=200&wait_s=5");
        let answer = person.get(&path).await;
        let events = answer.expect(200)["items"].as_array().expect("items").clone();
        if let Some(last) = events.last() {
            after = last["seq"].as_i64().expect("a number");
        }
        drop(Socket::connect(&person.base, &person.coverage).await);
    }
}
