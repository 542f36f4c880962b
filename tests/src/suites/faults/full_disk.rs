//! A disk that has no space left: the database's, and the broker's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;

use crate::client::{Answer, Person, new_key};
use crate::deployment::{Combination, Deployment, Options};
use crate::disk::{Full, SmallDisk};
use crate::facts;
use crate::promise::held;
use crate::servers::{DatabaseServer, Postgres, Rabbitmq};
use crate::wait::eventually;
use crate::world::World;

const WITHIN: Duration = Duration::from_secs(90);
const TOGETHER: usize = 8;
/// So many are refused before there is space again.
const REFUSED: usize = 24;
/// What fills a page of the database soon.
const TEXT_SIZE_BYTES: usize = 12 * 1024;
const DATA_SIZE: &str = "64m";
const SERVER_SIZE: &str = "128m";

pub(super) fn everywhere(world: &Arc<World>) -> Vec<Trial> {
    match world.combination {
        Combination::Embedded => facts!(world, "faults", [full_data_directory_is_told_honestly]),
        Combination::Cluster(DatabaseServer::Postgres) => facts!(
            world,
            "faults",
            [full_disk_of_the_database_is_told_honestly, full_disk_of_the_broker_is_told_honestly]
        ),
        // How a MariaDB with a full disk answers differs from version to version; it
        // is sorted as an outage (domain/src/database/failure.rs).
        Combination::Cluster(DatabaseServer::Mariadb) => Vec::new(),
    }
}

/// Row 18, in each way in which a disk can be full here.
async fn full_data_directory_is_told_honestly(world: Arc<World>) {
    for way in Full::possible() {
        let disk = SmallDisk::new(way);
        let mut options = Options::default();
        options.settings.extend(disk.environment());
        options.wrapper = disk.wrapper(DATA_SIZE, None);
        let deployment = Deployment::embedded_in(disk.folder(), options).await;
        let process = deployment.apis[0].program.id();
        let run = Run::new(&world, &deployment).await;
        let tally = run.through(|| disk.fill(process), || disk.empty(process)).await;
        held(18, world.combination.name(), &tally.figures(way.name()));
    }
}

/// Row 18: PostgreSQL's tables cannot grow; its log of writes can.
async fn full_disk_of_the_database_is_told_honestly(world: Arc<World>) {
    for way in Full::possible() {
        let disk = SmallDisk::new(way);
        let postgres = Postgres::start_on(&disk, SERVER_SIZE).await;
        let url = postgres.create_database().await;
        let options = Options { apis: 1, workers: 1, ..Options::default() };
        let rabbitmq = world.servers.rabbitmq().await;
        let deployment = Deployment::cluster(url, rabbitmq, options).await;
        let process = postgres.process_id();
        let run = Run::new(&world, &deployment).await;
        let tally = run.in_log(|| disk.fill(process), || disk.empty(process)).await;
        held(18, "postgres, the database's disk", &tally.figures(way.name()));
        drop(deployment);
        postgres.stop();
    }
}

/// Row 18: RabbitMQ has less space than it wants, and takes nothing more.
async fn full_disk_of_the_broker_is_told_honestly(world: Arc<World>) {
    let rabbitmq = Rabbitmq::start().await;
    let options = Options { apis: 1, workers: 1, ..Options::default() };
    let url = world.create_database().await;
    let deployment = Deployment::cluster(url, &rabbitmq, options).await;
    let run = Run::new(&world, &deployment).await;
    let limit = |limit: &str| drop(rabbitmq.control(&["set_disk_free_limit", limit]));
    let tally = run.through(|| limit("90000000000000"), || limit("50MB")).await;
    held(18, "postgres, the broker's disk", &tally.figures("RabbitMQ's disk alarm"));
}

/// Somebody who sends to one channel.
struct Run {
    ann: Person,
    channel: String,
}

/// What was said to whom.
#[derive(Debug, Default)]
struct Tally {
    accepted: BTreeSet<String>,
    /// Keys and texts of sends that were refused.
    refused: Vec<(String, String)>,
    stored: usize,
    /// Repeated after there was space again, and accepted then.
    repeated: usize,
}

impl Run {
    async fn new(world: &World, deployment: &Deployment) -> Self {
        let ann = world.person_on(deployment, "ann").await;
        let channel = ann.create_channel("private").await;
        ann.say(&channel, "before").await;
        Self { ann, channel }
    }

    /// The disk is full; sends are refused; there is space again.
    async fn through(&self, fill: impl FnOnce(), empty: impl FnOnce()) -> Tally {
        let mut tally = Tally::default();
        fill();
        let begun = Instant::now();
        while tally.refused.len() < REFUSED {
            self.send_some(&mut tally).await;
            assert!(begun.elapsed() < WITHIN, "sends are refused, not {tally:?}");
        }
        self.ann.get("/livez").await.expect(200);
        empty();
        self.finish(tally).await
    }

    /// The same where the log takes sends that the database cannot: those are stored
    /// when there is space again, and until then nobody is told otherwise.
    async fn in_log(&self, fill: impl FnOnce(), empty: impl FnOnce()) -> Tally {
        let mut tally = Tally::default();
        fill();
        let (mut waiting, begun) = (0, Instant::now());
        while waiting < REFUSED {
            let answers = self.send_some(&mut tally).await;
            waiting += answers.iter().filter(|answer| answer.status == 202).count();
            assert!(begun.elapsed() < WITHIN, "sends are accepted and not stored, not {tally:?}");
        }
        self.ann.get("/livez").await.expect(200);
        empty();
        self.finish(tally).await
    }

    async fn send_some(&self, tally: &mut Tally) -> Vec<Answer> {
        let sends: Vec<(String, String)> = (0..TOGETHER)
            .map(|_| (new_key(), format!("{} {}", new_key(), "x".repeat(TEXT_SIZE_BYTES))))
            .collect();
        let posts = sends.iter().map(|(key, text)| self.ann.post_message(&self.channel, text, key));
        let answers = join_all(posts).await;
        for (answer, send) in answers.iter().zip(sends) {
            match answer.status {
                201 | 202 => drop(tally.accepted.insert(id(answer))),
                503 | 507 => tally.refused.push(send),
                _ => panic!("{} {}", answer.status, answer.text),
            }
        }
        answers
    }

    /// It works again by itself: what was refused is repeated under its key; in the end
    /// everything that was accepted is there, once.
    async fn finish(&self, mut tally: Tally) -> Tally {
        for (key, text) in std::mem::take(&mut tally.refused) {
            let answer = eventually("a repetition is accepted", WITHIN, async || {
                let answer = self.ann.post_message(&self.channel, &text, &key).await;
                matches!(answer.status, 201 | 202).then_some(answer)
            })
            .await;
            tally.repeated += 1;
            tally.accepted.insert(id(&answer));
        }
        let stored = eventually("everything accepted is stored", WITHIN, async || {
            let stored = self.stored().await;
            (stored.len() >= tally.accepted.len()).then_some(stored)
        })
        .await;
        let once: BTreeSet<String> = stored.iter().cloned().collect();
        assert_eq!(once.len(), stored.len(), "once each");
        assert_eq!(once, tally.accepted, "what was accepted, and nothing else");
        tally.stored = stored.len();
        tally
    }

    async fn stored(&self) -> Vec<String> {
        let events = self.ann.events_after(&self.channel, 0).await;
        let messages = events.iter().filter(|event| event["kind"] == "message_created");
        let messages = messages.filter(|event| event["message"]["text"] != "before");
        messages.map(|event| event["message"]["id"].as_str().expect("an id").to_owned()).collect()
    }
}

impl Tally {
    fn figures(&self, way: &str) -> String {
        let Self { accepted, stored, repeated, .. } = self;
        let accepted = accepted.len();
        format!(
            "full by {way}: refused {repeated}, each accepted later under its key; \
             accepted {accepted}, stored {stored}, doubled 0"
        )
    }
}

fn id(answer: &Answer) -> String {
    answer.json["id"].as_str().expect("an id").to_owned()
}
