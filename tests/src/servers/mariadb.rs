//! A private MariaDB server.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::{Around, account, connect, port, try_connect};
use crate::guardian;
use crate::program::{Program, Signal};
use crate::wait::eventually;

const ACCOUNT: &str = "mysql";
const START: Duration = Duration::from_secs(60);

/// It may make databases of its own and use them, and is no administrator. Each
/// line is a statement.
const USER: &str = "CREATE USER IF NOT EXISTS warren@127.0.0.1 IDENTIFIED BY 'warren';
GRANT ALL ON `t%`.* TO warren@127.0.0.1;
";

/// Everywhere loopback only, small, and durable: a commit is on disk.
const COMMON: [&str; 8] = [
    "bind-address=127.0.0.1",
    "skip-name-resolve",
    "skip-log-bin",
    "innodb-flush-log-at-trx-commit=1",
    "innodb-buffer-pool-size=64M",
    "innodb-log-file-size=32M",
    "max-connections=300",
    "performance-schema=OFF",
];

/// A server that somebody set up for something else, long ago. Whatever of this
/// still counted for Warren would break its promises, and the suites with them.
const UNHELPFUL: [&str; 8] = [
    "sql-mode=",
    "character-set-server=latin1",
    "collation-server=latin1_swedish_ci",
    "default-time-zone=+05:45",
    "transaction-isolation=SERIALIZABLE",
    "default-storage-engine=Aria",
    "innodb-default-row-format=compact",
    "wait-timeout=20",
];

/// A server with durable commits in a directory of its own.
pub struct Mariadb {
    home: PathBuf,
    port: u16,
    settings: &'static [&'static str],
    around: Around,
    program: Mutex<Option<Program>>,
}

impl Mariadb {
    /// Initialises a data directory and starts on it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// [`Self::start`] with further settings, each as `name=value`.
    pub async fn start_with(settings: &'static [&'static str]) -> Self {
        Self::begin(settings, Around::default()).await
    }

    /// [`Self::start`] with something in its environment.
    pub async fn start_in(environment: Vec<(String, String)>) -> Self {
        Self::begin(&[], Around { environment, ..Around::default() }).await
    }

    async fn begin(settings: &'static [&'static str], around: Around) -> Self {
        let home = guardian::directory("mariadb");
        std::fs::write(home.join("init.sql"), USER).expect("write the first statements");
        account::give(ACCOUNT, &home);
        let program = Mutex::default();
        let server = Self { home, port: port::free(), settings, around, program };
        server.initialise();
        server.launch().await;
        server
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.program.lock().unwrap().as_ref().expect("it runs").id()
    }

    /// A new empty database; the answer is its URL.
    pub async fn create_database(&self) -> String {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let connection = connect(&self.url("information_schema")).await;
        let statement = format!("CREATE DATABASE {name}");
        connection.execute_unprepared(&statement).await.expect("create a database");
        connection.close().await.expect("close the connection");
        self.url(&name)
    }

    /// Does something that only its administrator may.
    pub async fn administer(&self, statement: &str) {
        let url = format!("mysql://root@127.0.0.1:{}", self.port);
        connect(&url).await.execute_unprepared(statement).await.expect(statement);
    }

    /// The folder of its files.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// `kill -9` for the server.
    pub fn kill(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.kill();
        }
    }

    /// Stops it: sessions are ended, everything is written.
    pub fn stop(&self) {
        if let Some(program) = self.program.lock().unwrap().take() {
            program.signal(Signal::Terminate);
            program.wait_exit(START);
        }
    }

    /// Starts it again on the same port and data.
    pub async fn restart(&self) {
        self.stop();
        self.launch().await;
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://warren:warren@127.0.0.1:{}/{database}", self.port)
    }

    fn initialise(&self) {
        let made = account::command(ACCOUNT, &find_program("mariadb-install-db"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data().display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .current_dir("/")
            .output()
            .expect("run mariadb-install-db");
        let said = String::from_utf8_lossy(&made.stdout);
        assert!(made.status.success(), "mariadb-install-db: {said}");
    }

    async fn launch(&self) {
        let mut command = account::command(ACCOUNT, &find_program("mariadbd"));
        command.arg("--no-defaults").arg(format!("--port={}", self.port));
        for (name, file) in [
            ("datadir", "data"),
            ("tmpdir", ""),
            ("socket", "socket"),
            ("pid-file", "pid"),
            ("init-file", "init.sql"),
        ] {
            command.arg(format!("--{name}={}", self.home.join(file).display()));
        }
        for setting in COMMON.iter().chain(&UNHELPFUL).chain(self.settings) {
            command.arg(format!("--{setting}"));
        }
        command.current_dir("/").envs(self.around.environment.iter().cloned());
        *self.program.lock().unwrap() = Some(Program::start("mariadb", command));
        let url = self.url("information_schema");
        eventually("MariaDB accepts connections", START, async || try_connect(&url).await.ok())
            .await;
    }
}

/// Debian keeps servers out of the PATH of who is not root.
fn find_program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned()])
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
        .expect("MariaDB is not installed: run tests/install-servers.sh")
}
