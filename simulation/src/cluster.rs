//! The processes: API nodes and workers, which are killed and started again.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use warren_api::HeadlessNode;
use warren_broker::in_process::InProcessDeadLetters;
use warren_domain::account::People;
use warren_domain::database::Database;
use warren_domain::message::Committer;
use warren_domain::{Domain, WorkerRegistry};
use warren_process::Configuration;
use warren_process::configuration::{Environment, Sources};
use warren_worker::{Parts, Worker};

use crate::bus::Bus;
use crate::database::Server;
use crate::ledger::Ledger;
use crate::log::{Broker, Consumer, NodeLog};
use crate::nowhere::Nowhere;
use crate::setting::Setting;
use crate::world::World;

/// How long a killed process takes to be back, at most.
const LONGEST_ABSENCE: Duration = Duration::from_secs(3);

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// Everything that runs, and who uses it.
pub(crate) struct Cluster {
    pub(crate) world: Arc<World>,
    pub(crate) server: Arc<Server>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) setting: Setting,
    pub(crate) ledger: Ledger,
    nodes: Mutex<Vec<Option<Live>>>,
}

/// A node that runs.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) node: HeadlessNode,
    /// It was killed.
    pub(crate) killed: CancellationToken,
}

impl Cluster {
    /// Nobody runs yet.
    pub(crate) fn new(world: Arc<World>) -> Arc<Self> {
        let server = Server::new(world.clone());
        let setting = Setting::make(&world, &server);
        let partitions = world.within(1..5) as u32;
        let partitions = NonZeroU32::new(partitions).expect("one at least");
        Arc::new(Self {
            broker: Broker::new(world.clone(), server.clone(), partitions),
            bus: Bus::new(world.clone(), server.clone()),
            ledger: Ledger::new(world.clone(), server.clone()),
            nodes: Mutex::default(),
            setting,
            server,
            world,
        })
    }

    /// Starts all processes, each with its life.
    pub(crate) fn start(self: &Arc<Self>) {
        for number in 0..2 {
            self.nodes().push(None);
            tokio::spawn(self.clone().keep_node(number));
        }
        for number in 0..self.world.within(2..4) {
            tokio::spawn(self.clone().keep_worker(number));
        }
    }

    /// Asks a node to do something, as a request would: it goes on when nobody waits
    /// for it, and ends when the node is killed. `None` if there is no answer.
    pub(crate) async fn ask<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        request: impl FnOnce(HeadlessNode) -> F,
    ) -> Option<T> {
        let Some(Live { node, killed }) = self.some_node() else {
            self.world.pause(Duration::from_millis(200)).await;
            return None;
        };
        let request = request(node);
        let served = tokio::spawn(async move { killed.run_until_cancelled(request).await });
        timeout(PATIENCE, served).await.ok()?.expect("no request panics")
    }

    /// One of those that run.
    pub(crate) fn some_node(&self) -> Option<Live> {
        let nodes: Vec<Live> = self.nodes().iter().flatten().cloned().collect();
        (!nodes.is_empty()).then(|| self.world.pick(&nodes).clone())
    }

    async fn keep_node(self: Arc<Self>, number: usize) {
        let name = format!("node {number}");
        loop {
            let live = self.node(&name).await;
            self.world.note(|| format!("{name} starts"));
            self.nodes()[number] = Some(live.clone());
            let running = live.clone();
            tokio::spawn(async move {
                running.killed.run_until_cancelled(running.node.run()).await;
            });
            self.live_for(self.world.weather.node_life).await;
            self.nodes()[number] = None;
            live.killed.cancel();
            self.bury(&name).await;
        }
    }

    async fn node(&self, name: &str) -> Live {
        let database = self.server.connect(name);
        let log = NodeLog::new(self.broker.clone(), name);
        let clock = self.world.clock();
        let domain = model().sibling(database.clone(), log, self.bus.clone(), clock);
        let dead_letters = Arc::new(InProcessDeadLetters::new(database));
        let node = HeadlessNode::new(configuration(), domain, dead_letters);
        Live { node, killed: CancellationToken::new() }
    }

    async fn keep_worker(self: Arc<Self>, number: u64) {
        let name = format!("worker {number}");
        loop {
            self.world.note(|| format!("{name} starts"));
            let stop = CancellationToken::new();
            let worker = tokio::spawn(self.worker(&name).await.run(stop.clone()));
            self.live_for(self.world.weather.worker_life).await;
            if self.world.happens(3_000) {
                stop.cancel();
                worker.await.expect("no worker panics").expect("no task of a worker panics");
            } else {
                worker.abort();
            }
            self.bury(&name).await;
        }
    }

    async fn worker(&self, name: &str) -> Worker {
        let database = self.server.connect(name);
        let clock = self.world.clock();
        let committer = Committer::new(database.clone(), self.bus.clone(), People::default());
        Worker::of(Parts {
            consumer: Arc::new(Consumer(self.broker.clone())),
            committer: committer.with_clock(clock.clone()),
            registry: WorkerRegistry::new(database, name.to_owned()).with_clock(clock),
            partitions: self.broker.partition_count(),
        })
    }

    /// Waits for a process's end; when it is calm there is none.
    async fn live_for(&self, longest: Option<Duration>) {
        let Some(longest) = longest else { return std::future::pending().await };
        let life = self.world.time_below(longest);
        sleep(life).await;
        if self.world.weather.is_calm() {
            std::future::pending::<()>().await;
        }
    }

    async fn bury(&self, name: &str) {
        self.world.note(|| format!("{name} is dead"));
        self.world.count(|tally| tally.crashes += 1);
        let absence = self.world.time_below(LONGEST_ABSENCE);
        sleep(absence).await;
    }

    fn nodes(&self) -> std::sync::MutexGuard<'_, Vec<Option<Live>>> {
        self.nodes.lock().expect("no panic under this lock")
    }
}

/// The rules, made once: that costs a password's hash.
fn model() -> &'static Domain {
    static MODEL: OnceLock<Domain> = OnceLock::new();
    MODEL.get_or_init(|| {
        let nowhere = Arc::new(Nowhere);
        let database = Database::substitute(nowhere.clone());
        Domain::new(database, nowhere.clone(), nowhere, People::default())
            .expect("this machine hashes passwords")
    })
}

/// As if nothing had been set.
fn configuration() -> &'static Configuration {
    static CONFIGURATION: OnceLock<Configuration> = OnceLock::new();
    CONFIGURATION.get_or_init(|| {
        let variables = [("WARREN_RATE_LIMITS", "off")];
        let sources = Sources {
            config_file: None,
            directory: std::path::PathBuf::from("nowhere"),
            environment: Environment::from(variables),
        };
        Configuration::load(&sources).expect("the defaults are valid")
    })
}
