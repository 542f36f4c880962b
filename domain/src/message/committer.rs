//! Makes batches of sends messages, whatever the database does meanwhile.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::DbErr;
use uuid::Uuid;

use crate::account::People;
use crate::clock::Clock;
use crate::database::{Database, Failure, classify, in_time};
use crate::id::{ChannelId, MessageId, UserId};
use crate::message::acl::Acl;
use crate::message::commit::{commit_batch, reject};
use crate::message::{Outcome, Pending, Rejection, dead_letter};
use crate::port::EventBus;

const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// A send under a key that is being used in another channel at this moment
/// makes a batch fail now and then; more often than this it is the data.
const MAX_CONFLICTS: u32 = 20;

/// A database that says nothing for so long is gone without a word.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// The committer: the same one behind every message log.
#[derive(Clone)]
pub struct Committer {
    database: Database,
    bus: Arc<dyn EventBus>,
    people: People,
    clock: Clock,
    acl: Acl,
}

/// What became of one send of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Its outcome, which is stored.
    Outcome(Outcome),
    /// The database refuses its data: for people to look at. Nothing is stored.
    Refused(String),
}

impl Committer {
    /// A committer on this database that tells this bus.
    #[must_use]
    pub fn new(database: Database, bus: Arc<dyn EventBus>, people: People) -> Self {
        Self { database, bus, people, clock: Clock::System, acl: Acl::default() }
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Settles a batch: on return every send has a stored outcome, or is one
    /// that the database refuses. Runs again after conflicts and outages, for as
    /// long as it takes; splits the batch around what is refused or panics, so that
    /// one bad send harms no other. Tells the nodes of what it committed, and
    /// reminds them of what was committed before: a crash may have come between.
    ///
    /// Dropping the future leaves each part of the batch either committed or
    /// untouched.
    pub fn settle<'a>(&'a self, batch: &'a [Pending]) -> BoxFuture<'a, Vec<Settled>> {
        async move {
            // A panic concerns only the batch that it comes from: its transaction is
            // rolled back, and nothing else that it could leave half-done is shared.
            let committed = AssertUnwindSafe(self.commit(batch)).catch_unwind().await;
            let committed = match committed {
                Ok(committed) => committed.map_err(|error| error.to_string()),
                Err(_) => Err("the committer panicked".to_owned()),
            };
            match committed {
                Ok(outcomes) => outcomes.into_iter().map(Settled::Outcome).collect(),
                Err(reason) if batch.len() <= 1 => {
                    batch.iter().map(|_| Settled::Refused(reason.clone())).collect()
                }
                Err(_) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    let mut settled = self.settle(first).await;
                    settled.extend(self.settle(second).await);
                    settled
                }
            }
        }
        .boxed()
    }

    /// Keeps a send that the database refused, for people to look at.
    ///
    /// # Errors
    /// If even that is refused.
    pub async fn keep(&self, pending: &Pending, reason: &str) -> Result<(), DbErr> {
        let mut backoff = Backoff::default();
        loop {
            let attempt = dead_letter::keep(&self.database, pending, reason, self.clock.now());
            match in_time(ATTEMPT_TIMEOUT, attempt).await {
                Err(error) if classify(&error) != Failure::Data => backoff.wait(&error).await,
                done => return done,
            }
        }
    }

    /// Stores that a send was set aside and will never be a message.
    ///
    /// # Errors
    /// If even that is refused.
    pub async fn reject(&self, pending: &Pending, reason: Rejection) -> Result<Outcome, DbErr> {
        let mut backoff = Backoff::default();
        loop {
            let attempt = reject(&self.database, pending, reason, self.clock.now());
            match in_time(ATTEMPT_TIMEOUT, attempt).await {
                Err(error) if classify(&error) != Failure::Data => backoff.wait(&error).await,
                done => return done,
            }
        }
    }

    /// Stores that the send of this id was set aside because nobody can read it.
    /// Its author is recognised by the id itself.
    ///
    /// # Errors
    /// If the database refuses it.
    pub async fn reject_unreadable(&self, id: MessageId) -> Result<(), DbErr> {
        let unreadable = Pending {
            id,
            channel_id: ChannelId(Uuid::nil()),
            author_id: UserId(Uuid::nil()),
            text: String::new(),
            expires_in_s: None,
            thread_root_id: None,
            request_id: String::new(),
        };
        self.reject(&unreadable, Rejection::SetAside).await.map(drop)
    }

    /// Commits a batch, or says why its data is refused.
    async fn commit(&self, batch: &[Pending]) -> Result<Vec<Outcome>, DbErr> {
        let mut backoff = Backoff::default();
        let mut conflicts = 0;
        loop {
            let now = self.clock.now();
            let attempt = commit_batch(&self.database, &self.people, &self.acl, batch, now);
            match in_time(ATTEMPT_TIMEOUT, attempt).await {
                Ok(committed) => {
                    self.bus.publish_events(&committed.publication.events).await;
                    return Ok(committed.outcomes);
                }
                Err(error) => match classify(&error) {
                    Failure::Data => return Err(error),
                    Failure::Conflict if conflicts == MAX_CONFLICTS => return Err(error),
                    Failure::Conflict => conflicts += 1,
                    Failure::Transient => backoff.wait(&error).await,
                },
            }
        }
    }
}

/// Waits twice as long each time.
struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST_BACKOFF }
    }
}

impl Backoff {
    async fn wait(&mut self, error: &DbErr) {
        tracing::warn!(%error, retry_in = ?self.next, "the database did not commit; trying again");
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_BACKOFF);
    }
}
