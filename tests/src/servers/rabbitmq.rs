//! A private RabbitMQ node.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};

use super::{account, port};
use crate::guardian;
use crate::program::Program;
use crate::wait::eventually;

const ACCOUNT: &str = "rabbitmq";
const START: Duration = Duration::from_secs(120);

/// A node with a port mapper (epmd), directories and a cookie of its own.
pub struct Rabbitmq {
    home: PathBuf,
    port: u16,
    distribution_port: u16,
    mapper_port: u16,
    mapper: Program,
    program: Mutex<Option<Program>>,
}

impl Rabbitmq {
    /// Starts a new node.
    pub async fn start() -> Self {
        let home = guardian::directory("rabbitmq");
        prepare(&home);
        let mapper_port = port::free();
        let node = Self {
            mapper: start_mapper(mapper_port),
            home,
            port: port::free(),
            distribution_port: port::free(),
            mapper_port,
            program: Mutex::default(),
        };
        node.launch().await;
        node
    }

    /// The URL of a namespace, which isolates a deployment from others.
    pub fn url(&self, namespace: &str) -> String {
        format!("{}?namespace={namespace}", self.plain_url())
    }

    /// The URL without a namespace, for any AMQP client.
    pub fn plain_url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
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

    /// Runs `rabbitmqctl` and answers what it printed.
    pub fn control(&self, arguments: &[&str]) -> String {
        let mut command = account::command(ACCOUNT, &find_program("rabbitmqctl"));
        self.configure(&mut command);
        let answer = command.arg("-q").args(arguments).output().expect("run rabbitmqctl");
        let error = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "rabbitmqctl {arguments:?}: {error}");
        String::from_utf8(answer.stdout).expect("text")
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
        let name = format!("test{}@localhost", self.port);
        command.envs([
            ("RABBITMQ_NODENAME", name.as_str()),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
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

fn prepare(home: &Path) {
    let cookie = home.join(".erlang.cookie");
    std::fs::write(&cookie, uuid::Uuid::new_v4().simple().to_string()).expect("write the cookie");
    std::fs::set_permissions(&cookie, PermissionsExt::from_mode(0o400)).expect("close the cookie");
    std::fs::write(home.join("enabled_plugins"), "[].\n").expect("write the plugins");
    let settings = "disk_free_limit.absolute = 50MB\nlog.console = false\n";
    std::fs::write(home.join("rabbitmq.conf"), settings).expect("write the settings");
    account::give(ACCOUNT, home);
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
