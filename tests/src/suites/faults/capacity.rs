//! Five hundred sockets and a steady load, and nothing broken at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use super::crowd::{Crowd, Habits};
use crate::client::{Call, Content, Rest};
use crate::deployment::Options;
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::world::World;

const SOCKETS: usize = 500;
const LENGTH: Duration = Duration::from_secs(20);
const SENDS_PACE: Duration = Duration::from_millis(400);
const READERS: usize = 20;
const READS_PACE: Duration = Duration::from_millis(100);
/// Of so many answers one may be of the 5xx family: 0.025 %.
const ANSWERS_PER_FAILURE: u64 = 4_000;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [five_hundred_sockets_under_steady_load_are_served])
}

/// Fault 20.
async fn five_hundred_sockets_under_steady_load_are_served(world: Arc<World>) {
    let deployment = world.deploy(Options::default()).await;
    let habits = Habits { pace: SENDS_PACE, sockets: SOCKETS, ..Habits::default() };
    let crowd = Crowd::start(&world, &deployment, &habits).await;
    let state = Arc::<Reading>::default();
    let mut readers = JoinSet::new();
    for index in 0..READERS {
        let person = crowd.reader().at_node(deployment.api(index % 2));
        readers.spawn(read(person.rest, crowd.channel(index).to_owned(), Arc::clone(&state)));
    }
    let length = parameters().length(LENGTH);
    sleep_until(Instant::now() + length).await;
    state.is_over.store(true, Ordering::Relaxed);
    readers.join_all().await;
    let verdict = crowd.finish().await;
    assert_eq!(verdict.tally.broken, 0, "every request was answered");
    let failures = verdict.tally.refused + state.failures.load(Ordering::Relaxed);
    let answers =
        verdict.tally.sent + verdict.tally.refused + state.answers.load(Ordering::Relaxed);
    assert!(failures * ANSWERS_PER_FAILURE <= answers, "{failures} of {answers} are 5xx");
    let figures = format!(
        "{length:?}, {answers} answers, 5xx {failures}, {verdict}, {}",
        verdict.of_sockets()
    );
    held(20, world.combination.name(), &figures);
}

#[derive(Default)]
struct Reading {
    answers: AtomicU64,
    failures: AtomicU64,
    is_over: AtomicBool,
}

/// Reads the newest messages of a channel again and again.
async fn read(rest: Rest, channel: String, state: Arc<Reading>) {
    let path = format!("/v1/channels/{channel}/messages");
    let mut pace = interval(READS_PACE);
    while !state.is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        let call = Call { method: "GET", path: &path, content: Content::None, headers: &[] };
        let answer = rest.call(call).await;
        state.answers.fetch_add(1, Ordering::Relaxed);
        if answer.status >= 500 {
            state.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            answer.expect(200);
        }
    }
}
