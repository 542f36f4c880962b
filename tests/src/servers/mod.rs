//! The servers that a cluster needs, private to the test run: on loopback, on
//! free ports, with data in the run's directory.

mod account;
mod database;
mod mariadb;
mod nginx;
mod port;
mod postgres;
mod proxy;
mod queues;
mod rabbitmq;
mod smtp;
mod supervisor;
mod trace;

pub use database::OwnDatabase;
pub use mariadb::Mariadb;
pub use nginx::Nginx;
pub use postgres::Postgres;
pub use proxy::{Proxy, Way};
pub use queues::delete_queues;
pub use rabbitmq::Rabbitmq;
pub use smtp::{Letter, Smtp};
pub use supervisor::{Installation, Supervisor};
pub use trace::Trace;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::sync::OnceCell;

/// The database servers that a cluster may be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseServer {
    Postgres,
    Mariadb,
}

/// What is around a server's program.
#[derive(Default)]
struct Around {
    environment: Vec<(String, String)>,
    /// Words before its command.
    wrapper: Vec<String>,
}

/// The shared servers, each started when it is first needed.
#[derive(Default)]
pub struct Servers {
    postgres: OnceCell<Postgres>,
    mariadb: OnceCell<Mariadb>,
    rabbitmq: OnceCell<Rabbitmq>,
}

impl Servers {
    /// The shared PostgreSQL server.
    pub async fn postgres(&self) -> &Postgres {
        self.postgres.get_or_init(Postgres::start).await
    }

    /// The shared MariaDB server.
    pub async fn mariadb(&self) -> &Mariadb {
        self.mariadb.get_or_init(Mariadb::start).await
    }

    /// A new empty database on one of the shared servers; the answer is its URL.
    pub async fn create_database(&self, server: DatabaseServer) -> String {
        match server {
            DatabaseServer::Postgres => self.postgres().await.create_database().await,
            DatabaseServer::Mariadb => self.mariadb().await.create_database().await,
        }
    }

    /// The shared RabbitMQ server.
    pub async fn rabbitmq(&self) -> &Rabbitmq {
        self.rabbitmq.get_or_init(Rabbitmq::start).await
    }

    /// Stops them in their orderly way.
    pub fn stop(&self) {
        if let Some(postgres) = self.postgres.get() {
            postgres.stop();
        }
        if let Some(mariadb) = self.mariadb.get() {
            mariadb.stop();
        }
        if let Some(rabbitmq) = self.rabbitmq.get() {
            rabbitmq.stop();
        }
    }
}

/// Connects to a database of any kind.
pub async fn connect(url: &str) -> DatabaseConnection {
    try_connect(url).await.expect("connect to the database")
}

/// The same where the server may be away.
pub async fn try_connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}
