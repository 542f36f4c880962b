//! Sends that are repeated: a key stands for one message, whatever became of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use libtest_mimic::Trial;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};

use crate::client::{Answer, Call, Content, Person, new_key};
use crate::deployment::{Deployment, Options};
use crate::facts;
use crate::program::Signal;
use crate::promise::held;
use crate::servers::connect;
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(30);
const REPETITIONS: usize = 5;
const ROUNDS: usize = 10;
const REUSED: &str = "idempotency_key_reused";

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(
        world,
        "faults",
        [
            hundred_posts_with_one_key_are_one_message,
            one_key_to_two_channels_at_once_is_one_message,
            key_that_is_twice_in_a_batch_is_one_message,
            key_of_what_was_edited_deleted_or_expired_is_taken,
        ]
    )
}

/// Row 14.
async fn hundred_posts_with_one_key_are_one_message(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let key = new_key();
    let nodes = [&ann, &elsewhere].into_iter().cycle().take(100);
    let posts = nodes.map(async |node| {
        eventually("an answer that knows", WITHIN, async || {
            let answer = node.post_message(&channel, "once", &key).await;
            (answer.status != 503).then_some(answer)
        })
        .await
    });
    let answers = join_all(posts).await;
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.json["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "one id in all answers");
    for answer in &answers {
        assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
    }
    assert_eq!(ann.messages(&channel, "").await.len(), 1);
    ann.post_message(&channel, "another text", &key).await.expect_problem(422, REUSED);
    let committed = answers.iter().filter(|answer| answer.status == 201).count();
    let figures = format!("posts at once 100, answered 201 {committed}, ids 1, stored 1");
    held(14, world.combination.name(), &figures);
}

/// Row 23.
async fn one_key_to_two_channels_at_once_is_one_message(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let one = ann.create_channel("private").await;
    let other = ann.create_channel("private").await;
    for round in 1..=ROUNDS {
        let key = new_key();
        let answers = tokio::join!(
            ann.post_message(&one, "where?", &key),
            elsewhere.post_message(&other, "where?", &key)
        );
        assert_one_won(&answers.0, &answers.1);
        let stored = ann.messages(&one, "").await.len() + ann.messages(&other, "").await.len();
        assert_eq!(stored, round, "one message for each key");
    }
    let figures = format!("two channels at once: keys {ROUNDS}, stored {ROUNDS}");
    held(23, world.combination.name(), &figures);
}

fn assert_one_won(one: &Answer, other: &Answer) {
    let won = if one.status == 201 { one } else { other };
    let lost = if one.status == 201 { other } else { one };
    won.expect(201);
    lost.expect_problem(422, REUSED);
}

/// Row 23: the committer stands still, then takes everything together.
async fn key_that_is_twice_in_a_batch_is_one_message(world: Arc<World>) {
    let deployment = world.deploy(Options { apis: 1, workers: 1, ..Options::default() }).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    let (key, pause) = (new_key(), Pause::begin(&deployment, &ann, &channel).await);
    let before = ann.messages(&channel, "").await.len();
    let posts = (0..REPETITIONS).map(|_| post_async(&ann, &channel, "once", &key));
    for answer in join_all(posts).await {
        pause.is_in_line(&answer);
    }
    pause.is_in_line(&post_async(&ann, &channel, "another text", &key).await);
    assert_eq!(ann.messages(&channel, "").await.len(), before, "nothing is committed yet");
    pause.end(&deployment).await;
    let first = eventually("the first is committed", WITHIN, async || {
        let answer = ann.post_message(&channel, "once", &key).await;
        (answer.status == 201).then_some(answer.json)
    })
    .await;
    ann.post_message(&channel, "another text", &key).await.expect_problem(422, REUSED);
    assert_eq!(ann.post_message(&channel, "once", &key).await.expect(201), &first);
    let messages = ann.messages(&channel, "").await;
    let stored = messages.iter().filter(|message| message["text"] != PLUG).count();
    assert_eq!(stored, 1, "{messages:?}");
    let sends = REPETITIONS + 1;
    held(23, world.combination.name(), &format!("in one batch: sends {sends}, stored {stored}"));
}

/// Row 23: what happened to the message since changes no answer.
async fn key_of_what_was_edited_deleted_or_expired_is_taken(world: Arc<World>) {
    let ann = world.person("ann").await;
    let elsewhere = world.elsewhere(&ann).await;
    let channel = ann.create_channel("private").await;
    let (key, brief_key) = (new_key(), new_key());
    let first = ann.post_message(&channel, "first", &key).await.expect(201).clone();
    let brief = post_brief(&ann, &channel, &brief_key).await.expect(201).clone();
    let id = |receipt: &Value| receipt["id"].as_str().expect("an id").to_owned();
    ann.edit(&id(&first), "second").await.expect(200);
    assert_eq!(elsewhere.post_message(&channel, "first", &key).await.expect(201), &first);
    ann.post_message(&channel, "second", &key).await.expect_problem(422, REUSED);
    ann.delete_message(&id(&first)).await.expect(204);
    assert_eq!(elsewhere.post_message(&channel, "first", &key).await.expect(201), &first);
    eventually("the other's time is over", WITHIN, async || {
        ann.message(&id(&brief)).await.get("deleted_at").map(drop)
    })
    .await;
    assert_eq!(post_brief(&elsewhere, &channel, &brief_key).await.expect(201), &brief);
    ann.post_message(&channel, "brief", &brief_key).await.expect_problem(422, REUSED);
    assert_eq!(ann.messages(&channel, "").await.len(), 2, "nothing was added");
    let figures = "after edit, deletion and expiry: keys 2, repetitions 3, stored 2";
    held(23, world.combination.name(), figures);
}

async fn post_brief(person: &Person, channel: &str, key: &str) -> Answer {
    let path = format!("/v1/channels/{channel}/messages");
    let content = Content::Json(json!({"text": "brief", "expires_in_s": 1}));
    let headers = [("Idempotency-Key", key)];
    person.call(Call { method: "POST", path: &path, content, headers: &headers }).await
}

async fn post_async(person: &Person, channel: &str, text: &str, key: &str) -> Answer {
    let headers = [("Idempotency-Key", key), ("Prefer", "respond-async")];
    person.post_with(channel, text, &headers).await
}

/// A committer that stands still for a while.
enum Pause {
    /// What is accepted waits in the log.
    Stopped,
    /// It has taken one send and waits for the lock of its database. Whoever comes
    /// after waits in its queue, and is told in the end that nobody knows.
    Plugged(DatabaseConnection),
}

const PLUG: &str = "the plug";

impl Pause {
    async fn begin(deployment: &Deployment, ann: &Person, channel: &str) -> Self {
        if deployment.log_url != "in-process" {
            deployment.signal_workers(Signal::Stop);
            return Self::Stopped;
        }
        let database = connect(&deployment.database_url).await;
        database.execute_unprepared("BEGIN IMMEDIATE").await.expect("take the write lock");
        let pause = Self::Plugged(database);
        pause.is_in_line(&post_async(ann, channel, PLUG, &new_key()).await);
        pause
    }

    /// The answer of a send that is waited for, and not committed.
    fn is_in_line(&self, answer: &Answer) {
        match self {
            Self::Stopped => drop(answer.expect(202)),
            Self::Plugged(_) => drop(answer.expect_problem(503, "not_acknowledged")),
        }
    }

    async fn end(&self, deployment: &Deployment) {
        match self {
            Self::Stopped => deployment.signal_workers(Signal::Continue),
            Self::Plugged(database) => {
                database.execute_unprepared("ROLLBACK").await.expect("give the lock back");
            }
        }
    }
}
