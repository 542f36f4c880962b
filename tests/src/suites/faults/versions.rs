//! Programs of different versions on one message log.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use warren_domain::id::{ChannelId, MessageId};

use crate::client::{Answer, new_key};
use crate::facts;
use crate::promise::held;
use crate::suites::hostile_log::Log;
use crate::wait::eventually;
use crate::world::World;

/// Both workers take it in turn and stand back before the newer program has it.
const WITHIN: Duration = Duration::from_secs(60);
const PARTITIONS: u32 = 4;
const BEHIND: usize = 20;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [payloads_of_other_versions_are_read_or_wait_for_their_program])
}

/// Row 26. The newer program is played by the test, as far as the log knows it: it
/// stands in line for the partition, takes what it can read, and goes.
async fn payloads_of_other_versions_are_read_or_wait_for_their_program(world: Arc<World>) {
    let log = Log::open(&world).await;
    let partition = partition_of(&log.room);
    let texts = ["knows a new field", "of an old program"];
    log.commits(partition, &with_a_field(&log.pending(&log.room, texts[0]).encode())).await;
    log.commits(partition, &log.pending(&log.room, texts[1]).encode()).await;
    let id = log.pending(&log.room, "").id.to_string();
    let newer = json!({"v": 99, "id": id, "said": "by the future"}).to_string();
    log.publish(partition, newer.as_bytes(), Some(&id)).await;
    let alarmed = |worker: &crate::program::Program| worker.line_with("newer program").is_some();
    eventually("a worker alarms", WITHIN, async || {
        log.deployment.workers.iter().any(alarmed).then_some(())
    })
    .await;
    let mut behind = Vec::new();
    for number in 0..BEHIND {
        let answer = log.accept(&format!("behind {number}")).await;
        behind.push(answer.expect(202)["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(log.texts().await, texts, "it waits, and so does what is behind it");
    let taken = log.take_as_a_newer_program(partition).await;
    assert_eq!(taken, newer.as_bytes(), "it was kept as it is");
    for id in &behind {
        let id: MessageId = id.parse().expect("an id");
        assert_eq!(log.settled(id).await["outcome"], "committed");
    }
    assert_eq!(log.texts().await.len(), texts.len() + BEHIND);
    assert!(log.try_dead_letter().await.is_none(), "nothing was set aside");
    let figures = format!(
        "with a new field 1, read 1; of a higher version 1, waited and taken whole 1; \
         accepted behind it {BEHIND}, stored {BEHIND}; dead letters 0"
    );
    held(26, world.combination.name(), &figures);
}

fn partition_of(channel: &str) -> u32 {
    let channel: ChannelId = channel.parse().expect("an id");
    let count = PARTITIONS.try_into().expect("not zero");
    warren_domain::partition::partition_of(channel, count)
}

/// A payload with a field that this version does not know.
fn with_a_field(payload: &[u8]) -> Vec<u8> {
    let mut payload: Value = serde_json::from_slice(payload).expect("a payload");
    payload["added_later"] = json!({"mood": "sunny"});
    payload.to_string().into_bytes()
}

impl Log {
    /// Publishes a payload, which becomes a message.
    async fn commits(&self, partition: u32, payload: &[u8]) {
        let read: Value = serde_json::from_slice(payload).expect("a payload");
        let id = read["id"].as_str().expect("an id");
        self.publish(partition, payload, Some(id)).await;
        let settled = self.settled(id.parse().expect("an id")).await;
        assert_eq!(settled["outcome"], "committed");
    }

    async fn accept(&self, text: &str) -> Answer {
        let key = new_key();
        let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
        self.ann.post_with(&self.room, text, &headers).await
    }

    async fn texts(&self) -> Vec<String> {
        let messages = self.ann.messages(&self.room, "?limit=200").await;
        messages.iter().map(|message| message["text"].as_str().expect("a text").into()).collect()
    }

    /// Waits in line for a partition, takes its next payload, and leaves the rest.
    async fn take_as_a_newer_program(&self, partition: u32) -> Vec<u8> {
        let queue = format!("{}.messages.{partition}", self.namespace);
        let one = BasicQosOptions::default();
        self.channel.basic_qos(1, one).await.expect("one at a time");
        let (options, tag) = (BasicConsumeOptions::default(), "newer");
        let consumer =
            self.channel.basic_consume(queue.into(), tag.into(), options, FieldTable::default());
        let mut consumer = consumer.await.expect("stand in line");
        let turn = tokio::time::timeout(WITHIN, consumer.next()).await;
        let delivery: Delivery = turn.expect("a turn in time").expect("a delivery").expect("whole");
        let cancel = BasicCancelOptions::default();
        self.channel.basic_cancel(tag.into(), cancel).await.expect("leave the line");
        delivery.acker.ack(BasicAckOptions::default()).await.expect("acknowledge");
        delivery.data
    }
}
