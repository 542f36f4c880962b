//! What is acknowledged, and what was on the disk by then.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use libtest_mimic::Trial;

use crate::client::{Person, new_key};
use crate::deployment::{Combination, Deployment, Options};
use crate::disk::{Entry, Tracing, Way};
use crate::facts;
use crate::promise::held;
use crate::servers::{DatabaseServer, Mariadb, Postgres};
use crate::world::World;

const SENDERS: usize = 8;
const IN_TURN: usize = 15;
const WORD: &str = "durable-";

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "faults", [what_is_acknowledged_was_written_and_synced_before])
}

/// Row 12, in each way in which a program can be watched here.
async fn what_is_acknowledged_was_written_and_synced_before(world: Arc<World>) {
    for way in Way::possible() {
        let mut tracing = Tracing::new(way, WORD);
        let traced = Traced::start(&world, &mut tracing).await;
        let acknowledged = send(&world, &traced.deployment).await;
        drop(traced);
        let entries = tracing.finish();
        let syncs = entries.iter().filter(|entry| entry.word.is_none()).count();
        assert!(acknowledged.len() >= SENDERS * IN_TURN / 2, "{} acknowledged", acknowledged.len());
        for send in &acknowledged {
            assert!(send.was_synced(&entries), "{send:?} of {} entries", entries.len());
        }
        let figures = format!(
            "acknowledged {}, written and synced before {0}, syncs {syncs}, watched by {}",
            acknowledged.len(),
            way.name()
        );
        held(12, world.combination.name(), &figures);
    }
}

/// A send that was answered 201.
#[derive(Debug)]
struct Acknowledged {
    word: String,
    /// Seconds since 1970.
    at: f64,
}

impl Acknowledged {
    /// Whether it was written to a file, and that file synced, before the answer.
    fn was_synced(&self, entries: &[Entry]) -> bool {
        let writes = entries.iter().filter(|entry| entry.word.as_ref() == Some(&self.word));
        let mut writes = writes.filter(|write| write.ended <= self.at);
        writes.any(|write| {
            entries.iter().any(|sync| {
                sync.word.is_none()
                    && sync.path == write.path
                    && sync.begun >= write.ended
                    && sync.ended <= self.at
            })
        })
    }
}

async fn send(world: &World, deployment: &Deployment) -> Vec<Acknowledged> {
    let ann = world.person_on(deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    let senders = (0..SENDERS).map(|_| send_in_turn(&ann, &channel));
    join_all(senders).await.into_iter().flatten().collect()
}

async fn send_in_turn(ann: &Person, channel: &str) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    for _ in 0..IN_TURN {
        let word = format!("{WORD}{}", new_key());
        // Three times: the database may cut a text where a page of its log ends.
        let text = format!("{word} {word} {word}");
        if ann.post_message(channel, &text, &new_key()).await.status != 201 {
            continue;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        acknowledged.push(Acknowledged { word, at: now.as_secs_f64() });
    }
    acknowledged
}

/// A deployment whose database is watched. What comes first ends first.
struct Traced {
    deployment: Deployment,
    _server: Option<Server>,
}

enum Server {
    Postgres(Postgres),
    Mariadb(Mariadb),
}

impl Traced {
    async fn start(world: &World, tracing: &mut Tracing) -> Self {
        let mut options = Options { apis: 1, workers: 1, ..Options::default() }
            .with("WARREN_COMMIT_WAIT_MS", "20000");
        let environment = tracing.environment();
        let server = match world.combination {
            Combination::Embedded => {
                options.settings.extend(environment);
                let deployment = Deployment::embedded(options).await;
                tracing.attach(deployment.apis[0].program.id()).await;
                return Self { deployment, _server: None };
            }
            Combination::Cluster(DatabaseServer::Postgres) => {
                Server::Postgres(Postgres::start_in(environment).await)
            }
            Combination::Cluster(DatabaseServer::Mariadb) => {
                Server::Mariadb(Mariadb::start_in(environment).await)
            }
        };
        // Before its first session: those that there are would not be watched.
        tracing.attach(server.process_id()).await;
        let (url, rabbitmq) = tokio::join!(server.create_database(), world.servers.rabbitmq());
        let deployment = Deployment::cluster(url, rabbitmq, options).await;
        Self { deployment, _server: Some(server) }
    }
}

impl Server {
    fn process_id(&self) -> u32 {
        match self {
            Self::Postgres(server) => server.process_id(),
            Self::Mariadb(server) => server.process_id(),
        }
    }

    async fn create_database(&self) -> String {
        match self {
            Self::Postgres(server) => server.create_database().await,
            Self::Mariadb(server) => server.create_database().await,
        }
    }
}
