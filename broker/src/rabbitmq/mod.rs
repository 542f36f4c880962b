//! RabbitMQ behind the ports: quorum queues for the log, a fanout exchange
//! for the bus. Both sides of every queue are in this folder.
//!
//! Nothing here recovers a connection in place. Whatever fails, the whole
//! session (connection, channels, consumers) is dropped and a new one begins;
//! what was unconfirmed is unknown, and whoever waits for it decides.

mod bus;
mod consumer;
mod dead_letters;
mod lane;
mod link;
mod log;
mod node_queue;
mod probe;
mod receipts;
mod round;
mod session;
mod settings;
mod subscription;
mod topology;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bus::RabbitBus;
pub use consumer::RabbitConsumer;
pub use dead_letters::RabbitDeadLetters;
pub use log::RabbitLog;
pub use settings::{InvalidRabbitUrl, RabbitSettings};
pub use topology::Topology;

use link::Link;
use session::Session;
use warren_domain::port::{Backlog, LogError};

/// A process's two connections to a broker, which its log, its consumer and
/// its bus share. Two, because a broker short of memory or disk stops reading
/// from connections that publish: acknowledgements must not wait behind them.
#[derive(Clone, Debug)]
pub struct Rabbit {
    topology: Topology,
    publish: Link,
    consume: Link,
    tasks: Tasks,
}

impl Rabbit {
    /// Begins to connect in the background, for as long as `cancel` allows;
    /// needs a Tokio runtime. Cancel it last: what still has to be published
    /// or acknowledged needs the connections. They are closed when `tracker`
    /// has waited.
    #[must_use]
    pub fn start(
        settings: RabbitSettings,
        tracker: &TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let tasks = Tasks { tracker: tracker.clone(), cancel };
        let topology = settings.topology();
        let settings = Arc::new(settings);
        Self {
            topology,
            publish: Link::start("publish", settings.clone(), &tasks),
            consume: Link::start("consume", settings, &tasks),
            tasks,
        }
    }
}

/// Connects as every process does, which declares what is not there yet and
/// fails where it is otherwise than this program needs; answers what waits.
///
/// # Errors
/// [`LogError`] says what a process would fail of.
pub async fn examine(settings: &RabbitSettings) -> Result<Vec<Backlog>, LogError> {
    let session = Session::connect_to_any(settings, "doctor").await?;
    let topology = settings.topology();
    let examined = async {
        session.declare(&topology).await?;
        log::backlog(&session, &topology).await
    };
    let backlog = examined.await;
    session.close().await;
    Ok(backlog?)
}

/// Deletes every queue and exchange of an installation, and what waits in them.
///
/// # Errors
/// [`LogError`]; then some of them may be left.
pub async fn delete_everything(settings: &RabbitSettings) -> Result<(), LogError> {
    let session = Session::connect_to_any(settings, "wipe").await?;
    let channel = session.channel().await?;
    let deleted = session.bounded(settings.topology().delete(&channel)).await;
    session.close().await;
    Ok(deleted?)
}

/// Where background tasks run, and what ends them.
#[derive(Clone, Debug)]
struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    /// Runs `task` until it ends or everything does.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        self.tracker.spawn(async move {
            cancel.run_until_cancelled(task).await;
        });
    }
}
