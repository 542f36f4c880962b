//! The servers that a cluster needs, private to the test run: on loopback, on
//! free ports, with data in the run's directory.

mod account;
mod nginx;
mod port;
mod postgres;
mod proxy;
mod queues;
mod rabbitmq;
mod supervisor;
mod trace;

pub use nginx::Nginx;
pub use postgres::{Postgres, connect};
pub use proxy::Proxy;
pub use rabbitmq::Rabbitmq;
pub use supervisor::{Installation, Supervisor};
pub use trace::Trace;

use tokio::sync::OnceCell;

/// The shared servers, each started when it is first needed.
#[derive(Default)]
pub struct Servers {
    postgres: OnceCell<Postgres>,
    rabbitmq: OnceCell<Rabbitmq>,
}

impl Servers {
    /// The shared PostgreSQL server.
    pub async fn postgres(&self) -> &Postgres {
        self.postgres.get_or_init(Postgres::start).await
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
        if let Some(rabbitmq) = self.rabbitmq.get() {
            rabbitmq.stop();
        }
    }
}
