//! Somebody who sends messages and repeats each until they know what became of it;
//! and sometimes once more, or with something else under the same key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use warren_domain::account::Actor;
use warren_domain::channel::ChannelRef;
use warren_domain::message::{
    IdempotencyKey, MAX_TEXT_SIZE_BYTES, MessageText, PostError, SendState, post, receipt,
};

use crate::cluster::Cluster;
use crate::database::{PANIC_TEXT, REFUSED_TEXT};
use crate::ledger::{Entry, pending};
use crate::verdict;

/// As an API process limits its log (`ACCEPT_WAIT`).
const ACCEPT_WAIT: Duration = Duration::from_secs(2);

/// As an API process waits for a commit, at most.
const COMMIT_WAIT: Duration = Duration::from_secs(3);

/// One person's client.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) actor: Actor,
    /// Which of the person's clients this is.
    pub(crate) number: usize,
    /// How many clients have sends without an end.
    pub(crate) open: Arc<AtomicUsize>,
}

/// What an attempt leads to.
enum Attempt {
    Settled,
    Accepted,
    /// Nobody knows.
    Unknown,
    /// Its author may not, and it was not accepted.
    Refused,
}

impl Sender {
    /// Sends so many messages, one after the other, though not always to its end.
    pub(crate) fn start(self, count: usize) {
        let sender = self.clone();
        self.spawn(async move { sender.run(count).await });
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let open = self.open.clone();
        open.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            work.await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }

    async fn run(self, count: usize) {
        let world = self.cluster.world.clone();
        for number in 0..count {
            let wait = world.time_below(Duration::from_secs(3));
            sleep(wait).await;
            let key = format!("{}-{number}", self.number);
            let entry = self.begin(&key, None);
            world.count(|tally| tally.sends += 1);
            if world.chooses(500) {
                // At once, under the same key, perhaps to another channel.
                self.follow(self.begin(&key, None));
            }
            if world.chooses(1_000) {
                self.follow(entry);
            }
            match self.attempt_until_accepted(entry).await {
                true if world.chooses(4_000) => self.follow(entry),
                true => self.pursue(entry).await,
                false => {}
            }
            if world.chooses(1_000) {
                self.follow(self.begin(&key, Some(entry)));
            }
        }
    }

    /// Writes down what is sent: anything, or something else than `other` under its
    /// key.
    fn begin(&self, key: &str, other: Option<Entry>) -> Entry {
        let (world, setting) = (&self.cluster.world, &self.cluster.setting);
        let channel_id = match other {
            Some(entry) => self.cluster.ledger.send(entry).pending.channel_id,
            None => world.pick(&setting.channels).id,
        };
        let text = match world.below(100) {
            0 => REFUSED_TEXT.to_owned(),
            1 => PANIC_TEXT.to_owned(),
            _ => format!("text {} of {key}", world.next_number()),
        };
        let messages = self.cluster.ledger.messages(channel_id);
        let answers = !messages.is_empty() && world.chooses(2_000);
        let root = answers.then(|| world.pick(&messages).0);
        let pending = pending(self.actor.id(), channel_id, text, key, root);
        self.cluster.ledger.begin(pending, key.to_owned())
    }

    /// Pursues a send while its author goes on.
    fn follow(&self, entry: Entry) {
        let sender = self.clone();
        self.spawn(async move { sender.pursue(entry).await });
    }

    /// Whether it was accepted, or is decided; `false` if its author may not.
    async fn attempt_until_accepted(&self, entry: Entry) -> bool {
        loop {
            match self.attempt(entry).await {
                Attempt::Settled | Attempt::Accepted => return true,
                Attempt::Refused => return false,
                Attempt::Unknown => self.wait_a_little().await,
            }
        }
    }

    /// Repeats a send, or asks for its receipt, until its end is known.
    async fn pursue(&self, entry: Entry) {
        let world = &self.cluster.world;
        let again = world.below(3);
        let mut answers = 0;
        loop {
            let settled = match world.chooses(5_000) {
                true => self.ask_for_receipt(entry).await,
                false => match self.attempt(entry).await {
                    Attempt::Refused => break,
                    Attempt::Settled => true,
                    Attempt::Accepted | Attempt::Unknown => false,
                },
            };
            answers += usize::from(settled);
            if answers > again {
                break;
            }
            world.count(|tally| tally.repetitions += 1);
            self.wait_a_little().await;
        }
    }

    async fn wait_a_little(&self) {
        let wait = self.cluster.world.time_below(Duration::from_secs(1));
        sleep(wait).await;
    }

    /// As the handler of `POST …/messages` does it.
    async fn attempt(&self, entry: Entry) -> Attempt {
        let ledger = &self.cluster.ledger;
        let send = ledger.send(entry);
        let request = warren_domain::message::Send {
            channel: ChannelRef::Id(send.pending.channel_id),
            text: MessageText::parse(send.pending.text, MAX_TEXT_SIZE_BYTES).expect("a text"),
            lifetime: None,
            thread_root_id: send.pending.thread_root_id,
            key: IdempotencyKey::parse(&send.key).expect("a key"),
            request_id: String::new(),
            deadline: Instant::now() + ACCEPT_WAIT,
        };
        let wait = self.cluster.world.time_below(COMMIT_WAIT);
        let actor = self.actor.clone();
        let answer = self.cluster.ask(async move |node| {
            let mut posted = post(node.domain(), &actor, request).await?;
            Ok(posted.accepted.outcome_within(wait).await)
        });
        match answer.await {
            Some(Ok(Some(outcome))) => {
                ledger.accept(entry);
                ledger.answer(entry, &outcome);
                Attempt::Settled
            }
            Some(Ok(None)) => {
                ledger.accept(entry);
                Attempt::Accepted
            }
            Some(Err(PostError::NotFound | PostError::NotAMember)) => Attempt::Refused,
            Some(Err(PostError::NotAcknowledged(_) | PostError::Database(_))) | None => {
                Attempt::Unknown
            }
        }
    }

    /// As the handler of `GET …/receipt` does it. A receipt is about what was first
    /// under its key.
    async fn ask_for_receipt(&self, entry: Entry) -> bool {
        let ledger = &self.cluster.ledger;
        let send = ledger.send(entry);
        let (actor, id) = (self.actor.clone(), send.pending.id);
        let answer = self.cluster.ask(async move |node| receipt(node.domain(), &actor, id).await);
        match answer.await {
            Some(Ok(SendState::Settled(outcome))) => {
                if self.cluster.server.look(|sqlite| verdict::is_first(sqlite, &send.pending)) {
                    ledger.answer(entry, &outcome);
                }
                true
            }
            _ => false,
        }
    }
}
