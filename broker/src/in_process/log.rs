//! The message log that is no log: a send is acknowledged by its commit.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warren_domain::message::{Committer, Outcome, Pending, Rejection, Settled};
use warren_domain::port::{Accepted, LogError, MessageLog, NotAcknowledged};

/// Sends that wait; one more is told to come again.
const QUEUE_LENGTH: usize = 4_096;

/// Sends per transaction: few enough that signups, joins and the like, which
/// wait for SQLite's one writer, get their turn soon.
const BATCH_LENGTH: usize = 256;

/// A queue into a committer of the same process.
pub struct InProcessLog {
    queue: mpsc::Sender<Queued>,
}

struct Queued {
    pending: Pending,
    outcome: oneshot::Sender<Outcome>,
}

impl InProcessLog {
    /// Starts committing. After `stop` what is queued is still committed, then
    /// the task in `tasks` ends.
    #[must_use]
    pub fn start(committer: Committer, tasks: &TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let (queue, receiver) = mpsc::channel(QUEUE_LENGTH);
        tasks.spawn(commit_all(committer, receiver, stop));
        Arc::new(Self { queue })
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
        self.queue
            .try_send(Queued { pending, outcome: sender })
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
}

async fn commit_all(
    committer: Committer,
    mut queue: mpsc::Receiver<Queued>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_LENGTH);
    loop {
        let taken = tokio::select! {
            biased;
            taken = queue.recv_many(&mut batch, BATCH_LENGTH) => taken,
            () = stop.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        commit(&committer, std::mem::take(&mut batch)).await;
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

/// There is no dead-letter queue here: the send's content is with its author,
/// who is told; the reason is in the server's log.
async fn refuse(committer: &Committer, pending: &Pending, reason: &str) -> Option<Outcome> {
    tracing::error!(
        message.id = %pending.id, request.id = %pending.request_id, reason,
        "the database refuses a message",
    );
    match committer.reject(pending, Rejection::SetAside).await {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            tracing::error!(message.id = %pending.id, %error, "its rejection is refused too");
            None
        }
    }
}
