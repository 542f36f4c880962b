//! What everything simulated shares: the time, chance, the weather, and the book in
//! which it is written down.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use warren_domain::Clock;

use crate::chance::Chance;
use crate::weather::Weather;

/// When every simulation begins: 2026-01-01T00:00:00Z, in microseconds.
const BEGINNING: i64 = 1_767_225_600_000_000;

/// What must hold. Its name is what a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What was accepted ends in an outcome.
    AcceptedIsDecided,
    /// Nothing is acknowledged to the log before it is decided.
    AcknowledgedIsDecided,
    /// A key has one message, where its outcome says.
    OneMessagePerKey,
    /// Every repetition gets the first answer.
    SameAnswer,
    /// An answer is what is stored.
    AnswerIsStored,
    /// Only what cannot be stored is set aside, and all of that is.
    OnlyPoisonIsSetAside,
    /// A channel's numbers have no gap, and its times never go back.
    GaplessSequence,
    /// What one person sends to a channel after an earlier send was accepted comes later.
    SenderOrder,
    /// Heads and counts are what the events say.
    CountsAreRight,
    /// Authors are members when they are committed.
    AuthorsAreMembers,
    /// What is announced is committed.
    AnnouncedIsCommitted,
    /// A socket gets each event once and in order, as it is stored.
    EveryEventOnce,
    /// A socket gets nothing of a channel that its user left, or is not in.
    MembersOnly,
    /// A socket gets no message that its user may not see.
    HiddenStaysHidden,
    /// When the weather is calm everything is decided, delivered and seen, soon.
    Liveness,
}

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.invariant, self.detail)
    }
}

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sends with a key of their own.
    pub sends: u64,
    /// How often they were repeated.
    pub repetitions: u64,
    /// Other writes: joining, leaving, editing, reacting and the like.
    pub changes: u64,
    /// Processes killed.
    pub crashes: u64,
    /// Sends that the log had twice.
    pub duplicates: u64,
    /// Deliveries that had been delivered before.
    pub redeliveries: u64,
    /// Sockets opened.
    pub sockets: u64,
    /// Events that sockets got.
    pub frames: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.sends += other.sends;
        self.repetitions += other.repetitions;
        self.changes += other.changes;
        self.crashes += other.crashes;
        self.duplicates += other.duplicates;
        self.redeliveries += other.redeliveries;
        self.sockets += other.sockets;
        self.frames += other.frames;
    }
}

impl Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sends, repetitions, changes, crashes, duplicates, redeliveries, .. } = self;
        let Self { sockets, frames, .. } = self;
        write!(
            formatter,
            "{sends} sends, {repetitions} repetitions, {changes} changes, {crashes} crashes, \
             {duplicates} duplicates, {redeliveries} redeliveries, {sockets} sockets, \
             {frames} frames"
        )
    }
}

/// Everything that is shared.
pub(crate) struct World {
    pub(crate) weather: Weather,
    began: Instant,
    chance: Mutex<Chance>,
    clocks: Mutex<Vec<(Arc<AtomicI64>, i64)>>,
    numbers: AtomicU64,
    book: Mutex<Book>,
    pub(crate) ended: Notify,
}

/// What is written down.
struct Book {
    digest: u64,
    is_told: bool,
    tally: Tally,
    violation: Option<Violation>,
}

impl World {
    /// Begins now, by the runtime's clock. With `is_told` everything is printed.
    pub(crate) fn new(seed: u64, is_told: bool) -> Arc<Self> {
        let mut chance = Chance::new(seed);
        let weather = Weather::of(&mut chance);
        let book = Book { digest: 0, is_told, tally: Tally::default(), violation: None };
        let world = Arc::new(Self {
            weather,
            began: Instant::now(),
            chance: Mutex::new(chance),
            clocks: Mutex::default(),
            numbers: AtomicU64::new(1),
            book: Mutex::new(book),
            ended: Notify::new(),
        });
        world.note(|| format!("{:?}", world.weather));
        world
    }

    pub(crate) fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().expect("no panic under this lock")
    }

    /// Whether somebody does what they do in so many cases of ten thousand.
    pub(crate) fn chooses(&self, per_ten_thousand: u32) -> bool {
        self.chance().happens(per_ten_thousand)
    }

    /// A number below `count`, which is not 0.
    pub(crate) fn below(&self, count: usize) -> usize {
        self.chance().below(count)
    }

    /// A number of a range, its end excluded.
    pub(crate) fn within(&self, range: std::ops::Range<u64>) -> u64 {
        self.chance().within(range)
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&self, among: &'a [T]) -> &'a T {
        self.chance().pick(among)
    }

    /// A time below `limit`.
    pub(crate) fn time_below(&self, limit: Duration) -> Duration {
        self.chance().time_below(limit)
    }

    /// Whether something goes wrong that does so often, while it is not calm.
    pub(crate) fn happens(&self, per_ten_thousand: u32) -> bool {
        self.chance().happens(per_ten_thousand) && !self.weather.is_calm()
    }

    /// How long something takes: mostly nothing, seldom long.
    pub(crate) fn some_time(&self) -> Duration {
        let slowness =
            if self.weather.is_calm() { Duration::from_millis(5) } else { self.weather.slowness };
        let mut chance = self.chance();
        match chance.below(100) {
            0..70 => Duration::ZERO,
            70..98 => chance.time_below(slowness / 4),
            _ => chance.time_below(slowness * 4),
        }
    }

    /// Lets time pass; or at least everybody else.
    pub(crate) async fn pause(&self, time: Duration) {
        match time.is_zero() {
            true => tokio::task::yield_now().await,
            false if self.weather.is_calm() => tokio::time::sleep(time).await,
            false => self.weather.hold_up(time).await,
        }
        self.move_clocks();
    }

    /// A number that nothing else has.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A process's clock, which is wrong by some time, and is sometimes set.
    pub(crate) fn clock(&self) -> Clock {
        let skew = self.weather.skew.as_micros() as u64;
        let wrong = self.chance().within(0..2 * skew + 1) as i64 - skew as i64;
        let clock = Arc::new(AtomicI64::new(0));
        self.clocks.lock().expect("no panic under this lock").push((clock.clone(), wrong));
        self.move_clocks();
        Clock::Manual(clock)
    }

    fn move_clocks(&self) {
        let now = BEGINNING + self.began.elapsed().as_micros() as i64;
        for (clock, wrong) in &*self.clocks.lock().expect("no panic under this lock") {
            clock.store(now + wrong, Ordering::Relaxed);
        }
    }

    /// Writes down what happens.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        let (at, text) = (self.began.elapsed(), what());
        let mut book = self.book();
        if book.is_told {
            println!("{:>8.3} {text}", at.as_secs_f64());
        }
        let bytes = at.as_millis().to_be_bytes();
        for byte in bytes.iter().chain(text.as_bytes()) {
            book.digest = (book.digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// A digest of all that was written down: two runs of a seed have the same.
    pub(crate) fn digest(&self) -> u64 {
        self.book().digest
    }

    /// Counts something.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.book().tally);
    }

    pub(crate) fn tally(&self) -> Tally {
        self.book().tally
    }

    /// An invariant does not hold: the first one ends the run.
    pub(crate) fn violated(&self, invariant: Invariant, detail: impl Display) {
        let violation = Violation { invariant, detail: detail.to_string() };
        self.note(|| format!("VIOLATED {violation}"));
        self.book().violation.get_or_insert(violation);
        self.ended.notify_one();
    }

    /// Says so unless `holds`.
    pub(crate) fn check<D: Display>(
        &self,
        holds: bool,
        invariant: Invariant,
        detail: impl FnOnce() -> D,
    ) {
        if !holds {
            self.violated(invariant, detail());
        }
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.book().violation.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no panic under this lock")
    }
}
