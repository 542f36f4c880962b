//! What every message log promises, whatever it is made of.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures_util::future::{BoxFuture, join_all, maybe_done};
use futures_util::poll;
use tokio::task::{JoinHandle, unconstrained};
use tokio::time::{Instant, timeout};
use warren_domain::id::{ChannelId, MessageId, UserId};
use warren_domain::message::{MAX_PAYLOAD_SIZE_BYTES, Outcome, Pending, Receipt, Rejection};
use warren_domain::partition::partition_of;
use warren_domain::port::{
    Accepted, Delivery, LogConsumer, MessageLog, NotAcknowledged, PartitionReader,
};

/// No step of these tests takes longer on a healthy log.
pub const STEP: Duration = Duration::from_secs(30);

/// A log of one's own, empty, from both sides.
pub struct LogFixture {
    pub log: Arc<dyn MessageLog>,
    pub consumer: Arc<dyn LogConsumer>,
    pub partitions: NonZeroU32,
}

/// A fact about a log.
pub type LogFact = for<'a> fn(&'a LogFixture) -> BoxFuture<'a, ()>;

/// All of them, by name.
pub fn all() -> Vec<(&'static str, LogFact)> {
    macro_rules! facts {
        ($($fact:ident),+ $(,)?) => {
            vec![$((stringify!($fact), (|fixture| Box::pin($fact(fixture))) as LogFact)),+]
        };
    }
    facts![
        sends_of_a_channel_arrive_in_order_and_unchanged,
        batch_takes_what_is_there_up_to_its_limit,
        batch_waits_while_there_is_nothing,
        unacknowledged_deliveries_come_again_in_order,
        acknowledged_deliveries_do_not_come_again,
        closed_reader_leaves_the_rest_in_order,
        receipt_reaches_everybody_who_waits_for_the_send,
        receipt_for_other_content_resolves_nobody,
        oversized_payload_is_refused,
        channels_are_consumed_from_their_own_partition,
    ]
}

pub async fn sends_of_a_channel_arrive_in_order_and_unchanged(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let sends = sends(channel, 20);
    let appending = fixture.append_all(&sends);
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, sends.len()).await;
    assert_eq!(decoded(&deliveries), sends);
    for (delivery, send) in deliveries.iter().zip(&sends) {
        assert_eq!(delivery.message_id, Some(send.id.to_string()));
        assert_eq!(delivery.redelivery_count, 0);
    }
    settle(&mut *reader, &deliveries).await;
    assert_all_accepted(appending).await;
}

pub async fn batch_takes_what_is_there_up_to_its_limit(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let sends = sends(channel, 10);
    let appending = fixture.append_all(&sends);
    let mut reader = fixture.open(channel).await;
    let mut batches = Vec::new();
    while batches.iter().map(Vec::len).sum::<usize>() < sends.len() {
        let batch = next_batch(&mut *reader, 4).await;
        assert!((1..=4).contains(&batch.len()), "{} deliveries", batch.len());
        batches.push(batch);
    }
    let deliveries = batches.concat();
    assert_eq!(decoded(&deliveries), sends);
    settle(&mut *reader, &deliveries).await;
    assert_all_accepted(appending).await;
}

pub async fn batch_waits_while_there_is_nothing(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let mut reader = fixture.open(channel).await;
    // Given up halfway, as a worker does that has something else to attend to.
    assert!(timeout(Duration::from_millis(200), reader.next_batch(10)).await.is_err());
    let sends = sends(channel, 1);
    let appending = fixture.append_all(&sends);
    let deliveries = take(&mut *reader, 1).await;
    assert_eq!(decoded(&deliveries), sends);
    settle(&mut *reader, &deliveries).await;
    assert_all_accepted(appending).await;
}

pub async fn unacknowledged_deliveries_come_again_in_order(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let sends = sends(channel, 10);
    let appending = fixture.append_all(&sends);
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, sends.len()).await;
    reader.acknowledge(&deliveries[3]).await.expect("acknowledge");
    send_receipts(&mut *reader, &deliveries[..4]).await;
    drop(reader);
    let mut reader = fixture.open(channel).await;
    let again = take(&mut *reader, 6).await;
    assert_eq!(decoded(&again), sends[4..]);
    assert!(again.iter().all(|delivery| delivery.redelivery_count >= 1));
    settle(&mut *reader, &again).await;
    assert_all_accepted(appending).await;
}

pub async fn acknowledged_deliveries_do_not_come_again(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let first = sends(channel, 5);
    let appending = fixture.append_all(&first);
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, first.len()).await;
    settle(&mut *reader, &deliveries).await;
    reader.close().await.expect("close");
    assert_all_accepted(appending).await;
    let second = sends(channel, 1);
    let appending = fixture.append_all(&second);
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, 1).await;
    assert_eq!(decoded(&deliveries), second);
    settle(&mut *reader, &deliveries).await;
    assert_all_accepted(appending).await;
}

pub async fn closed_reader_leaves_the_rest_in_order(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let sends = sends(channel, 30);
    let appending = fixture.append_all(&sends);
    let mut reader = fixture.open(channel).await;
    let deliveries = next_batch(&mut *reader, 5).await;
    settle(&mut *reader, &deliveries).await;
    let rest = &sends[deliveries.len()..];
    reader.close().await.expect("close");
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, rest.len()).await;
    assert_eq!(decoded(&deliveries), rest);
    settle(&mut *reader, &deliveries).await;
    assert_all_accepted(appending).await;
}

pub async fn receipt_reaches_everybody_who_waits_for_the_send(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let send = sends(channel, 1).remove(0);
    let appending = fixture.append_all(&[send.clone(), send.clone()]);
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, 2).await;
    settle(&mut *reader, &deliveries).await;
    for accepted in assert_all_accepted(appending).await {
        assert_eq!(outcome(accepted).await, Some(committed(&send)));
    }
}

pub async fn receipt_for_other_content_resolves_nobody(fixture: &LogFixture) {
    let channel = ChannelId::generate();
    let send = sends(channel, 1).remove(0);
    let appending = fixture.append_all(std::slice::from_ref(&send));
    let mut reader = fixture.open(channel).await;
    let deliveries = take(&mut *reader, 1).await;
    let other = Pending { text: "something else".into(), ..send.clone() };
    let rejected = Outcome::Rejected { reason: Rejection::KeyReused };
    let receipts = [receipt(&other, rejected), receipt(&send, committed(&send))];
    let reply_to = deliveries[0].reply_to.clone().unwrap_or_default();
    reader.send_receipts(&reply_to, &receipts).await;
    reader.acknowledge(&deliveries[0]).await.expect("acknowledge");
    let accepted = assert_all_accepted(appending).await.remove(0);
    assert_eq!(outcome(accepted).await, Some(committed(&send)));
}

pub async fn oversized_payload_is_refused(fixture: &LogFixture) {
    let mut send = sends(ChannelId::generate(), 1).remove(0);
    send.text = "x".repeat(MAX_PAYLOAD_SIZE_BYTES);
    let begun = Instant::now();
    let refused = fixture.log.append(send, begun + STEP).await;
    assert!(refused.is_err());
    assert!(begun.elapsed() < STEP / 2, "refused at once, not at the deadline");
}

pub async fn channels_are_consumed_from_their_own_partition(fixture: &LogFixture) {
    let channels: Vec<ChannelId> = (0..20).map(|_| ChannelId::generate()).collect();
    let sends: Vec<Pending> = channels.iter().flat_map(|channel| sends(*channel, 1)).collect();
    let appending = fixture.append_all(&sends);
    let mut arrived = 0;
    for partition in 0..fixture.partitions.get() {
        let expected: Vec<&Pending> =
            sends.iter().filter(|send| fixture.partition(send.channel_id) == partition).collect();
        if expected.is_empty() {
            continue;
        }
        let mut reader = fixture.consumer.open(partition).await.expect("open");
        let deliveries = take(&mut *reader, expected.len()).await;
        assert!(decoded(&deliveries).iter().all(|send| expected.contains(&send)));
        settle(&mut *reader, &deliveries).await;
        arrived += deliveries.len();
    }
    assert_eq!(arrived, sends.len());
    assert_all_accepted(appending).await;
}

/// The answers to be.
pub type Appending = JoinHandle<Vec<Result<Accepted, NotAcknowledged>>>;

impl LogFixture {
    /// Begins to append all, in order. In the background, because a log may
    /// answer only when the outcome is known.
    pub fn append_all(&self, sends: &[Pending]) -> Appending {
        self.append_all_by(sends, Instant::now() + STEP)
    }

    /// [`Self::append_all`] with a deadline.
    pub fn append_all_by(&self, sends: &[Pending], deadline: Instant) -> Appending {
        let (log, sends) = (self.log.clone(), sends.to_vec());
        tokio::spawn(unconstrained(async move {
            let begin = |send| maybe_done(log.append(send, deadline));
            let mut appends: Vec<_> = sends.into_iter().map(begin).collect();
            // Each begins before the next: left to itself, a join picks any order.
            for append in &mut appends {
                let _ = poll!(append);
            }
            join_all(&mut appends).await;
            appends.iter_mut().map(|append| Pin::new(append).take_output().unwrap()).collect()
        }))
    }

    pub fn partition(&self, channel: ChannelId) -> u32 {
        partition_of(channel, self.partitions)
    }

    pub async fn open(&self, channel: ChannelId) -> Box<dyn PartitionReader> {
        self.consumer.open(self.partition(channel)).await.expect("open a partition")
    }
}

/// `count` sends of one author into one channel.
pub fn sends(channel_id: ChannelId, count: usize) -> Vec<Pending> {
    let author_id = UserId::generate();
    let send = |number: usize| Pending {
        id: MessageId::derive(author_id, &number.to_string()),
        channel_id,
        author_id,
        text: format!("number {number} 🐇"),
        thread_root_id: None,
        request_id: format!("request-{number}"),
    };
    (0..count).map(send).collect()
}

pub fn decoded(deliveries: &[Delivery]) -> Vec<Pending> {
    let decode = |delivery: &Delivery| Pending::decode(&delivery.payload).expect("a payload");
    deliveries.iter().map(decode).collect()
}

/// The next deliveries, exactly as many.
pub async fn take(reader: &mut dyn PartitionReader, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        deliveries.extend(next_batch(reader, count - deliveries.len()).await);
    }
    deliveries
}

pub async fn next_batch(reader: &mut dyn PartitionReader, limit: usize) -> Vec<Delivery> {
    let batch = timeout(STEP, reader.next_batch(limit)).await;
    batch.expect("deliveries in time").expect("the link holds")
}

/// Does what a committer does at the end: tells, then acknowledges.
pub async fn settle(reader: &mut dyn PartitionReader, deliveries: &[Delivery]) {
    send_receipts(reader, deliveries).await;
    reader.acknowledge(deliveries.last().expect("a delivery")).await.expect("acknowledge");
}

async fn send_receipts(reader: &mut dyn PartitionReader, deliveries: &[Delivery]) {
    let receipts: Vec<Receipt> =
        decoded(deliveries).iter().map(|send| receipt(send, committed(send))).collect();
    let reply_to = deliveries.first().and_then(|delivery| delivery.reply_to.clone());
    reader.send_receipts(&reply_to.unwrap_or_default(), &receipts).await;
}

fn receipt(send: &Pending, outcome: Outcome) -> Receipt {
    Receipt { id: send.id, fingerprint: send.fingerprint(), outcome }
}

fn committed(send: &Pending) -> Outcome {
    Outcome::Committed { channel_id: send.channel_id, seq: 7, at: DateTime::UNIX_EPOCH }
}

/// Every append is answered, and by yes.
pub async fn assert_all_accepted(appending: Appending) -> Vec<Accepted> {
    let appended = timeout(5 * STEP, appending).await.expect("answers in time").expect("no panic");
    appended.into_iter().map(|accepted| accepted.expect("accepted")).collect()
}

async fn outcome(mut accepted: Accepted) -> Option<Outcome> {
    accepted.outcome_within(STEP).await
}
