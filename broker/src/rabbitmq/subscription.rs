//! One consumer on a channel of its own.

use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};

use super::session::{Session, SessionError};

/// A running consumer. Dropping it gives back what is unacknowledged, in order.
#[derive(Debug)]
pub(super) struct Subscription {
    session: Session,
    channel: Channel,
    /// Present until the end: taken only to outlive the channel.
    consumer: Option<Consumer>,
}

impl Subscription {
    /// Consumes `queue`, with at most `prefetch` deliveries unacknowledged.
    pub(super) async fn open(
        session: Session,
        channel: Channel,
        queue: &str,
        prefetch: u16,
    ) -> Result<Self, SessionError> {
        session.bounded(channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let options = BasicConsumeOptions::default();
        let consuming =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let consumer = Some(session.bounded(consuming).await?);
        Ok(Self { session, channel, consumer })
    }

    /// What has arrived, at least one and at most `limit`; waits only while
    /// there is none. Cancel safe: after the wait nothing is awaited.
    pub(super) async fn take(&mut self, limit: usize) -> Result<Vec<Delivery>, SessionError> {
        let consumer = self.consumer.as_mut().ok_or(SessionError::Over)?;
        let first = tokio::select! {
            biased;
            () = self.session.over() => return Err(SessionError::Over),
            first = consumer.next() => first,
        };
        let mut next = Some(first);
        let mut deliveries = Vec::new();
        while let Some(delivery) = next {
            // A stream that ends was cancelled by the broker: its queue is gone.
            deliveries.push(delivery.ok_or(SessionError::Over)??);
            if deliveries.len() >= limit {
                break;
            }
            next = consumer.next().now_or_never();
        }
        Ok(deliveries)
    }

    /// Acknowledges everything up to and including `tag`.
    pub(super) async fn acknowledge(&self, tag: u64) -> Result<(), SessionError> {
        let options = BasicAckOptions { multiple: true };
        self.session.bounded(self.channel.basic_ack(tag, options)).await
    }

    /// Ends it and waits until the broker knows.
    pub(super) async fn close(mut self) -> Result<(), SessionError> {
        let consumer = self.consumer.take();
        let closed = self.session.bounded(self.channel.close(200, "done".into())).await;
        drop(consumer);
        closed
    }
}

impl Drop for Subscription {
    /// Closes the channel before the consumer goes: cancelling first would let
    /// the next consumer take later messages while ours are still out.
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        let (channel, session) = (self.channel.clone(), self.session.clone());
        if session.is_over() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            // If it fails, the session is ending, which has the same effect.
            let _ = session.bounded(channel.close(200, "dropped".into())).await;
            drop(consumer);
        });
    }
}
