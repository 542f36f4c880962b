//! What a test gets: a combination, its shared deployment, its coverage.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use libtest_mimic::Trial;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::client::{Coverage, Person, Rest};
use crate::deployment::{Combination, Deployment, Options};
use crate::parameters::parameters;
use crate::servers::Servers;
use crate::site::Site;

/// No test takes longer, but those of faults where they are to go on for minutes.
const LIMIT: Duration = Duration::from_secs(300);

/// A combination and what its tests share.
pub struct World {
    pub combination: Combination,
    pub coverage: Arc<Coverage>,
    pub servers: Arc<Servers>,
    shared: OnceCell<Deployment>,
    site: OnceCell<Site>,
    runtime: Handle,
    durations: Mutex<Vec<(Duration, String)>>,
}

/// Makes trials of test functions, named after them.
#[macro_export]
macro_rules! facts {
    ($world:expr, $suite:literal, [$($fact:ident),+ $(,)?]) => {
        vec![$($world.trial($suite, stringify!($fact), $fact)),+]
    };
}

impl World {
    pub fn new(combination: Combination, servers: &Arc<Servers>, runtime: Handle) -> Arc<Self> {
        let (coverage, servers) = (Arc::default(), Arc::clone(servers));
        let (shared, site) = (OnceCell::new(), OnceCell::new());
        let durations = Mutex::default();
        Arc::new(Self { combination, coverage, servers, shared, site, runtime, durations })
    }

    /// The deployment that tests share; none of them may disturb it. It waits longer
    /// than by default before it answers 202: a machine that runs all tests at once
    /// commits late now and then.
    pub async fn shared(&self) -> &Deployment {
        let options = Options::default().with("WARREN_COMMIT_WAIT_MS", "20000");
        self.shared.get_or_init(|| self.deploy(options)).await
    }

    /// A deployment of one's own.
    pub async fn deploy(&self, options: Options) -> Deployment {
        match self.combination {
            Combination::Embedded => Deployment::embedded(options).await,
            Combination::Cluster(_) => {
                let (database_url, rabbitmq) =
                    tokio::join!(self.create_database(), self.servers.rabbitmq());
                Deployment::cluster(database_url, rabbitmq, options).await
            }
        }
    }

    /// The site behind nginx that tests share.
    pub async fn site(&self) -> &Site {
        self.site.get_or_init(|| Site::start(self)).await
    }

    /// A new empty database for a cluster of this combination; the answer is its URL.
    pub async fn create_database(&self) -> String {
        match self.combination {
            Combination::Embedded => panic!("one process makes its database itself"),
            Combination::Cluster(server) => self.servers.create_database(server).await,
        }
    }

    /// A client without an account, at a node of the shared deployment.
    pub async fn stranger(&self, node: usize) -> Rest {
        Rest::new(self.shared().await.api(node), &self.coverage)
    }

    /// Somebody new at the first node of the shared deployment.
    pub async fn person(&self, name: &str) -> Person {
        Person::sign_up(&self.stranger(0).await, name).await
    }

    /// Somebody new on a deployment of one's own.
    pub async fn person_on(&self, deployment: &Deployment, name: &str) -> Person {
        Person::sign_up(&Rest::new(deployment.api(0), &self.coverage), name).await
    }

    /// Somebody new who helps to run the server of the shared deployment.
    pub async fn administrator(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.shared().await.promote(&person.username, "admin").await;
        person
    }

    /// A person moved to the last node: the same one where there is only one.
    pub async fn elsewhere(&self, person: &Person) -> Person {
        person.at_node(self.shared().await.api(1))
    }

    /// A test as the runner wants it.
    pub fn trial<F>(
        self: &Arc<Self>,
        suite: &str,
        fact: &str,
        test: impl Fn(Arc<Self>) -> F + Send + 'static,
    ) -> Trial
    where
        F: Future<Output = ()>,
    {
        let name = format!("{}::{suite}::{fact}", self.combination.name());
        let (world, named) = (Arc::clone(self), name.clone());
        Trial::test(name, move || {
            let begun = Instant::now();
            world.run(test(Arc::clone(&world)));
            world.durations.lock().unwrap().push((begun.elapsed(), named));
            Ok(())
        })
    }

    /// How long each test took that passed.
    pub fn durations(&self) -> Vec<(Duration, String)> {
        self.durations.lock().unwrap().clone()
    }

    /// Ends the shared deployment and the site.
    pub fn stop(&self) {
        if let Some(site) = self.site.get() {
            site.supervisor.stop();
        }
        for node in self.shared.get().into_iter().flat_map(|deployment| &deployment.apis) {
            node.program.kill();
        }
        for worker in self.shared.get().into_iter().flat_map(|deployment| &deployment.workers) {
            worker.kill();
        }
    }

    fn run(&self, test: impl Future<Output = ()>) {
        let limited = async {
            let limit = LIMIT + parameters().patience();
            let done = tokio::time::timeout(limit, test).await;
            assert!(done.is_ok(), "the test took longer than {limit:?}");
        };
        let outcome = self.runtime.block_on(AssertUnwindSafe(limited).catch_unwind());
        if let Err(panic) = outcome {
            if let Some(deployment) = self.shared.get() {
                deployment.print_logs();
            }
            if let Some(site) = self.site.get() {
                site.supervisor.program.print_log();
            }
            resume_unwind(panic);
        }
    }
}
