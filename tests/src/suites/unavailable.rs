//! What a node says when it cannot do its work: not acknowledged, not ready,
//! and alive.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use sea_orm::ConnectionTrait;

use crate::client::{Person, Rest, new_key};
use crate::deployment::{Combination, Deployment, Options, new_namespace};
use crate::facts;
use crate::servers::{Proxy, connect};
use crate::wait::eventually;
use crate::world::World;

pub(super) fn trials(world: &Arc<World>) -> Vec<Trial> {
    facts!(world, "unavailable", [outage_is_honest_and_recovered_from])
}

/// Something that a deployment needs, and that can be taken away.
enum Outage {
    /// Another process holds the SQLite database's write lock.
    Lock(sea_orm::DatabaseConnection),
    /// The link to RabbitMQ is cut.
    Cut(Proxy),
}

/// Fault 5: 503 with `Retry-After`, never 202; alive and not ready; a retry
/// with the same key afterwards stores one message.
async fn outage_is_honest_and_recovered_from(world: Arc<World>) {
    let (deployment, outage) = fragile(&world).await;
    let ann = world.person_on(&deployment, "ann").await;
    let channel = ann.create_channel("private").await;
    ann.say(&channel, "before").await;
    outage.begin().await;
    let key = new_key();
    let refused = ann.post_message(&channel, "during", &key).await;
    let problem = refused.expect(503);
    assert!(matches!(problem["code"].as_str(), Some("not_acknowledged" | "unavailable")));
    assert_eq!(problem["idempotency_key"], key.as_str());
    readiness_becomes(&ann, 503).await;
    assert_eq!(ann.get("/livez").await.expect(200)["status"], "ok");
    outage.end().await;
    readiness_becomes(&ann, 200).await;
    retry(&ann, &channel, &key).await;
    let texts: Vec<_> = ann.messages(&channel, "").await;
    let texts: Vec<_> = texts.iter().map(|message| message["text"].as_str()).collect();
    assert_eq!(texts, [Some("before"), Some("during")]);
}

async fn fragile(world: &World) -> (Deployment, Outage) {
    match world.combination {
        Combination::Embedded => {
            let deployment = world.deploy(Options::default()).await;
            let database = connect(&deployment.database_url).await;
            (deployment, Outage::Lock(database))
        }
        Combination::Cluster(_) => {
            let rabbitmq = world.servers.rabbitmq().await;
            let proxy = Proxy::start(rabbitmq.port()).await;
            let url = rabbitmq.url_through(proxy.port(), &new_namespace());
            let options = Options { log_url: Some(url), ..Options::default() };
            (world.deploy(options).await, Outage::Cut(proxy))
        }
    }
}

async fn readiness_becomes(rest: &Rest, status: u16) {
    eventually(&format!("readyz answers {status}"), Duration::from_secs(30), async || {
        let answer = rest.get("/readyz").await;
        (answer.status == status).then_some(())
    })
    .await;
}

async fn retry(ann: &Person, channel: &str, key: &str) {
    eventually("the retry is committed", Duration::from_secs(30), async || {
        let answer = ann.post_message(channel, "during", key).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

impl Outage {
    async fn begin(&self) {
        match self {
            Self::Lock(database) => execute(database, "BEGIN EXCLUSIVE").await,
            Self::Cut(proxy) => proxy.cut(),
        }
    }

    async fn end(&self) {
        match self {
            Self::Lock(database) => execute(database, "ROLLBACK").await,
            Self::Cut(proxy) => proxy.mend(),
        }
    }
}

async fn execute(database: &sea_orm::DatabaseConnection, statement: &str) {
    database.execute_unprepared(statement).await.expect(statement);
}
