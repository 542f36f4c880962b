//! The message log that is no log: a send is acknowledged by its commit.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_domain::Clock;
use warren_domain::message::{Committer, Outcome, Pending, Rejection, Settled};
use warren_domain::port::{Accepted, Backlog, LogError, MessageLog, NotAcknowledged, Taken};

/// What people call it.
pub(super) const STRATEGY: &str = "in-process";

/// Sends that wait; one more is told to come again.
const QUEUE_LENGTH: usize = 4_096;

/// Sends per transaction: few enough that signups, joins and the like, which
/// wait for SQLite's one writer, get their turn soon.
const BATCH_LENGTH: usize = 256;

/// A queue into a committer of the same process.
pub struct InProcessLog {
    queue: mpsc::Sender<Queued>,
    taken: Arc<Mutex<Taken>>,
}

struct Queued {
    pending: Pending,
    accepted_at: DateTime<Utc>,
    outcome: oneshot::Sender<Outcome>,
}

impl InProcessLog {
    /// Starts committing. After `stop` what is queued is still committed, then
    /// the task in `tasks` ends.
    #[must_use]
    pub fn start(committer: Committer, tasks: &TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let (queue, receiver) = mpsc::channel(QUEUE_LENGTH);
        let taken = Arc::new(Mutex::default());
        tasks.spawn(commit_all(committer, receiver, taken.clone(), stop));
        Arc::new(Self { queue, taken })
    }
}

#[async_trait]
impl MessageLog for InProcessLog {
    async fn append(
        &self,
        pending: Pending,
        deadline: Instant,
    ) -> Result<Accepted, NotAcknowledged> {
        let (sender, outcome) = oneshot::channel();
        let refused = |reason: &str| NotAcknowledged { reason: reason.to_owned() };
        let queued = Queued { pending, accepted_at: Clock::System.now(), outcome: sender };
        self.queue
            .try_send(queued)
            .map_err(|_| refused("the queue to the database is full or closed"))?;
        match timeout_at(deadline, outcome).await {
            Ok(Ok(outcome)) => Ok(Accepted::settled(outcome)),
            Ok(Err(_)) => Err(refused("the server is stopping")),
            Err(_) => Err(refused("the database did not commit in time")),
        }
    }

    fn check(&self) -> Result<(), LogError> {
        match self.queue.capacity() {
            _ if self.queue.is_closed() => Err(LogError { reason: "the committer stopped".into() }),
            0 => Err(LogError { reason: "the queue to the database is full".into() }),
            _ => Ok(()),
        }
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, LogError> {
        let waiting = self.queue.max_capacity().saturating_sub(self.queue.capacity());
        let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
        let taken = *self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let consumers = u32::from(!self.queue.is_closed());
        Ok(vec![Backlog { partition: 0, waiting, consumers, taken: Some(taken) }])
    }

    fn strategy(&self) -> &'static str {
        STRATEGY
    }
}

async fn commit_all(
    committer: Committer,
    mut queue: mpsc::Receiver<Queued>,
    taken: Arc<Mutex<Taken>>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_LENGTH);
    loop {
        let count = tokio::select! {
            biased;
            count = queue.recv_many(&mut batch, BATCH_LENGTH) => count,
            () = stop.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        };
        if count == 0 {
            return;
        }
        let oldest_at = batch.iter().map(|queued| queued.accepted_at).min();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = Taken { count, oldest_at };
        commit(&committer, std::mem::take(&mut batch)).await;
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = Taken::default();
    }
}

async fn commit(committer: &Committer, batch: Vec<Queued>) {
    let (sends, waiting): (Vec<Pending>, Vec<_>) =
        batch.into_iter().map(|queued| (queued.pending, queued.outcome)).unzip();
    let settled = committer.settle(&sends).await;
    for ((pending, waiting), settled) in sends.iter().zip(waiting).zip(settled) {
        let outcome = match settled {
            Settled::Outcome(outcome) => Some(outcome),
            Settled::Refused(reason) => refuse(committer, pending, &reason).await,
        };
        if let Some(outcome) = outcome {
            // Whoever waited may have given up; the database has the answer.
            let _ = waiting.send(outcome);
        }
    }
}

/// The database refuses a send: kept among the dead letters, and a stored
/// rejection, of which its author is told.
async fn refuse(committer: &Committer, pending: &Pending, reason: &str) -> Option<Outcome> {
    tracing::error!(
        message.id = %pending.id, request.id = %pending.request_id, reason,
        "the database refuses a message",
    );
    if let Err(error) = committer.keep(pending, reason).await {
        tracing::error!(message.id = %pending.id, %error, "it could not be kept as a dead letter");
    }
    match committer.reject(pending, Rejection::SetAside).await {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            tracing::error!(message.id = %pending.id, %error, "its rejection is refused too");
            None
        }
    }
}
