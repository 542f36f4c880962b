//! A confirmed, ordered stream of publications on a channel of its own.

use bytes::Bytes;
use lapin::options::ConfirmSelectOptions;
use lapin::{BasicProperties, Channel};
use tokio::sync::{mpsc, oneshot};

use super::Tasks;
use super::link::Link;
use super::round::publish_round;
use super::session::{Session, SessionError};

/// How many publications one round takes. Enough to share a disk
/// synchronisation, few enough not to keep the next waiting long.
const ROUND_SIZE: usize = 256;

/// How many wait for the next round; the rest wait to wait.
const QUEUE_LENGTH: usize = 1024;

/// One message, and where to.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    /// The exchange; empty for the default one.
    pub(super) exchange: String,
    /// The routing key.
    pub(super) routing_key: String,
    /// Whether it is an error if it reaches no queue. It then needs a message id.
    pub(super) must_be_routed: bool,
    /// The properties, message id included.
    pub(super) properties: BasicProperties,
    /// The body.
    pub(super) payload: Bytes,
}

/// Why a publication is not known to be in its queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotPublished {
    /// It reached no queue, or was refused by one: it is not there.
    #[error("{0}")]
    Refused(&'static str),
    /// The session ended first: it may be there.
    #[error("the connection was lost before the broker confirmed")]
    Unknown,
}

/// The entrance to a lane. Whoever stops waiting for an answer takes back
/// what was not yet published.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    link: Link,
    entrance: mpsc::Sender<Job>,
}

impl Lane {
    /// Opens a lane on `link`; it lasts as long as the link does.
    pub(super) fn start(link: Link, tasks: &Tasks) -> Self {
        let (entrance, jobs) = mpsc::channel(QUEUE_LENGTH);
        tasks.spawn(run(link.clone(), jobs));
        Self { link, entrance }
    }

    /// Whether a publication would get through now. What is only a hint is not
    /// worth waiting for: a worker that waited would drain the broker slowly
    /// just when it is full.
    pub(super) fn is_open(&self) -> bool {
        self.link.current().is_ok_and(|session| !session.is_blocked())
    }

    /// Publishes once, in the order of calls, and waits for the confirmation.
    ///
    /// # Errors
    /// [`NotPublished`], which says whether it may be there nevertheless.
    pub(super) async fn publish(&self, publication: Publication) -> Result<(), NotPublished> {
        let (answer, answered) = oneshot::channel();
        let job = Job { publication, answer };
        self.entrance.send(job).await.map_err(|_| NotPublished::Unknown)?;
        answered.await.map_err(|_| NotPublished::Unknown)?
    }
}

/// A publication, and who waits for its confirmation.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) publication: Publication,
    pub(super) answer: oneshot::Sender<Result<(), NotPublished>>,
}

async fn run(link: Link, mut jobs: mpsc::Receiver<Job>) {
    while let Some(session) = link.session().await {
        match open_channel(&session).await {
            Ok(channel) => publish_rounds(&session, &channel, &mut jobs).await,
            Err(_) => session.end(),
        }
    }
}

async fn open_channel(session: &Session) -> Result<Channel, SessionError> {
    let channel = session.channel().await?;
    session.bounded(channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}

/// Publishes until the session is over.
async fn publish_rounds(session: &Session, channel: &Channel, jobs: &mut mpsc::Receiver<Job>) {
    let mut round = Vec::with_capacity(ROUND_SIZE);
    loop {
        let taken = tokio::select! {
            biased;
            () = session.over() => return,
            taken = jobs.recv_many(&mut round, ROUND_SIZE) => taken,
        };
        if taken == 0 {
            // Every entrance is gone: the last user of this lane was dropped.
            return session.over().await;
        }
        round.retain(|job| !job.answer.is_closed());
        publish_round(session, channel, &mut round).await;
    }
}
