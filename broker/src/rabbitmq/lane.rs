//! A confirmed, ordered stream of publications on a channel of its own.
//!
//! It publishes in rounds: everything that waits, then all the confirmations,
//! then the answers. Pipelining further would be quicker, but the client
//! hands a returned message to whichever confirmation it resolves next, so
//! only the end of a round tells which publications were unroutable. Taking
//! one for confirmed that was returned would lose a message.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use tokio::sync::{mpsc, oneshot};

use super::Tasks;
use super::link::Link;
use super::session::{Session, SessionError};

/// How many publications one round takes. Enough to share a disk
/// synchronisation, few enough not to keep the next waiting long.
const ROUND_SIZE: usize = 256;

/// How many wait for the next round; the rest wait to wait.
const QUEUE_LENGTH: usize = 1024;

/// A broker that confirms nothing for so long deserves a fresh connection.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

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
    entrance: mpsc::Sender<Job>,
}

impl Lane {
    /// Opens a lane on `link`; it lasts as long as the link does.
    pub(super) fn start(link: Link, tasks: &Tasks) -> Self {
        let (entrance, jobs) = mpsc::channel(QUEUE_LENGTH);
        tasks.spawn(run(link, jobs));
        Self { entrance }
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

#[derive(Debug)]
struct Job {
    publication: Publication,
    answer: oneshot::Sender<Result<(), NotPublished>>,
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

/// Publishes all, awaits all confirmations, answers all. On an error the
/// session is ended and every answer is dropped, which means "unknown".
async fn publish_round(session: &Session, channel: &Channel, round: &mut Vec<Job>) {
    let confirmed = async {
        let confirms = publish_all(channel, round).await?;
        confirmations(confirms).await
    };
    let outcome = tokio::select! {
        biased;
        outcome = tokio::time::timeout(CONFIRM_TIMEOUT, confirmed) => outcome,
        () = session.over() => return round.clear(),
    };
    match outcome {
        Ok(Ok(confirmations)) => answer(session, round, confirmations),
        Ok(Err(_)) | Err(_) => {
            session.end();
            round.clear();
        }
    }
}

async fn publish_all(channel: &Channel, round: &[Job]) -> lapin::Result<Vec<PublisherConfirm>> {
    let mut confirms = Vec::with_capacity(round.len());
    for Job { publication, .. } in round {
        let options =
            BasicPublishOptions { mandatory: publication.must_be_routed, ..Default::default() };
        let exchange = publication.exchange.as_str().into();
        let routing_key = publication.routing_key.as_str().into();
        let properties = publication.properties.clone();
        let published =
            channel.basic_publish(exchange, routing_key, options, &publication.payload, properties);
        confirms.push(published.await?);
    }
    Ok(confirms)
}

async fn confirmations(confirms: Vec<PublisherConfirm>) -> lapin::Result<Vec<Confirmation>> {
    let mut confirmations = Vec::with_capacity(confirms.len());
    for confirm in confirms {
        confirmations.push(confirm.await?);
    }
    Ok(confirmations)
}

fn answer(session: &Session, round: &mut Vec<Job>, confirmations: Vec<Confirmation>) {
    let verdicts: Vec<bool> = confirmations.iter().map(Confirmation::is_ack).collect();
    let returned = Returned::among(confirmations);
    for (job, acknowledged) in round.drain(..).zip(verdicts) {
        let result = if returned.contains(&job.publication) {
            Err(NotPublished::Refused("the message reached no queue"))
        } else if acknowledged {
            Ok(())
        } else {
            Err(NotPublished::Refused("the queue refused the message"))
        };
        // Whoever gave up in the meantime treats it as unknown.
        let _ = job.answer.send(result);
    }
    if returned.any() {
        // A queue or a binding is missing: the next session declares them again.
        session.end();
    }
}

/// The publications of a round that came back.
#[derive(Debug, Default)]
struct Returned {
    ids: HashSet<String>,
    unidentified: bool,
}

impl Returned {
    fn among(confirmations: Vec<Confirmation>) -> Self {
        let mut returned = Self::default();
        for message in confirmations.into_iter().filter_map(Confirmation::take_message) {
            match message.properties.message_id() {
                Some(id) => drop(returned.ids.insert(id.to_string())),
                None => returned.unidentified = true,
            }
        }
        returned
    }

    fn any(&self) -> bool {
        self.unidentified || !self.ids.is_empty()
    }

    /// Whether this publication came back, or cannot be told from one that did.
    fn contains(&self, publication: &Publication) -> bool {
        let id = publication.properties.message_id();
        publication.must_be_routed
            && (self.unidentified || id.as_ref().is_none_or(|id| self.ids.contains(id.as_str())))
    }
}
