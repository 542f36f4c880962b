//! A stop under load, as an operator or a supervisor asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::client::{Call, Content, Cursors, Person, Socket, new_key};
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const SOCKETS: usize = 100;
const PEOPLE: usize = 10;
const PROGRESS: u64 = 200;
const WITHIN: Duration = Duration::from_secs(60);
/// Between two attempts of a sender.
const RETRY: Duration = Duration::from_millis(50);
const SUPERVISOR: &str = include_str!("../../../../supervisor/warren.conf");

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [stop_under_load_fails_nobody_who_repeats])
}

/// Row 16: clients that repeat a send with its key, at another node where there is one.
/// What they see behind nginx, `restarting_the_apis_one_by_one…` tells.
async fn stop_under_load_fails_nobody_who_repeats(world: Arc<World>) {
    let mut deployment = world.deploy(Options::default()).await;
    let people = join_all((0..PEOPLE).map(|_| world.person_on(&deployment, "ann"))).await;
    let channel = people[0].create_channel("public").await;
    join_all(people[1..].iter().map(|person| person.join(&channel))).await;
    let sockets = join_all((0..SOCKETS).map(|index| open(&people[index % PEOPLE]))).await;
    let load = Load::start(&deployment, &people, &channel);
    load.progress().await;
    let begun = Instant::now();
    deployment.apis[0].program.signal(Signal::Terminate);
    if let Some(worker) = deployment.workers.first() {
        worker.signal(Signal::Terminate);
    }
    let codes = join_all(sockets.into_iter().map(closing)).await;
    assert_eq!(codes, vec![1001; SOCKETS]);
    let ended = eventually("it ends", WITHIN, async || deployment.apis[0].program.exit_status());
    assert!(ended.await.success(), "in order");
    if let Some(worker) = deployment.workers.first() {
        let ended = eventually("the worker ends", WITHIN, async || worker.exit_status()).await;
        assert!(ended.success(), "in order");
    }
    let elapsed = begun.elapsed();
    assert!(elapsed <= patience(), "{elapsed:?} of {:?}", patience());
    if world.combination == Combination::Embedded {
        deployment.restart_api(0).await;
    }
    load.progress().await;
    let (accepted, repeated) = load.finish(&deployment, &people[0], &channel).await;
    let figures = format!(
        "sockets {SOCKETS}, closed with 1001 {SOCKETS}; ended after {} ms; sends accepted \
         {accepted}, repeated {repeated}, failed 0, stored {accepted}",
        elapsed.as_millis()
    );
    held(16, world.combination.name(), &figures);
}

/// How long supervisor waits before it kills.
fn patience() -> Duration {
    let line = SUPERVISOR.lines().find_map(|line| line.strip_prefix("stopwaitsecs="));
    Duration::from_secs(line.and_then(|seconds| seconds.parse().ok()).expect("a number"))
}

async fn open(person: &Person) -> Socket {
    person.socket(&Cursors::new()).await
}

async fn closing(mut socket: Socket) -> u16 {
    socket.close_code(WITHIN).await
}

/// Running senders.
struct Load {
    state: Arc<State>,
    senders: Vec<JoinHandle<Vec<String>>>,
}

#[derive(Default)]
struct State {
    accepted: AtomicU64,
    repeated: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    fn start(deployment: &Deployment, people: &[Person], channel: &str) -> Self {
        let state = Arc::<State>::default();
        let start = |person: &Person| {
            let nodes = deployment.apis.iter().map(|node| person.at_node(&node.base)).collect();
            tokio::spawn(run(nodes, channel.to_owned(), Arc::clone(&state)))
        };
        let senders = people.iter().map(start).collect();
        Self { state, senders }
    }

    async fn progress(&self) {
        let target = self.state.accepted.load(Ordering::Relaxed) + PROGRESS;
        eventually("more is accepted", WITHIN, async || {
            assert!(!self.senders.iter().any(JoinHandle::is_finished), "a sender failed");
            (self.state.accepted.load(Ordering::Relaxed) >= target).then_some(())
        })
        .await;
    }

    /// Everything that was accepted is there, once; how many, and how many answers were
    /// not had at once.
    async fn finish(self, deployment: &Deployment, reader: &Person, channel: &str) -> (usize, u64) {
        self.state.is_over.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for sender in self.senders {
            accepted.extend(sender.await.expect("no send failed"));
        }
        let reader = reader.at_node(deployment.api(1));
        let mut stored = eventually("everything accepted is stored", WITHIN, async || {
            let events = reader.events_after(channel, 0).await;
            let ids = events.iter().filter_map(|event| event["message"]["id"].as_str());
            let stored: Vec<String> = ids.map(str::to_owned).collect();
            (stored.len() >= accepted.len()).then_some(stored)
        })
        .await;
        stored.sort_unstable();
        accepted.sort_unstable();
        assert_eq!(stored, accepted, "nothing is lost or doubled");
        (accepted.len(), self.state.repeated.load(Ordering::Relaxed))
    }
}

/// Sends one message after the other, each until it is accepted; their ids.
async fn run(nodes: Vec<Person>, channel: String, state: Arc<State>) -> Vec<String> {
    let mut accepted = Vec::new();
    while !state.is_over.load(Ordering::Relaxed) {
        let key = new_key();
        let mut pace = tokio::time::interval(RETRY);
        for node in nodes.iter().cycle() {
            pace.tick().await;
            if let Some(id) = attempt(node, &channel, &key).await {
                accepted.push(id);
                break;
            }
            state.repeated.fetch_add(1, Ordering::Relaxed);
        }
        state.accepted.fetch_add(1, Ordering::Relaxed);
    }
    accepted
}

async fn attempt(node: &Person, channel: &str, key: &str) -> Option<String> {
    let path = format!("/v1/channels/{channel}/messages");
    let content = Content::Json(json!({"text": "hello"}));
    let headers = [("Idempotency-Key", key)];
    let call = Call { method: "POST", path: &path, content, headers: &headers };
    let answer = node.try_call(call).await.ok()?;
    match answer.status {
        201 | 202 => answer.json["id"].as_str().map(str::to_owned),
        503 => None,
        _ => panic!("{} {}", answer.status, answer.text),
    }
}
