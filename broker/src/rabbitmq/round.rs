//! One round of a lane: everything that waits, then all the confirmations,
//! then the answers.
//!
//! Pipelining further would be quicker, but the client hands a returned
//! message to whichever confirmation it resolves next, so only the end of a
//! round tells which publications were unroutable. Taking one for confirmed
//! that was returned would lose a message.

use std::collections::HashSet;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation, PublisherConfirm};

use super::lane::{Job, NotPublished, Publication};
use super::session::Session;

/// A broker that confirms nothing for so long deserves a fresh connection.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

/// Publishes all, awaits all confirmations, answers all. On an error the
/// session is ended and every answer is dropped, which means "unknown".
pub(super) async fn publish_round(session: &Session, channel: &Channel, round: &mut Vec<Job>) {
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
