//! A private PostgreSQL server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::{Around, account, connect, port};
use crate::disk::SmallDisk;
use crate::guardian;
use crate::program::{Program, Signal, wrap};
use crate::wait::eventually;

const ACCOUNT: &str = "postgres";
const START: Duration = Duration::from_secs(60);

/// A server with durable commits (`fsync` on) in a directory of its own.
pub struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    settings: &'static [&'static str],
    around: Around,
    program: Mutex<Option<Program>>,
}

impl Postgres {
    /// Initialises a data directory and starts on it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// [`Self::start`] with further settings, each as `name=value`.
    pub async fn start_with(settings: &'static [&'static str]) -> Self {
        let server = Self::new(settings, Around::default());
        server.initialise(&server.data, &[]);
        server.launch().await;
        server
    }

    /// [`Self::start`] with something in its environment.
    pub async fn start_in(environment: Vec<(String, String)>) -> Self {
        let around = Around { environment, ..Around::default() };
        let server = Self::new(&[], around);
        server.initialise(&server.data, &[]);
        server.launch().await;
        server
    }

    /// [`Self::start`] with its data on a disk that can be full; its log of writes (WAL)
    /// is elsewhere, as on servers that are set up with care.
    pub async fn start_on(disk: &SmallDisk, size: &str) -> Self {
        let mut server = Self::new(&[], Around::default());
        let log = server.data.with_file_name("wal");
        let log = format!("--waldir={}", log.display());
        account::give(ACCOUNT, &disk.folder());
        let wrapper = disk.wrapper(size, Some(&server.data));
        let begins_in = if wrapper.is_empty() { disk.folder() } else { server.data.clone() };
        server.initialise(&begins_in, &[&log]);
        server.data = disk.folder();
        server.around = Around { environment: disk.environment(), wrapper };
        server.launch().await;
        server
    }

    fn new(settings: &'static [&'static str], around: Around) -> Self {
        let home = guardian::directory("postgres");
        account::give(ACCOUNT, &home);
        Self {
            programs: find_programs(),
            data: home.join("data"),
            port: port::free(),
            settings,
            around,
            program: Mutex::default(),
        }
    }

    /// The number of its first process.
    pub fn process_id(&self) -> u32 {
        self.program.lock().unwrap().as_ref().expect("it runs").id()
    }

    /// A new empty database; the answer is its URL.
    pub async fn create_database(&self) -> String {
        self.create_database_with("").await
    }

    /// [`Self::create_database`] with options of the statement.
    pub async fn create_database_with(&self, options: &str) -> String {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let connection = connect(&self.url("postgres")).await;
        let statement = format!("CREATE DATABASE {name} {options}");
        connection.execute_unprepared(&statement).await.expect("create a database");
        connection.close().await.expect("close the connection");
        self.url(&name)
    }

    /// The folder of its files.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// `kill -9` for the server and its sessions.
    pub fn kill(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.kill();
        }
    }

    /// Stops it: sessions are ended, everything is written.
    pub fn stop(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.signal(Signal::Interrupt);
            program.wait_exit(START);
        }
    }

    /// Starts it again on the same port and data.
    pub async fn restart(&self) {
        self.stop();
        self.launch().await;
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://warren@127.0.0.1:{}/{database}", self.port)
    }

    fn initialise(&self, data: &Path, further: &[&str]) {
        let made = account::command(ACCOUNT, &self.programs.join("initdb"))
            .args(["--auth=trust", "--username=warren", "--encoding=UTF8", "--locale=C"])
            .args(further)
            .args(["--no-sync", "--pgdata"])
            .arg(data)
            .current_dir("/")
            .output()
            .expect("run initdb");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// A server that was killed may hold its shared memory for a moment, and another one
    /// refuses to start meanwhile: then it is started again.
    async fn launch(&self) {
        eventually("PostgreSQL accepts connections", START, async || {
            let mut program = self.program.lock().unwrap();
            if program.as_ref().is_none_or(|program| program.exit_status().is_some()) {
                *program = Some(Program::start("postgres", self.command()));
            }
            self.is_ready()
        })
        .await;
    }

    fn command(&self) -> Command {
        let mut command = account::command(ACCOUNT, &self.programs.join("postgres"));
        command.arg("-D").arg(&self.data).args(["-p", &self.port.to_string()]);
        let common = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "dynamic_shared_memory_type=mmap",
            "max_connections=300",
        ];
        for setting in common.iter().chain(self.settings) {
            command.args(["-c", setting]);
        }
        command.current_dir("/").envs(self.around.environment.iter().cloned());
        wrap(&self.around.wrapper, command)
    }

    fn is_ready(&self) -> Option<()> {
        let port = self.port.to_string();
        let asked = Command::new(self.programs.join("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &port])
            .status()
            .expect("run pg_isready");
        asked.success().then_some(())
    }
}

/// The newest installed PostgreSQL: Debian keeps its programs out of PATH.
fn find_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .map(|folder| (version_of(&folder), folder))
        .collect();
    folders.sort();
    folders.pop().map_or_else(find_in_path, |(_, folder)| folder)
}

fn version_of(programs: &Path) -> u32 {
    let folder = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    folder.and_then(|name| name.parse().ok()).unwrap_or(0)
}

fn find_in_path() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join("initdb").exists())
        .expect("PostgreSQL is not installed: run tests/install-servers.sh")
}
