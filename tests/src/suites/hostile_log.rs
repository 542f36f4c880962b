//! Hostile payloads in the log; each test names its row of
//! docs/hostile-inputs.md. They are published past the API, straight into a
//! partition's queue.

use std::sync::Arc;
use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use warren_domain::id::{ChannelId, MessageId, UserId};
use warren_domain::message::Pending;

use crate::client::{Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::promise::held;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);
const PARTITIONS: u32 = 4;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "hostile_log",
        [
            payload_that_is_no_message_is_a_dead_letter_with_its_reason,
            newer_payload_pauses_its_partition_only_and_alarms,
            same_id_with_another_body_keeps_the_first,
            message_for_an_absent_channel_is_rejected_for_good,
            huge_payload_is_a_dead_letter,
            unreadable_dead_letter_stays_when_it_is_replayed,
        ]
    )
}

/// What is a promise of docs/faults.md.
pub(super) fn faults(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [poison_among_a_thousand_is_set_aside_alone])
}

/// A cluster whose log is written to from outside.
pub(super) struct Log {
    pub(super) deployment: Deployment,
    _connection: Connection,
    pub(super) channel: Channel,
    pub(super) namespace: String,
    pub(super) ann: Person,
    pub(super) room: String,
}

/// Rows 50 and 51.
async fn payload_that_is_no_message_is_a_dead_letter_with_its_reason(world: Arc<World>) {
    let log = Log::open(&world).await;
    let without_id = json!({"v": 1, "channel_id": log.room, "author_id": log.ann.id,
        "text": "who am I?", "request_id": "r"})
    .to_string();
    let payloads: [&[u8]; 6] = [
        b"\xff\x00\xfe random \x01",
        b"",
        b"[1,2,3]",
        br#"{"type":"invoice","total":12}"#,
        br#"{"v":-1}"#,
        without_id.as_bytes(),
    ];
    for (index, payload) in payloads.iter().enumerate() {
        log.publish(index as u32 % PARTITIONS, payload, None).await;
        let dead = log.dead_letter().await;
        assert_eq!(&dead.data, payload);
        assert!(has_reason(&dead), "no reason in {:?}", dead.properties);
    }
    log.is_alive(CHANNELS).await;
}

/// Row 50: a newer program's payload waits for that program.
async fn newer_payload_pauses_its_partition_only_and_alarms(world: Arc<World>) {
    let log = Log::open(&world).await;
    log.publish(0, br#"{"v":3,"of":"the future"}"#, None).await;
    eventually("a worker alarms", WITHIN, async || {
        let workers = log.deployment.workers.iter();
        workers.filter_map(|worker| worker.line_with("newer")).next()
    })
    .await;
    let mut committed = 0;
    for _ in 0..CHANNELS {
        let channel = log.ann.create_channel("private").await;
        let answer = log.ann.post_message(&channel, "hello", &new_key()).await;
        assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
        committed += usize::from(answer.status == 201);
    }
    println!("newer payload: {committed} of {CHANNELS} channels go on");
    assert!(committed > 0 && committed < CHANNELS, "one partition of four waits: {committed}");
    assert!(log.try_dead_letter().await.is_none(), "it is kept, not set aside");
}

/// Row 52.
async fn same_id_with_another_body_keeps_the_first(world: Arc<World>) {
    let log = Log::open(&world).await;
    let first = log.pending(&log.room, "the first");
    let second = Pending { text: "the second".to_owned(), ..first.clone() };
    log.publish_pending(0, &first).await;
    log.publish_pending(0, &second).await;
    let settled = log.settled(first.id).await;
    log.publish_pending(1, &second).await;
    log.publish_pending(0, &first).await;
    assert_eq!(settled["outcome"], "committed");
    log.is_alive(CHANNELS).await;
    let texts: Vec<Value> = log.ann.messages(&log.room, "").await;
    let texts: Vec<_> = texts.iter().map(|message| &message["text"]).collect();
    assert_eq!(texts, ["the first"]);
    assert_eq!(log.settled(first.id).await, settled, "its receipt stands");
}

/// Row 53.
async fn message_for_an_absent_channel_is_rejected_for_good(world: Arc<World>) {
    let log = Log::open(&world).await;
    let lost = log.pending(&uuid::Uuid::now_v7().to_string(), "to nowhere");
    log.publish_pending(2, &lost).await;
    let settled = log.settled(lost.id).await;
    assert_eq!(settled["outcome"], "rejected");
    assert_eq!(settled["reason"], "channel_not_found");
    log.is_alive(CHANNELS).await;
    let rabbitmq = world.servers.rabbitmq().await;
    eventually("nothing is retried", WITHIN, async || {
        (rabbitmq.unacknowledged(&log.namespace) == 0).then_some(())
    })
    .await;
}

/// Row 54; `hostile_rest` has the API's side.
async fn huge_payload_is_a_dead_letter(world: Arc<World>) {
    let log = Log::open(&world).await;
    let huge = vec![b'x'; 20 * 1024 * 1024];
    log.publish(3, &huge, None).await;
    let dead = log.dead_letter().await;
    assert_eq!(dead.data.len(), huge.len());
    assert!(has_reason(&dead), "no reason in {:?}", dead.properties.headers());
    log.is_alive(CHANNELS).await;
}

async fn unreadable_dead_letter_stays_when_it_is_replayed(world: Arc<World>) {
    let log = Log::open(&world).await;
    log.publish(0, b"no message", None).await;
    let command = |arguments: &[&str]| {
        let output = log.deployment.run(&[&["admin", "dead-letters"], arguments].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let listed = eventually("it is set aside", WITHIN, async || {
        let (code, listed) = command(&["list"]);
        (code == Some(0) && !listed.is_empty()).then_some(listed)
    })
    .await;
    let id = listed.split_whitespace().next().expect("an id");
    let (code, said) = command(&["replay", id]);
    assert!(code == Some(1) && said.contains("stays: it cannot be read"), "{said}");
    assert_eq!(command(&["list"]).1, listed);
    assert_eq!(command(&["discard", id, "--yes"]).0, Some(0));
    assert_eq!(command(&["list"]), (Some(0), String::new()));
}

/// Faults row 4: garbage, a payload of another kind, and what the database refuses
/// after it was read.
async fn poison_among_a_thousand_is_set_aside_alone(world: Arc<World>) {
    let log = Log::open(&world).await;
    let before = log.ann.channel(&log.room).await["last_seq"].as_i64().expect("a number");
    let refused = log.pending(&log.room, "a NUL is no text: \0");
    let poison: [(usize, &[u8]); 3] =
        [(100, b"\xffgarbage"), (500, br#"{"v":1,"of":"another kind"}"#), (900, &refused.encode())];
    for number in 0..1_000 {
        match poison.iter().find(|(place, _)| *place == number) {
            Some((_, payload)) => {
                let id = log.pending(&log.room, "").id.to_string();
                log.publish(0, payload, Some(&id)).await;
            }
            None => {
                let pending = log.pending(&log.room, &format!("number {number}"));
                log.publish_pending(0, &pending).await;
            }
        }
    }
    eventually("the others are stored", WITHIN, async || {
        let stored = log.ann.channel(&log.room).await["last_seq"].as_i64()? - before;
        (stored == 997).then_some(())
    })
    .await;
    let mut dead = Vec::new();
    for _ in &poison {
        let letter = log.dead_letter().await;
        assert!(has_reason(&letter), "no reason in {:?}", letter.properties);
        dead.push(letter.delivery.data);
    }
    dead.sort_unstable();
    let mut expected = poison.map(|(_, payload)| payload.to_vec());
    expected.sort_unstable();
    assert_eq!(dead, expected);
    assert!(log.try_dead_letter().await.is_none());
    log.is_alive(CHANNELS).await;
    let figures = "sent 1000, of them poison 3, stored 997, dead letters 3 with their reasons, \
                   workers ended 0";
    held(4, world.combination.name(), figures);
}

/// Enough channels that every partition has some.
const CHANNELS: usize = 24;

impl Log {
    pub(super) async fn open(world: &World) -> Self {
        let options = Options { apis: 1, ..Options::default() };
        let deployment = world.deploy(options).await;
        let ann = world.person_on(&deployment, "ann").await;
        let room = ann.create_channel("private").await;
        let url = world.servers.rabbitmq().await.plain_url();
        let connection = Connection::connect(&url, ConnectionProperties::default()).await;
        let connection = connection.expect("connect");
        let channel = connection.create_channel().await.expect("open a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let namespace = deployment.namespace().to_owned();
        Self { deployment, _connection: connection, channel, namespace, ann, room }
    }

    pub(super) async fn publish(&self, partition: u32, payload: &[u8], id: Option<&str>) {
        let queue = format!("{}.messages.{partition}", self.namespace);
        let mut properties = BasicProperties::default().with_delivery_mode(2);
        if let Some(id) = id {
            properties = properties.with_message_id(id.into());
        }
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let channel = &self.channel;
        let publishing =
            channel.basic_publish("".into(), queue.into(), options, payload, properties);
        let confirmation = publishing.await.expect("publish").await.expect("confirmed");
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "it is in the log");
    }

    async fn publish_pending(&self, partition: u32, pending: &Pending) {
        let id = pending.id.to_string();
        self.publish(partition, &pending.encode(), Some(&id)).await;
    }

    pub(super) fn pending(&self, channel: &str, text: &str) -> Pending {
        let author_id: UserId = self.ann.id.parse().expect("an id");
        let channel_id: ChannelId = channel.parse().expect("an id");
        Pending {
            id: MessageId::derive(author_id, &new_key()),
            channel_id,
            author_id,
            text: text.to_owned(),
            expires_in_s: None,
            thread_root_id: None,
            request_id: "from outside".to_owned(),
        }
    }

    pub(super) async fn try_dead_letter(&self) -> Option<BasicGetMessage> {
        let queue = format!("{}.dead-letters", self.namespace);
        let options = BasicGetOptions { no_ack: true };
        self.channel.basic_get(queue.into(), options).await.expect("get")
    }

    async fn dead_letter(&self) -> BasicGetMessage {
        eventually("a dead letter", WITHIN, async || self.try_dead_letter().await).await
    }

    pub(super) async fn settled(&self, id: MessageId) -> Value {
        let path = format!("/v1/messages/{id}/receipt");
        eventually("the send is settled", WITHIN, async || {
            let receipt = self.ann.get(&path).await.expect(200).clone();
            (receipt["outcome"] != "pending").then_some(receipt)
        })
        .await
    }

    /// Every worker runs, and every partition commits.
    async fn is_alive(&self, channels: usize) {
        for _ in 0..channels {
            let channel = self.ann.create_channel("private").await;
            self.ann.say(&channel, "still here").await;
        }
        for worker in &self.deployment.workers {
            assert!(worker.exit_status().is_none(), "a worker ended");
        }
    }
}

fn has_reason(dead: &BasicGetMessage) -> bool {
    let headers = dead.properties.headers().clone().unwrap_or_default();
    headers.inner().keys().any(|name| name.as_str().contains("reason"))
}
