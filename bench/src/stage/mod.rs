//! A running Warren with people in it.

mod fill;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;
use warren_tests::client::{Coverage, Person, Rest};
use warren_tests::deployment::{Deployment, Options};
use warren_tests::servers::{Postgres, Rabbitmq};

use crate::measure::Processes;

/// Sign-ups at once: each hashes a password.
const SIGN_UPS: usize = 4;

/// Warren, and what it needs.
pub(crate) struct Stage {
    pub(crate) deployment: Deployment,
    coverage: Arc<Coverage>,
    /// Kept running for as long as this.
    servers: Option<(Postgres, Rabbitmq)>,
}

impl Stage {
    /// One process on SQLite.
    pub(crate) async fn embedded() -> Self {
        let deployment = Deployment::embedded(options()).await;
        Self { deployment, coverage: Arc::default(), servers: None }
    }

    /// An API process and a worker on RabbitMQ and PostgreSQL, all of one's own.
    pub(crate) async fn cluster() -> Self {
        let (postgres, rabbitmq) = tokio::join!(Postgres::start(), Rabbitmq::start());
        let database_url = postgres.create_database().await;
        let deployment = Deployment::cluster(database_url, &rabbitmq, options()).await;
        Self { deployment, coverage: Arc::default(), servers: Some((postgres, rabbitmq)) }
    }

    /// Where its API is.
    pub(crate) fn base(&self) -> &str {
        self.deployment.api(0)
    }

    /// Warren's own processes.
    pub(crate) fn processes(&self) -> Processes {
        let apis = self.deployment.apis.iter().map(|node| node.program.id());
        Processes::new(apis.chain(self.deployment.workers.iter().map(|worker| worker.id())))
    }

    /// New people.
    pub(crate) async fn people(&self, count: usize) -> Vec<Person> {
        let rest = Rest::new(self.base(), &self.coverage);
        stream::iter(0..count)
            .map(|_| Person::sign_up(&rest, "bench"))
            .buffer_unordered(SIGN_UPS)
            .collect()
            .await
    }

    /// A channel of each one's own.
    pub(crate) async fn own_channels(&self, people: &[Person]) -> Vec<String> {
        let mut channels = Vec::new();
        for person in people {
            channels.push(person.create_channel("private").await);
        }
        channels
    }

    /// One channel with all of them in it.
    pub(crate) async fn common_channel(&self, people: &[Person]) -> String {
        let channel = people[0].create_channel("public").await;
        for person in &people[1..] {
            person.join(&channel).await;
        }
        channel
    }

    /// The channel that everybody is in.
    pub(crate) async fn public_channel(&self, person: &Person) -> String {
        let found = person.get("/v1/channels/public").await;
        found.expect(200)["id"].as_str().expect("an id").to_owned()
    }

    /// The database, and a channel in it that nobody else uses.
    pub(crate) async fn unused_channel(&self) -> (String, String) {
        let people = self.people(1).await;
        (self.deployment.database_url.clone(), people[0].create_channel("private").await)
    }

    /// The broker of a cluster.
    ///
    /// # Panics
    /// In one process.
    pub(crate) fn broker_url(&self) -> String {
        let (_, rabbitmq) = self.servers.as_ref().expect("a cluster");
        rabbitmq.url("bare").split('?').next().expect("an address").to_owned()
    }

    /// The process id of its API.
    pub(crate) fn api_id(&self) -> u32 {
        self.deployment.apis[0].program.id()
    }

    /// Ends its processes; the data stays.
    pub(crate) fn end_processes(&mut self) {
        for node in &self.deployment.apis {
            node.program.terminate(Duration::from_secs(30));
        }
    }

    /// Begins with new processes on the same data.
    pub(crate) async fn start_again(&mut self) {
        self.end_processes();
        self.deployment.start_again().await;
    }

    /// Puts messages of an author into their own channel, as if they had been said.
    pub(crate) async fn fill(&self, channel: &str, author: &str, messages: u64) {
        fill::fill(&self.deployment.database_url, channel, author, messages).await;
    }
}

fn options() -> Options {
    Options { apis: 1, workers: 1, ..Options::default() }
        .with("WARREN_SOCKETS_PER_USER", "1000")
        .with("WARREN_LOG", "warn")
}

/// The text of a message: as long as people's are.
pub(crate) fn text() -> String {
    "The quick brown fox jumps over the lazy dog, and nobody in the room minds it. ".repeat(2)
}

/// The body of a send.
pub(crate) fn body() -> String {
    json!({ "text": text() }).to_string()
}
