//! A private RabbitMQ node, or several in a cluster.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};

use super::{account, port};
use crate::guardian;
use crate::program::Program;
use crate::wait::eventually;

const ACCOUNT: &str = "rabbitmq";
const START: Duration = Duration::from_secs(120);

/// A node with directories of its own. The nodes of a cluster share a port mapper
/// (epmd), a cookie and the port, each on a loopback address of its own.
pub struct Rabbitmq {
    home: PathBuf,
    address: Ipv4Addr,
    port: u16,
    distribution_port: u16,
    mapper_port: u16,
    mapper: Arc<Program>,
    program: Mutex<Option<Program>>,
}

impl Rabbitmq {
    /// Starts a new node.
    pub async fn start() -> Self {
        let node = Self::prepare(Ipv4Addr::LOCALHOST);
        node.write(&uuid::Uuid::new_v4().simple().to_string(), SETTINGS);
        node.launch().await;
        node
    }

    /// Starts a cluster of three nodes.
    pub async fn start_cluster() -> [Self; 3] {
        let cookie = uuid::Uuid::new_v4().simple().to_string();
        let first = Self::prepare(Ipv4Addr::LOCALHOST);
        first.write(&cookie, SETTINGS);
        first.launch().await;
        let further = [2, 3].map(|number| {
            let address = Ipv4Addr::new(127, 0, 0, number);
            let (mapper, home) = (Arc::clone(&first.mapper), guardian::directory("rabbitmq"));
            let (distribution_port, program) = (port::free(), Mutex::default());
            Self { home, address, distribution_port, mapper, program, ..first }
        });
        for node in &further {
            node.write(&cookie, &format!("{SETTINGS}{}", joining(&[&first.name(), &node.name()])));
        }
        let [second, third] = further;
        tokio::join!(second.launch(), third.launch());
        [first, second, third]
    }

    fn prepare(address: Ipv4Addr) -> Self {
        let mapper_port = port::free();
        Self {
            home: guardian::directory("rabbitmq"),
            address,
            port: port::free(),
            distribution_port: port::free(),
            mapper_port,
            mapper: Arc::new(start_mapper(mapper_port)),
            program: Mutex::default(),
        }
    }

    /// Its name among Erlang's nodes.
    pub fn name(&self) -> String {
        let [.., number] = self.address.octets();
        format!("test{}-{number}@localhost", self.port)
    }

    /// The address that it listens on; the port is the same for a cluster.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The URL of a namespace, which isolates a deployment from others.
    pub fn url(&self, namespace: &str) -> String {
        self.url_through(self.port, namespace)
    }

    /// The same by way of another port: a proxy's.
    pub fn url_through(&self, port: u16, namespace: &str) -> String {
        format!("amqp://guest:guest@{}:{port}/%2f?namespace={namespace}", self.address)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL without a namespace, for any AMQP client.
    pub fn plain_url(&self) -> String {
        format!("amqp://guest:guest@{}:{}/%2f", self.address, self.port)
    }

    /// `kill -9` for the node.
    pub fn kill(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.kill();
        }
    }

    /// Stops the node.
    pub fn stop(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.terminate(START);
        }
    }

    /// Starts the node again on the same port and data.
    pub async fn restart(&self) {
        self.stop();
        self.launch().await;
    }

    /// Writes to disk which queues there are. By itself that happens some seconds after
    /// their declaration, unlike with the messages in them; a kill before would test
    /// a moment that an installation has once in its life.
    pub fn remember_queues(&self) {
        self.control(&["eval", "mnesia:sync_log()."]);
    }

    /// Runs `rabbitmqctl` and answers what it printed.
    pub fn control(&self, arguments: &[&str]) -> String {
        let mut command = account::command(ACCOUNT, &find_program("rabbitmqctl"));
        self.configure(&mut command);
        let answer = command.arg("-q").args(arguments).output().expect("run rabbitmqctl");
        let error = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "rabbitmqctl {arguments:?}: {error}");
        String::from_utf8(answer.stdout).expect("text")
    }

    fn write(&self, cookie: &str, settings: &str) {
        let file = self.home.join(".erlang.cookie");
        std::fs::write(&file, cookie).expect("write the cookie");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o400))
            .expect("close the cookie");
        std::fs::write(self.home.join("enabled_plugins"), "[].\n").expect("write the plugins");
        std::fs::write(self.home.join("rabbitmq.conf"), settings).expect("write the settings");
        account::give(ACCOUNT, &self.home);
    }

    async fn launch(&self) {
        assert!(self.mapper.exit_status().is_none(), "the port mapper runs");
        let mut command = account::command(ACCOUNT, &find_program("rabbitmq-server"));
        self.configure(&mut command);
        *self.program.lock().unwrap() = Some(Program::start("rabbitmq", command));
        let url = self.plain_url();
        eventually("RabbitMQ accepts connections", START, async || {
            let connecting = Connection::connect(&url, ConnectionProperties::default());
            let connection = tokio::time::timeout(Duration::from_secs(5), connecting).await;
            let connection = connection.ok()?.ok()?;
            connection.close(200, "ready".into()).await.ok()
        })
        .await;
    }

    fn configure(&self, command: &mut Command) {
        let paths = [
            ("HOME", "."),
            ("RABBITMQ_MNESIA_BASE", "mnesia"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ];
        command.envs(paths.map(|(key, path)| (key, self.home.join(path))));
        command.envs([
            ("RABBITMQ_NODENAME", self.name().as_str()),
            ("RABBITMQ_NODE_IP_ADDRESS", &self.address.to_string()),
            ("RABBITMQ_NODE_PORT", &self.port.to_string()),
            ("RABBITMQ_DIST_PORT", &self.distribution_port.to_string()),
            ("ERL_EPMD_PORT", &self.mapper_port.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1"),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null"),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", ERLANG_ARGUMENTS),
        ]);
        command.env_remove("XDG_CONFIG_HOME").current_dir(&self.home);
    }
}

// Queue figures come with the queues' tick; the default of 5 s is too coarse to watch.
const ERLANG_ARGUMENTS: &str =
    "-kernel inet_dist_use_interface {127,0,0,1} -rabbit quorum_tick_interval 250";

const SETTINGS: &str = "disk_free_limit.absolute = 50MB\nlog.console = false\n";

/// Settings by which a new node joins whichever of the others runs.
fn joining(names: &[&str]) -> String {
    let mut settings = String::from("cluster_formation.peer_discovery_backend = classic_config\n");
    for (number, name) in names.iter().enumerate() {
        settings += &format!("cluster_formation.classic_config.nodes.{} = {name}\n", number + 1);
    }
    settings
}

/// Started by ourselves and in the foreground: the one that Erlang starts on
/// demand becomes a daemon and outlives its node.
fn start_mapper(port: u16) -> Program {
    let mut command = account::command(ACCOUNT, Path::new("epmd"));
    command.args(["-port", &port.to_string(), "-address", "127.0.0.1"]).current_dir("/");
    Program::start("epmd", command)
}

/// The program itself: Debian's wrappers in PATH insist on directories of their own.
fn find_program(name: &str) -> PathBuf {
    let releases = std::fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten();
    let mut programs: Vec<PathBuf> = releases
        .map(|release| release.path().join("sbin").join(name))
        .filter(|program| program.exists())
        .collect();
    programs.sort();
    programs.pop().expect("RabbitMQ is not installed: run tests/install-servers.sh")
}
