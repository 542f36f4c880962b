//! Deliveries become outcomes: decoded, settled, answered, acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use warren_domain::id::MessageId;
use warren_domain::message::{
    Committer, Outcome, Pending, Receipt, Rejection, Settled, Undecodable,
};
use warren_domain::port::{Delivery, LogError, PartitionReader};

use crate::metrics::Metrics;

/// Delivered more often than this before, a send is settled alone: perhaps it
/// is what its batches fail of.
const REDELIVERIES_TOGETHER: u32 = 3;

/// What settling needs besides a partition.
pub(crate) struct Settler {
    pub(crate) committer: Committer,
    pub(crate) metrics: Arc<Metrics>,
}

/// What to do after a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Take the next.
    Continue,
    /// Leave the partition to a program that reads this payload version.
    Newer(u32),
}

/// What a delivery turns out to be.
enum Triage {
    Send(Pending),
    /// For the dead letters, with the reason.
    Poison(String),
    Newer(u32),
}

/// Settles deliveries in order and acknowledges them. An error leaves those
/// that were not acknowledged to be delivered again, which changes nothing.
///
/// # Errors
/// [`LogError`] when the link to the log is lost.
pub(crate) async fn settle(
    settler: &Settler,
    reader: &mut dyn PartitionReader,
    deliveries: &[Delivery],
) -> Result<Next, LogError> {
    settler.metrics.note_delivered(deliveries);
    let mut batch: Vec<(&Delivery, Pending)> = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        match triage(delivery) {
            Triage::Send(pending) => {
                let alone = delivery.redelivery_count > REDELIVERIES_TOGETHER;
                if alone {
                    settle_batch(settler, reader, std::mem::take(&mut batch)).await?;
                }
                batch.push((delivery, pending));
                if alone {
                    settle_batch(settler, reader, std::mem::take(&mut batch)).await?;
                }
            }
            Triage::Poison(reason) => {
                settle_batch(settler, reader, std::mem::take(&mut batch)).await?;
                set_aside(settler, reader, delivery, &reason).await?;
                reader.acknowledge(delivery).await?;
            }
            Triage::Newer(version) => {
                settle_batch(settler, reader, batch).await?;
                return Ok(Next::Newer(version));
            }
        }
    }
    settle_batch(settler, reader, batch).await?;
    Ok(Next::Continue)
}

fn triage(delivery: &Delivery) -> Triage {
    match Pending::decode(&delivery.payload) {
        Err(Undecodable::NewerVersion(version)) => Triage::Newer(version),
        Err(Undecodable::Malformed(reason)) => Triage::Poison(reason),
        Ok(pending) if Some(pending.id.to_string()) != delivery.message_id => {
            Triage::Poison("the message id beside the payload is missing or another".into())
        }
        Ok(pending) => Triage::Send(pending),
    }
}

async fn settle_batch(
    settler: &Settler,
    reader: &mut dyn PartitionReader,
    batch: Vec<(&Delivery, Pending)>,
) -> Result<(), LogError> {
    let Some((last, _)) = batch.last() else { return Ok(()) };
    let last = *last;
    let (deliveries, sends): (Vec<&Delivery>, Vec<Pending>) = batch.into_iter().unzip();
    let begun = Instant::now();
    let settled = settler.committer.settle(&sends).await;
    settler.metrics.note_batch(sends.len(), begun.elapsed());
    let mut receipts: BTreeMap<&str, Vec<Receipt>> = BTreeMap::new();
    for ((delivery, pending), settled) in deliveries.into_iter().zip(&sends).zip(settled) {
        let outcome = match settled {
            Settled::Outcome(outcome) => Some(outcome),
            Settled::Refused(reason) => refuse(settler, reader, delivery, pending, &reason).await?,
        };
        outcome.iter().for_each(|outcome| settler.metrics.note_outcome(outcome));
        tracing::debug!(
            message.id = %pending.id, request.id = %pending.request_id,
            redeliveries = delivery.redelivery_count, ?outcome, "settled",
        );
        if let (Some(reply_to), Some(outcome)) = (&delivery.reply_to, outcome) {
            let fingerprint = pending.fingerprint();
            let receipt = Receipt { id: pending.id, fingerprint, outcome };
            receipts.entry(reply_to).or_default().push(receipt);
        }
    }
    for (reply_to, receipts) in receipts {
        reader.send_receipts(reply_to, &receipts).await;
    }
    reader.acknowledge(last).await
}

/// The database refuses what can be read: a dead letter, and a stored rejection.
async fn refuse(
    settler: &Settler,
    reader: &mut dyn PartitionReader,
    delivery: &Delivery,
    pending: &Pending,
    reason: &str,
) -> Result<Option<Outcome>, LogError> {
    alarm(delivery, reason);
    reader.set_aside(delivery, reason).await?;
    settler.metrics.note_set_aside();
    match settler.committer.reject(pending, Rejection::SetAside).await {
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) => {
            tracing::error!(message.id = %pending.id, %error, "its rejection is refused too");
            Ok(None)
        }
    }
}

/// Nobody can read it: a dead letter; and if its id can be read, its author is
/// told by its receipt.
async fn set_aside(
    settler: &Settler,
    reader: &mut dyn PartitionReader,
    delivery: &Delivery,
    reason: &str,
) -> Result<(), LogError> {
    alarm(delivery, reason);
    reader.set_aside(delivery, reason).await?;
    settler.metrics.note_set_aside();
    let id = delivery.message_id.as_deref().and_then(|id| id.parse::<MessageId>().ok());
    if let Some(id) = id
        && let Err(error) = settler.committer.reject_unreadable(id).await
    {
        tracing::error!(message.id = %id, %error, "its rejection was not stored");
    }
    Ok(())
}

fn alarm(delivery: &Delivery, reason: &str) {
    tracing::error!(
        message.id = delivery.message_id.as_deref().unwrap_or("none"),
        reason,
        redeliveries = delivery.redelivery_count,
        "a message was set aside as a dead letter",
    );
}
