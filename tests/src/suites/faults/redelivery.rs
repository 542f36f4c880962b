//! Kills in the moment between a commit and the news of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::crowd::stored;
use super::dead_letters;
use crate::client::{Call, Content, Person, new_key};
use crate::deployment::{Combination, Deployment, Options};
use crate::facts;
use crate::parameters::parameters;
use crate::promise::held;
use crate::servers::{Proxy, Rabbitmq, Trace, Way};
use crate::wait::eventually;
use crate::world::World;

const MESSAGES: usize = 2_000;
/// Enough that every partition has some.
const CHANNELS: usize = 12;
const WITHIN: Duration = Duration::from_secs(60);

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    match world.combination {
        Combination::Embedded => {
            facts!(world, "faults", [killed_between_commit_and_answer_a_repetition_stores_nothing])
        }
        Combination::Cluster(_) => {
            facts!(world, "faults", [killed_between_commit_and_acknowledgement_it_is_stored_once])
        }
    }
}

/// How often something is killed on the way of the messages.
fn kills() -> usize {
    parameters().either(25, 200)
}

/// Somebody who says numbered things in many channels.
struct Speaker {
    person: Person,
    channels: Vec<String>,
    database_url: String,
    chance: StdRng,
    said: usize,
}

/// Fault 2. The worker hears the broker and is not heard: what it commits then is
/// certainly not acknowledged when it is killed.
async fn killed_between_commit_and_acknowledgement_it_is_stored_once(world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let trace = Trace::start(&rabbitmq).await;
    let database_url = world.create_database().await;
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let mut deployment = Deployment::cluster(database_url, &rabbitmq, options).await;
    let proxy = Proxy::start(rabbitmq.port()).await;
    let url = rabbitmq.url_through(proxy.port(), deployment.namespace());
    let mut speaker = Speaker::new(&world, &deployment).await;
    let mut uncertain = 0;
    for _ in 0..kills() {
        deployment.workers.clear();
        proxy.cut();
        proxy.mend();
        deployment.workers.push(deployment.start_worker_under(&[("WARREN_LOG_URL", &url)]));
        rabbitmq.is_consumed(deployment.namespace()).await;
        speaker.until_stored(speaker.said).await;
        proxy.hold_back(Way::ToServer);
        let before = speaker.stored().await;
        let keys = speaker.next_keys();
        join_all(keys.iter().map(|key| speaker.accepted(key))).await;
        uncertain += speaker.until_stored(before + 1).await - before;
    }
    deployment.workers.clear();
    proxy.cut();
    deployment.workers.push(deployment.start_worker());
    speaker.until_stored(MESSAGES).await;
    eventually("everything is acknowledged", WITHIN, async || {
        (rabbitmq.unacknowledged(deployment.namespace()) == 0).then_some(())
    })
    .await;
    speaker.check().await;
    let redelivered = eventually("what was uncertain was delivered again", WITHIN, async || {
        Some(trace.redelivered() as usize).filter(|redelivered| *redelivered >= uncertain)
    })
    .await;
    assert_eq!(dead_letters(&deployment), "");
    let figures = format!(
        "{} kills, sent {MESSAGES}, committed and not acknowledged {uncertain}, \
         redelivered {redelivered}, stored {MESSAGES}, dead letters 0",
        kills()
    );
    held(2, world.combination.name(), &figures);
}

/// Fault 2 of one process. It hears the client and is not heard.
async fn killed_between_commit_and_answer_a_repetition_stores_nothing(world: Arc<World>) {
    let mut deployment = world.deploy(Options::default()).await;
    let port = url::Url::parse(deployment.api(0)).expect("a URL").port().expect("a port");
    let proxy = Proxy::start(port).await;
    let mut speaker = Speaker::new(&world, &deployment).await;
    let direct = speaker.person.clone();
    let through = direct.at_node(&format!("http://127.0.0.1:{}", proxy.port()));
    let mut uncertain = 0;
    for _ in 0..kills() {
        proxy.hold_back(Way::ToClient);
        let before = speaker.stored().await;
        let keys = speaker.next_keys();
        speaker.person = through.clone();
        let sends = join_all(keys.iter().map(|key| speaker.try_send(key)));
        let killing = async {
            uncertain += speaker.until_stored(before + 1).await - before;
            deployment.apis[0].program.kill();
            proxy.cut();
            deployment.restart_api(0).await;
        };
        let (answers, ()) = tokio::join!(sends, killing);
        assert!(answers.iter().all(Option::is_none), "no answer came through");
        proxy.mend();
        speaker.person = direct.clone();
        join_all(keys.iter().map(|key| speaker.accepted(key))).await;
    }
    speaker.check().await;
    let figures = format!(
        "{} kills, sent {MESSAGES}, committed and not answered {uncertain}, stored {MESSAGES}",
        kills()
    );
    held(2, world.combination.name(), &figures);
}

impl Speaker {
    async fn new(world: &World, deployment: &Deployment) -> Self {
        let person = world.person_on(deployment, "ann").await;
        let channels = join_all((0..CHANNELS).map(|_| person.create_channel("private"))).await;
        let (database_url, chance) =
            (deployment.database_url.clone(), parameters().chance("redelivery"));
        Self { person, channels, database_url, chance, said: 0 }
    }

    /// The keys of what is said until the next kill.
    fn next_keys(&mut self) -> Vec<String> {
        let count = MESSAGES / kills();
        self.said += count;
        (0..count)
            .map(|_| format!("{}-{}", self.chance.random_range(0..CHANNELS), new_key()))
            .collect()
    }

    /// A send whose channel and text are told by its key; `None` without an answer.
    async fn try_send(&self, key: &str) -> Option<Value> {
        let (number, _) = key.split_once('-').expect("a number");
        let channel = &self.channels[number.parse::<usize>().expect("a number")];
        let path = format!("/v1/channels/{channel}/messages");
        let content = Content::Json(json!({"text": key}));
        let headers: &[_] = &[("Idempotency-Key", key), ("Prefer", "respond-async")];
        let call = Call { method: "POST", path: &path, content, headers };
        let answer = self.person.try_call(call).await.ok()?;
        (answer.status != 503).then(|| {
            assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
            answer.json
        })
    }

    /// Repeats a send until it is accepted.
    async fn accepted(&self, key: &str) -> Value {
        eventually("a send is accepted", WITHIN, async || self.try_send(key).await).await
    }

    async fn stored(&self) -> usize {
        self.until_stored(0).await
    }

    /// Waits until so many messages are stored; how many there are.
    async fn until_stored(&self, count: usize) -> usize {
        eventually("messages are stored", WITHIN, async || {
            stored(&self.database_url).await.map(|stored| stored as usize).filter(|it| *it >= count)
        })
        .await
    }

    /// There is one message for each send, and each channel's numbers are 1..n.
    async fn check(&self) {
        assert_eq!(self.stored().await, MESSAGES, "as many messages as sends");
        let mut texts = std::collections::HashSet::new();
        for channel in &self.channels {
            let events = self.person.events_after(channel, 0).await;
            for (event, expected) in events.iter().zip(1..) {
                assert_eq!(event["seq"], expected, "{event}");
                texts.extend(event["message"]["text"].as_str().map(str::to_owned));
            }
        }
        assert_eq!(texts.len(), MESSAGES, "each send is a message");
    }
}
