//! One of a hundred sockets does not read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::client::{Cursors, Person, Socket, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const PEOPLE: usize = 20;
const SOCKETS: usize = 99;
/// More than all buffers on the way to who does not read.
const UNREAD: usize = 400;
const UNREAD_SIZE_BYTES: usize = 16_000;
/// What is said in one window.
const MESSAGES: usize = 30;
/// What is said and not measured before each window. Reading the past takes from others
/// what anybody takes who comes back: when they have heard this, what is left is what not
/// reading takes.
const UNMEASURED: usize = 10;
const PACE: Duration = Duration::from_millis(30);
/// Windows of each kind at least; and at most, where chance is against it.
const WINDOWS: usize = 6;
const MAX_WINDOWS: usize = 40;
/// How much longer the others' p99 may be.
const RATIO: f64 = 1.2;
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;
const WITHIN: Duration = Duration::from_secs(30);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [reader_that_does_not_read_slows_nobody_else])
}

/// Fault 8. Windows with and without it alternate, so that what else the machine does
/// is the same for both.
async fn reader_that_does_not_read_slows_nobody_else(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, ..Options::default() }).await;
    let hall = Hall::open(&world, &deployment).await;
    let least = parameters().either(WINDOWS, 3 * WINDOWS);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let program = &deployment.apis[0].program;
    let before = program.resident_bytes();
    let mut most = before;
    let mut slow: Option<Socket> = None;
    while with.len() < least || (ratio(&with, &without) > RATIO && with.len() < MAX_WINDOWS) {
        drop(slow.take());
        without.push(hall.window().await);
        slow = Some(hall.slow_reader().await);
        with.push(hall.window().await);
        most = most.max(program.resident_bytes());
    }
    let (ratio, grown) = (ratio(&with, &without), most.saturating_sub(before));
    assert!(ratio <= RATIO, "the others' p99 is {ratio:.2} times as long");
    assert!(grown <= MEMORY_BYTES, "memory grew by {grown} bytes");
    let caught_up =
        slow.expect("a slow reader").events_through(&hall.channel, hall.head().await).await;
    assert!(caught_up.len() > UNREAD, "whoever reads again sees everything");
    let figures = format!(
        "{} sockets, windows {} each, p99 {} ms with and {} ms without it, ratio {ratio:.2}, \
         {} MB unread, memory grew by {} KiB",
        SOCKETS + 1,
        with.len(),
        median(&with).as_millis(),
        median(&without).as_millis(),
        UNREAD * UNREAD_SIZE_BYTES / 1_000_000,
        grown / 1024
    );
    held(8, world.combination.name(), &figures);
}

fn ratio(with: &[Duration], without: &[Duration]) -> f64 {
    median(with).as_secs_f64() / median(without).as_secs_f64()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// A channel with a long past, and many who listen.
struct Hall {
    people: Vec<Person>,
    channel: String,
    said: Arc<Said>,
    listeners: Vec<JoinHandle<()>>,
}

/// When each message of the present window was sent, and how long it took to each
/// listener.
#[derive(Default)]
struct Said {
    window: AtomicUsize,
    sent: Mutex<Vec<Instant>>,
    taken: Mutex<Vec<Duration>>,
}

impl Hall {
    async fn open(world: &World, deployment: &Deployment) -> Self {
        let host = world.person_on(deployment, "host").await;
        let channel = host.create_channel("public").await;
        let text = "x".repeat(UNREAD_SIZE_BYTES);
        for _ in 0..UNREAD / 20 {
            join_all((0..20).map(|_| until_said(&host, &channel, &text))).await;
        }
        let joining = (0..PEOPLE).map(|_| async {
            let person = world.person_on(deployment, "listener").await;
            person.join(&channel).await;
            person
        });
        let people = join_all(joining).await;
        let said = Arc::<Said>::default();
        let mut listeners = Vec::new();
        for person in people.iter().cycle().take(SOCKETS) {
            let socket = person.socket(&Cursors::new()).await;
            listeners.push(tokio::spawn(listen(socket, Arc::clone(&said))));
        }
        Self { people, channel, said, listeners }
    }

    /// The p99 of the time from a send to its sight, in a window.
    async fn window(&self) -> Duration {
        self.say(UNMEASURED).await;
        let mut taken = self.say(MESSAGES).await;
        taken.sort();
        taken[taken.len() * 99 / 100]
    }

    /// Says so much at its pace; how long it took from each send to each sight.
    async fn say(&self, messages: usize) -> Vec<Duration> {
        let window = self.said.window.fetch_add(1, Ordering::SeqCst) + 1;
        self.said.taken.lock().unwrap().clear();
        self.said.sent.lock().unwrap().clear();
        let mut pace = interval(PACE);
        let mut sends = Vec::new();
        for (number, person) in self.people.iter().cycle().take(messages).enumerate() {
            pace.tick().await;
            self.said.sent.lock().unwrap().push(Instant::now());
            let (person, channel) = (person.clone(), self.channel.clone());
            let text = format!("{window} {number}");
            sends.push(tokio::spawn(async move { until_said(&person, &channel, &text).await }));
        }
        for send in sends {
            send.await.expect("a send is accepted");
        }
        eventually("everybody saw everything", WITHIN, async || {
            assert!(self.listeners.iter().all(|it| !it.is_finished()), "a listener ended");
            (self.said.taken.lock().unwrap().len() == messages * SOCKETS).then_some(())
        })
        .await;
        self.said.taken.lock().unwrap().clone()
    }

    /// A socket that wants the whole past and reads nothing.
    async fn slow_reader(&self) -> Socket {
        let person = &self.people[0];
        let mut socket = Socket::connect_narrow(&person.base, &person.coverage).await;
        let cursors = Cursors::from([(self.channel.clone(), 0)]);
        let hello = json!({"type": "hello", "token": person.token(), "cursors": cursors});
        socket.send(hello).await;
        socket.expect_after(&self.channel, 0);
        socket
    }

    async fn head(&self) -> i64 {
        self.people[0].channel(&self.channel).await["last_seq"].as_i64().expect("a number")
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

/// Repeats a send with its key until it is committed: a busy machine may answer late.
async fn until_said(person: &Person, channel: &str, text: &str) {
    let (key, deadline) = (new_key(), Instant::now() + WITHIN);
    while person.post_message(channel, text, &key).await.status != 201 {
        assert!(Instant::now() < deadline, "a send is committed: not within {WITHIN:?}");
    }
}

async fn listen(mut socket: Socket, said: Arc<Said>) {
    loop {
        let frame = socket.try_next().await.expect("the socket stays");
        let text = frame["message"]["text"].as_str().unwrap_or_default();
        let Some((window, number)) = text.split_once(' ') else { continue };
        if window.parse() == Ok(said.window.load(Ordering::SeqCst)) {
            let number: usize = number.parse().expect("a number");
            let taken = said.sent.lock().unwrap()[number].elapsed();
            said.taken.lock().unwrap().push(taken);
        }
    }
}
