//! A running Warren: one process, or a cluster.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use tokio::runtime::Handle;

use crate::guardian;
use crate::program::{Program, Signal, warren_command, wrap};
use crate::servers::{DatabaseServer, Rabbitmq, Smtp, connect, delete_queues};

const START: Duration = Duration::from_secs(60);

/// The combinations of strategies that the black-box suite runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// One process: SQLite, in-process log and bus.
    Embedded,
    /// API and worker processes on a database server and RabbitMQ.
    Cluster(DatabaseServer),
}

/// How many processes, and what is set besides the necessary.
#[derive(Clone, Debug)]
pub struct Options {
    pub apis: usize,
    pub workers: usize,
    /// Another way to the broker than straight.
    pub log_url: Option<String>,
    pub settings: Vec<(String, String)>,
    /// What stands before the command of the embedded process.
    pub wrapper: Vec<String>,
}

/// Processes that belong together.
pub struct Deployment {
    pub database_url: String,
    pub log_url: String,
    /// Where the embedded process keeps its files.
    pub data_directory: PathBuf,
    pub apis: Vec<Node>,
    pub workers: Vec<Program>,
    settings: Vec<(String, String)>,
    wrapper: Vec<String>,
}

/// An API process and its address.
pub struct Node {
    pub program: Program,
    pub base: String,
}

impl Combination {
    /// As it stands in test names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Cluster(DatabaseServer::Postgres) => "postgres",
            Self::Cluster(DatabaseServer::Mariadb) => "mariadb",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { apis: 2, workers: 2, log_url: None, settings: Vec::new(), wrapper: Vec::new() }
    }
}

impl Options {
    /// The same with one more setting.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same with mail, whose links lead to `https://chat.example.org`.
    #[must_use]
    pub fn with_mail(self, smtp: &Smtp) -> Self {
        self.with("WARREN_SMTP_URL", &smtp.url())
            .with("WARREN_SMTP_FROM", "Warren <warren@example.org>")
            .with("WARREN_PUBLIC_URL", "https://chat.example.org")
    }
}

impl Deployment {
    /// One `warren serve` with a new data directory.
    pub async fn embedded(options: Options) -> Self {
        Self::embedded_in(guardian::directory("data"), options).await
    }

    /// One `warren serve` with a data directory that there is.
    pub async fn embedded_in(data_directory: PathBuf, options: Options) -> Self {
        let mut settings = common_settings();
        settings.push(pair("WARREN_DATA_DIR", data_directory.to_str().expect("a path")));
        settings.extend(options.settings);
        let mut deployment = Self {
            database_url: format!("sqlite://{}/warren.db", data_directory.display()),
            log_url: "in-process".to_owned(),
            data_directory,
            apis: Vec::new(),
            workers: Vec::new(),
            settings,
            wrapper: options.wrapper,
        };
        let node = deployment.start_node("warren", &["serve"], "127.0.0.1:0").await;
        deployment.apis.push(node);
        deployment
    }

    /// A cluster on a new database and a namespace of its own.
    pub async fn cluster(database_url: String, rabbitmq: &Rabbitmq, options: Options) -> Self {
        let log_url = options.log_url.clone().unwrap_or_else(|| rabbitmq.url(&new_namespace()));
        let mut settings = common_settings();
        settings.push(pair("WARREN_DATABASE_URL", &database_url));
        settings.push(pair("WARREN_LOG_URL", &log_url));
        settings.push(pair("WARREN_JWT_SECRET", JWT_SECRET));
        settings.extend(options.settings);
        let data_directory = guardian::directory("data");
        settings.push(pair("WARREN_DATA_DIR", data_directory.to_str().expect("a path")));
        let mut deployment = Self {
            database_url,
            log_url,
            data_directory,
            apis: Vec::new(),
            workers: Vec::new(),
            settings,
            wrapper: Vec::new(),
        };
        deployment.migrate();
        deployment.start_cluster(options.apis, options.workers).await;
        rabbitmq.is_consumed(deployment.namespace()).await;
        deployment
    }

    /// The address of an API process; the last one if there are fewer.
    pub fn api(&self, index: usize) -> &str {
        &self.apis[index.min(self.apis.len() - 1)].base
    }

    /// Makes somebody of this username run the server.
    pub async fn promote(&self, username: &str, role: &str) {
        let database = connect(&self.database_url).await;
        let promote =
            format!("UPDATE user_account SET role = '{role}' WHERE username = '{username}'");
        database.execute_unprepared(&promote).await.expect("promote");
        database.close().await.expect("close");
    }

    /// The namespace that a cluster's queues are in.
    pub fn namespace(&self) -> &str {
        self.log_url.split("namespace=").nth(1).expect("a cluster")
    }

    /// Starts another worker.
    pub fn start_worker(&self) -> Program {
        self.start_worker_under(&[])
    }

    /// The same, with further settings.
    pub fn start_worker_under(&self, further: &[(&str, &str)]) -> Program {
        let mut command = warren_command("warren-worker", &[], &self.settings);
        command.envs(further.iter().copied());
        Program::start("warren-worker", command)
    }

    /// Starts a process that serves HTTP again, at the address that it had; kills it
    /// before, if it has not ended.
    pub async fn restart_api(&mut self, index: usize) {
        let base = self.apis[index].base.clone();
        self.apis[index].program.kill();
        let address = base.trim_start_matches("http://").to_owned();
        let (name, arguments): (_, &[&str]) = match self.is_one_process() {
            true => ("warren", &["serve"]),
            false => ("warren-api", &[]),
        };
        self.apis[index] = self.start_node(name, arguments, &address).await;
    }

    /// Sends a signal to every worker.
    pub fn signal_workers(&self, signal: Signal) {
        for worker in &self.workers {
            worker.signal(signal);
        }
    }

    /// Runs one of Warren's commands with this deployment's settings.
    pub fn run(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = warren_command("warren", arguments, &self.settings);
        command.output().expect("run warren")
    }

    /// The same, with further settings.
    pub fn run_under(&self, further: &[(&str, &str)], arguments: &[&str]) -> std::process::Output {
        let mut command = warren_command("warren", arguments, &self.settings);
        command.envs(further.iter().copied()).output().expect("run warren")
    }

    /// Runs one of Warren's servers with further settings, until it ends by itself.
    pub fn run_program(&self, name: &str, further: &[(&str, &str)]) -> std::process::Output {
        let mut command = warren_command(name, &[], &self.settings);
        command.envs(further.iter().copied()).output().expect("run the program")
    }

    /// [`Self::run`] with `input` on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> std::process::Output {
        let mut command = warren_command("warren", arguments, &self.settings);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("run warren");
        let mut pipe = child.stdin.take().expect("a pipe");
        // One that refuses at once reads nothing.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("an end")
    }

    /// Starts one process of each kind anew; those before have ended.
    pub async fn start_again(&mut self) {
        self.apis.clear();
        self.workers.clear();
        if self.is_one_process() {
            let node = self.start_node("warren", &["serve"], "127.0.0.1:0").await;
            self.apis.push(node);
        } else {
            self.start_cluster(1, 1).await;
        }
    }

    /// Prints the end of every process's log.
    pub fn print_logs(&self) {
        for node in &self.apis {
            node.program.print_log();
        }
        for worker in &self.workers {
            worker.print_log();
        }
    }

    fn is_one_process(&self) -> bool {
        self.log_url == "in-process"
    }

    fn migrate(&self) {
        let done = self.run(&["migrate"]);
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "warren migrate: {error}");
    }

    async fn start_cluster(&mut self, apis: usize, workers: usize) {
        for _ in 0..workers {
            self.workers.push(self.start_worker());
        }
        for _ in 0..apis {
            let node = self.start_node("warren-api", &[], "127.0.0.1:0").await;
            self.apis.push(node);
        }
    }

    async fn start_node(&self, name: &str, arguments: &[&str], address: &str) -> Node {
        let mut command = warren_command(name, arguments, &self.settings);
        command.env("WARREN_LISTEN", address);
        let program = Program::start(name, wrap(&self.wrapper, command));
        let base = program.listening(START).await;
        Node { program, base }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if self.is_one_process() {
            return;
        }
        let programs = self.apis.iter().map(|node| &node.program).chain(&self.workers);
        programs.for_each(Program::kill);
        // Whether the broker still runs is the test's own affair.
        if let Ok(runtime) = Handle::try_current() {
            let log_url = std::mem::take(&mut self.log_url);
            runtime.spawn(async move { delete_queues(&log_url).await });
        }
    }
}

/// What every process of a cluster shares.
pub const JWT_SECRET: &str = "a secret that only the tests know, 32 bytes or more";

/// A namespace that nobody else uses.
pub fn new_namespace() -> String {
    format!("t{}", uuid::Uuid::new_v4().simple())
}

fn common_settings() -> Vec<(String, String)> {
    vec![pair("WARREN_RATE_LIMITS", "off"), pair("WARREN_LOG", "info")]
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
