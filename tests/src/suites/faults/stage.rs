//! A deployment with servers of its own, so that all of it may be killed.

use std::fmt;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};

use crate::deployment::{Combination, Deployment, Options};
use crate::servers::{OwnDatabase, Rabbitmq, Trace};
use crate::world::World;

/// What can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    /// A process that serves HTTP; of one process, the whole.
    Api,
    Worker,
    Broker,
    Database,
}

/// A deployment and its servers.
pub(super) struct Stage {
    pub(super) deployment: Deployment,
    pub(super) servers: Option<OwnServers>,
}

/// What a cluster has besides its processes.
pub(super) struct OwnServers {
    pub(super) database: OwnDatabase,
    pub(super) rabbitmq: Rabbitmq,
    trace: Trace,
}

impl Stage {
    /// Starts everything.
    pub(super) async fn set(world: &World, options: Options) -> Self {
        let Combination::Cluster(kind) = world.combination else {
            return Self { deployment: world.deploy(options).await, servers: None };
        };
        let (database, rabbitmq) = tokio::join!(OwnDatabase::start(kind), Rabbitmq::start());
        let database_url = database.create_database().await;
        let trace = Trace::start(&rabbitmq).await;
        let deployment = Deployment::cluster(database_url, &rabbitmq, options).await;
        rabbitmq.remember_queues();
        Self { deployment, servers: Some(OwnServers { database, rabbitmq, trace }) }
    }

    /// A number of victims in the order of chance, nobody spared.
    pub(super) fn victims(&self, count: usize, chance: &mut StdRng) -> Vec<Victim> {
        let all: &[Victim] = match self.servers {
            None => &[Victim::Api],
            Some(_) => &[Victim::Api, Victim::Worker, Victim::Broker, Victim::Database],
        };
        let mut victims: Vec<Victim> = all.iter().copied().cycle().take(count).collect();
        victims.shuffle(chance);
        victims
    }

    /// `kill -9`, and another in its place.
    pub(super) async fn kill(&mut self, victim: Victim, chance: &mut StdRng) {
        match (victim, &self.servers) {
            (Victim::Worker, _) => {
                let workers = &mut self.deployment.workers;
                workers.choose(chance).expect("a worker").kill();
                workers.retain(|worker| worker.exit_status().is_none());
                let another = self.deployment.start_worker();
                self.deployment.workers.push(another);
            }
            (Victim::Broker, Some(OwnServers { rabbitmq, trace, .. })) => {
                rabbitmq.kill();
                rabbitmq.restart().await;
                trace.resume(rabbitmq).await;
            }
            (Victim::Database, Some(OwnServers { database, .. })) => {
                database.kill();
                database.restart().await;
            }
            (Victim::Api | Victim::Broker | Victim::Database, _) => {
                let index = chance.random_range(0..self.deployment.apis.len());
                self.deployment.restart_api(index).await;
            }
        }
    }

    /// How many messages the broker delivered again.
    pub(super) fn redelivered(&self) -> u64 {
        self.servers.as_ref().map_or(0, |servers| servers.trace.redelivered())
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Api => "an API process",
            Self::Worker => "a worker",
            Self::Broker => "the broker",
            Self::Database => "the database",
        })
    }
}
